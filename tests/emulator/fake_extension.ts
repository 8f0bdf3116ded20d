/** A minimal extension for tests of the emulator: registers, subscribes, keeps what it receives. */
import type { InProcessContext } from "./in_process.ts";
import { nowMs, sleep } from "./waiters.ts";

/** One telemetry event as it arrived. */
export interface ReceivedEvent {
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

export interface FakeExtensionOptions {
  readonly name?: string;
  readonly events?: readonly string[];
  readonly types?: readonly string[];
  readonly schemaVersion?: string;
  readonly buffering?: Readonly<Record<string, number>>;
  /** Runs between registration and subscription. */
  readonly beforeSubscribe?: () => Promise<void>;
  /** Runs between INVOKE and `next`. */
  readonly onInvoke?: (event: ReceivedInvoke, context: InProcessContext) => Promise<void> | void;
  readonly onShutdown?: (reason: string, context: InProcessContext) => Promise<void> | void;
  /** Answers a telemetry POST. @default 200 */
  readonly onTelemetry?: (events: readonly ReceivedEvent[], request: Request) => Promise<number> | number;
  readonly exitCode?: number;
  /** Longest wait for what is still to come before it exits, in ms. @default 1000 */
  readonly drainMs?: number;
}

export interface ReceivedInvoke {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
}

export interface FakeExtension {
  readonly name: string;
  readonly run: (context: InProcessContext) => Promise<number>;
  /** Telemetry events in order of arrival. */
  readonly received: readonly ReceivedEvent[];
  /** How many events each POST carried. */
  readonly batchSizes: readonly number[];
  readonly sequenceIds: readonly string[];
  readonly shutdownReasons: readonly string[];
  readonly subscribeStatus: readonly number[];
}

/** An extension to hand to `startLambda`. */
export function fakeExtension(options: FakeExtensionOptions = {}): FakeExtension {
  const received: ReceivedEvent[] = [];
  const batchSizes: number[] = [];
  const sequenceIds: string[] = [];
  const shutdownReasons: string[] = [];
  const subscribeStatus: number[] = [];

  async function listen(request: Request): Promise<Response> {
    const events = parseEvents(await request.text());
    batchSizes.push(events.length);
    sequenceIds.push(request.headers.get("Sequence-Id") ?? "");
    const status = await options.onTelemetry?.(events, request) ?? 200;
    if (status < 300) received.push(...events);
    return new Response(null, { status });
  }

  async function subscribe(api: string, id: string, port: number): Promise<void> {
    const response = await fetch(`${api}/2022-07-01/telemetry`, {
      method: "PUT",
      headers: { "Lambda-Extension-Identifier": id },
      body: JSON.stringify({
        schemaVersion: options.schemaVersion ?? "2022-12-13",
        types: options.types ?? ["platform", "function"],
        buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25, ...options.buffering },
        destination: { protocol: "HTTP", URI: `http://sandbox.localdomain:${port}/telemetry` },
      }),
    });
    subscribeStatus.push(response.status);
    await response.text();
  }

  /** Waits for the report of each invocation of this generation, or without platform events for a silence. */
  async function drain(before: number, invokes: number, killed: AbortSignal): Promise<void> {
    const endAt = nowMs() + (options.drainMs ?? 1000);
    const platform = options.types?.includes("platform") ?? true;
    for (let silentMs = 0; nowMs() < endAt && !killed.aborted; silentMs += 5) {
      const own = received.slice(before);
      const count = (type: string): number => own.filter((event) => event.type === type).length;
      if (platform && count("platform.initReport") > 0 && count("platform.report") >= invokes) return;
      if (!platform && silentMs >= 100) return;
      await sleep(5, killed);
    }
  }

  async function run(context: InProcessContext): Promise<number> {
    const api = `http://${context.env["AWS_LAMBDA_RUNTIME_API"]}`;
    // Closed in one way only: a server that is cut while it shuts down throws where nobody can catch it.
    const cut = new AbortController();
    context.killed.addEventListener("abort", () => cut.abort());
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: cut.signal, onListen: () => {} },
      listen,
    );
    const before = received.length;
    try {
      const id = await register(api, context.name, options.events ?? ["INVOKE", "SHUTDOWN"]);
      await options.beforeSubscribe?.();
      if (options.types?.length !== 0) await subscribe(api, id, server.addr.port);
      let invokes = 0;
      while (!context.killed.aborted) {
        const event = await nextEvent(api, id, context.killed);
        if (event.eventType === "SHUTDOWN") {
          shutdownReasons.push(event.shutdownReason);
          await options.onShutdown?.(event.shutdownReason, context);
          await drain(before, invokes, context.killed);
          return options.exitCode ?? 0;
        }
        invokes++;
        await options.onInvoke?.(event, context);
      }
      return 1;
    } finally {
      cut.abort();
      await server.finished;
    }
  }

  const name = options.name ?? "fake";
  return { name, run, received, batchSizes, sequenceIds, shutdownReasons, subscribeStatus };
}

/** Nothing of a body that is no array: as little as an extension may do with it. */
function parseEvents(body: string): readonly ReceivedEvent[] {
  try {
    const events: unknown = JSON.parse(body);
    return Array.isArray(events) ? events : [];
  } catch {
    return [];
  }
}

/** Registers and returns the identifier. */
export async function register(api: string, name: string, events: readonly string[]): Promise<string> {
  const response = await fetch(`${api}/2020-01-01/extension/register`, {
    method: "POST",
    headers: { "Lambda-Extension-Name": name, "Lambda-Extension-Accept-Feature": "accountId" },
    body: JSON.stringify({ events }),
  });
  await response.text();
  return response.headers.get("Lambda-Extension-Identifier") ?? "";
}

type FakeEvent =
  | ({ readonly eventType: "INVOKE" } & ReceivedInvoke)
  | { readonly eventType: "SHUTDOWN"; readonly shutdownReason: string };

async function nextEvent(api: string, id: string, signal: AbortSignal): Promise<FakeEvent> {
  const response = await fetch(`${api}/2020-01-01/extension/event/next`, {
    headers: { "Lambda-Extension-Identifier": id },
    signal,
  });
  if (response.status !== 200) {
    throw new Error(`next was answered ${response.status}: ${await response.text()}`);
  }
  return await response.json();
}
