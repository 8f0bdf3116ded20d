/** An OTLP server over loopback: keeps what it accepted, read by its own decoder, and misbehaves on request. */
import { gunzipSync } from "node:zlib";
import { linkSignals } from "../../src/pipeline/deadline.ts";
import { serveRaw } from "../emulator/dataway_http.ts";
import { decodeOtlp, nodes, type OtlpNode } from "./wire/decode_otlp.ts";

export type TargetStep =
  | number
  | "hang"
  | "reset"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** One request, whatever became of it. */
export interface TargetRequest {
  readonly signal: "traces" | "metrics" | "logs";
  readonly headers: Headers;
  readonly path: string;
  readonly wire: Uint8Array<ArrayBuffer>;
  readonly request: OtlpNode;
  /** What was answered; 0 for none. */
  readonly status: number;
}

export interface TargetDouble extends AsyncDisposable {
  /** As for `ENV_OTLP_TARGET`. */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly TargetRequest[];
  /** What the next requests get; a success when there are none. */
  readonly steps: TargetStep[];
  /** What every request gets. */
  always: TargetStep | undefined;
  /** Spans, metrics or records of the requests that were accepted. */
  items(signal: TargetRequest["signal"]): readonly OtlpNode[];
}

const NESTED = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** A server on a free port. A request that breaks the protocol's rules is answered 400 and uses up no step. */
export function startOtlpTarget(
  tls?: { readonly cert: string; readonly key: string },
): TargetDouble {
  const listener = tls === undefined
    ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
    : Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tls });
  const { port } = listener.addr as Deno.NetAddr;
  const requests: TargetRequest[] = [];
  const steps: TargetStep[] = [];
  const closing = new AbortController();
  let connections = 0;
  const double = { always: undefined as TargetStep | undefined };
  const server = serveRaw(listener, async ({ method, target, headers, body, gone }) => {
    const signal = /\/v1\/(traces|metrics|logs)$/.exec(target.split("?")[0] ?? "")?.[1];
    const isOurs = signal === "traces" || signal === "metrics" || signal === "logs";
    if (method !== "POST" || !isOurs || headers.get("content-type") !== "application/x-protobuf") {
      return { kind: "respond", status: 400, headers: new Headers(), body: "not OTLP" };
    }
    const step = double.always ?? steps.shift() ?? 200;
    const status = typeof step === "object" ? step.status : typeof step === "number" ? step : 0;
    const raw = headers.get("content-encoding") === "gzip" ? new Uint8Array(gunzipSync(body)) : body;
    requests.push({ signal, headers, path: target, wire: body, request: decodeOtlp(signal, raw), status });
    if (step === "reset") return { kind: "reset" };
    if (step === "hang") {
      using over = linkSignals(gone, closing.signal);
      if (!over.signal.aborted) {
        await new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
      }
      return { kind: "reset" };
    }
    const details = typeof step === "object" ? step : { status };
    return {
      kind: "respond",
      status,
      headers: new Headers({ "content-type": "application/x-protobuf", ...details.headers }),
      body: details.body ?? "",
    };
  }, () => ++connections);

  return Object.assign(double, {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    steps,
    items: (signal: TargetRequest["signal"]) =>
      requests.filter((one) => one.signal === signal && one.status === 200).flatMap(({ request }) => {
        const [resources, scopes, items] = NESTED[signal];
        return nodes(request, resources).flatMap((resource) =>
          nodes(resource, scopes).flatMap((scope) => nodes(scope, items))
        );
      }),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await server[Symbol.asyncDispose]();
    },
  });
}
