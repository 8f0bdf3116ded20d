/** What the readers of a line's beginning share. */
import type { LogStatus } from "../../point/log_status.ts";

/** The beginning of a line. */
export interface TextHead {
  readonly status: LogStatus | undefined;
  /** An id in a column of its own. */
  readonly requestId: string | undefined;
  /** Where the message begins; 0 where nothing stands before it. */
  readonly bodyAt: number;
}

/** Of a text that is a message from its first character. */
export const NOTHING: TextHead = { status: undefined, requestId: undefined, bodyAt: 0 };

/** Dates in digits or with a month's name, times of day, seconds since 1970: alone or together. Sticky. */
export const TIME =
  /(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/. ](?:\d\d?|[A-Z][a-z]{2})[-/. ]\d{4})(?:[T :,]{1,2}\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)(?![\w]))?|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d(?:,? \d{4})? \d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d{4})?|\d{8}[T -]\d\d:?\d\d:?\d\d(?:[.,]\d+)?Z?|\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M)?Z?|\d{10}(?:\.\d+)?(?!\d)|\d{13}(?!\d)/y;

/** Single letters of levels: klog's, glog's, tornado's. */
export const LETTERS: Readonly<Record<string, LogStatus>> = {
  D: "debug",
  I: "info",
  W: "warning",
  E: "error",
  C: "critical",
  F: "critical",
};

/** What a sticky pattern finds at `at`. */
export function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/**
 * Outside of invocations the runtimes write something else in the id's place: Node 24 `-`, Node before `undefined`,
 * Python nothing.
 */
export function asId(id: unknown): string | undefined {
  if (typeof id !== "string" || id === "" || id === "-" || id === "undefined" || id.length > 64) {
    return undefined;
  }
  return id;
}

export const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const BLANK = 0x20;
export const OPEN_PAREN = 0x28;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const BAR = 0x7c;
export const CLOSE_BRACE = 0x7d;

export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

export function isUpper(unit: number): boolean {
  return unit >= 0x41 && unit <= 0x5a;
}

export function isLower(unit: number): boolean {
  return unit >= 0x61 && unit <= 0x7a;
}

export function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === BLANK || text.charCodeAt(at) === TAB) at++;
  return at;
}
