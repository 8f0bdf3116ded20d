/**
 * What stands before the message of a text line: times, levels, request ids, thread and logger names, as runtimes and
 * loggers put them there. Read as a sequence of columns, whatever their order: no logger's layout is known by name.
 */
import { type LogStatus, numberToStatus, wordToStatus } from "../../point/log_status.ts";

/** The beginning of a line. */
export interface TextHead {
  readonly status: LogStatus | undefined;
  /** An id in a column of its own. */
  readonly requestId: string | undefined;
  /** Where the message begins; 0 where nothing stands before it. */
  readonly bodyAt: number;
}

/** Columns looked at after a time: its zone, thread, process, request, logger, level, and what parts them. */
const MAX_COLUMNS = 10;
/** The longest of them, in characters. */
const MAX_COLUMN = 80;

const NOTHING: TextHead = { status: undefined, requestId: undefined, bodyAt: 0 };
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
/** Dates in digits, times of day, seconds since 1970: alone or together. */
const TIME =
  /(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.](?:\d\d?|[A-Z][a-z]{2})[-/.]\d{4})(?:[T :,]{1,2}\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)(?![\w]))?|\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M)?Z?|\d{10}(?:\.\d+)?(?!\d)|\d{13}(?!\d)/y;
/** `E, [2026-11-25T13:29:14.123456 #8]  ERROR -- prog: text`: Ruby's Logger. */
const RUBY = /[A-Z], \[[^\]]{1,60}\] {1,2}([A-Z]{3,7}) -- [^:]{0,60}: /y;
/** `E1125 13:29:14.123456 8 main.go:7] text`: klog, glog. */
const GLOG = /([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]\s]{1,60}\] /y;
/** `ERRO[0003] text`: logrus on a terminal. */
const LOGRUS = /(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[[^\]]{1,30}\] ?/y;
/** `<11>` of syslog. */
const SYSLOG = /<(\d{1,3})>(?:1 )?/y;
/** Loggers that name the level in small letters, and .NET: `error: text`. */
const SMALL_LEVEL =
  /(trace|debug|verbose|silly|http|info|notice|warn|warning|error|fatal|critical|trce|dbug|fail|crit):(?=\s)/y;
