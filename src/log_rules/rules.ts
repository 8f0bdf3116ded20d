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
  /** Keys of the members that rules look into to leave a log out. */
  readonly keys: readonly string[];
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

  /** What a rule that leaves logs out looks into. */
  function textOf(rule: Rule, log: RuledLog, text: string): string {
    return rule.key === undefined ? text : log.member(rule.key) ?? "";
  }

  function masked(progress: Progress, index: number, text: string): void {
    if (text !== progress.text) hits[index] = (hits[index] ?? 0) + 1;
    progress.text = text;
  }

  /** What a rule that leaves logs out comes to; `isHit`: whether its pattern is found, if it has one. */
  function judged(progress: Progress, index: number, rule: Rule, isHit: boolean | undefined): void {
    const { log } = progress;
    const reason = leftOut(rule, log, progress.text, isHit);
    if (reason === undefined) {
      if (rule.kind === "sample" && !isExempt(rule, log)) {
        progress.share = (progress.share ?? 1) * (rule.share ?? 1);
      }
      return;
    }
    hits[index] = (hits[index] ?? 0) + 1;
    if (reason === "filtered" || !progress.takesSampledOut) {
      progress.decision = { kept: false, reason, rule: index };
    } else progress.sampledOut = true;
  }

  /** Applies rules up to the end, or to one that has to look into a long text, whose index is given. */
  function advance(progress: Progress): number | undefined {
    const { log } = progress;
    while (progress.next < ofLogs.length && progress.decision === undefined) {
      const index = progress.next++;
      const rule = ofLogs[index];
      if (rule === undefined || !rule.applies(log)) continue;
      if (rule.kind === "mask") {
        const { key, mask } = rule;
        if (maskOfAll === undefined) (progress.applied ??= []).push(rule);
        if (key !== undefined || mask === undefined) continue;
        if (isLong(progress.text)) return index;
        masked(progress, index, mask(progress.text));
        continue;
      }
      const seen = rule.test === undefined ? "" : textOf(rule, log, progress.text);
      if (isLong(seen)) return index;
      judged(progress, index, rule, rule.test?.test(seen));
    }
    return undefined;
  }

  /** Applies the rule that {@link advance} came to. */
  function* applyLong(progress: Progress, index: number): Steps<void> {
    const rule = ofLogs[index];
    if (rule?.mask !== undefined) masked(progress, index, String(yield* rule.mask.steps(progress.text)));
    else if (rule?.test !== undefined) {
      const seen = textOf(rule, progress.log, progress.text);
      judged(progress, index, rule, yield* rule.test.testSteps(seenOf(seen)));
    }
  }

  function decided({ decision, text, applied, share, sampledOut }: Progress): RuleDecision {
    if (decision !== undefined) return decision;
    const mask = maskOfAll ?? (applied && memberMask(applied));
    return { kept: true, text, mask, share: sampledOut ? undefined : share, sampledOut };
  }

  function* applySteps(log: RuledLog, message: string, takesSampledOut = false): Steps<RuleDecision> {
    const progress = begin(log, message, takesSampledOut);
    for (let long = advance(progress); long !== undefined; long = advance(progress)) {
      yield* applyLong(progress, long);
    }
    return decided(progress);
  }

  /** Without steps where no text is long: nearly always. */
  function apply(log: RuledLog, message: string, takesSampledOut = false): RuleDecision {
    const progress = begin(log, message, takesSampledOut);
    for (let long = advance(progress); long !== undefined; long = advance(progress)) {
      finish(applyLong(progress, long));
    }
    return decided(progress);
  }

  const spanMask = memberMask(ready.filter((rule): rule is Rule => rule?.isOfSpans === true));
  const awaited = new Set(ready.flatMap((rule) => [...rule?.unless ?? []]));
  awaited.delete("cold");
  const keys = ofLogs.flatMap((rule) => rule?.key === undefined || rule.test === undefined ? [] : [rule.key]);
  return { rules: { apply, applySteps, hits, keys, awaited, spanMask }, bad };
}

/** A log, as far as rules were applied to it. */
interface Progress {
  readonly log: RuledLog;
  readonly takesSampledOut: boolean;
  /** The rule that comes next. */
  next: number;
  text: string;
  share: number | undefined;
  sampledOut: boolean;
  /** Masks that apply to this log, where they are not the same for all. */
  applied: Rule[] | undefined;
  /** It is left out. */
  decision: RuleDecision | undefined;
}

function begin(log: RuledLog, text: string, takesSampledOut: boolean): Progress {
  return {
    log,
    takesSampledOut,
    next: 0,
    text,
    share: undefined,
    sampledOut: false,
    applied: undefined,
    decision: undefined,
  };
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
