/** An OTLP server over loopback: keeps what it accepted, read by its own decoder, and misbehaves on request. */
import { gunzipSync } from "node:zlib";
import {
  type ReplyStep,
  type ScriptControls,
  startScriptedServer,
  statusOf,
  type TlsIdentity,
} from "../emulator/scripted_server.ts";
import { decodeOtlp, nodes, type OtlpNode } from "./wire/decode_otlp.ts";

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

export interface TargetDouble extends ScriptControls, AsyncDisposable {
  /** As for `ENV_OTLP_TARGET`. */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly TargetRequest[];
  /** Spans, metrics or records of the requests that were accepted. */
  items(signal: TargetRequest["signal"]): readonly OtlpNode[];
}

const CONTENT_TYPE = "application/x-protobuf";
const NESTED = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** A server on a free port. A request that breaks the protocol's rules is answered 400 and uses up no step. */
export function startOtlpTarget(tls?: TlsIdentity): TargetDouble {
  const requests: TargetRequest[] = [];
  const server = startScriptedServer({
    tls,
    receive: ({ method, target, headers, body }, script) => {
      const signal = /\/v1\/(traces|metrics|logs)$/.exec(target.split("?")[0] ?? "")?.[1];
      const isOurs = signal === "traces" || signal === "metrics" || signal === "logs";
      if (method !== "POST" || !isOurs || headers.get("content-type") !== CONTENT_TYPE) {
        return { step: { status: 400, body: "not OTLP" } };
      }
      const step = script.next();
      const raw = headers.get("content-encoding") === "gzip" ? new Uint8Array(gunzipSync(body)) : body;
      const request = decodeOtlp(signal, raw);
      requests.push({ signal, headers, path: target, wire: body, request, status: statusOf(step) });
      return { step: inOtlpForm(step) };
    },
  });
  return {
    ...server,
    url: server.origin,
    requests,
    items: (signal) =>
      requests.filter((one) => one.signal === signal && one.status === 200).flatMap(({ request }) => {
        const [resources, scopes, items] = NESTED[signal];
        return nodes(request, resources).flatMap((resource) =>
          nodes(resource, scopes).flatMap((scope) => nodes(scope, items))
        );
      }),
  };
}

/** Every answer has OTLP's type, and no body if the step says none. */
function inOtlpForm(step: ReplyStep): ReplyStep {
  const details = typeof step === "number" ? { status: step } : step;
  if (typeof details === "string") return details;
  return { body: "", ...details, headers: { "content-type": CONTENT_TYPE, ...details.headers } };
}
