/**
 * Regular expressions that users write, and that run on what the function sends: no text may make one hang, as
 * `^(a+)+$` does with thirty letters. The executable is built with V8's
 * `--enable-experimental-regexp-engine-on-excessive-backtracks`: an expression that backtracks too often goes on in
 * an engine of linear time. That engine does not know everything, and for what it does not know V8 would backtrack
 * for ever; so this module refuses that, in words, as Go's and Rust's engines do.
 * @see https://v8.dev/blog/non-backtracking-regexp
 */

import { BoundedRegExp } from "./bounded_pattern.ts";

/** An expression whose `test` runs in linear time, or the rule that its pattern breaks: it "must …". */
export type LinearRegExp = { readonly regexp: RegExp } | { readonly broken: string };

/** Length of a pattern in UTF-16 units: time grows with it too. */
const MAX_LENGTH = 1_000;
/** Length once its repetitions are written out. */
const MAX_EXPANDED_LENGTH = 4_000;
/** What each part that may be missing adds when it is written out. */
const NESTING_LENGTH = "(?:)??".length;
/** Parts in a row of which each may be missing: V8's compiler takes a time that grows with the fourth power of it. */
const MAX_OPTIONAL_ROW = 16;
/** The engine repeats a part so often, counted through nested repetitions; beyond, the part is written so often. */
const MAX_REPETITIONS = 16;

/**
 * Compiles `pattern`, in JavaScript's syntax without flags. What a group captured is only kept where its repetition
 * was not written out.
 */
export function linearRegExp(pattern: string): LinearRegExp {
  if (pattern.length > MAX_LENGTH) return { broken: `must have at most ${MAX_LENGTH} characters` };
  const foreign = foreignPart(pattern);
  if (foreign !== undefined) return { broken: `must not have ${foreign}, which JavaScript reads otherwise` };
  if (!isRegExp(pattern)) return { broken: "must be a regular expression" };
  try {
    return { regexp: new BoundedRegExp(expandRepetitions(pattern)) };
  } catch (error) {
    if (error instanceof NotLinear) return { broken: error.message };
    throw error;
  }
}

/** One escape, octal ones included. */
const ESCAPE = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|c[A-Za-z]|[0-3][0-7]{0,2}|[^])/;

/** The message continues "it". */
class NotLinear extends Error {}

function tooManyOptional(): NotLinear {
  return new NotLinear(`must have at most ${MAX_OPTIONAL_ROW} parts in a row that may be missing`);
}

