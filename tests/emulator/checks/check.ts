/** What a conformance check is made of. */
import type { Lambda } from "../lambda.ts";
import type { ExtensionSource, LambdaOptions } from "../options.ts";
import type { BackEnd } from "./back_end.ts";
import type { Figures } from "./figures.ts";

/** One rule that any extension should keep. */
export interface Check {
  /** As in the specification. */
  readonly number: number;
  readonly title: string;
  /** It mostly waits, so several of its kind may run at once. */
  readonly waits?: boolean;
  /** It is about the start itself: others say nothing of an extension that does not start. */
  readonly startsByItself?: boolean;
  /** How long it may take, in ms. @default 25 s, which is several times what a healthy extension needs */
  readonly limitMs?: number;
  run(harness: Harness): Promise<CheckResult>;
}

export interface CheckResult {
  /** `not judged`: the rule is for this extension, too, but whether it is kept cannot be seen. */
  readonly outcome: "pass" | "fail" | "not applicable" | "not judged";
  /** The figure behind it, with its limit; or why there is none. */
  readonly measured: string;
}

export interface CheckOptions {
  readonly extension: ExtensionSource;
  /** Variables for it; `{backend}` in a value stands for the URL that data is to be sent to. */
  readonly env: Readonly<Record<string, string>>;
  /** Longest stop of the sandbox, and longest idle `next`, in ms; short ones are lengthened where a check needs it. */
  readonly freezeMs: number;
  /** Longest hold of an invocation by an extension whose back end hangs, in ms. */
  readonly flushTimeoutMs: number;
  /** Checks that mostly wait run at once; not for an extension that binds fixed ports. */
  readonly sideBySide: boolean;
  /** Shorter runs, for tests of the checks themselves. */
  readonly quick: boolean;
}

/** What a check works with. */
export interface Harness {
  readonly options: CheckOptions;
  /** A sandbox with the extension, and the back end it sends to. */
  start(options?: StageOptions): Promise<Stage>;
  /** Whether lines of the function reach the back end when all is well: else nothing can be said about losses. */
  forwardsLogs(): Promise<boolean>;
  /** Why a check that needs {@link Stage.figures} says nothing: what reached the back end instead. */
  whyUnreadable(): Promise<string>;
}

export interface StageOptions extends LambdaOptions {
  /** Stands for `{backend}` instead of the back end's own URL. */
  readonly backEndUrl?: string;
}

export interface Stage extends AsyncDisposable {
  readonly lambda: Lambda;
  readonly backEnd: BackEnd;
  /** What has been taken so far; `undefined` where its format is not known. */
  figures(): Figures | undefined;
}

/** A result by a condition. */
export function verdict(holds: boolean, measured: string): CheckResult {
  return { outcome: holds ? "pass" : "fail", measured };
}

/** The check says nothing about this extension. */
export function notApplicable(why: string): CheckResult {
  return { outcome: "not applicable", measured: why };
}

/** Whether the rule is kept cannot be seen. */
export function notJudged(why: string): CheckResult {
  return { outcome: "not judged", measured: why };
}

/** A text that occurs nowhere else. */
export function createMarker(): string {
  return `marker${crypto.randomUUID().replaceAll("-", "")}`;
}

/** With one decimal. */
export function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
