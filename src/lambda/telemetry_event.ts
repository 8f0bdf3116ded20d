/**
 * Telemetry events, decoded element by element: what cannot be understood costs only itself. Optional parts that
 * are missing or of the wrong type are `undefined`; quantities are never negative and never NaN.
 * @see `tests/spec/lambda.md` 3.1
 */

import { isJsonObject, type JsonObject, toExactJson } from "../json/exact_json.ts";

/** How an invocation or a phase ended. A status AWS may add one day counts as `error`. */
export type Status = "success" | "error" | "failure" | "timeout";

interface Timed {
  /** Creation at the platform, Unix time in nanoseconds; `undefined` when it cannot be read. */
  readonly timeNs: bigint | undefined;
}

/** A line of the function or of an extension: text, or an object when the function logs JSON. */
export interface LogEvent extends Timed {
  readonly type: "function" | "extension";
  readonly record: string | JsonObject;
}

/** Begin of an init or of a SnapStart restore. */
export interface StartupEvent extends Timed {
  readonly type: "platform.initStart" | "platform.restoreStart";
  readonly initializationType: string | undefined;
  /** `init`, `invoke` (repeated inside the first invocation) or `snap-start`. */
  readonly phase: string | undefined;
  readonly runtimeVersion: string | undefined;
  readonly runtimeVersionArn: string | undefined;
  /** What the platform calls the sandbox: its log stream's name. */
  readonly instanceId?: string | undefined;
}

/** End of an init or of a SnapStart restore. */
export interface StartupReportEvent extends Timed {
  readonly type: "platform.initReport" | "platform.restoreReport";
  readonly initializationType: string | undefined;
  readonly status?: Status | undefined;
  readonly errorType?: string | undefined;
  readonly durationMs: number | undefined;
}

export interface StartEvent extends Timed {
  readonly type: "platform.start";
  readonly requestId: string;
  /** Of the function. */
  readonly version?: string | undefined;
  /** X-Ray's. */
  readonly traceHeader?: string | undefined;
  /** Whose request it is, where a function keeps its tenants apart: the same for all of one sandbox. */
  readonly tenantId: string | undefined;
}

/** A span that an event carries, as the platform names it. */
export interface PlatformPart {
  readonly name: string;
  /** Unix time in nanoseconds; `undefined` when it cannot be read. */
  readonly startNs: bigint | undefined;
  readonly durationMs: number;
}

/** The spans an event may carry: the durations of the known ones, in ms, and all of them. */
export interface Spans {
  readonly parts: readonly PlatformPart[];
  readonly responseLatencyMs: number | undefined;
  readonly responseDurationMs: number | undefined;
  readonly runtimeOverheadMs: number | undefined;
  readonly extensionOverheadMs: number | undefined;
}

/** The runtime is done with a request. Not sent on managed instances. */
export interface RuntimeDoneEvent extends Timed {
  readonly type: "platform.runtimeDone";
  readonly requestId: string;
  /** X-Ray's. */
  readonly traceHeader?: string | undefined;
  /** Whose request it is, where a function keeps its tenants apart: the same for all of one sandbox. */
  readonly tenantId: string | undefined;
  readonly status: Status | undefined;
  readonly errorType: string | undefined;
  readonly durationMs: number | undefined;
  readonly producedBytes: number | undefined;
  readonly spans: Spans;
}

/** The bill of a request. Usually arrives during the next one. */
export interface ReportEvent extends Timed {
  readonly type: "platform.report";
  readonly requestId: string;
  /** Whose request it is, where a function keeps its tenants apart: the same for all of one sandbox. */
  readonly tenantId: string | undefined;
  readonly status: Status | undefined;
  readonly errorType: string | undefined;
  readonly durationMs: number | undefined;
  readonly billedDurationMs: number | undefined;
  readonly memorySizeMb: number | undefined;
  readonly maxMemoryUsedMb: number | undefined;
  readonly initDurationMs: number | undefined;
  readonly restoreDurationMs: number | undefined;
  readonly spans: Spans;
}

/** The platform dropped log records before we saw them. */
export interface LogsDroppedEvent extends Timed {
  readonly type: "platform.logsDropped";
  readonly droppedRecords: number | undefined;
  readonly droppedBytes: number | undefined;
}