function isRegExp(pattern: string): boolean {
  try {
    void new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** What escaped letters mean without flags; all others are taken for themselves. */
const KNOWN_LETTERS = "bBdDfnrsStvwWcxuk";

/**
 * What other languages know and JavaScript without flags takes for plain letters, so that a mask would mask nothing:
 * `\p{L}`, `\u{1f4a5}`, `\A` and `\z`, `[[:alpha:]]`.
 */
function foreignPart(pattern: string): string | undefined {
  for (const { 0: escape, 1: sign = "", 2: brace = "" } of pattern.matchAll(/\\([^])(\{?)/g)) {
    const isKnown = !/[A-Za-z]/.test(sign) || KNOWN_LETTERS.includes(sign);
    if (!isKnown || brace !== "" && (sign === "u" || sign === "x")) {
      return `${escape}${brace === "" ? "" : "…}"}`;
    }
  }
  return /\[\[:\^?[a-z]+:\]/.exec(pattern)?.[0];
}

/** A part of a pattern that a quantifier may follow. */
interface Term {
  readonly source: string;
  /** How often the most repeated thing in it is repeated by counts. */
  readonly repetitions: number;
  /** Whether it finds the empty text: the engine then repeats it once more for `+`. */
  readonly findsEmpty: boolean;
}

/** Where reading is. */
interface Cursor {
  readonly pattern: string;
  at: number;
}

/** The same expression without counts that are too large for the linear engine; throws {@link NotLinear}. */
function expandRepetitions(pattern: string): string {
  return readTerms({ pattern, at: 0 }).source;
}

/** Reads up to the end or the bracket that closes the group. */
function readTerms(cursor: Cursor): Term {
  const { pattern } = cursor;
  let source = "";
  let repetitions = 1;
  let findsEmpty = false;
  let isSoFarEmpty = true;
  let optionalRow = 0;
  while (cursor.at < pattern.length && pattern[cursor.at] !== ")") {
    const term = readQuantified(cursor, readTerm(cursor));
    source += term.source;
    repetitions = Math.max(repetitions, term.repetitions);
    optionalRow = term.findsEmpty ? optionalRow + 1 : 0;
    if (optionalRow > MAX_OPTIONAL_ROW) throw tooManyOptional();
    if (term.source === "|") {
      findsEmpty ||= isSoFarEmpty;
      isSoFarEmpty = true;
    } else isSoFarEmpty &&= term.findsEmpty;
    if (source.length > MAX_EXPANDED_LENGTH) {
      throw new NotLinear(`must have repetitions that make at most ${MAX_EXPANDED_LENGTH} characters`);
    }
  }
  return { source, repetitions, findsEmpty: findsEmpty || isSoFarEmpty };
}

function readTerm(cursor: Cursor): Term {
  const { pattern, at } = cursor;
  const first = pattern[at] ?? "";
  if (first === "(") return readGroup(cursor);
  if (first === "\\") return readEscape(cursor);
  cursor.at = first === "[" ? classEnd(pattern, at) : at + 1;
  return { source: pattern.slice(at, cursor.at), repetitions: 1, findsEmpty: "^$".includes(first) };
}

function readEscape(cursor: Cursor): Term {
  const rest = cursor.pattern.slice(cursor.at, cursor.at + 6);
  if (/^\\(?:[1-9]|k<)/.test(rest)) {
    throw new NotLinear("must not refer back to a group, which takes more than linear time");
  }
  // A `\c` that names no control character is a backslash before the letter.
  const source = /^\\c[^A-Za-z]|^\\c$/.test(rest) ? "\\" : ESCAPE.exec(rest)?.[0] ?? "";
  cursor.at += source.length;
  return {
    source: source === "\\" ? "\\\\" : source,
    repetitions: 1,
    findsEmpty: source === "\\b" || source === "\\B",
  };
}

function readGroup(cursor: Cursor): Term {
  const rest = cursor.pattern.slice(cursor.at);
  if (/^\(\?<?[=!]/.test(rest)) {
    throw new NotLinear("must not look ahead or behind, which takes more than linear time");
  }
  const open = /^\((?:\?(?:<[^>]*>|[a-z]*(?:-[a-z]*)?:))?/.exec(rest)?.[0] ?? "(";
  if (/^\(\?[a-z]*i/.test(open)) {
    throw new NotLinear("must not ignore case by (?i:, which the engine of linear time cannot");
  }
  cursor.at += open.length;
  const inner = readTerms(cursor);
  cursor.at++;
  return { ...inner, source: `${open}${inner.source})` };
}

/** Where a class ends: after the first bracket that is not escaped. */
function classEnd(pattern: string, from: number): number {
  let at = from + 1;
  while (pattern[at] !== "]") at += pattern[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The term with what follows it: nothing, a quantifier, or the repetitions a count stands for. */
function readQuantified(cursor: Cursor, term: Term): Term {
  const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(cursor.pattern.slice(cursor.at));
  if (found === null) return term;
  cursor.at += found[0].length;
  const [quantifier, fewest, comma, most] = found;
  const { min, max } = fewest === undefined
    ? { min: quantifier.startsWith("+") ? 1 : 0, max: quantifier.startsWith("?") ? 1 : Infinity }
    : { min: Number(fewest), max: comma === "" ? Number(fewest) : most === "" ? Infinity : Number(most) };
  const times = max < Infinity ? max : term.findsEmpty ? min + 1 : min;
  const repetitions = term.repetitions * Math.max(1, times);
  const findsEmpty = term.findsEmpty || min === 0;
  if (repetitions <= MAX_REPETITIONS) return { source: term.source + quantifier, repetitions, findsEmpty };
  if (term.findsEmpty && min > MAX_OPTIONAL_ROW) throw tooManyOptional();
  const source = writeOut(term.source, min, max, quantifier.length > 1 && quantifier.endsWith("?"));
  return { source, repetitions: term.repetitions, findsEmpty };
}

/**
 * `min` times the term, then what may follow: `aa(?:a(?:a)?)?`. Side by side (`aaa?a?`), what may be missing takes V8 a
 * time to compile that grows with the fourth power of their number: 20 s for 60 of them. All but the last one lose
 * their groups, which keep their numbers.
 */
function writeOut(source: string, min: number, max: number, isLazy: boolean): string {
  const lazy = isLazy ? "?" : "";
  const optional = max === Infinity ? 1 : max - min;
  const times = min + optional;
  if (times === 0) return `${source}{0}`;
  if (times * source.length + optional * NESTING_LENGTH > MAX_EXPANDED_LENGTH) {
    throw new NotLinear(`must have repetitions that make at most ${MAX_EXPANDED_LENGTH} characters`);
  }
  const copy = withoutCaptures(source);
  if (optional === 0) return copy.repeat(min - 1) + source;
  if (max === Infinity) return `${copy.repeat(min)}${source}*${lazy}`;
  const nested = `(?:${copy}`.repeat(optional - 1) + `${source}?${lazy}` + `)?${lazy}`.repeat(optional - 1);
  return copy.repeat(min) + nested;
}

/** The same term with groups that do not capture. */
function withoutCaptures(source: string): string {
  let text = "";
  for (let at = 0; at < source.length;) {
    const from = at;
    if (source[at] === "[") at = classEnd(source, at);
    else at += source[at] === "\\" ? 2 : 1;
    const part = source.slice(from, at);
    const name = part === "(" ? /^(?:\?<[^=!][^>]*>|(?!\?))/.exec(source.slice(at)) : null;
    text += name === null ? part : "(?:";
    at += name?.[0].length ?? 0;
  }
  return text;
}
