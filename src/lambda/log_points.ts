/**
 * Logs of functions and extensions to points. Nothing of a record is left out but nulls and the ids of no request: what
 * cannot be a field of its own goes, as JSON, into the field `extra`.
 * @see `tests/spec/datakit.md` 1.11 and 3.7
 */
import { createMaskAhead } from "../log_rules/mask_ahead.ts";
import type { LogRules, MemberMask, RuleDecision, RuledLog, SteppedMask } from "../log_rules/rules.ts";
import { isLong } from "../log_rules/windows.ts";
import { finish, type Steps } from "../bounded_pattern.ts";
import { type JsonObject, toExactJson } from "../json/exact_json.ts";
import type { Intake } from "../pipeline/receiver.ts";
import type { FieldValue } from "../point/point.ts";
import type { Constant, PointKind } from "../point/point_kind.ts";
import type { Key } from "../point/point_keys.ts";
import type { LogRecorder } from "../recorder/flight_recorder.ts";
import { utf8Length } from "../point/utf8.ts";
import { readDurableExecution } from "./durable_execution.ts";
import type { LogContext } from "./trace/platform_trace.ts";
import type { PlatformTap } from "./platform_tap.ts";
import type { AssembledLog } from "./lines/assembler.ts";

export interface LogPointOptions extends Pick<Intake, "begin" | "writer" | "refuse"> {
  readonly schema: "documented" | "datakit";
  /** The user's rules; none: all logs are kept as they are. */
  readonly rules?: LogRules | undefined;
  /** The trace of a request, for lines that name none. */
  readonly contextOf?: ((requestId: string) => LogContext | undefined) | undefined;
  /** Whether a line of that request and time is of a cold start. */
  readonly isCold: (requestId: string | undefined, timeNs: bigint) => boolean;
  /** Where the same logs go in another form too. */
  readonly tap?: Pick<PlatformTap, "log"> | undefined;
  /** Holds what is below its level, or left out by sampling. */
  readonly recorder?: LogRecorder | undefined;
}

/** What the rules say of a log that is not left out. */
type KeptLog = Extract<RuleDecision, { readonly kept: true }>;

