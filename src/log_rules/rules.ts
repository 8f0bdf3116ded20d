/**
 * Users' rules for logs: which are left out, what is masked in them, how many are kept. Rules apply in their order, to
 * the text as the rules before have left it. A rule is an object with exactly one of `exclude`, `include` (patterns),
 * `mask` (a pattern, or the name of one of {@link NAMED_MASKS}) and `sample` (0 to 1), perhaps `when` (`from`, `level`,
 * `key`, `stage`: all must hold), `with` (what a mask puts in place) and `unless` (what is never sampled out).
 */
import { finish, type Steps } from "../bounded_pattern.ts";
import type { Text } from "../pattern/text.ts";
import { always, prepareRule, type Rule, type RuledLog, seenOf } from "./rule.ts";
import { isLong } from "./windows.ts";

export type { RuledLog } from "./rule.ts";

/** Masks a text of a log's member. */
export type MemberMask = (text: string, key: string) => string;

/** One that can be interrupted. */
export interface SteppedMask extends MemberMask {
  /** The same in steps of some milliseconds at most; see {@link TextMask.steps}. */
  steps(text: Text, key: string): Steps<Text>;
}

/** What becomes of a log: its text and how its other texts are masked, or why it is left out. */
export type RuleDecision =
  | {
    readonly kept: true;
    readonly text: string;
    readonly mask: SteppedMask | undefined;
    /** Part of such logs that is kept, where it is a sample of them. */
    readonly share: number | undefined;
    /** Sampling leaves it out, but the caller wants it all the same. */
    readonly sampledOut: boolean;
  }
  | { readonly kept: false; readonly reason: "filtered" | "sampled_out"; readonly rule: number };

export interface LogRules {
  /** Applies all rules; `text` is the log's message. `takesSampledOut`: what sampling leaves out is masked and kept. */
  apply(log: RuledLog, text: string, takesSampledOut?: boolean): RuleDecision;
  /** The same in steps of some milliseconds at most. */
  applySteps(log: RuledLog, text: string, takesSampledOut?: boolean): Steps<RuleDecision>;
  /** How often each rule left a log out, or changed one. */
  readonly hits: readonly number[];
  /** How requests end that sampling is to spare, as far as only a recorder can tell. */
  readonly awaited: ReadonlySet<string>;
  /** Masks the texts of spans; `undefined` where no rule is for spans. */
  readonly spanMask: SteppedMask | undefined;
}

/** A rule that cannot be used, counted from 0, and why: it "must …". */
export interface BadRule {
  readonly index: number;
  readonly broken: string;
}

/** Rules ready to run, and those that cannot be used: a rule that is broken costs only itself. */
export function createLogRules(
  texts: readonly unknown[],
): { readonly rules: LogRules; readonly bad: readonly BadRule[] } {
  const bad: BadRule[] = [];
  const ready: (Rule | undefined)[] = texts.map((text, index) => {
    const made = prepareRule(text);
    if (typeof made !== "string") return made;
    bad.push({ index, broken: made });
    return undefined;
  });
  const hits = texts.map(() => 0);
  const ofLogs = ready.map((rule) => rule?.isOfSpans === true ? undefined : rule);
  const masking = ofLogs.filter((rule): rule is Rule => rule?.kind === "mask");
  // Made once where no mask asks for more of a log.
  const maskOfAll = masking.every((rule) => rule.applies === always) ? memberMask(masking) : undefined;

  function* applySteps(log: RuledLog, message: string, takesSampledOut = false): Steps<RuleDecision> {
    let text = message;
    let share: number | undefined;
    let sampledOut = false;
    const applied: Rule[] = [];
    for (let index = 0; index < ofLogs.length; index++) {
      const rule = ofLogs[index];
      if (rule === undefined || !rule.applies(log)) continue;
      if (rule.kind === "mask") {
        if (maskOfAll === undefined) applied.push(rule);
        const { key, mask } = rule;
        const masked = key !== undefined || mask === undefined
          ? text
          : isLong(text)
          ? String(yield* mask.steps(text))
          : mask(text);
        if (masked !== text) hits[index] = (hits[index] ?? 0) + 1;
        text = masked;
        continue;
      }
      const seen = rule.key === undefined ? text : log.member(rule.key) ?? "";
      const isHit = rule.test === undefined
        ? undefined
        : isLong(seen)
        ? yield* rule.test.testSteps(seenOf(seen))
        : rule.test.test(seen);
      const reason = leftOut(rule, log, text, isHit);
      if (reason === undefined) {
        if (rule.kind === "sample" && !isExempt(rule, log)) share = (share ?? 1) * (rule.share ?? 1);
        continue;
      }
      hits[index] = (hits[index] ?? 0) + 1;
      if (reason === "filtered" || !takesSampledOut) return { kept: false, reason, rule: index };
      sampledOut = true;
    }
    const mask = maskOfAll ?? memberMask(applied);
    return { kept: true, text, mask, share: sampledOut ? undefined : share, sampledOut };
  }

  const spanMask = memberMask(ready.filter((rule): rule is Rule => rule?.isOfSpans === true));
  const awaited = new Set(ready.flatMap((rule) => [...rule?.unless ?? []]));
  awaited.delete("cold");
  const apply: LogRules["apply"] = (...log) => finish(applySteps(...log));
  return { rules: { apply, applySteps, hits, awaited, spanMask }, bad };
}

function* maskedBy({ mask }: Rule, text: Text, key?: string): Steps<Text> {
  if (mask === undefined) return text;
  return typeof text !== "string" || isLong(text) ? yield* mask.steps(text, key) : mask(text, key);
}

/** `isHit`: whether the rule's pattern is found, if it has one. */
function leftOut(
  rule: Rule,
  log: RuledLog,
  text: string,
  isHit = false,
): "filtered" | "sampled_out" | undefined {
  if (rule.kind === "sample") {
    return isExempt(rule, log) || isSampled(log, text, rule.share ?? 1) ? undefined : "sampled_out";
  }
  return isHit === (rule.kind === "exclude") ? "filtered" : undefined;
}

/** Of the outcomes only this one is known already when a log is written. */
function isExempt({ unless }: Rule, log: RuledLog): boolean {
  return unless?.has("cold") === true && log.isCold();
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
function memberMask(rules: readonly Rule[]): SteppedMask | undefined {
  if (rules.length === 0) return undefined;
  function* steps(text: Text, key: string): Steps<Text> {
    let masked = text;
    for (const rule of rules) {
      if (rule.key === undefined || rule.key === key) masked = yield* maskedBy(rule, masked, key);
    }
    return masked;
  }
  const mask = (text: string, key: string): string => {
    let masked = text;
    for (const rule of rules) {
      if (rule.key === undefined || rule.key === key) masked = rule.mask?.(masked, key) ?? masked;
    }
    return masked;
  };
  return Object.assign(mask, { steps });
}
