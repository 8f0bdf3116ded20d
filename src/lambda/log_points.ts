/**
 * Logs of functions and extensions to points. Nothing of a record is left out but nulls and the ids of no request: what
 * cannot be a field of its own goes, as JSON, into the field `extra`.
 * @see `tests/spec/datakit.md` 1.11 and 3.7
 */
import { createMaskAhead } from "../log_rules/mask_ahead.ts";
import type { LogRules, MemberMask, RuleDecision, RuledLog, SteppedMask } from "../log_rules/rules.ts";
import { isLong } from "../log_rules/windows.ts";
import { finish, type Steps } from "../bounded_pattern.ts";
import { type JsonObject, toJson } from "../json/exact_json.ts";
import { isLarge } from "../json/large_values.ts";
import { toJsonSteps } from "../json/steps_json.ts";
import { textLengthOf } from "../json/text_length.ts";
import type { Intake } from "../pipeline/receiver.ts";
import type { LogRecorder } from "../recorder/flight_recorder.ts";
import { unmasked } from "./log_fields.ts";
import { createLogFields, type ReadyLog } from "./log_point_fields.ts";
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

/** Writes logs as points. */
export interface LogPoints {
  /** The point of a log, stamped with `timeNs`. */
  write(log: AssembledLog, timeNs: bigint): void;
  /** The same in steps of some milliseconds at most, as rules look into long texts. */
  writeSteps(log: AssembledLog, timeNs: bigint): Steps<void>;
}

/** A log whose members have less text is masked at once; in UTF-16 units. */
const MASKED_AT_ONCE = 8_192;

/** Everything that is the same for all logs is made once. */
export function createLogPoints(
  { begin, writer, refuse, schema, contextOf, rules, isCold, tap, recorder }: LogPointOptions,
): LogPoints {
  const fields = createLogFields({ begin, writer, schema });

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
    const { members } = log.line;
    const isOfLarge = members !== undefined && isLarge(members);
    const texts = isOfLarge && rules !== undefined ? yield* ruledTexts(members, rules.keys) : undefined;
    const decision = rules &&
      (yield* rules.applySteps(ruled(log, status, isCold, texts), whole, recorder?.takesLogs));
    if (decision?.kept === false) return refuse(decision.reason);
    const ready = draftOf(log, status, decision?.text ?? whole, decision);
    const draft = isOfLarge ? { ...ready, sorted: yield* fields.sort(ready, members) } : ready;
    const mask = hasOthers(log) ? decision?.mask : undefined;
    place(mask === undefined ? draft : { ...draft, mask: yield* maskAhead(draft, mask) }, decision, timeNs);
  }

  /** The texts of large members that rules look into. */
  function* ruledTexts(members: JsonObject, keys: readonly string[]): Steps<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    for (const key of keys) if (isLarge(members[key])) texts.set(key, yield* toJsonSteps(members[key]));
    return texts;
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
    if (!isLong(failure?.message ?? "") && textLengthOf(line.members, MASKED_AT_ONCE) < MASKED_AT_ONCE) {
      return mask;
    }
    const ahead = createMaskAhead(mask);
    // Written for the texts that it asks for, and left as it is: another point begins anew.
    fields.write({ ...ready, mask: ahead.asked });
    return yield* ahead.masked();
  }

  function writePoint(ready: ReadyLog, timeNs: bigint): void {
    fields.write(ready);
    if (!writer.endAt(timeNs)) refuse("malformed");
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

/** A log as rules see it; `texts`: those of members, where they are made already. */
export function ruled(
  { from, requestId, line, timeNs }: AssembledLog,
  status: string,
  isCold: LogPointOptions["isCold"],
  texts?: ReadonlyMap<string, string>,
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
        : texts?.get(key) ?? toJson(value);
    },
  };
}
