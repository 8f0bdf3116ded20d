/**
 * Columns before a message: times, levels, request ids, thread and logger names, as runtimes and loggers put them
 * there, whatever their order. No logger's layout is known by name.
 */
import { type LogStatus, wordToStatus } from "../../point/log_status.ts";
import {
  asId,
  BAR,
  BLANK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isDigit,
  isLower,
  isUpper,
  LETTERS,
  match,
  MINUS,
  NEWLINE,
  NOTHING,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  SEMICOLON,
  TAB,
  type TextHead,
  TIME,
  UUID,
} from "./text_parts.ts";

/** Levels in small letters, before a colon. */
export const SMALL_LEVELS =
  "trace|debug|verbose|silly|http|info|notice|warn|warning|error|fatal|critical|trce|dbug|fail|crit";

/** Columns looked at after a time: its zone, thread, process, request, logger, level, and what parts them. */
const MAX_COLUMNS = 10;
/** The longest of them, in characters. */
const MAX_COLUMN = 80;
/** How far away the second line may be that begins with the level. */
const MAX_FIRST_LINE = 200;

const SMALL_LEVEL = new RegExp(`^(?:${SMALL_LEVELS}):$`);
/** `error shop : text`, `warn main.go:51 text`: Swift's logger and zap's with blanks, right after a time. */
const SMALL_BEHIND_TIME = new RegExp(
  `(${SMALL_LEVELS}) (?:(?:[\\w.-]{1,60} )?:|(?=[\\w./-]{1,100}:\\d{1,6} ))`,
  "y",
);
/** `app[8]`, `app[8]:`: a program with its process. */
const PROGRAM = /^[\w./-]{1,60}\[\d{1,10}\]:?$/;
/** Codes of levels that are no words: nothing has to part them from a message. */
const CODES = /^(?:TRAC|TRCE|TRC|DEBU|DBUG|DBG|INF|NTC|WARN|WRN|ERRO|EROR|ERR|FATA|FTL|CRIT|PANI)$/;
/** A module, or the spans of a trace with their fields. */
const TARGET = /(?:[\w.:-]{0,100}[a-z][\w.:-]{0,100}|[\w .:-]{1,60}\{[^\n]{0,400}\}): /y;
/** Rust's span of an invocation: `ERROR Lambda runtime invoke{requestId="…" …}: text`. */
const RUST_ID = /\brequestId="?([\w-]{1,64})/;
/** The second line of a log that names its level there. */
const SECOND_LINE = /\n([A-Z]{4,7}): /y;

/**
 * Reads columns from `start` on, parted by tabs, bars, dashes, brackets or blanks. What has neither a time nor a level in
 * the beginning is a message from its first character.
 */
export function readColumns(text: string, start: number): TextHead {
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
      // JSON right after a time is a message, whoever wrote it.
      const next = afterSeparators(text, at);
      if (isJson(text, next)) return { status: undefined, requestId, bodyAt: next };
      const level = isLower(text.charCodeAt(next)) ? match(SMALL_BEHIND_TIME, text, next) : undefined;
      if (level !== undefined) return after(wordToStatus(level[1] ?? ""), text, next + level[0].length);
      continue;
    }
    const to = endOfColumn(text, from);
    if (to <= from || to - from > MAX_COLUMN) break;
    const status = statusOfColumn(text, from, to, hasTime && words === 0);
    if (status !== undefined) {
      if (!hasTime && isProse(text, from, to)) break;
      return readAfterLevel(text, to, status, requestId);
    }
    if (isBracketedTime(text, from, to)) hasTime = true;
    else if (!hasTime && column > 0) break;
    const id = idOfColumn(text, from, to, hasTime);
    if (id === undefined && isWord(text, from, to)) {
      // One name between blanks; more of them, and it is a sentence.
      if (words > 0 && isBlank(text, from)) break;
      words++;
    }
    requestId ??= id;
    at = to;
  }
  const status = hasTime ? statusOfSecondLine(text, at) : undefined;
  return status === undefined && requestId === undefined ? NOTHING : { status, requestId, bodyAt: 0 };
}

