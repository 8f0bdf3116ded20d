/** Holds what was seen against what is right. */
import type { ReceivedPoint } from "../emulator/dataway.ts";
import { type Case, type LogFormat, type LoggerCase, TRACE_ID } from "./cases.ts";
import { INIT_ERROR, type Observation, requestIdOf, type Surroundings } from "./observe.ts";
import type { Language, RuntimeClient } from "./runtime.ts";

/** What a check was about. */
export type Subject = "errors" | "failure" | "logger";

/** One thing that has to be so. */
export interface Finding {
  readonly subject: Subject;
  /** The case or the logger. */
  readonly name: string;
  /** What is not as it should be, in words; empty when all is. */
  readonly gaps: readonly string[];
}

/** Everything that can be said of a function's observations. */
export function judge(
  language: Language,
  client: RuntimeClient,
  { logFormat, spans }: Surroundings,
  observations: readonly Observation[],
): readonly Finding[] {
  const cases: readonly Case[] = [...language.cases, { name: INIT_ERROR, errors: 1 }];
  return observations.flatMap((observation) => {
    const { name } = observation;
    const logger = language.loggers.find((each) => name === `logger ${each.name}`);
    if (logger !== undefined) {
      return [{
        subject: "logger",
        name: logger.name,
        gaps: [
          ...judgeErrors(0, observation),
          ...judgeLogger(logger, logFormat, observation),
        ],
      }];
    }
    const expected = cases.find((each) => each.name === name);
    if (expected === undefined) throw new Error(`Cannot judge the unknown case ${name}`);
    const gaps = judgeErrors(expected.errors, observation);
    const errors: Finding = { subject: "errors", name, gaps };
    // What is told of its log does not depend on spans.
    if (expected.failure === undefined || client.silent || !spans) return [errors];
    const failure = judgeFailure(expected.failure, client.asides ?? [], observation);
    return [errors, { subject: "failure", name, gaps: failure }];
  });
}

function judgeErrors(expected: number, { errors }: Observation): readonly string[] {
  return errors === expected ? [] : [`${errors} errors instead of ${expected}`];
}

/** A failure is one log of level error that names its request. */
function judgeFailure(
  texts: readonly string[],
  asides: readonly string[],
  { logs, requestId }: Observation,
): readonly string[] {
  const own = logs.filter((log) => !asides.some((text) => messageOf(log).includes(text)));
  const [log] = own;
  if (log === undefined) return ["no log"];
  if (own.length > 1) return ["more than one log"];
  // Where a reader parts a failure's message from its other fields, each of its texts is in one of them.
  const whole = [...log.fields.values()].join("\n");
  return [
    ...texts.every((text) => whole.includes(text)) ? [] : ["its text is cut"],
    ...judgeStatus(log),
    ...requestIdOf(log) === requestId ? [] : ["no request id"],
  ];
}

function judgeLogger(
  { name, structured, nested = false }: LoggerCase,
  logFormat: LogFormat,
  { logs, requestId }: Observation,
): readonly string[] {
  const text = `${name} says no`;
  const found = logs.filter((log) => messageOf(log).includes(text));
  const [log] = found;
  if (log === undefined) return ["no log"];
  const gaps = [
    ...logs.length > 1 ? ["more than one log"] : [],
    ...judgeStatus(log),
    ...requestIdOf(log) === requestId ? [] : ["no request id"],
  ];
  if (!structured.includes(logFormat)) return gaps;
  return [
    ...gaps,
    ...messageOf(log) === text || (nested && messageOf(log).trimEnd().endsWith(text))
      ? []
      : ["the message is not the logger's"],
    ...hasOrder(log, nested) ? [] : ["no field order"],
    ...nested || log.fields.get("trace_id") === TRACE_ID ? [] : ["no trace_id"],
  ];
}

/** The field by its name, or in the JSON text of the one that it is nested in. */
function hasOrder({ fields }: ReceivedPoint, nested: boolean): boolean {
  if (String(fields.get("order")) === "7") return true;
  return nested &&
    [...fields].some(([name, value]) => name !== "message" && /"order": ?"?7\b/.test(String(value)));
}

function judgeStatus({ fields }: ReceivedPoint): readonly string[] {
  const status = fields.get("status");
  return status === "error" ? [] : [`status ${status}`];
}

function messageOf({ fields }: ReceivedPoint): string {
  return String(fields.get("message") ?? "");
}
