/**
 * Go's regular expressions in JavaScript's words, for tests of whether a text has a match: no group captures, and
 * greed makes no difference. What JavaScript cannot say in linear time is refused.
 * @see https://github.com/google/re2/wiki/Syntax
 */
import { type LinearRegExp, linearRegExp } from "../linear_regexp.ts";

/** Compiles Go's `pattern`; or the rule that it breaks, which "must …". */
export function re2RegExp(pattern: string): LinearRegExp {
  try {
    const cursor = { pattern, at: 0 };
    const source = readAlternatives(cursor, { ignoreCase: false, dotAll: false }, 0);
    if (cursor.at < pattern.length) return NO_REGEXP;
    return linearRegExp(source);
  } catch (error) {
    if (error instanceof NotTranslatable) return { broken: error.message };
    throw error;
  }
}

/** The message continues "it". */
class NotTranslatable extends Error {}

interface Cursor {
  readonly pattern: string;
  at: number;
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

const NO_REGEXP = { broken: "must be a regular expression as Go has them" };
/** Groups nested deeper than this are refused, here and not by the engine's stack. */
const MAX_DEPTH = 50;
const MAX_REPEAT = 1000;
/** A character beyond U+FFFF is two units to JavaScript without its `u` flag, which the linear engine has not. */
const PAIR = "[\\ud800-\\udbff][\\udc00-\\udfff]";
const SURROGATES = "\\ud800-\\udfff";
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:,(\d*))?\})/y;

const SPACE = "\\t\\n\\f\\r ";
const NOT_SPACE = "\\x00-\\x08\\x0b\\x0e-\\x1f!-\\uffff";
const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", f: "\f", t: "\t", n: "\n", r: "\r", v: "\v" };
/** Inside of brackets. */
const POSIX: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** Up to the end, or the bracket that closes the group. */
function readAlternatives(cursor: Cursor, outer: Flags, depth: number): string {
  if (depth > MAX_DEPTH) throw new NotTranslatable(`must have groups nested at most ${MAX_DEPTH} deep`);
  const { pattern } = cursor;
  let flags = outer;
  let source = "";
  while (cursor.at < pattern.length && pattern[cursor.at] !== ")") {
    const changed = readFlags(cursor, flags);
    if (changed !== undefined) {
      flags = changed;
      continue;
    }
    if (pattern[cursor.at] === "|") {
      source += "|";
      cursor.at++;
      continue;
    }
    if (pattern.startsWith("\\Q", cursor.at)) {
      source += readQuoted(cursor, flags);
      continue;
    }
    source += readQuantified(cursor, readAtom(cursor, flags, depth));
  }
  return source;
}

/** `(?i)` and its like, which count up to the group's end. */
function readFlags(cursor: Cursor, flags: Flags): Flags | undefined {
  const found = /^\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)\)/.exec(cursor.pattern.slice(cursor.at));
  if (found === null) return undefined;
  cursor.at += found[0].length;
  return withFlags(flags, found[1] ?? "");
}

function withFlags(flags: Flags, text: string): Flags {
  const [on = "", off = ""] = text.split("-");
  if (!/^[imsU]*$/.test(on + off)) throw new NotTranslatable(NO_REGEXP.broken);
  if (on.includes("m")) throw new NotTranslatable("must not have the flag m");
  return {
    ignoreCase: (flags.ignoreCase || on.includes("i")) && !off.includes("i"),
    dotAll: (flags.dotAll || on.includes("s")) && !off.includes("s"),
  };
}

/** `\Q…\E`: each character as it is; the last may be repeated. */
function readQuoted(cursor: Cursor, flags: Flags): string {
  const from = cursor.at + 2;
  const end = cursor.pattern.indexOf("\\E", from);
  cursor.at = end < 0 ? cursor.pattern.length : end + 2;
  const chars = [...cursor.pattern.slice(from, end < 0 ? undefined : end)].map((char) =>
    literal(char, flags)
  );
  const last = chars.pop();
  return chars.join("") + (last === undefined ? "" : readQuantified(cursor, last));
}

