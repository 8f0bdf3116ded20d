/** The fields of a log's point: its message and ids, and its members, as far as there is room for them. */
import type { Steps } from "../bounded_pattern.ts";
import { type JsonObject, toJson } from "../json/exact_json.ts";
import { isLarge, keysOf } from "../json/large_values.ts";
import { toJsonSteps } from "../json/steps_json.ts";
import type { MemberMask } from "../log_rules/rules.ts";
import type { Intake } from "../pipeline/receiver.ts";
import type { Constant, PointKind } from "../point/point_kind.ts";
import type { Key } from "../point/point_keys.ts";
import { readDurableExecution } from "./durable_execution.ts";
import type { AssembledLog } from "./lines/assembler.ts";
import { createFieldKeys, maskValue, toArray, toFieldValue, unmasked } from "./log_fields.ts";

/** A log that the rules have seen. */
export interface ReadyLog {
  readonly log: AssembledLog;
  readonly message: string;
  readonly status: string;
  readonly mask: MemberMask;
  readonly share: number | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Of one whose members are large. */
  readonly sorted?: SortedMembers | undefined;
}

/** Large members, gone through before they are written, which is done in one go. */
export interface SortedMembers {
  /** Those that become fields. */
  readonly fields: readonly string[];
  /** The JSON of large ones among them. */
  readonly texts: ReadonlyMap<string, string>;
  /** That of all others. */
  readonly extra: string | undefined;
}

export interface LogFieldsOptions extends Pick<Intake, "begin" | "writer"> {
  readonly schema: "documented" | "datakit";
}

export interface LogFields {
  /** Begins a log's point and writes its fields: all but its end. */
  write(ready: ReadyLog): void;
  /** Finds out what becomes of large members, on points that are left as they are. */
  sort(ready: ReadyLog, members: JsonObject): Steps<SortedMembers>;
}

/** Fields of one record; a customer's map with changing keys must not become ever new columns. */
const MAX_FIELDS = 64;
/** Members of a large log that are sorted in a step. */
const SORTED_AT_ONCE = 4096;
/** DataKit's dashboards know the request id under these keys of a record. */
const DATAKIT_ID_KEYS: readonly string[] = ["requestId", "AWSRequestId"];

/** Everything that is the same for all logs is made once. */
export function createLogFields({ begin, writer, schema }: LogFieldsOptions): LogFields {
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

  function writeFields(ready: ReadyLog): void {
    const keepsIdKey = writeHead(ready);
    const { sorted, mask, log: { line: { members } } } = ready;
    if (members === undefined) return;
    if (sorted !== undefined) return writeSorted(members, sorted, mask);
    const extra = putMembers(ready, members, Object.keys(members), keepsIdKey, writeValue);
    if (extra !== undefined) writer.text(EXTRA, mask(toJson(Object.fromEntries(extra)), "extra"));
  }

  /** Everything but the members; whether the request's id stays among those. */
  function writeHead({ log, message, status, mask, share, traceId, spanId }: ReadyLog): boolean {
    const { line: { members }, failure, requestId } = log;
    begin(kind);
    fields = 0;
    writer.constant(sources[log.from]);
    text(MESSAGE, message);
    text(STATUS, status);
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
    const execution = members === undefined ? undefined : readDurableExecution(members);
    if (execution !== undefined) {
      text(DURABLE_NAME, execution.name);
      text(DURABLE_ID, execution.id);
    }
    return keepsIdKey;
  }

  /** Puts those of the members that become fields; the others are returned, if there are any. */
  function putMembers(
    { log: { line, requestId }, mask }: ReadyLog,
    members: JsonObject,
    names: readonly string[],
    keepsIdKey: boolean,
    put: (field: Key, value: unknown, name: string, mask: MemberMask) => void,
  ): [string, unknown][] | undefined {
    let others: [string, unknown][] | undefined;
    for (const name of names) {
      const value = members[name];
      if (value === null || value === undefined) continue;
      if (line.told.includes(name) && !(isDatakit && name === "msg")) continue;
      // The list last: a record may have thousands of spellings of its key.
      if (!keepsIdKey && value === requestId && line.idKeys.includes(name)) continue;
      // A key that is made is kept: none for what has no room as a field.
      const field = fields < MAX_FIELDS ? fieldKeys(name) : undefined;
      if (field !== undefined && !writer.has(field)) {
        put(field, value, name, mask);
        fields++;
        // Already there under its own name.
      } else if (!isTold(name, value, line.traceId, line.spanId)) (others ??= []).push([name, value]);
    }
    return others;
  }

  function writeValue(field: Key, value: unknown, name: string, mask: MemberMask): void {
    if (typeof value === "string") return writer.text(field, mask(value, name));
    writer.field(field, maskValue(toFieldValue(value, isDatakit), name, mask));
  }

  function* sortMembers(log: ReadyLog, members: JsonObject): Steps<SortedMembers> {
    const ready = { ...log, message: "", mask: unmasked };
    const names = keysOf(members);
    const inFields: string[] = [];
    const others: string[] = [];
    let keepsIdKey = false;
    let count = 0;
    for (let from = 0; from < names.length; from += SORTED_AT_ONCE) {
      // Other points were begun meanwhile: only a full one need not be there to tell which keys it has.
      if (count < MAX_FIELDS) keepsIdKey = beginAgain(ready, members, inFields);
      else fields = count;
      const some = names.slice(from, from + SORTED_AT_ONCE);
      const left = putMembers(ready, members, some, keepsIdKey, (field, value, name) => {
        inFields.push(name);
        putBriefly(field, value, name);
      });
      for (const [name] of left ?? []) others.push(name);
      count = fields;
      yield;
    }
    const texts = new Map<string, string>();
    for (const name of inFields) {
      const value = members[name];
      const isText = isLarge(value) && !(isDatakit && toArray(value) !== undefined);
      if (isText) texts.set(name, yield* toJsonSteps(value));
    }
    const extra = others.length === 0 ? undefined : yield* toJsonSteps(members, others);
    return { fields: inFields, texts, extra };
  }

  /** Begins a point with these members; whether the request's id stays among them. */
  function beginAgain(ready: ReadyLog, members: JsonObject, names: readonly string[]): boolean {
    const keepsIdKey = writeHead(ready);
    for (const name of names) {
      const field = fieldKeys(name);
      if (field !== undefined) putBriefly(field, members[name], name);
      fields++;
    }
    return keepsIdKey;
  }

  /** Puts a value that is not to be sent: the point only has to have the key. */
  function putBriefly(field: Key, value: unknown, name: string): void {
    if (isLarge(value) || typeof value === "string") writer.bool(field, true);
    else writeValue(field, value, name, unmasked);
  }

  function writeSorted(
    members: JsonObject,
    { fields: names, texts, extra }: SortedMembers,
    mask: MemberMask,
  ): void {
    for (const name of names) {
      const field = fieldKeys(name);
      if (field !== undefined) writeValue(field, texts.get(name) ?? members[name], name, mask);
    }
    if (extra !== undefined) writer.text(EXTRA, mask(extra, "extra"));
  }

  return { write: writeFields, sort: sortMembers };
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