/** A request that failed outside the runtime. */
export interface FaultEvent extends Timed {
  readonly type: "platform.fault";
  readonly requestId: string | undefined;
}

/** Known, and nothing is made of it. */
export interface NoticeEvent extends Timed {
  readonly type: NoticeType;
}

/** A type this version does not know. */
export interface UnknownEvent extends Timed {
  readonly type: "unknown";
  readonly originalType: string;
}

export type TelemetryEvent =
  | LogEvent
  | StartupEvent
  | StartupReportEvent
  | StartEvent
  | RuntimeDoneEvent
  | ReportEvent
  | LogsDroppedEvent
  | FaultEvent
  | NoticeEvent
  | UnknownEvent;

type NoticeType =
  | "platform.initRuntimeDone"
  | "platform.restoreRuntimeDone"
  | "platform.extension"
  | "platform.telemetrySubscription"
  | "platform.logsSubscription"
  | "platform.end";

/**
 * Decodes one parsed element; `undefined` when it is no event. Never throws for what `parseExactJson` gives.
 */
export function decodeTelemetryEvent(element: unknown): TelemetryEvent | undefined {
  if (!isJsonObject(element)) return undefined;
  const type = element["type"];
  if (typeof type !== "string") return undefined;
  const timeNs = parseTimeNs(element["time"]);
  const raw = element["record"];
  if (type === "function" || type === "extension") {
    const record = decodeLogRecord(raw);
    return record === undefined ? undefined : { type, timeNs, record };
  }
  const record = isJsonObject(raw) ? raw : EMPTY;
  const requestId = text(record["requestId"]);
  switch (type) {
    case "platform.start":
      return requestId === undefined ? undefined : {
        type,
        timeNs,
        requestId,
        version: text(record["version"]),
        traceHeader: traceHeaderOf(record),
        tenantId: text(record["tenantId"]),
      };
    case "platform.runtimeDone":
      return requestId === undefined ? undefined : decodeRuntimeDone(timeNs, requestId, record);
    case "platform.report":
      return requestId === undefined ? undefined : decodeReport(timeNs, requestId, record);
    case "platform.initStart":
    case "platform.restoreStart":
      return decodeStartup(type, timeNs, record);
    case "platform.initReport":
    case "platform.restoreReport":
      return {
        type,
        timeNs,
        initializationType: text(record["initializationType"]),
        status: decodeStatus(record["status"]),
        errorType: text(record["errorType"]),
        durationMs: quantity(child(record, "metrics")["durationMs"]),
      };
    case "platform.logsDropped": {
      const droppedRecords = quantity(record["droppedRecords"]);
      return { type, timeNs, droppedRecords, droppedBytes: quantity(record["droppedBytes"]) };
    }
    case "platform.fault":
      return { type, timeNs, requestId: requestId ?? faultyRequest(raw) };
    case "platform.initRuntimeDone":
    case "platform.restoreRuntimeDone":
    case "platform.extension":
    case "platform.telemetrySubscription":
    case "platform.logsSubscription":
    case "platform.end":
      return { type, timeNs };
    default:
      return { type: "unknown", timeNs, originalType: type };
  }
}

function decodeRuntimeDone(
  timeNs: bigint | undefined,
  requestId: string,
  record: JsonObject,
): RuntimeDoneEvent {
  const metrics = child(record, "metrics");
  return {
    type: "platform.runtimeDone",
    timeNs,
    requestId,
    traceHeader: traceHeaderOf(record),
    tenantId: text(record["tenantId"]),
    status: decodeStatus(record["status"]),
    errorType: text(record["errorType"]),
    durationMs: quantity(metrics["durationMs"]),
    producedBytes: quantity(metrics["producedBytes"]),
    spans: decodeSpans(record["spans"]),
  };
}

