/**
 * Users' rules for logs: which are left out, what is masked in them, how many are kept. Rules apply in their order, to
 * the text as the rules before have left it. A rule is an object with exactly one of `exclude`, `include` (patterns),
 * `mask` (a pattern, or the name of one of {@link NAMED_MASKS}) and `sample` (0 to 1), perhaps `when` (`from`, `level`,
 * `key`: all must hold), and `with` (what a mask puts in place).
 */
import { isJsonObject } from "../json/exact_json.ts";
import { linearRegExp } from "../linear_regexp.ts";
import { wordToStatus } from "../point/log_status.ts";
import { DEFAULT_REPLACEMENT, NAMED_MASKS, type TextMask } from "./masks.ts";

/** A log, as rules see it. */
export interface RuledLog {
  readonly from: "function" | "extension";
  /** On Guance's scale. */
  readonly status: string;
  readonly requestId: string | undefined;
  /** A member of a JSON log, as text. */
  readonly member: (key: string) => string | undefined;
}

/** Masks a text of a log's member. */
export type MemberMask = (text: string, key: string) => string;

/** What becomes of a log: its text and how its other texts are masked, or why it is left out. */
export type RuleDecision =
  | { readonly kept: true; readonly text: string; readonly mask: MemberMask | undefined }
  | { readonly kept: false; readonly reason: "filtered" | "sampled_out"; readonly rule: number };

export interface LogRules {
  /** Applies all rules; `text` is the log's message. */
  apply(log: RuledLog, text: string): RuleDecision;
  /** How often each rule left a log out, or changed one. */
  readonly hits: readonly number[];
}

/** A rule that cannot be used, counted from 0, and why: it "must …". */
export interface BadRule {
  readonly index: number;
  readonly broken: string;
}

/** A rule sees so much of a text, in UTF-16 units: time grows with it. */
const MAX_SEEN = 256 * 1024;

/** A rule made ready. */
interface Ready {
  readonly applies: (log: RuledLog) => boolean;
  readonly key: string | undefined;
  readonly test?: RegExp;
  readonly kind: "exclude" | "include" | "mask" | "sample";
  readonly mask?: TextMask;
  readonly share?: number;
}

/** Rules ready to run, and those that cannot be used: a rule that is broken costs only itself. */
export function createLogRules(
  texts: readonly unknown[],
): { readonly rules: LogRules; readonly bad: readonly BadRule[] } {
  const bad: BadRule[] = [];
  const ready: (Ready | undefined)[] = texts.map((text, index) => {
    const made = prepare(text);
    if (typeof made !== "string") return made;
    bad.push({ index, broken: made });
    return undefined;
  });
  const hits = texts.map(() => 0);
  const masking = ready.filter((rule): rule is Ready => rule?.kind === "mask");
  // Made once where no mask asks for more of a log.
  const maskOfAll = masking.every((rule) => rule.applies === always) ? memberMask(masking) : undefined;

  function apply(log: RuledLog, message: string): RuleDecision {
    let text = message;
    const applied: Ready[] = [];
    for (const [index, rule] of ready.entries()) {
      if (rule === undefined || !rule.applies(log)) continue;
      if (rule.kind === "mask") {
        if (maskOfAll === undefined) applied.push(rule);
        const masked = rule.key === undefined ? rule.mask?.(text) ?? text : text;
        if (masked !== text) hits[index] = (hits[index] ?? 0) + 1;
        text = masked;
        continue;
      }
      const reason = leftOut(rule, log, text);
      if (reason === undefined) continue;
      hits[index] = (hits[index] ?? 0) + 1;
      return { kept: false, reason, rule: index };
    }
    return { kept: true, text, mask: maskOfAll ?? memberMask(applied) };
  }

  return { rules: { apply, hits }, bad };
}

function leftOut(rule: Ready, log: RuledLog, text: string): "filtered" | "sampled_out" | undefined {
  if (rule.kind === "sample") return isSampled(log, text, rule.share ?? 1) ? undefined : "sampled_out";
  const seen = rule.key === undefined ? text : log.member(rule.key) ?? "";
  const isHit = rule.test?.test(seen.length > MAX_SEEN ? seen.slice(0, MAX_SEEN) : seen) ?? false;
  return isHit === (rule.kind === "exclude") ? "filtered" : undefined;
}

