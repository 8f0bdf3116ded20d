/**
 * Lines of functions and extensions to log points. Nothing of a record is left out but nulls and the ids of no
 * request: what cannot be a field of its own goes, as JSON, into the field `extra`.
 * @see `spec/datakit.md` 1.11 and 3.7
 */
import type { FieldValue, PointDraft } from "../point/point.ts";
import { utf8Length } from "../point/utf8.ts";
import { readDurableExecution } from "./durable_execution.ts";
import { isNoRequestId, readTextLevel, REQUEST_ID_KEYS } from "./log_line.ts";
import type { JsonObject } from "../json/exact_json.ts";
import type { LogEvent } from "./telemetry_event.ts";

export interface LogOptions {
  readonly schema: "documented" | "datakit";
}

/** Fields of one record; a customer's map with changing keys must not become ever new columns. */
const MAX_FIELDS = 64;
/** Dataway cuts longer keys, in bytes. */
const MAX_KEY_BYTES = 256;
const MAX_INT64 = 2n ** 63n - 1n;

/** Never fields of their own: Dataway drops the first two from logs, the third is a tag, the fourth is ours. */
const RESERVED: readonly string[] = ["source", "date", "aws_log_from", "extra"];
const MESSAGE_KEYS: readonly string[] = ["message", "msg"];
const LEVEL_KEYS: readonly string[] = ["level", "log_level", "severity", "status"];

/** The point of a line. `requestId` is the request it belongs to, if that is known. */
export function logEventToDraft(
  event: LogEvent,
  requestId: string | undefined,
  options: LogOptions,
  timeNs: bigint,
): PointDraft {
  return {
    category: "logging",
    measurement: options.schema === "datakit" ? "awslambda" : "awslambda-logging",
    tags: [["aws_log_from", event.type]],
    fields: typeof event.record === "string"
      ? textFields(event.record, requestId)
      : jsonFields(event.record, requestId, options.schema === "datakit"),
    timeNs,
  };
}

/** The whole line stays the message, its prefix too: what was searched for in CloudWatch is found here. */
function textFields(line: string, requestId: string | undefined): ReadonlyMap<string, FieldValue> {
  const fields = new Map<string, FieldValue>([["message", withoutNewline(line)]]);
  const level = readTextLevel(line);
  fields.set("status", (level === undefined ? undefined : wordToStatus(level)) ?? "info");
  if (requestId !== undefined) fields.set("aws_request_id", requestId);
  return fields;
}

function jsonFields(
  record: JsonObject,
  requestId: string | undefined,
  datakit: boolean,
): ReadonlyMap<string, FieldValue> {
  const fields = new Map<string, FieldValue>();
  const messageKey = MESSAGE_KEYS.find((key) => record[key] !== undefined && record[key] !== null);
  const message = messageKey === undefined ? record : record[messageKey];
  fields.set("message", isObject(message) ? toJson(message) : String(message));
  const levelKey = LEVEL_KEYS.find((key) => levelToStatus(key, record[key]) !== undefined) ?? "level";
  fields.set("status", levelToStatus(levelKey, record[levelKey]) ?? "info");
  const ownIdKey = REQUEST_ID_KEYS.find((key) => requestId !== undefined && record[key] === requestId);
  // DataKit's dashboards know the id under the record's own key.
  const keepsIdKey = datakit && ownIdKey !== undefined;
  if (requestId !== undefined && !keepsIdKey) fields.set("aws_request_id", requestId);

  const execution = readDurableExecution(record);
  if (execution !== undefined) {
    fields.set("durable_execution_name", execution.name);
    fields.set("durable_execution_id", execution.id);
  }

  const extra: [string, unknown][] = [];
  for (const key of Object.keys(record)) {
    const value = record[key];
    const used = key === messageKey || (key === "status" && key === levelKey) ||
      (key === ownIdKey && !keepsIdKey);
    if (used || value === null || value === undefined) continue;
    if (REQUEST_ID_KEYS.includes(key) && isNoRequestId(value)) continue;
    const name = key.replaceAll(".", "_");
    if (fields.size < MAX_FIELDS && isPlainKey(name) && !fields.has(name)) {
      fields.set(name, toFieldValue(value, datakit));
    } else extra.push([key, value]);
  }
  if (extra.length > 0) fields.set("extra", toJson(Object.fromEntries(extra)));
  return fields;
}

/** Whether a key stays as it is under Dataway's rules. */
function isPlainKey(key: string): boolean {
  if (key === "" || RESERVED.includes(key) || /[\n\r]|\\$/.test(key)) return false;
  return key.length * 3 <= MAX_KEY_BYTES || utf8Length(key) <= MAX_KEY_BYTES;
}

function toFieldValue(value: unknown, arrays: boolean): FieldValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return value >= -MAX_INT64 - 1n && value <= MAX_INT64 ? value : String(value);
    default:
      return (arrays ? toArray(value) : undefined) ?? toJson(value);
  }
}

/** An array of one scalar type, which DataKit sends as such. */
function toArray(value: unknown): FieldValue | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const list: readonly unknown[] = value;
  if (list.every((item) => typeof item === "string")) return list;
  if (list.every((item) => typeof item === "number")) return list;
  return list.every((item) => typeof item === "boolean") ? list : undefined;
}

/**
 * A level on Guance's scale (`emerg alert critical error warning notice info debug OK`); `undefined` when it is no
 * level, as a job's state under the key `status`.
 */
function levelToStatus(key: string, level: unknown): string | undefined {
  if (typeof level === "string") return wordToStatus(level);
  // Numbers are pino's, the only common ones, and only there: a `status` of 50 is something else.
  if (key !== "level" || typeof level !== "number" || level < 10 || level > 60) return undefined;
  return level < 30
    ? "debug"
    : level < 40
    ? "info"
    : level < 50
    ? "warning"
    : level < 60
    ? "error"
    : "critical";
}

function wordToStatus(level: string): string | undefined {
  switch (level.toLowerCase()) {
    case "trace":
    case "debug":
    case "verbose":
      return "debug";
    case "info":
    case "information":
    case "informational":
      return "info";
    case "notice":
      return "notice";
    case "warn":
    case "warning":
      return "warning";
    case "error":
    case "err":
      return "error";
    case "fatal":
    case "critical":
    case "crit":
      return "critical";
    case "alert":
      return "alert";
    case "emerg":
    case "emergency":
    case "panic":
      return "emerg";
    case "ok":
      return "OK";
    default:
      return undefined;
  }
}

/** Compact JSON, also of bigints, which keep their digits. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return toJsonWithBigints(value);
  }
}

function toJsonWithBigints(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, item) => typeof item === "bigint" ? rawJson(String(item)) : item);
  } catch {
    // Only a nesting of thousands of levels around such a number comes here.
    return "[nested too deep]";
  }
}

/** A number written with these digits. Newer than TypeScript's library; text where the engine has it not. */
function rawJson(digits: string): unknown {
  return "rawJSON" in JSON && typeof JSON.rawJSON === "function" ? JSON.rawJSON(digits) : digits;
}

function withoutNewline(line: string): string {
  if (!line.endsWith("\n")) return line;
  return line.slice(0, line.endsWith("\r\n") ? -2 : -1);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