function readAtom(cursor: Cursor, flags: Flags, depth: number): string {
  const { pattern, at } = cursor;
  const char = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  switch (char) {
    case "(": {
      const open = /^\((?:\?P?<[A-Za-z0-9_]+>|\?([a-zA-Z]*(?:-[a-zA-Z]+)?):|(?!\?))/.exec(pattern.slice(at));
      if (open === null) throw new NotTranslatable(NO_REGEXP.broken);
      cursor.at += open[0].length;
      const inner = readAlternatives(cursor, withFlags(flags, open[1] ?? ""), depth + 1);
      if (pattern[cursor.at] !== ")") throw new NotTranslatable(NO_REGEXP.broken);
      cursor.at++;
      return `(?:${inner})`;
    }
    case "[":
      return readClass(cursor, flags);
    case "\\":
      return readEscape(cursor, flags);
    case ".":
      cursor.at++;
      return anyBut(flags.dotAll ? "" : "\\n", cursor);
    case "^":
    case "$":
      cursor.at++;
      return char;
    case "*":
    case "+":
    case "?":
      throw new NotTranslatable(NO_REGEXP.broken);
    default:
      if (char === "{" && quantifierAt(cursor) !== undefined) throw new NotTranslatable(NO_REGEXP.broken);
      cursor.at += char.length;
      return literal(char, flags);
  }
}

/** Any character but those of `ranges`. Repeated without count, units do as well as characters. */
function anyBut(ranges: string, { pattern, at }: Cursor): string {
  if (pattern[at] === "*" || pattern[at] === "+") return `[^${ranges}]`;
  return `(?:[^${ranges}${SURROGATES}]|${PAIR})`;
}

function readEscape(cursor: Cursor, flags: Flags): string {
  const next = cursor.pattern[cursor.at + 1] ?? "";
  switch (next) {
    case "A":
    case "z":
      cursor.at += 2;
      return next === "A" ? "^" : "$";
    case "b":
    case "B":
    case "d":
    case "w":
      cursor.at += 2;
      return `\\${next}`;
    case "s":
      cursor.at += 2;
      return `[${SPACE}]`;
    case "D":
    case "W":
    case "S":
      cursor.at += 2;
      return anyBut(next === "S" ? SPACE : next === "D" ? "0-9" : "0-9A-Za-z_", cursor);
    default:
      return literal(readEscapedChar(cursor), flags);
  }
}

/** A character written by an escape, which is passed over. */
function readEscapedChar(cursor: Cursor): string {
  const rest = cursor.pattern.slice(cursor.at, cursor.at + 16);
  const code = /^\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,8})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest);
  if (code !== null) {
    cursor.at += code[0].length;
    const [, short, long, octal] = code;
    const value = octal === undefined ? Number.parseInt(short ?? long ?? "", 16) : Number.parseInt(octal, 8);
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) throw new NotTranslatable(NO_REGEXP.broken);
    return String.fromCodePoint(value);
  }
  const next = rest[1] ?? "";
  const char = ESCAPES[next] ?? (next < "\x80" && !/[0-9A-Za-z]/.test(next) ? next : undefined);
  if (char === undefined || next === "") {
    throw new NotTranslatable(/[pPC]/.test(next) ? "must not have \\p, \\P or \\C" : NO_REGEXP.broken);
  }
  cursor.at += 2;
  return char;
}

/** `[…]`, at whose opening bracket the cursor is. */
function readClass(cursor: Cursor, flags: Flags): string {
  const { pattern } = cursor;
  cursor.at++;
  const isNegated = pattern[cursor.at] === "^";
  if (isNegated) cursor.at++;
  let ranges = "";
  for (let first = true; first || pattern[cursor.at] !== "]"; first = false) {
    if (cursor.at >= pattern.length) throw new NotTranslatable(NO_REGEXP.broken);
    ranges += readClassItem(cursor, flags);
  }
  cursor.at++;
  return isNegated ? anyBut(ranges, cursor) : `[${ranges}]`;
}

