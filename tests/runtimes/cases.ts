/** What the functions do when they are asked to, and what is right to be told of it. */

/** One way to end an invocation. The event's `case` is the name. */
export interface Case {
  readonly name: string;
  /** Of the `errors` metric. */
  readonly errors: 0 | 1;
  /** Texts that the one log of the failure holds; undefined where the function writes more than that. */
  readonly failure?: readonly string[];
}

/** One line of one logger, at level error, with the field `order` and a trace id. */
export interface LoggerCase {
  readonly name: string;
  /** The log formats in which its lines are JSON: message and fields can be told apart. In text only the level can. */
  readonly structured: readonly LogFormat[];
  /** Its fields are in an object inside the line's. */
  readonly nested?: boolean;
}

/** Lambda's setting of a function. */
export type LogFormat = "Text" | "JSON";

/** A logger that writes JSON by itself. */
export const BOTH: readonly LogFormat[] = ["Text", "JSON"];
/** A logger whose lines the runtime client makes. */
export const JSON_ONLY: readonly LogFormat[] = ["JSON"];
/** A logger that writes text only. */
export const NEVER: readonly LogFormat[] = [];

/** The trace id that all functions log. */
export const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

/** Every language can do these. */
const COMMON: readonly Case[] = [
  { name: "success", errors: 0 },
  { name: "thrown", errors: 1, failure: ["boom"] },
  { name: "thrown, lines", errors: 1, failure: ["boom first", "boom second"] },
  { name: "thrown, no message", errors: 1, failure: [] },
  { name: "thrown, cause", errors: 1, failure: ["boom outer"] },
  { name: "not serialisable", errors: 1 },
  { name: "logged, then more", errors: 0 },
  { name: "logged last", errors: 0 },
  { name: "logged, thrown", errors: 1 },
];

/** Only some have these. */
const SPECIAL: readonly Case[] = [
  { name: "thrown, circular", errors: 1, failure: ["boom circular"] },
  { name: "thrown, group", errors: 1, failure: ["boom group"] },
  { name: "thrown, suppressed", errors: 1, failure: ["boom outer", "boom suppressed"] },
  { name: "thrown, looks like a head", errors: 1, failure: ["java.lang.Error: boom"] },
  { name: "thrown, tabs and own fields", errors: 1, failure: ["boom tabs"] },
  { name: "thrown, a string", errors: 1, failure: ["boom string"] },
  { name: "thrown, nothing", errors: 1 },
  // What the function writes by itself before it answers looks like a failure, and is none.
  { name: "logged last, as the runtime would begin", errors: 0 },
  { name: "logged last, in the function's own format", errors: 0 },
  { name: "logged last, printed stack", errors: 0 },
  { name: "exit", errors: 1 },
  { name: "panic", errors: 1 },
  { name: "panic in a goroutine", errors: 1 },
];

/** Last, as it ends the process. */
const CRASH: Case = { name: "crash", errors: 1 };

/** Those that every language has, without some and with others. */
export function casesOf(
  change: { readonly without?: readonly string[]; readonly and?: readonly string[] } = {},
): readonly Case[] {
  const { without = [], and = [] } = change;
  return [
    ...COMMON.filter(({ name }) => !without.includes(name)),
    ...SPECIAL.filter(({ name }) => and.includes(name)),
    CRASH,
  ];
}
