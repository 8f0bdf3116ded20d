/** JSON logs: message, level, ids and the other members, wherever a logger puts them. */
import { isJsonObject, type JsonObject, toExactJson, tryParseExactJson } from "../../json/exact_json.ts";
import { stripAnsi } from "../../point/ansi.ts";
import { type LogStatus, numberToStatus, wordToStatus } from "../../point/log_status.ts";
import { createRoles, type NestedKind, type Role, type RoleOf } from "./record_keys.ts";
import { asId } from "./text_parts.ts";
import { readTraceparent, toTraceId } from "./trace_ids.ts";

/** A JSON log, read. */
export interface RecordReading {
  readonly message: string;
  readonly status: LogStatus | undefined;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** The log's members: what it says itself, and what the objects around and inside it add. */
  readonly members: JsonObject;
  /** Keys of {@link members} that are told already, and need not be told again. */
  readonly told: readonly string[];
  /** Keys of {@link members} that hold a request id: not told again if it is the log's. */
  readonly idKeys: readonly string[];
}

/** Reads JSON logs. */
export interface RecordReader {
  read(record: JsonObject): RecordReading;
}

/** Members that runtimes put around what a function logs. */
const ENVELOPE_KEYS: ReadonlySet<string> = new Set([
  "timestamp",
  "level",
  "message",
  "requestId",
  "AWSRequestId",
  "tenantId",
  "logger",
  "traceId",
]);
/** From this rank on only what has a level or a time is a log. */
const BODY_RANK = 5;
const TIME_KEYS: readonly string[] = [
  "time",
  "timestamp",
  "@timestamp",
  "ts",
  "@t",
  "asctime",
  "timeUnixNano",
];
/** A key that is a level only by these words: the state of a job stands under it as well. */
const STATUS_KEY = "status";
const STATUS_WORDS =
  /^(?:emerg|emergency|alert|crit|critical|fatal|err|error|warn|warning|notice|info|debug|trace|ok)$/i;
/** Integers of customers keep their digits. */
const DIGITS = { integers: "bigint or text" } as const;

/** A reader that remembers what keys mean. */
export function createRecordReader(): RecordReader {
  const roleOf = createRoles();
  return {
    read: (record) => {
      const { message } = record;
      if (typeof message === "string") {
        const inner = parseJsonText(message);
        if (inner !== undefined) return readWrapped(record, inner, message, roleOf);
      } else if (isJsonObject(message) && isEnvelope(record) && isLog(message)) {
        return readWrapped(record, message, toText(message), roleOf);
      }
      return readMembers(record, roleOf);
    },
  };
}

/** A record around another one, which is what was logged: that one's message and level are the log's. */
function readWrapped(record: JsonObject, inner: JsonObject, whole: string, roleOf: RoleOf): RecordReading {
  const { message: _message, level, ...around } = record;
  // A runtime only passes on what a function logged; a logger of its own has members of its own.
  const members = isEnvelope(record) ? join(inner, around) : join(around, inner);
  const reading = readMembers(members, roleOf, whole);
  if (reading.status !== undefined || level === undefined) return reading;
  const { status } = readMembers({ level }, roleOf, "");
  return { ...reading, status, members: join(reading.members, { level }) };
}

/** The object that a text is, blanks around it aside; `undefined` for any other text. */
export function parseJsonText(text: string, from = 0): JsonObject | undefined {
  let to = text.length;
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to--;
  if (text.charCodeAt(from) !== OPEN_BRACE || text.charCodeAt(to - 1) !== CLOSE_BRACE) return undefined;
  const value = tryParseExactJson(from === 0 && to === text.length ? text : text.slice(from, to), DIGITS);
  return isJsonObject(value) ? value : undefined;
}

/** Whether a record is nothing but what a runtime puts around what was logged. */
function isEnvelope(record: JsonObject): boolean {
  for (const key in record) if (!ENVELOPE_KEYS.has(key)) return false;
  return true;
}

/** Whether an object that a function logged is a log of its own, and no data. */
function isLog(value: JsonObject): boolean {
  return typeof value["message"] === "string" || typeof value["msg"] === "string";
}

