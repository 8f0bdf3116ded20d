/** What a JSON log says of itself, in its members and in the objects among them, wherever a logger puts it. */
import { isJsonObject, type JsonObject } from "../../json/exact_json.ts";
import { type LogStatus, numberToStatus, wordToStatus } from "../../point/log_status.ts";
import type { NestedKind, Role, RoleOf } from "./record_keys.ts";
import { asId } from "./text_parts.ts";
import { readTraceparent, toTraceId } from "./trace_ids.ts";

/** A key that is a level only by these words: the state of a job stands under it as well. */
export const STATUS_KEY = "status";
const STATUS_WORDS =
  /^(?:emerg|emergency|alert|crit|critical|fatal|err|error|warn|warning|notice|info|debug|trace|ok)$/i;
/** The best candidates so far. */
export interface Found {
  message: unknown;
  messageKey: string | undefined;
  messageRank: number;
  status: LogStatus | undefined;
  statusKey: string | undefined;
  levelRank: number;
  requestId: string | undefined;
  idRank: number;
  idKeys: string[];
  traceId: string | undefined;
  traceRank: number;
  spanId: string | undefined;
  spanRank: number;
  told: string[];
  /** The object whose members are the log's own. */
  liftedKey: string | undefined;
}

/** Looks for what a record says of itself, in its members and in the objects among them. */
export function look(record: JsonObject, roleOf: RoleOf): Found {
  const found = nothingFound();
  let nested: (readonly [NestedKind, string, JsonObject])[] | undefined;
  for (const key of Object.keys(record)) {
    const value = record[key];
    if (value === null || value === undefined) continue;
    const role = roleOf(key);
    if (role === undefined) continue;
    if (role.kind !== "nested") take(found, key, value, role, true);
    else if (isJsonObject(value)) (nested ??= []).push([role.of, key, value]);
  }
  for (const [of, key, object] of nested ?? []) lookInto(found, of, key, object, roleOf);
  return found;
}

function nothingFound(): Found {
  return {
    message: undefined,
    messageKey: undefined,
    messageRank: Infinity,
    status: undefined,
    statusKey: undefined,
    levelRank: Infinity,
    requestId: undefined,
    idRank: Infinity,
    idKeys: [],
    traceId: undefined,
    traceRank: Infinity,
    spanId: undefined,
    spanRank: Infinity,
    told: [],
    liftedKey: undefined,
  };
}

/** Takes a member for what its role says, if nothing better was found. */
function take(
  found: Found,
  key: string,
  value: unknown,
  role: Exclude<Role, { kind: "nested" }>,
  isOwn: boolean,
): void {
  switch (role.kind) {
    case "message":
      if (role.rank >= found.messageRank || !isMessage(value, role.rank)) return;
      found.message = value;
      found.messageKey = isOwn ? key : undefined;
      found.messageRank = role.rank;
      return;
    case "level": {
      if (role.rank >= found.levelRank) return;
      const status = toStatus(key, value, role);
      if (status === undefined) return;
      found.status = status;
      found.statusKey = isOwn ? key : undefined;
      found.levelRank = role.rank;
      return;
    }
    case "requestId": {
      const id = asId(value);
      if (id === undefined) {
        if (isOwn && typeof value === "string") found.told.push(key);
        return;
      }
      if (isOwn) found.idKeys.push(key);
      if (role.rank >= found.idRank) return;
      found.requestId = id;
      found.idRank = role.rank;
      return;
    }
    case "traceId":
      if (role.rank < found.traceRank) takeTraceId(found, key, value, role.rank, isOwn);
      return;
    case "spanId":
      if (role.rank < found.spanRank) takeSpanId(found, key, value, role.rank, isOwn);
      return;
    case "traceparent": {
      const ids = readTraceparent(value);
      found.traceId ??= ids.traceId;
      found.spanId ??= ids.spanId;
    }
  }
}

function takeTraceId(found: Found, key: string, value: unknown, rank: number, isOwn: boolean): void {
  const id = toTraceId(value);
  if (id === undefined) return;
  found.traceId = id;
  found.traceRank = rank;
  if (isOwn && key !== "trace_id" && id === value) found.told.push(key);
}