/** A log that the rules have seen. */
interface ReadyLog {
  readonly log: AssembledLog;
  readonly message: string;
  readonly status: string;
  readonly mask: MemberMask;
  readonly share: number | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** Writes logs as points. */
export interface LogPoints {
  /** The point of a log, stamped with `timeNs`. */
  write(log: AssembledLog, timeNs: bigint): void;
  /** The same in steps of some milliseconds at most, as rules look into long texts. */
  writeSteps(log: AssembledLog, timeNs: bigint): Steps<void>;
}

/** Fields of one record; a customer's map with changing keys must not become ever new columns. */
const MAX_FIELDS = 64;
/** Dataway cuts longer keys, in bytes. */
const MAX_KEY_BYTES = 256;
const MAX_INT64 = 2n ** 63n - 1n;
/** Keys remembered with what becomes of them. */
const MAX_KNOWN_KEYS = 4096;

/** A log whose members have less text is masked at once; in UTF-16 units. */
const MASKED_AT_ONCE = 8_192;
/** Of members that are measured. */
const MAX_DEPTH = 32;

/** Never fields of their own: Dataway drops the first two from logs, the third is a tag, the fourth is ours. */
const RESERVED: readonly string[] = ["source", "date", "aws_log_from", "extra"];
/** DataKit's dashboards know the request id under these keys of a record. */
const DATAKIT_ID_KEYS: readonly string[] = ["requestId", "AWSRequestId"];

/** Everything that is the same for all logs is made once. */
export function createLogPoints(
  { begin, writer, refuse, schema, contextOf, rules, isCold, tap, recorder }: LogPointOptions,
): LogPoints {
  const isDatakit = schema === "datakit";
  const kind: PointKind = writer.kind("logging", isDatakit ? "awslambda" : "awslambda-logging");
  const sources: Readonly<Record<AssembledLog["from"], Constant | undefined>> = {
    function: writer.constantTag("logging", "aws_log_from", "function"),
    extension: writer.constantTag("logging", "aws_log_from", "extension"),
    platform: writer.constantTag("logging", "aws_log_from", "platform"),
  };
  const key = (name: string): Key => writer.key("logging", name);
  const MESSAGE = key("message");
  const STATUS = key("status");
  const REQUEST_ID = key("aws_request_id");
  const TRACE_ID = key("trace_id");
  const SPAN_ID = key("span_id");
  const ERROR_TYPE = key("error_type");
  const ERROR_MESSAGE = key("error_message");
  const DURABLE_NAME = key("durable_execution_name");
  const DURABLE_ID = key("durable_execution_id");
  const EXTRA = key("extra");
  const SAMPLE_RATE = key("sample_rate");
  const fieldKeys = createFieldKeys((name) => kind.keys.of(name));
  let fields = 0;

  function text(field: Key, value: string): void {
    writer.text(field, value);
    fields++;
  }

  function write(log: AssembledLog, timeNs: bigint): void {
    const whole = textOf(log);
    const status = statusOf(log);
    const decision = rules?.apply(ruled(log, status, isCold), whole, recorder?.takesLogs);
    if (decision?.kept === false) return refuse(decision.reason);
    const draft = draftOf(log, status, decision?.text ?? whole, decision);
    const mask = hasOthers(log) ? decision?.mask : undefined;
    place(mask === undefined ? draft : { ...draft, mask: finish(maskAhead(draft, mask)) }, decision, timeNs);
  }

  function* writeSteps(log: AssembledLog, timeNs: bigint): Steps<void> {
    const whole = textOf(log);
    const status = statusOf(log);
    const decision = rules &&
      (yield* rules.applySteps(ruled(log, status, isCold), whole, recorder?.takesLogs));
    if (decision?.kept === false) return refuse(decision.reason);
    const draft = draftOf(log, status, decision?.text ?? whole, decision);
    const mask = hasOthers(log) ? decision?.mask : undefined;
    place(mask === undefined ? draft : { ...draft, mask: yield* maskAhead(draft, mask) }, decision, timeNs);
  }

  function draftOf(
    log: AssembledLog,
    status: string,
    message: string,
    decision: KeptLog | undefined,
  ): ReadyLog {
    const { line, requestId } = log;
    const context = line.traceId === undefined && requestId !== undefined && log.from !== "extension"
      ? contextOf?.(requestId)
      : undefined;
    const traceId = line.traceId ?? context?.traceId;
    const spanId = context?.spanId ?? line.spanId;
    return {
      log,
      message,
      status,
      mask: decision?.mask ?? unmasked,
      share: decision?.share,
      traceId,
      spanId,
    };
  }

  /** Writes a log, or has it held. */
  function place(ready: ReadyLog, decision: KeptLog | undefined, timeNs: bigint): void {
    const { status, message, log: { requestId } } = ready;
    const reason = recorder?.reasonToHold(status, decision?.sampledOut === true);
    recorder?.line(requestId, message);
    if (reason !== undefined) return recorder?.hold(requestId, reason, () => writePoint(ready, timeNs));
    tap?.log(ready, timeNs);
    writePoint(ready, timeNs);
  }

  /** A mask that knows what it makes of the log's long texts. */
  function* maskAhead(ready: ReadyLog, mask: SteppedMask): Steps<MemberMask> {
    const { line, failure } = ready.log;
    if (!isLong(failure?.message ?? "") && lengthOf(line.members, MASKED_AT_ONCE) < MASKED_AT_ONCE) {
      return mask;
    }
    const ahead = createMaskAhead(mask);
    // Written for the texts that it asks for, and left as it is: another point begins anew.
    writeFields({ ...ready, mask: ahead.asked });
    return yield* ahead.masked();
  }

  function writePoint(ready: ReadyLog, timeNs: bigint): void {
    writeFields(ready);
    if (!writer.endAt(timeNs)) refuse("malformed");
  }

  function writeFields(ready: ReadyLog): void {
    const { log, message, status, mask, share, traceId, spanId } = ready;
    const { line, failure, requestId } = log;
    begin(kind);
    fields = 0;
    writer.constant(sources[log.from]);
    text(MESSAGE, message);
    text(STATUS, status);
    const { members } = line;
    const ownId = members === undefined || requestId === undefined
      ? undefined
      : ownIdKey(log, members, requestId);
    const keepsIdKey = isDatakit && ownId !== undefined && DATAKIT_ID_KEYS.includes(ownId);
    if (requestId !== undefined && !keepsIdKey) text(REQUEST_ID, requestId);
    if (traceId !== undefined) text(TRACE_ID, traceId);
    if (spanId !== undefined) text(SPAN_ID, spanId);
    if (share !== undefined) {
      writer.float(SAMPLE_RATE, share);
      fields++;
    }
    if (failure?.type !== undefined) text(ERROR_TYPE, failure.type);
    if (failure?.message !== undefined) text(ERROR_MESSAGE, mask(failure.message, "error_message"));
    if (members !== undefined) writeMembers(log, members, keepsIdKey, mask);
  }

  function writeMembers(
    { line, requestId }: AssembledLog,
    members: JsonObject,
    keepsIdKey: boolean,
    mask: MemberMask,
  ): void {
    const execution = readDurableExecution(members);
    if (execution !== undefined) {
      text(DURABLE_NAME, execution.name);
      text(DURABLE_ID, execution.id);
    }
    let extra: [string, unknown][] | undefined;
    for (const name of Object.keys(members)) {
      const value = members[name];
      if (value === null || value === undefined) continue;
      if (line.told.includes(name) && !(isDatakit && name === "msg")) continue;
      if (!keepsIdKey && line.idKeys.includes(name) && value === requestId) continue;
      // A key that is made is kept: none for what has no room as a field.
      const field = fields < MAX_FIELDS ? fieldKeys(name) : undefined;
      if (field !== undefined && !writer.has(field)) {
        writeValue(field, value, name, mask);
        fields++;
        // Already there under its own name.
      } else if (!isTold(name, value, line.traceId, line.spanId)) (extra ??= []).push([name, value]);
    }
    if (extra !== undefined) writer.text(EXTRA, mask(toJson(Object.fromEntries(extra)), "extra"));
  }

  function writeValue(field: Key, value: unknown, name: string, mask: MemberMask): void {
    if (typeof value === "string") return writer.text(field, mask(value, name));
    writer.field(field, maskValue(toFieldValue(value, isDatakit), name, mask));
  }

  return { write, writeSteps };
}

/** Whether it has texts beside its message. */
function hasOthers({ line, failure }: AssembledLog): boolean {
  return line.members !== undefined || failure !== undefined;
}

function textOf({ texts, line }: AssembledLog): string {
  return texts === undefined ? line.message : texts.join("\n");
}

function statusOf({ failure, line }: AssembledLog): string {
  return failure === undefined ? line.status ?? "info" : "error";
}

const unmasked: MemberMask = (text) => text;

/** A number is masked as its digits are: a key may say that it is a secret. */
function maskValue(value: FieldValue, name: string, mask: MemberMask): FieldValue {
  if (mask === unmasked || typeof value === "boolean") return value;
  if (typeof value === "string") return mask(value, name);
  if (typeof value === "number" || typeof value === "bigint") {
    const digits = String(value);
    const masked = mask(digits, name);
    return masked === digits ? value : masked;
  }
  if (!Array.isArray(value)) return value;
  const texts = value.map(String);
  const masked = texts.map((text) => mask(text, name));
  return masked.some((text, index) => text !== texts[index]) ? masked : value;
}

/** How much text is in a value, as far as `enough`; that much is taken for deep ones. */
function lengthOf(value: unknown, enough: number, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (depth > MAX_DEPTH) return enough;
  let length = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && length < enough; i++) {
      length += 1 + lengthOf(value[i], enough - length, depth + 1);
    }
    return length;
  }
  // A list of its entries would be garbage of a multiple of a large record.
  for (const key in value) {
    if (length >= enough) return length;
    if (!Object.hasOwn(value, key)) continue;
    length += key.length + lengthOf(Reflect.get(value, key), enough - length, depth + 1);
  }
  return length;
}