/** `Nov 25, 2026 1:31:29 PM x.H handle`, with the level on the second line: java.util.logging. */
const JUL = /[A-Z][a-z]{2} \d{1,2}, \d{4} [^\n]{5,200}\n([A-Z]{4,7}): /y;
/** `NOTICE: PHP message: PHP Fatal error:  text`, and parts of it. */
const PHP = /(?:NOTICE: )?(?:PHP message: )?PHP (Fatal error|Parse error|Warning|Notice|Deprecated): {1,2}/y;
const PHP_STATUS: Readonly<Record<string, LogStatus>> = {
  "Fatal error": "critical",
  "Parse error": "critical",
  Warning: "warning",
  Notice: "notice",
  Deprecated: "notice",
};
const GLOG_STATUS: Readonly<Record<string, LogStatus>> = {
  I: "info",
  W: "warning",
  E: "error",
  F: "critical",
};
/** `key=value` at the beginning of a line: logfmt. */
const LOGFMT = /[A-Za-z_@][\w.@-]{0,40}=/y;
const LOGFMT_LEVEL = /(?:^|\s)(?:level|lvl|severity|loglevel|log\.level)=("?)([A-Za-z+\d-]{1,16})\1(?=\s|$)/;
const LOGFMT_ID = /(?:^|\s)(?:aws)?_?request_?id="?([\w-]{1,64})"?(?=\s|$)/i;
/** How far into a logfmt line its level and id may stand, in characters. */
const LOGFMT_LENGTH = 2000;
/** A module, or the spans of a trace with their fields. */
const TARGET = /(?:[\w.:-]{0,100}[a-z][\w.:-]{0,100}|[\w .:-]{1,60}\{[^\n]{0,400}\}): /y;
/** Rust's span of an invocation: `ERROR Lambda runtime invoke{requestId="…" …}: text`. */
const RUST_ID = /\brequestId="?([\w-]{1,64})/;

/** Reads the beginning of a text without colours. */
export function readTextHead(text: string): TextHead {
  const first = text.charCodeAt(0);
  // Nearly all lines of people's own making begin with a letter of a word that is no level.
  if (isLower(first)) return readLowerHead(text);
  if (isUpper(first)) return readUpperHead(text);
  if (isDigit(first) || first === OPEN_BRACKET || first === BLANK) return readColumns(text, 0);
  if (first === LESS) return readSyslogHead(text);
  return NOTHING;
}

function readLowerHead(text: string): TextHead {
  // A request id as the first of several columns: PHP.
  if (text.charCodeAt(36) === TAB && UUID.test(text.slice(0, 36))) return readColumns(text, 0);
  const level = match(SMALL_LEVEL, text, 0);
  if (level !== undefined) {
    return {
      status: wordToStatus(level[1] ?? ""),
      requestId: undefined,
      bodyAt: afterBlanks(text, level[0].length),
    };
  }
  return match(LOGFMT, text, 0) === undefined ? NOTHING : readLogfmt(text);
}

function readLogfmt(text: string): TextHead {
  const part = text.length > LOGFMT_LENGTH ? text.slice(0, LOGFMT_LENGTH) : text;
  const level = LOGFMT_LEVEL.exec(part)?.[2];
  const status = level === undefined ? undefined : wordToStatus(level);
  const requestId = LOGFMT_ID.exec(part)?.[1];
  return status === undefined && requestId === undefined ? NOTHING : { status, requestId, bodyAt: 0 };
}

function readUpperHead(text: string): TextHead {
  const second = text.charCodeAt(1);
  if (second === COMMA) return withWord(match(RUBY, text, 0));
  if (isDigit(second)) {
    const glog = match(GLOG, text, 0);
    return glog === undefined ? readColumns(text, 0) : head(GLOG_STATUS[glog[1] ?? ""], glog[0].length);
  }
  const php = text.startsWith("NOTICE: PHP") || text.startsWith("PHP ") ? match(PHP, text, 0) : undefined;
  if (php !== undefined) return head(PHP_STATUS[php[1] ?? ""], php[0].length);
  const logrus = match(LOGRUS, text, 0);
  if (logrus !== undefined) return withWord(logrus);
  if (isLower(second)) {
    return match(LOGFMT, text, 0) === undefined ? withWord(match(JUL, text, 0), 0) : readLogfmt(text);
  }
  return readColumns(text, 0);
}

function readSyslogHead(text: string): TextHead {
  const found = match(SYSLOG, text, 0);
  if (found === undefined) return NOTHING;
  const { requestId, bodyAt } = readColumns(text, found[0].length);
  const status = numberToStatus(Number(found[1]) & 7, "logger");
  return { status, requestId, bodyAt: Math.max(bodyAt, found[0].length) };
}

/**
 * Times, names, ids and a level, parted by tabs, bars, dashes, brackets or blanks. What has neither a time nor a level
 * in the beginning is a message from its first character.
 */
function readColumns(text: string, start: number): TextHead {
  let at = start;
  let hasTime = false;
  let words = 0;
  let requestId: string | undefined;
  for (let column = 0; column < MAX_COLUMNS && at < text.length; column++) {
    const from = afterSeparators(text, at);
    const time = match(TIME, text, from);
    if (time !== undefined && isColumnEnd(text.charCodeAt(from + time[0].length))) {
      hasTime = true;
      at = from + time[0].length;
      // JSON right behind a time is a message, whoever wrote it.
      const next = afterSeparators(text, at);
      if (text.charCodeAt(next) === OPEN_BRACE) return { status: undefined, requestId, bodyAt: next };
      continue;
    }
    const to = endOfColumn(text, from);
    if (to <= from || to - from > MAX_COLUMN) break;
    const status = statusOfColumn(text, from, to);
    if (status !== undefined) {
      if (!hasTime && isProse(text, from, to)) break;
      return readAfterLevel(text, to, status, requestId);
    }
    if (!hasTime && text.charCodeAt(from) !== OPEN_BRACKET && column > 0) break;
    if (isBracketedTime(text, from, to)) hasTime = true;
    else if (!hasTime && column > 0) break;
    const id = idOfColumn(text, from, to, hasTime);
    if (id === undefined && isWord(text.charCodeAt(from))) {
      // One name between blanks; more of them, and it is a sentence.
      if (words > 0 && isBlank(text, from)) break;
      words++;
    }
    requestId ??= id;
    at = to;
  }
  return requestId === undefined ? NOTHING : { status: undefined, requestId, bodyAt: 0 };
}

/** Behind the level: Python's time and id, then the message; Rust's span. */
function readAfterLevel(text: string, to: number, status: LogStatus, known: string | undefined): TextHead {
  let requestId = known;
  let bodyAt = afterSeparators(text, to);
  // Columns that are parted by tabs go on behind the level.
  for (
    let column = 0;
    requestId === undefined && column < 2 && text.charCodeAt(bodyAt - 1) === TAB;
    column++
  ) {
    const end = text.indexOf("\t", bodyAt);
    if (end < 0 || end - bodyAt > MAX_COLUMN) break;
    const time = match(TIME, text, bodyAt);
    const isTime = time !== undefined && bodyAt + time[0].length === end;
    if (!isTime && column === 0) break;
    if (!isTime) requestId = asId(text.slice(bodyAt, end));
    bodyAt = end + 1;
  }
  if (requestId === undefined && text.startsWith("Lambda runtime invoke{", bodyAt)) {
    requestId = asId(RUST_ID.exec(text.slice(bodyAt, bodyAt + 200))?.[1]);
  }
  return { status, requestId, bodyAt };
}

/**
 * Whether a level's word begins a sentence rather than a line of a logger: without a time before it, something must part
 * it from the message, or a target or span follow, as Rust's tracing writes them (`ERROR shop::cart{id=1}: text`).
 */
function isProse(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) === OPEN_BRACKET || text.charCodeAt(to) !== BLANK) return false;
  if (text.charCodeAt(to - 1) === COLON || text.charCodeAt(from - 1) === BLANK) return false;
  const next = text.charCodeAt(to + 1);
  if (next === BLANK || next === MINUS || next === BAR || next === OPEN_BRACKET || next === OPEN_BRACE) {
    return false;
  }
  return match(TARGET, text, to + 1) === undefined;
}