function takeSpanId(found: Found, key: string, value: unknown, rank: number, isOwn: boolean): void {
  const id = toTraceId(value);
  if (id === undefined) return;
  found.spanId = id;
  found.spanRank = rank;
  if (isOwn && key !== "span_id" && id === value) found.told.push(key);
}

/** Beside `message` and `msg`, only text is a message: an event or a body may be any data. */
function isMessage(value: unknown, rank: number): boolean {
  return rank <= 1 || typeof value === "string";
}

function toStatus(
  key: string,
  value: unknown,
  role: Extract<Role, { kind: "level" }>,
): LogStatus | undefined {
  if (typeof value === "string") {
    if (key.toLowerCase() === STATUS_KEY) return STATUS_WORDS.test(value) ? wordToStatus(value) : undefined;
    const status = wordToStatus(value);
    if (status !== undefined || role.numbers === undefined || !/^\d{1,5}$/.test(value)) return status;
    return numberToStatus(Number(value), role.numbers);
  }
  if (typeof value === "number") return role.numbers && numberToStatus(value, role.numbers);
  // `level: { name: "ERROR", no: 40 }`, `level: { label: "error" }`.
  if (!isJsonObject(value)) return undefined;
  const name = value["name"] ?? value["label"];
  return typeof name === "string" ? wordToStatus(name) : undefined;
}

/** Looks into an object of a record. */
function lookInto(found: Found, of: NestedKind, key: string, object: JsonObject, roleOf: RoleOf): void {
  switch (of) {
    case "fields":
      return lookIntoFields(found, key, object, roleOf);
    case "log":
      return takeNested(found, object, roleOf, ["level"]);
    case "context":
      // Roarr: `context: { logLevel: 50 }`. Other members are the function's own.
      return take(
        found,
        "logLevel",
        object["logLevel"],
        { kind: "level", rank: AFTER_OWN, numbers: "logger" },
        false,
      );
    case "dd":
      return takeNested(found, object, roleOf, ["traceId", "spanId"]);
    case "trace":
    case "span":
      // ECS: `trace: { id }`; Rust: `span: { requestId, xrayTraceId }`.
      takeNested(found, object, roleOf, ["requestId", "traceId"]);
      return take(
        found,
        "",
        object["id"],
        { kind: of === "trace" ? "traceId" : "spanId", rank: AFTER_OWN },
        false,
      );
    case "record":
      // Loguru: `record: { level: { name }, message, extra: { … } }`.
      takeNested(found, object, roleOf, ["level"]);
      if (isJsonObject(object["extra"])) {
        takeNested(found, object["extra"], roleOf, ["requestId", "traceId", "spanId"]);
      }
  }
}

/** Behind what stands in the record itself. */
const AFTER_OWN = 100;

function takeNested(found: Found, object: JsonObject, roleOf: RoleOf, kinds: readonly Role["kind"][]): void {
  for (const key of Object.keys(object)) {
    const role = roleOf(key);
    if (
      role === undefined || role.kind === "nested" || role.kind === "traceparent" ||
      !kinds.includes(role.kind)
    ) continue;
    // Below a key of its own a number is the level of anything.
    if (role.kind === "level" && typeof object[key] === "number") continue;
    take(found, key, object[key], { ...role, rank: role.rank + AFTER_OWN }, false);
  }
}

/**
 * Rust's tracing keeps what was logged in `fields`: its message, and members like any other. Logstash: `@message`, and in
 * `@fields` the level and whatever else was logged.
 */
function lookIntoFields(found: Found, key: string, fields: JsonObject, roleOf: RoleOf): void {
  const { message } = fields;
  if (typeof message === "string" && found.messageRank > 1) {
    found.message = message;
    found.messageKey = undefined;
    found.messageRank = 0;
    found.liftedKey = key;
  }
  takeNested(found, fields, roleOf, ["level", "requestId", "traceId", "spanId"]);
}