function readClassItem(cursor: Cursor, flags: Flags): string {
  const rest = cursor.pattern.slice(cursor.at);
  const named = /^\[:(\^?)([a-z]+):\]/.exec(rest);
  if (named !== null) {
    const ranges = POSIX[named[2] ?? ""];
    if (ranges === undefined || named[1] !== "") {
      throw new NotTranslatable(ranges === undefined ? NO_REGEXP.broken : "must not have [:^…:]");
    }
    cursor.at += named[0].length;
    return flags.ignoreCase ? foldedNamed(ranges) : ranges;
  }
  const perl = /^\\([dDwWsS])/.exec(rest)?.[1];
  if (perl !== undefined) {
    cursor.at += 2;
    return perl === "s" ? SPACE : perl === "S" ? NOT_SPACE : `\\${perl}`;
  }
  const from = readClassChar(cursor);
  let to = from;
  if (/^-[^\]]/.test(cursor.pattern.slice(cursor.at))) {
    cursor.at++;
    to = readClassChar(cursor);
  }
  const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
  if (low > high) throw new NotTranslatable(NO_REGEXP.broken);
  if (high > 0xffff) throw new NotTranslatable("must not have characters beyond U+FFFF in brackets");
  const range = low === high ? unit(low) : `${unit(low)}-${unit(high)}`;
  return flags.ignoreCase ? range + otherCases(low, high) : range;
}

function readClassChar(cursor: Cursor): string {
  if (cursor.pattern[cursor.at] === "\\") return readEscapedChar(cursor);
  const char = String.fromCodePoint(cursor.pattern.codePointAt(cursor.at) ?? 0);
  if (cursor.at >= cursor.pattern.length) throw new NotTranslatable(NO_REGEXP.broken);
  cursor.at += char.length;
  return char;
}

/** The same letters in their other cases. */
function otherCases(low: number, high: number): string {
  if (high > 0x7f && low !== high) {
    throw new NotTranslatable("must not ignore the case of a range beyond ASCII");
  }
  let others = "";
  for (let code = low; code <= high; code++) {
    for (const other of casesOf(String.fromCharCode(code))) others += unit(other.charCodeAt(0));
  }
  return others;
}

function foldedNamed(ranges: string): string {
  if (!/[a-z]-[a-z]/i.test(ranges)) return ranges;
  return `${ranges}A-Za-z\\u017f\\u212a`;
}

/** A character in its other cases, those included that only fold to it: K to the Kelvin sign. */
function casesOf(char: string): readonly string[] {
  const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
  const cases = new Set([lower, upper].filter((other) => other.length === char.length));
  if (lower === "k") cases.add("\u212a");
  if (lower === "s" || char === "\u017f") cases.add("\u017f").add("s").add("S");
  cases.delete(char);
  return [...cases];
}

function literal(char: string, { ignoreCase }: Flags): string {
  const others = ignoreCase ? casesOf(char) : [];
  if (char.length > 1) return `(?:${[char, ...others].join("|")})`;
  const units = [char, ...others].map((other) => unit(other.charCodeAt(0)));
  return units.length > 1 ? `[${units.join("")}]` : units.join("");
}

/** A unit as both brackets and the rest of a pattern understand it. */
function unit(code: number): string {
  const char = String.fromCharCode(code);
  if (/[0-9A-Za-z _]/.test(char)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x7f ? `\\${char}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

function readQuantified(cursor: Cursor, atom: string): string {
  const quantifier = quantifierAt(cursor);
  if (quantifier === undefined) return atom;
  cursor.at += quantifier.length;
  if (cursor.pattern[cursor.at] === "?") cursor.at++;
  if (quantifierAt(cursor) !== undefined) throw new NotTranslatable(NO_REGEXP.broken);
  return atom + quantifier;
}

/** The quantifier at the cursor; `{,3}` is not one. */
function quantifierAt({ pattern, at }: Cursor): string | undefined {
  QUANTIFIER.lastIndex = at;
  const found = QUANTIFIER.exec(pattern);
  if (found === null) return undefined;
  const [text, min = "0", max] = found;
  const most = max === undefined || max === "" ? Number(min) : Number(max);
  if (Number(min) > MAX_REPEAT || most > MAX_REPEAT || most < Number(min)) {
    throw new NotTranslatable(NO_REGEXP.broken);
  }
  return text;
}