/** A log as rules see it. */
export function ruled(
  { from, requestId, line, timeNs }: AssembledLog,
  status: string,
  isCold: LogPointOptions["isCold"],
): RuledLog {
  return {
    from,
    status,
    requestId,
    isCold: () => isCold(requestId, timeNs),
    member: (key) => {
      const value = line.members?.[key];
      return value === undefined || value === null
        ? undefined
        : typeof value === "string"
        ? value
        : toJson(value);
    },
  };
}

/** Whether a member is a trace's or span's id that was written before all members. */
function isTold(
  name: string,
  value: unknown,
  traceId: string | undefined,
  spanId: string | undefined,
): boolean {
  return (name === "trace_id" && value === traceId) || (name === "span_id" && value === spanId);
}

/** The record's own key of the request id. */
function ownIdKey({ line }: AssembledLog, members: JsonObject, requestId: string): string | undefined {
  return line.idKeys.find((name) => members[name] === requestId);
}

/** The field of a record's key, dots turned into `_`; `undefined` for one that does not stay as it is. */
function createFieldKeys(keyOf: (name: string) => Key): (name: string) => Key | undefined {
  const known = new Map<string, Key | undefined>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined || known.has(name)) return found;
    const plain = name.replaceAll(".", "_");
    const made = isPlainKey(plain) ? keyOf(plain) : undefined;
    if (known.size < MAX_KNOWN_KEYS) known.set(name, made);
    return made;
  };
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

/** Compact JSON, also of bigints, which keep their digits. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return toExactJson(value);
  }
}