/** The status that a column tells which is nothing but a level. */
function statusOfColumn(text: string, from: number, to: number): LogStatus | undefined {
  const isTabbed = text.charCodeAt(from - 1) === TAB && text.charCodeAt(to) === TAB;
  if (text.charCodeAt(from) === OPEN_BRACKET) {
    const inner = text.slice(from + 1, text.charCodeAt(to - 1) === CLOSE_BRACKET ? to - 1 : to);
    // `[13:31:29 ERR]`: Serilog.
    return wordToStatus(inner) ?? capitalsToStatus(inner.slice(inner.lastIndexOf(" ") + 1));
  }
  if (isTabbed || isBarred(text, from, to)) return wordToStatus(text.slice(from, to));
  // Between blanks only capitals are a level: small letters are words.
  const word = text.slice(from, text.charCodeAt(to - 1) === COLON ? to - 1 : to);
  return capitalsToStatus(word) ??
    (word.length < 40 ? capitalsToStatus(word.slice(word.lastIndexOf(".") + 1)) : undefined);
}

function capitalsToStatus(word: string): LogStatus | undefined {
  if (word.length < 3 || word.length > 12) return undefined;
  for (let at = 0; at < word.length; at++) {
    const unit = word.charCodeAt(at);
    if (!isUpper(unit) && !(at > 2 && (isDigit(unit) || unit === PLUS || unit === MINUS))) return undefined;
  }
  return wordToStatus(word);
}

