/** Carries telemetry batches to a subscriber on loopback. @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html */
import type { DeliveryResult } from "./telemetry_batcher.ts";
import type { Subscription } from "./telemetry_subscription.ts";

/** Where one subscriber listens. `post` never rejects. */
export interface Destination {
  post(body: Uint8Array<ArrayBuffer>, sequenceId: string, signal: AbortSignal): Promise<DeliveryResult>;
  close(): void;
}

/** `sandbox.localdomain` is this machine: the host stays in the request, the connection goes to loopback. */
export function createDestination(
  destination: Subscription["destination"],
  options: { readonly managed: boolean },
): Destination {
  return destination.protocol === "HTTP"
    // AWS's own emulator of managed instances takes no notice of the path that was subscribed.
    ? createHttpDestination(
      options.managed ? new URL("/", destination.uri).href : destination.uri,
      destination.port,
    )
    : createTcpDestination(destination.port);
}

function createHttpDestination(uri: string, port: number): Destination {
  // A fixed address instead of a lookup; also keeps a proxy of the developer's environment out.
  const client = Deno.createHttpClient({
    http2: false,
    proxy: { transport: "tcp", hostname: "127.0.0.1", port },
  });
  // A sandbox that is disposed of in the middle of an invocation closes twice.
  let closed = false;
  return {
    post: async (body, sequenceId, signal) => {
      try {
        const response = await fetch(uri, {
          method: "POST",
          client,
          body,
          signal,
          redirect: "manual",
          headers: {
            "Content-Type": "application/json",
            ...(sequenceId === "" ? {} : { "Sequence-Id": sequenceId }),
          },
        });
        await response.body?.cancel();
        return response.ok ? { ok: true } : { ok: false, error: `status ${response.status}` };
      } catch (error) {
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => {
      if (closed) return;
      closed = true;
      client.close();
    },
  };
}

/** Newline-delimited events over one connection; written to the kernel counts as delivered. */
function createTcpDestination(port: number): Destination {
  let connection: Deno.TcpConn | undefined;
  return {
    post: async (body) => {
      try {
        connection ??= await Deno.connect({ hostname: "127.0.0.1", port });
        const events: unknown = JSON.parse(new TextDecoder().decode(body));
        const lines = Array.isArray(events) ? events.map((event) => `${JSON.stringify(event)}\n`) : [];
        const bytes = new TextEncoder().encode(lines.join(""));
        for (let offset = 0; offset < bytes.length;) {
          offset += await connection.write(bytes.subarray(offset));
        }
        return { ok: true };
      } catch (error) {
        connection?.close();
        connection = undefined;
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => connection?.close(),
  };
}