/** Of one request all or nothing; of no request each line by itself. */
function isSampled({ requestId }: RuledLog, text: string, share: number): boolean {
  return hashOf(requestId ?? text) / 2 ** 32 < share;
}

/** FNV-1a over UTF-16 units, spread over all 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  const length = Math.min(text.length, 256);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What the masks make of a log's members: those of a key look at that one alone. */
function memberMask(rules: readonly Ready[]): MemberMask | undefined {
  if (rules.length === 0) return undefined;
  return (text, key) => {
    let masked = text;
    for (const rule of rules) {
      if (rule.key === undefined || rule.key === key) masked = rule.mask?.(masked, key) ?? masked;
    }
    return masked;
  };
}

const KINDS = ["exclude", "include", "mask", "sample"] as const;
const MEMBERS: readonly string[] = [...KINDS, "when", "with"];

/** The rule ready to run, or what is wrong with it: it "must …". */
function prepare(rule: unknown): Ready | string {
  if (!isJsonObject(rule)) return "must be an object";
  const unknown = Object.keys(rule).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return `must have no member ${JSON.stringify(unknown)}`;
  const kinds = KINDS.filter((name) => rule[name] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return `must have exactly one of ${KINDS.join(", ")}`;
  const condition = prepareCondition(rule["when"]);
  if (typeof condition === "string") return condition;
  if (kind === "sample") {
    const share = rule[kind];
    const isShare = typeof share === "number" && share >= 0 && share <= 1;
    return isShare ? { kind, share, ...condition } : "must have a number from 0 to 1 as sample";
  }
  const pattern = rule[kind];
  if (typeof pattern !== "string" || pattern === "") return `must have a pattern as ${kind}`;
  const replacement = rule["with"] ?? DEFAULT_REPLACEMENT;
  if (typeof replacement !== "string") return "must have a text as with";
  const named = kind === "mask" && Object.hasOwn(NAMED_MASKS, pattern) ? NAMED_MASKS[pattern] : undefined;
  if (named !== undefined) return { kind, mask: named(replacement), ...condition };
  const made = linearRegExp(pattern);
  if ("broken" in made) return made.broken;
  if (kind !== "mask") return { kind, test: made.regexp, ...condition };
  const all = new RegExp(made.regexp, "g");
  return { kind, mask: (text) => maskSeen(text, all, replacement), ...condition };
}

function maskSeen(text: string, pattern: RegExp, replacement: string): string {
  if (text.length <= MAX_SEEN) return text.replace(pattern, replacement);
  return text.slice(0, MAX_SEEN).replace(pattern, replacement) + text.slice(MAX_SEEN);
}

const always = (): boolean => true;

function prepareCondition(when: unknown): Pick<Ready, "applies" | "key"> | string {
  if (when === undefined) return { applies: always, key: undefined };
  if (!isJsonObject(when)) return "must have an object as when";
  const { from, level, key, ...others } = when;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `must have no member ${JSON.stringify(unknown)} in when`;
  if (from !== undefined && from !== "function" && from !== "extension") {
    return "must have function or extension as from";
  }
  if (key !== undefined && typeof key !== "string") return "must have a text as key";
  const statuses = readStatuses(level);
  if (typeof statuses === "string") return statuses;
  const isOpen = from === undefined && statuses === undefined;
  const applies = (log: RuledLog): boolean =>
    (from === undefined || log.from === from) && (statuses === undefined || statuses.has(log.status));
  return { applies: isOpen ? always : applies, key };
}

function readStatuses(level: unknown): ReadonlySet<string> | string | undefined {
  if (level === undefined) return undefined;
  if (typeof level !== "string") return "must have a list of levels, separated by commas, as level";
  const statuses = new Set<string>();
  for (const word of level.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const status = wordToStatus(word);
    if (status === undefined) return `must have no unknown level ${JSON.stringify(word)}`;
    statuses.add(status);
  }
  return statuses;
}
