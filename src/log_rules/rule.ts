/** One rule as the user wrote it, checked and made ready to run. */
import { isJsonObject, type JsonObject } from "../json/exact_json.ts";
import { type BoundedPattern, createBoundedPattern } from "../bounded_pattern.ts";
import { linearRegExp } from "../linear_regexp.ts";
import { wordToStatus } from "../point/log_status.ts";
import { createTextMask, DEFAULT_REPLACEMENT, NAMED_MASKS, type TextMask } from "./masks.ts";

/** What a log or a span is of. */
const RULED = ["function", "extension", "platform", "span"] as const;
export type Ruled = (typeof RULED)[number];

/** A log, as rules see it. */
export interface RuledLog {
  readonly from: Exclude<Ruled, "span">;
  /** On Guance's scale. */
  readonly status: string;
  readonly requestId: string | undefined;
  /** Whether it is of a cold start: of the first request, or of the init before it. */
  readonly isCold: () => boolean;
  /** A member of a JSON log, as text. */
  readonly member: (key: string) => string | undefined;
}

/** A rule made ready. */
export interface Rule {
  /** Of logs; `always` when it asks for nothing of one. */
  readonly applies: (log: RuledLog) => boolean;
  /** It is for the texts of spans, and for no log. */
  readonly isOfSpans: boolean;
  readonly key: string | undefined;
  readonly test?: BoundedPattern;
  readonly kind: (typeof KINDS)[number];
  readonly mask?: TextMask;
  readonly share?: number;
  readonly unless?: ReadonlySet<Outcome>;
}

/** How a request ended, as far as sampling asks: but for `cold`, only the recorder can wait for it. */
export type Outcome = (typeof OUTCOMES)[number];
const OUTCOMES = ["error", "timeout", "oom", "cold", "slow"] as const;

/** How much of a text is searched for what leaves it out, in UTF-16 units: time grows with it. Masks see all. */
const MAX_SEEN = 256 * 1024;

const KINDS = ["exclude", "include", "mask", "sample"] as const;
const MEMBERS: readonly string[] = [...KINDS, "when", "with", "unless"];

export const always = (): boolean => true;

/** The rule ready to run, or what is wrong with it: it "must …". */
export function prepareRule(rule: unknown): Rule | string {
  if (!isJsonObject(rule)) return "must be an object";
  const unknown = Object.keys(rule).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return `must have no member ${JSON.stringify(unknown)}`;
  const kinds = KINDS.filter((name) => rule[name] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return `must have exactly one of ${KINDS.join(", ")}`;
  const condition = prepareCondition(rule["when"]);
  if (typeof condition === "string") return condition;
  if (condition.isOfSpans && kind !== "mask") return "must mask, which is all that is done to spans";
  if (kind === "sample") return prepareSample(rule, condition);
  if (rule["unless"] !== undefined) return "must have unless beside sample only";
  const pattern = rule[kind];
  if (typeof pattern !== "string" || pattern === "") return `must have a pattern as ${kind}`;
  return kind === "mask" ? prepareMask(rule, pattern, condition) : preparePattern(kind, pattern, condition);
}

/** What a rule that leaves logs out sees of a text. */
export function seenOf(text: string): string {
  return text.length > MAX_SEEN ? text.slice(0, MAX_SEEN) : text;
}

type Condition = Pick<Rule, "applies" | "key" | "isOfSpans">;

function prepareSample(rule: JsonObject, condition: Condition): Rule | string {
  const { sample: share, unless: words } = rule;
  if (typeof share !== "number" || !(share >= 0 && share <= 1)) {
    return "must have a number from 0 to 1 as sample";
  }
  if (words === undefined) return { kind: "sample", share, ...condition };
  if (typeof words !== "string") return "must have a list of outcomes, separated by commas, as unless";
  const unless = new Set<Outcome>();
  for (const word of wordsOf(words)) {
    const outcome = OUTCOMES.find((each) => each === word);
    if (outcome === undefined) return `must have no unknown outcome ${JSON.stringify(word)}`;
    unless.add(outcome);
  }
  return { kind: "sample", share, unless, ...condition };
}

function prepareMask(rule: JsonObject, pattern: string, condition: Condition): Rule | string {
  const replacement = rule["with"] ?? DEFAULT_REPLACEMENT;
  if (typeof replacement !== "string") return "must have a text as with";
  const named = Object.hasOwn(NAMED_MASKS, pattern) ? NAMED_MASKS[pattern] : undefined;
  if (named !== undefined) return { kind: "mask", mask: named(replacement), ...condition };
  const made = linearRegExp(pattern);
  if ("broken" in made) return made.broken;
  const bounded = createBoundedPattern(made.regexp);
  const mask = createTextMask(
    (text) => bounded.replaceSteps(text, replacement),
    (text) => bounded.replaceAll(text, replacement),
  );
  return { kind: "mask", mask, ...condition };
}

function preparePattern(kind: "exclude" | "include", pattern: string, condition: Condition): Rule | string {
  const made = linearRegExp(pattern);
  return "broken" in made ? made.broken : { kind, test: createBoundedPattern(made.regexp), ...condition };
}

function prepareCondition(when: unknown): Condition | string {
  if (when === undefined) return { applies: always, isOfSpans: false, key: undefined };
  if (!isJsonObject(when)) return "must have an object as when";
  const { from, level, key, stage, ...others } = when;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `must have no member ${JSON.stringify(unknown)} in when`;
  if (from !== undefined && !RULED.some((each) => each === from)) {
    return `must have one of ${RULED.join(", ")} as from`;
  }
  if (key !== undefined && typeof key !== "string") return "must have a text as key";
  if (stage !== undefined && stage !== "cold") return "must have cold as stage";
  const statuses = readStatuses(level);
  if (typeof statuses === "string") return statuses;
  const isOfSpans = from === "span";
  if (isOfSpans && (statuses !== undefined || stage !== undefined)) {
    return "must have no level and no stage beside span";
  }
  const isOpen = from === undefined && statuses === undefined && stage === undefined;
  const applies = (log: RuledLog): boolean =>
    (from === undefined || log.from === from) && (statuses === undefined || statuses.has(log.status)) &&
    (stage === undefined || log.isCold());
  return { applies: isOpen ? always : applies, isOfSpans, key };
}

function readStatuses(level: unknown): ReadonlySet<string> | string | undefined {
  if (level === undefined) return undefined;
  if (typeof level !== "string") return "must have a list of levels, separated by commas, as level";
  const statuses = new Set<string>();
  for (const word of wordsOf(level)) {
    const status = wordToStatus(word);
    if (status === undefined) return `must have no unknown level ${JSON.stringify(word)}`;
    statuses.add(status);
  }
  return statuses;
}

function wordsOf(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}