/** The members of both; where both have one, the first's. */
function join(first: JsonObject, second: JsonObject): JsonObject {
  const joined: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(first)) joined[key] = first[key];
  for (const key of Object.keys(second)) {
    if (second[key] !== undefined && !(key in joined)) joined[key] = second[key];
  }
  return joined;
}

/** The best candidates so far. */
interface Found {
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
}

function readMembers(record: JsonObject, roleOf: RoleOf, whole?: string): RecordReading {
  const found = nothingFound();
  let nested: (readonly [NestedKind, JsonObject])[] | undefined;
  for (const key of Object.keys(record)) {
    const value = record[key];
    if (value === null || value === undefined) continue;
    const role = roleOf(key);
    if (role === undefined) continue;
    if (role.kind !== "nested") take(found, key, value, role, true);
    else if (isJsonObject(value)) (nested ??= []).push([role.of, value]);
  }
  let members = record;
  for (const [of, object] of nested ?? []) members = readNested(found, members, of, object, roleOf);
  // A request's event may have a body or a text as well, and is data from one end to the other.
  if (
    found.messageRank >= BODY_RANK && found.status === undefined && !TIME_KEYS.some((key) => key in record)
  ) {
    found.messageRank = Infinity;
  } else if (found.messageKey !== undefined) found.told.push(found.messageKey);
  if (found.statusKey === STATUS_KEY) found.told.push(STATUS_KEY);
  return {
    message: found.messageRank === Infinity ? whole ?? toText(record) : toText(found.message),
    status: found.status,
    requestId: found.requestId,
    traceId: found.traceId,
    spanId: found.spanId,
    members,
    told: found.told,
    idKeys: found.idKeys,
  };
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

/** Looks into an object of a record; what it adds to the record's members is returned with them. */
function readNested(
  found: Found,
  members: JsonObject,
  of: NestedKind,
  object: JsonObject,
  roleOf: RoleOf,
): JsonObject {
  switch (of) {
    case "fields":
      return liftFields(found, members, object, roleOf);
    case "log":
      takeNested(found, object, roleOf, ["level"]);
      return members;
    case "context":
      // Roarr: `context: { logLevel: 50 }`. Other members are the function's own.
      take(
        found,
        "logLevel",
        object["logLevel"],
        { kind: "level", rank: AFTER_OWN, numbers: "logger" },
        false,
      );
      return members;
    case "dd":
      takeNested(found, object, roleOf, ["traceId", "spanId"]);
      return members;
    case "trace":
    case "span":
      // ECS: `trace: { id }`; Rust: `span: { requestId, xrayTraceId }`.
      takeNested(found, object, roleOf, ["requestId", "traceId"]);
      take(found, "", object["id"], { kind: of === "trace" ? "traceId" : "spanId", rank: AFTER_OWN }, false);
      return members;
    case "record":
      // Loguru: `record: { level: { name }, message, extra: { … } }`.
      takeNested(found, object, roleOf, ["level"]);
      if (isJsonObject(object["extra"])) {
        takeNested(found, object["extra"], roleOf, ["requestId", "traceId", "spanId"]);
      }
      return members;
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

/** Rust's tracing keeps what was logged in `fields`: its message, and members like any other. */
function liftFields(found: Found, members: JsonObject, fields: JsonObject, roleOf: RoleOf): JsonObject {
  const { message } = fields;
  if (typeof message !== "string" || found.messageRank <= 1) {
    // Logstash: `@message`, and in `@fields` the level and whatever else was logged.
    takeNested(found, fields, roleOf, ["level", "requestId", "traceId", "spanId"]);
    return members;
  }
  found.message = message;
  found.messageKey = undefined;
  found.messageRank = 0;
  takeNested(found, fields, roleOf, ["level", "requestId", "traceId", "spanId"]);
  const { message: _message, ...others } = fields;
  const { fields: _fields, ...around } = members;
  return join(around, others);
}

/** A value as a text: itself, without colours, or JSON. */
function toText(value: unknown): string {
  if (typeof value === "string") return stripAnsi(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    // A bigint among it.
    return toExactJson(value);
  }
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