function after(status: LogStatus | undefined, text: string, to: number): TextHead {
  return { status, requestId: undefined, bodyAt: afterSeparators(text, to) };
}

/** Behind the level: Python's time and id, then the message; Rust's span. */
function readAfterLevel(text: string, to: number, status: LogStatus, known: string | undefined): TextHead {
  let requestId = known;
  let bodyAt = afterSeparators(text, to);
  // Columns that are parted by tabs go on after the level.
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

/** Java's tinylog: time, thread and method in one line, level and message in the next. */
function statusOfSecondLine(text: string, from: number): LogStatus | undefined {
  const newline = text.indexOf("\n", from);
  if (newline < 0 || newline > MAX_FIRST_LINE) return undefined;
  return wordToStatus(match(SECOND_LINE, text, newline)?.[1] ?? "");
}

/**
 * Whether a level's word begins a sentence rather than a line of a logger: without a time before it, something must part
 * it from the message, or a time, a target or a span follow, as Rust's tracing writes them (`ERROR shop::cart{id=1}: …`).
 */
function isProse(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) === OPEN_BRACKET || text.charCodeAt(to) !== BLANK) return false;
  if (text.charCodeAt(to - 1) === COLON || text.charCodeAt(from - 1) === BLANK) return false;
  const next = text.charCodeAt(to + 1);
  if (next === BLANK || next === MINUS || next === BAR || next === OPEN_BRACKET || next === OPEN_BRACE) {
    return false;
  }
  if (CODES.test(text.slice(from, to))) return false;
  const time = match(TIME, text, to + 1);
  // A number alone is one of the message.
  if (time !== undefined && /[:/-]/.test(time[0])) return false;
  return match(TARGET, text, to + 1) === undefined;
}

/** The status that a column tells which is nothing but a level. */
function statusOfColumn(
  text: string,
  from: number,
  to: number,
  isBehindTime: boolean,
): LogStatus | undefined {
  const first = text.charCodeAt(from);
  if (first === OPEN_BRACKET) {
    return statusInBrackets(text.slice(from + 1, text.charCodeAt(to - 1) === CLOSE_BRACKET ? to - 1 : to));
  }
  const isTabbed = text.charCodeAt(from - 1) === TAB && text.charCodeAt(to) === TAB;
  if (isTabbed || isBarred(text, from, to)) return wordToStatus(text.slice(from, to));
  // Between blanks only capitals are a level, small letters are words: but for those with a colon after a time.
  const hasColon = text.charCodeAt(to - 1) === COLON;
  const isInParens = first === OPEN_PAREN && text.charCodeAt(to - 1) === CLOSE_PAREN;
  const word = text.slice(from + (isInParens ? 1 : 0), hasColon || isInParens ? to - 1 : to);
  const status = capitalsToStatus(word) ??
    (word.length < 40 ? capitalsToStatus(word.slice(word.lastIndexOf(".") + 1)) : undefined);
  if (status !== undefined || !hasColon) return status;
  const isBehind = isBehindTime || text.charCodeAt(from - 2) === CLOSE_BRACKET;
  return isBehind && SMALL_LEVEL.test(text.slice(from, to)) ? wordToStatus(word) : undefined;
}

/** `error`; `13:31:29 ERR`, `2026-11-25T13:31:29Z ERROR shop::cart`, `<time>: WARNING/Main`; `main ERROR`; `E 251126 …`. */
function statusInBrackets(inner: string): LogStatus | undefined {
  const whole = wordToStatus(inner);
  if (whole !== undefined) return whole;
  const time = match(TIME, inner, 0);
  if (time !== undefined) {
    const word = WORD_BEHIND.exec(inner.slice(time[0].length))?.[1];
    const status = word === undefined ? undefined : capitalsToStatus(word);
    if (status !== undefined) return status;
  }
  const first = WORD_BEFORE.exec(inner)?.[1];
  if (first !== undefined) return first.length === 1 ? LETTERS[first] : capitalsToStatus(first);
  return capitalsToStatus(inner.slice(inner.lastIndexOf(" ") + 1));
}