function decodeReport(timeNs: bigint | undefined, requestId: string, record: JsonObject): ReportEvent {
  const metrics = child(record, "metrics");
  return {
    type: "platform.report",
    timeNs,
    requestId,
    tenantId: text(record["tenantId"]),
    status: decodeStatus(record["status"]),
    errorType: text(record["errorType"]),
    durationMs: quantity(metrics["durationMs"]),
    billedDurationMs: quantity(metrics["billedDurationMs"]),
    memorySizeMb: quantity(metrics["memorySizeMB"]),
    maxMemoryUsedMb: quantity(metrics["maxMemoryUsedMB"]),
    initDurationMs: quantity(metrics["initDurationMs"]),
    restoreDurationMs: quantity(metrics["restoreDurationMs"]),
    spans: decodeSpans(record["spans"]),
  };
}

function decodeStartup(
  type: StartupEvent["type"],
  timeNs: bigint | undefined,
  record: JsonObject,
): StartupEvent {
  return {
    type,
    timeNs,
    initializationType: text(record["initializationType"]),
    phase: text(record["phase"]),
    runtimeVersion: text(record["runtimeVersion"]),
    // `runtimeArn` was its early name.
    runtimeVersionArn: text(record["runtimeVersionArn"]) ?? text(record["runtimeArn"]),
    instanceId: text(record["instanceId"]),
  };
}

function traceHeaderOf(record: JsonObject): string | undefined {
  return text(child(record, "tracing")["value"]);
}

function decodeSpans(value: unknown): Spans {
  if (!Array.isArray(value)) return NO_SPANS;
  const durations = new Map<unknown, number>();
  const parts: PlatformPart[] = [];
  for (const span of value.slice(0, MAX_PARTS)) {
    const durationMs = isJsonObject(span) ? quantity(span["durationMs"]) : undefined;
    if (durationMs === undefined) continue;
    durations.set(span.name, durationMs);
    parts.push({ name: text(span.name) ?? "", startNs: parseTimeNs(span.start), durationMs });
  }
  return {
    parts,
    responseLatencyMs: durations.get("responseLatency"),
    responseDurationMs: durations.get("responseDuration"),
    runtimeOverheadMs: durations.get("runtimeOverhead"),
    extensionOverheadMs: durations.get("extensionOverhead"),
  };
}

function decodeLogRecord(record: unknown): string | JsonObject | undefined {
  if (typeof record === "string") return record;
  if (isJsonObject(record)) return record;
  if (record === undefined || record === null) return undefined;
  // A bare number or list is no record AWS sends; it is still what the function wrote.
  return toExactJson(record);
}

function decodeStatus(value: unknown): Status | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value === "success" || value === "failure" || value === "timeout" ? value : "error";
}

/** `RequestId: <id> Error: …`, as the Logs API had it. */
function faultyRequest(record: unknown): string | undefined {
  return typeof record === "string" ? /RequestId:\s*([^\s]+)/.exec(record)?.[1] : undefined;
}

/** ISO time to nanoseconds, whatever its number of decimals. */
function parseTimeNs(value: unknown): bigint | undefined {
  if (typeof value !== "string" || value.length > 40) return undefined;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)$/.exec(value);
  if (match === null) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms) || ms < 0) return undefined;
  const fraction = (match[2] ?? "").slice(0, 9);
  return BigInt(ms) * 1_000_000n + (fraction === "" ? 0n : BigInt(fraction.padEnd(9, "0")));
}

/**
 * A number that is neither negative nor infinite nor NaN. Numbers as text are taken too: AWS's own documents mix them.
 */
function quantity(value: unknown): number | undefined {
  const isText = typeof value === "string" && /^\d+(\.\d+)?$/.test(value);
  const n = typeof value === "number" ? value : isText || typeof value === "bigint" ? Number(value) : NaN;
  return n >= 0 && n <= Number.MAX_SAFE_INTEGER ? n : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function child(record: JsonObject, key: string): JsonObject {
  const value = record[key];
  return isJsonObject(value) ? value : EMPTY;
}

const EMPTY: JsonObject = {};
/** The platform tells four at most. */
const MAX_PARTS = 16;
/** None was told. */
export const NO_SPANS: Spans = {
  parts: [],
  responseLatencyMs: undefined,
  responseDurationMs: undefined,
  runtimeOverheadMs: undefined,
  extensionOverheadMs: undefined,
};
