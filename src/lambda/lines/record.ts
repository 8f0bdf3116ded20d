/** JSON logs: message, level, ids and the other members, wherever a logger puts them. */
import type { Steps } from "../../bounded_pattern.ts";
import { isJsonObject, type JsonObject, toJson, tryParseExactJson } from "../../json/exact_json.ts";
import { isLarge, onlyHas } from "../../json/large_values.ts";
import { readJsonSteps, toJsonSteps } from "../../json/steps_json.ts";
import { stripAnsi } from "../../point/ansi.ts";
import type { LogStatus } from "../../point/log_status.ts";
import { joinSteps, seenOf, without } from "./large_record.ts";
import { type Found, look, STATUS_KEY } from "./record_facts.ts";
import { createRoles, type RoleOf } from "./record_keys.ts";

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
  /** The same in steps, as a record may be large: nearly none is, and one at once is read faster. */
  readSteps(record: JsonObject): Steps<RecordReading>;
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
/** Members around what was logged that are not its own. */
const WRAPPED_KEYS: readonly string[] = ["message", "level"];
const MESSAGE_KEY: readonly string[] = ["message"];
const FIELDS_KEY: readonly string[] = ["fields"];
/** Integers of customers keep their digits. */
const DIGITS = { integers: "bigint or text" } as const;
/** A longer text is read in steps. In UTF-16 units. */
const LONG_TEXT = 64 * 1024;

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
    *readSteps(record): Steps<RecordReading> {
      const { message } = record;
      if (typeof message === "string") {
        const inner = yield* parseJsonTextSteps(message);
        if (inner !== undefined) return yield* readWrappedSteps(record, inner, message, roleOf);
      } else if (isJsonObject(message) && isEnvelope(record) && isLog(message)) {
        return yield* readWrappedSteps(record, message, yield* toJsonSteps(message), roleOf);
      }
      return yield* readMembersSteps(record, roleOf);
    },
  };
}

/** A record around another one, which is what was logged: that one's message and level are the log's. */
function readWrapped(record: JsonObject, inner: JsonObject, whole: string, roleOf: RoleOf): RecordReading {
  const { message: _message, level, ...around } = record;
  // A runtime only passes on what a function logged; a logger of its own has members of its own.
  const members = isEnvelope(record) ? join(inner, around) : join(around, inner);
  const reading = readMembers(members, roleOf, whole);
  const status = statusAround(reading, level, roleOf);
  return status === undefined
    ? reading
    : { ...reading, ...status, members: join(reading.members, { level }) };
}

function* readWrappedSteps(
  record: JsonObject,
  inner: JsonObject,
  whole: string,
  roleOf: RoleOf,
): Steps<RecordReading> {
  const { level } = record;
  const around = yield* without(record, WRAPPED_KEYS);
  const members = yield* isEnvelope(record) ? joinSteps(inner, around) : joinSteps(around, inner);
  const reading = yield* readMembersSteps(members, roleOf, whole);
  const status = statusAround(reading, level, roleOf);
  if (status === undefined) return reading;
  return { ...reading, ...status, members: yield* joinSteps(reading.members, { level }) };
}

/** What the level of the record around says, where the one within names none; `undefined`: nothing is to be added. */
function statusAround(
  { status }: RecordReading,
  level: unknown,
  roleOf: RoleOf,
): Pick<RecordReading, "status"> | undefined {
  if (status !== undefined || level === undefined) return undefined;
  return { status: readMembers({ level }, roleOf, "").status };
}

/** The object that a text is, blanks around it aside; `undefined` for any other text. */
export function parseJsonText(text: string, from = 0): JsonObject | undefined {
  const json = objectIn(text, from);
  const value = json === undefined ? undefined : tryParseExactJson(json, DIGITS);
  return isJsonObject(value) ? value : undefined;
}

/** The same in steps, where the text is long. */
export function* parseJsonTextSteps(text: string, from = 0): Steps<JsonObject | undefined> {
  if (!isLongText(text)) return parseJsonText(text, from);
  const json = objectIn(text, from);
  const value = json === undefined ? undefined : yield* readJsonSteps(json, DIGITS);
  return isJsonObject(value) ? value : undefined;
}

/** What may be an object. */
function objectIn(text: string, from: number): string | undefined {
  let to = text.length;
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to--;
  if (text.charCodeAt(from) !== OPEN_BRACE || text.charCodeAt(to - 1) !== CLOSE_BRACE) return undefined;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Whether a text is read in steps where it is JSON. */
export function isLongText(text: string): boolean {
  return text.length > LONG_TEXT;
}

/** Whether a record is nothing but what a runtime puts around what was logged. */
function isEnvelope(record: JsonObject): boolean {
  return onlyHas(record, isEnvelopeKey);
}

function isEnvelopeKey(key: string): boolean {
  return ENVELOPE_KEYS.has(key);
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

function readMembers(record: JsonObject, roleOf: RoleOf, whole?: string): RecordReading {
  const found = look(record, roleOf);
  const lifted = found.liftedKey === undefined ? undefined : record[found.liftedKey];
  const members = isJsonObject(lifted) ? join(withoutFields(record), withoutMessage(lifted)) : record;
  return readingOf(found, members, toText(messageOf(found, record, whole)));
}

function* readMembersSteps(record: JsonObject, roleOf: RoleOf, whole?: string): Steps<RecordReading> {
  const found = look(yield* seenOf(record, roleOf), roleOf);
  const lifted = found.liftedKey === undefined ? undefined : record[found.liftedKey];
  const members = isJsonObject(lifted)
    ? yield* joinSteps(yield* without(record, FIELDS_KEY), yield* without(lifted, MESSAGE_KEY))
    : record;
  const message = messageOf(found, record, whole);
  return readingOf(found, members, isLarge(message) ? yield* toJsonSteps(message) : toText(message));
}

function withoutFields({ fields: _fields, ...others }: JsonObject): JsonObject {
  return others;
}

function withoutMessage({ message: _message, ...others }: JsonObject): JsonObject {
  return others;
}

/** What the message is made of: `whole`, or the record, where none was found. */
function messageOf(found: Found, record: JsonObject, whole: string | undefined): unknown {
  // A request's event may have a body or a text as well, and is data from one end to the other.
  if (
    found.messageRank >= BODY_RANK && found.status === undefined && !TIME_KEYS.some((key) => key in record)
  ) {
    found.messageRank = Infinity;
  } else if (found.messageKey !== undefined) found.told.push(found.messageKey);
  return found.messageRank === Infinity ? whole ?? record : found.message;
}

function readingOf(found: Found, members: JsonObject, message: string): RecordReading {
  if (found.statusKey === STATUS_KEY) found.told.push(STATUS_KEY);
  const { status, requestId, traceId, spanId, told, idKeys } = found;
  return { message, status, requestId, traceId, spanId, members, told, idKeys };
}

/** A value as a text: itself, without colours, or JSON. */
function toText(value: unknown): string {
  if (typeof value === "string") return stripAnsi(value);
  return typeof value === "object" && value !== null ? toJson(value) : String(value);
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