const WORD_BEHIND = /^[ :,|]{1,3}([A-Z]{3,9})(?![A-Za-z])/;
const WORD_BEFORE = /^([A-Z]{1,9}) {1,4}(?=\d{6} |\d{4}-|\d\d:)/;

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
  const isBracketed = text.charCodeAt(from) === OPEN_BRACKET && text.charCodeAt(to - 1) === CLOSE_BRACKET;
  const column = isBracketed ? text.slice(from + 1, to - 1) : text.slice(from, to);
  if (UUID.test(column)) return column;
  return hasTime && text.charCodeAt(from - 1) === TAB && text.charCodeAt(to) === TAB && !column.includes(" ")
    ? asId(column)
    : undefined;
}

/** Whether an object begins here, rather than a column in braces. */
function isJson(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== OPEN_BRACE) return false;
  const next = text.charCodeAt(at + 1);
  return next === QUOTE || next === CLOSE_BRACE || next === BLANK || next === NEWLINE;
}

/** Whether nothing but a blank stands before a column. */
function isBlank(text: string, from: number): boolean {
  return text.charCodeAt(from - 1) === BLANK && !isSeparator(text.charCodeAt(from - 2));
}

function isSeparator(unit: number): boolean {
  return unit === BAR || unit === MINUS || unit === COLON || unit === SEMICOLON || unit === CLOSE_BRACKET ||
    unit === TAB;
}

/** Whether a column is a name: no number, nothing in brackets, no program with its process. */
function isWord(text: string, from: number, to: number): boolean {
  const first = text.charCodeAt(from);
  if (isDigit(first) || first === OPEN_BRACKET || first === OPEN_BRACE) return false;
  const last = text.charCodeAt(to - 1);
  return !(last === CLOSE_BRACKET || last === COLON) || !PROGRAM.test(text.slice(from, to));
}

function isBracketedTime(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) !== OPEN_BRACKET) return false;
  return match(TIME, text, from + 1) !== undefined && to > from + 2;
}

function isBarred(text: string, from: number, to: number): boolean {
  let at = to;
  while (text.charCodeAt(at) === BLANK || text.charCodeAt(at) === TAB) at++;
  return text.charCodeAt(at) === BAR && from > 0;
}

/** A column ends with its bracket or brace, a tab, a bar, a semicolon, or a blank. */
function endOfColumn(text: string, from: number): number {
  const close = closingOf(text.charCodeAt(from));
  for (let at = close === 0 ? from : from + 1; at < text.length && at - from <= MAX_COLUMN; at++) {
    const unit = text.charCodeAt(at);
    if (close !== 0) {
      if (unit === close) return at + 1;
      if (unit === NEWLINE) return at;
    } else if (unit === BLANK || unit === TAB || unit === BAR || unit === NEWLINE || unit === SEMICOLON) {
      return at;
      // `ERROR:root:text`
    } else if (unit === COLON && capitalsToStatus(text.slice(from, at)) !== undefined) return at + 1;
  }
  return Math.min(text.length, from + MAX_COLUMN + 1);
}

function closingOf(open: number): number {
  return open === OPEN_BRACKET ? CLOSE_BRACKET : open === OPEN_BRACE ? CLOSE_BRACE : 0;
}

function isColumnEnd(unit: number): boolean {
  return Number.isNaN(unit) || unit === BLANK || unit === TAB || unit === BAR || unit === CLOSE_BRACKET ||
    unit === COLON || unit === NEWLINE || unit === COMMA || unit === SEMICOLON;
}

/** Blanks and tabs, and the bars, dashes, colons and semicolons between columns. */
function afterSeparators(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (
      unit === BLANK || unit === TAB || unit === BAR || unit === COLON || unit === CLOSE_BRACKET ||
      unit === SEMICOLON
    ) continue;
    // A dash of its own, not of what follows.
    if ((unit === MINUS || unit === COMMA) && text.charCodeAt(at + 1) === BLANK) continue;
    break;
  }
  return at;
}

const QUOTE = 0x22;
const CLOSE_PAREN = 0x29;