/** An id in a column of its own: a UUID anywhere, anything where Node and .NET put it (the second by tabs). */
function idOfColumn(text: string, from: number, to: number, hasTime: boolean): string | undefined {
  const column = text.slice(from, to);
  if (UUID.test(column)) return column;
  return hasTime && text.charCodeAt(from - 1) === TAB && text.charCodeAt(to) === TAB && !column.includes(" ")
    ? asId(column)
    : undefined;
}

/** Outside of invocations the runtimes write an id that is none: Node 24 `-`, Node before `undefined`, Python nothing. */
export function asId(id: unknown): string | undefined {
  if (typeof id !== "string" || id === "" || id === "-" || id === "undefined" || id.length > 64) {
    return undefined;
  }
  return id;
}

/** Whether nothing but a blank stands before a column. */
function isBlank(text: string, from: number): boolean {
  return text.charCodeAt(from - 1) === BLANK && !isSeparator(text.charCodeAt(from - 2));
}

function isSeparator(unit: number): boolean {
  return unit === BAR || unit === MINUS || unit === COLON || unit === CLOSE_BRACKET || unit === TAB;
}

/** Whether a column is none of a number and a bracket. */
function isWord(unit: number): boolean {
  return !isDigit(unit) && unit !== OPEN_BRACKET;
}

function isBracketedTime(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) !== OPEN_BRACKET) return false;
  return match(TIME, text, from + 1) !== undefined && to > from + 2;
}

function isBarred(text: string, from: number, to: number): boolean {
  return text.charCodeAt(afterBlanks(text, to)) === BAR && from > 0;
}

/** A column ends with its bracket, a tab, a bar, or a blank. */
function endOfColumn(text: string, from: number): number {
  const isBracketed = text.charCodeAt(from) === OPEN_BRACKET;
  for (let at = from + (isBracketed ? 1 : 0); at < text.length && at - from <= MAX_COLUMN; at++) {
    const unit = text.charCodeAt(at);
    if (isBracketed) {
      if (unit === CLOSE_BRACKET) return at + 1;
      if (unit === NEWLINE) return at;
    } else if (unit === BLANK || unit === TAB || unit === BAR || unit === NEWLINE) return at;
    // `ERROR:root:text`
    else if (unit === COLON && capitalsToStatus(text.slice(from, at)) !== undefined) return at + 1;
  }
  return Math.min(text.length, from + MAX_COLUMN + 1);
}

function isColumnEnd(unit: number): boolean {
  return Number.isNaN(unit) || unit === BLANK || unit === TAB || unit === BAR || unit === CLOSE_BRACKET ||
    unit === COLON || unit === NEWLINE || unit === COMMA;
}

/** Blanks and tabs, and the bars, dashes and colons between columns. */
function afterSeparators(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BLANK || unit === TAB || unit === BAR || unit === COLON || unit === CLOSE_BRACKET) continue;
    // A dash of its own, not of what follows.
    if ((unit === MINUS || unit === COMMA) && text.charCodeAt(at + 1) === BLANK) continue;
    break;
  }
  return at;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === BLANK || text.charCodeAt(at) === TAB) at++;
  return at;
}

function withWord(found: RegExpExecArray | undefined, bodyAt = found?.[0].length ?? 0): TextHead {
  return found === undefined ? NOTHING : head(wordToStatus(found[1] ?? ""), bodyAt);
}

function head(status: LogStatus | undefined, bodyAt: number): TextHead {
  return { status, requestId: undefined, bodyAt };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const BLANK = 0x20;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const LESS = 0x3c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const BAR = 0x7c;

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isUpper(unit: number): boolean {
  return unit >= 0x41 && unit <= 0x5a;
}

function isLower(unit: number): boolean {
  return unit >= 0x61 && unit <= 0x7a;
}
