/** How many lines, spans and metric points are in an upload, where its form tells: protobuf or JSON of OTLP, JSON of others. */
import { decodeLineProtocol } from "../../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../../support/wire/decode_protobuf.ts";
import type { BackEndRequest } from "./back_end.ts";
import { intakeOf } from "./intake.ts";

/** What could be counted. */
export interface Contents {
  readonly lines: number;
  readonly spans: number;
  readonly metricPoints: number;
}

const NONE: Contents = { lines: 0, spans: 0, metricPoints: 0 };
/** By the last word of OTLP's path: the fields of its messages down to the items. */
const OTLP_PATHS: Readonly<
  Record<string, { readonly what: keyof Contents; readonly fields: readonly number[] }>
> = {
  traces: { what: "spans", fields: [1, 2, 2] },
  logs: { what: "lines", fields: [1, 2, 2] },
  metrics: { what: "metricPoints", fields: [1, 2, 2] },
};
const OTLP_KEYS: Readonly<Record<string, readonly string[]>> = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
};
/** Fields of a metric that hold its data: gauge, sum, histogram, exponential histogram, summary. */
const METRIC_DATA = [5, 7, 9, 10, 11];
const METRIC_DATA_KEYS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];
/** What makes an object a line, a span or a metric in JSON that no specification is known of. */
const LINE_KEYS = ["message", "msg", "log", "line", "body", "event"];
const SPAN_KEYS = ["span_id", "spanId", "id", "trace.id"];
const METRIC_KEYS = ["points", "value", "metric"];

/** `undefined` when the body has no form that is known here. */
export function readContents(request: BackEndRequest): Contents | undefined {
  const { path, headers, body } = request;
  const type = headers.get("content-type") ?? "";
  try {
    if (intakeOf(path) === "Dataway") return ofDataway(path, type, body);
    const signal = path.split("/").at(-1) ?? "";
    if (type.includes("protobuf")) return intakeOf(path) === "OTLP" ? ofOtlp(signal, body) : undefined;
    return ofJson(signal, new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function ofDataway(path: string, type: string, body: Uint8Array<ArrayBuffer>): Contents {
  const count = (type.includes("protobuf") ? decodeProtobuf(body) : decodeLineProtocol(body)).length;
  if (path.endsWith("/logging")) return { ...NONE, lines: count };
  return path.endsWith("/tracing") ? { ...NONE, spans: count } : { ...NONE, metricPoints: count };
}

function ofOtlp(signal: string, body: Uint8Array): Contents | undefined {
  const form = OTLP_PATHS[signal];
  if (form === undefined) return undefined;
  const items = descend([body], form.fields);
  const count = signal === "metrics"
    ? METRIC_DATA.flatMap((field) => descend(items, [field, 1])).length
    : items.length;
  return { ...NONE, [form.what]: count };
}

/** The embedded messages at the end of a path of fields. */
function descend(messages: readonly Uint8Array[], fields: readonly number[]): readonly Uint8Array[] {
  return fields.reduce<readonly Uint8Array[]>(
    (found, field) => found.flatMap((message) => embedded(message, field)),
    messages,
  );
}

/** The values of one length-delimited field. Throws where the bytes are no message. */
function embedded(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError("Cannot read a message that is cut");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("Cannot read a number of more than ten bytes");
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) throw new RangeError("Cannot read a message that is cut");
      if (tag >>> 3 === wanted) found.push(message.subarray(at, at + length));
      at += length;
    } else throw new RangeError(`Cannot read wire type ${wire}`);
  }
  return found;
}

/** A value, or one on each line. */
function ofJson(signal: string, text: string): Contents | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  let values: readonly unknown[];
  try {
    values = [JSON.parse(trimmed)];
  } catch {
    values = trimmed.split("\n").filter((line) => line.trim() !== "").map((line): unknown =>
      JSON.parse(line)
    );
  }
  const keys = OTLP_KEYS[signal];
  const form = OTLP_PATHS[signal];
  if (keys !== undefined && form !== undefined && member(values[0], keys[0] ?? "") !== undefined) {
    const items = keys.reduce<readonly unknown[]>(
      (found, key) => found.flatMap((each) => list(member(each, key))),
      values,
    );
    if (signal !== "metrics") return { ...NONE, [form.what]: items.length };
    const points = items.flatMap((item) =>
      METRIC_DATA_KEYS.flatMap((key) => list(member(member(item, key), "dataPoints")))
    );
    return { ...NONE, metricPoints: points.length };
  }
  return values.map(countObjects).reduce(add, NONE);
}

/** Objects that look like a line, a span or a metric, however deep; one that does is not looked into. */
function countObjects(value: unknown): Contents {
  if (Array.isArray(value)) return value.map(countObjects).reduce(add, NONE);
  if (typeof value !== "object" || value === null) return NONE;
  const has = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(value, name));
  if (has(SPAN_KEYS) && (has(["trace_id", "traceId", "trace.id"]))) return { ...NONE, spans: 1 };
  if (has(["metric", "name"]) && has(METRIC_KEYS)) return { ...NONE, metricPoints: 1 };
  if (LINE_KEYS.some((name) => typeof Reflect.get(value, name) === "string")) return { ...NONE, lines: 1 };
  return Object.values(value).map(countObjects).reduce(add, NONE);
}

/** Sums, of each kind. */
export function add(a: Contents, b: Contents): Contents {
  return {
    lines: a.lines + b.lines,
    spans: a.spans + b.spans,
    metricPoints: a.metricPoints + b.metricPoints,
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
