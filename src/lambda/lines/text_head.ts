/**
 * What stands before the message of a text line. Most loggers write columns; the forms here are those of runtimes and
 * loggers that do not.
 */
import { type LogStatus, numberToStatus, wordToStatus } from "../../point/log_status.ts";
import { LOGFMT, readLogfmt } from "./logfmt.ts";
import { readColumns, SMALL_LEVELS } from "./text_columns.ts";
import {
  afterBlanks,
  BLANK,
  COMMA,
  isDigit,
  isLower,
  isUpper,
  LESS,
  LETTERS,
  match,
  NOTHING,
  OPEN_BRACKET,
  OPEN_PAREN,
  SLASH,
  TAB,
  type TextHead,
  TIME,
  UUID,
} from "./text_parts.ts";

/** `E, [2026-11-25T13:29:14.123456 #8]  ERROR -- prog: text`: Ruby's Logger; in Lambda with the request's id. */
const RUBY = /[A-Z], \[[^\]]{1,60}\] {1,3}([A-Z]{3,7}) (\S{0,64}) ?-- [^\n]{0,60}?: /y;
/** `E1125 13:29:14.123456 8 main.go:7] text`: klog, glog, absl. */
const GLOG = /([IWEF])(?:\d{4}){1,2} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]\s]{1,60}\] /y;
/** `ERRO[0003] text`, ` WARN[0003] text`: logrus on a terminal, log15, apex. */
const LOGRUS = / {0,2}([A-Z]{4,5})\[[^\]]{1,30}\] ?/y;
/** `<11>` of syslog. */
const SYSLOG = /<(\d{1,3})>(?:1 )?/y;
/** Loggers that name the level in small letters, and .NET: `error: text`. */
const SMALL_LEVEL = new RegExp(`(${SMALL_LEVELS}):(?=\\s)`, "y");
/** The same after a sign, parted by more than a blank: `✖  error     text`. */
const SIGNED_LEVEL = new RegExp(`(${SMALL_LEVELS})(?::| (?= ))`, "y");
const SIGNS = /[\p{S}\p{Po}\u{fe0f}]{1,4} +/uy;
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
/** `[25-Nov-2026 13:29:14 UTC] ` before it: PHP's own log. */
const PHP_TIME = /\[\d\d-[A-Z][a-z]{2}-\d{4} [^\]]{5,40}\] (?=PHP )/y;
/** `(node:8) [DEP0040] DeprecationWarning: text`; `/var/task/x.py:8: DeprecationWarning: text`. */
const WARNING = /(?:\(node:\d{1,10}\) (?:\[\w{1,40}\] )?|\/[^\s:]{1,200}:\d{1,9}: )\w{0,60}Warning: /y;
/** How the death of a program begins, and a trace that a program prints. */
const CRASH =
  /(?:Traceback \(most recent call last\):|panic: |fatal error: |Exception in thread "|Unhandled exception\. |thread '[^']{0,80}'(?: \(\d{1,20}\))? panicked at )/y;

/** Reads the beginning of a text without colours. */
export function readTextHead(text: string): TextHead {
  const first = text.charCodeAt(0);
  // Nearly all lines of people's own making begin with a letter of a word that is no level.
  if (isLower(first)) return readLowerHead(text);
  if (isUpper(first)) return readUpperHead(text);
  if (first === OPEN_BRACKET) return readBracketHead(text);
  if (isDigit(first)) return readColumns(text, 0);
  if (first === BLANK) return readTerminalHead(text);
  if (first === LESS) return readSyslogHead(text);
  if (first === OPEN_PAREN || first === SLASH) return head("warning", match(WARNING, text, 0));
  return first > 0x7f ? readSignedHead(text) : NOTHING;
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
  if (match(LOGFMT, text, 0) !== undefined) return readLogfmt(text);
  return mayCrash(text) ? readCrash(text) : NOTHING;
}

function readUpperHead(text: string): TextHead {
  const second = text.charCodeAt(1);
  if (second === COMMA) return readRuby(text);
  if (isDigit(second)) {
    const glog = match(GLOG, text, 0);
    return glog === undefined ? readColumns(text, 0) : head(LETTERS[glog[1] ?? ""], glog);
  }
  if (text.startsWith("NOTICE: PHP") || text.startsWith("PHP ")) {
    const php = match(PHP, text, 0);
    if (php !== undefined) return readPhp(php, 0);
  }
  if (isLower(second)) {
    if (match(LOGFMT, text, 0) !== undefined) return readLogfmt(text);
    const jul = match(JUL, text, 0);
    if (jul !== undefined) return { ...NOTHING, status: wordToStatus(jul[1] ?? "") };
    if (match(TIME, text, 0) !== undefined) return readColumns(text, 0);
    return mayCrash(text) ? readCrash(text) : NOTHING;
  }
  return readTerminalHead(text);
}

function readTerminalHead(text: string): TextHead {
  const logrus = match(LOGRUS, text, 0);
  const status = logrus === undefined ? undefined : wordToStatus(logrus[1] ?? "");
  return status === undefined ? readColumns(text, 0) : head(status, logrus);
}

function readBracketHead(text: string): TextHead {
  const time = match(PHP_TIME, text, 0);
  const php = time === undefined ? undefined : match(PHP, text, time[0].length);
  return php === undefined || time === undefined ? readColumns(text, 0) : readPhp(php, time[0].length);
}

function readPhp(php: RegExpExecArray, from: number): TextHead {
  return {
    status: PHP_STATUS[php[1] ?? ""],
    requestId: undefined,
    bodyAt: from + php[0].length,
  };
}

function readRuby(text: string): TextHead {
  const ruby = match(RUBY, text, 0);
  if (ruby === undefined) return NOTHING;
  const id = ruby[2] ?? "";
  return {
    status: wordToStatus(ruby[1] ?? ""),
    requestId: UUID.test(id) ? id : undefined,
    bodyAt: ruby[0].length,
  };
}

function readSyslogHead(text: string): TextHead {
  const found = match(SYSLOG, text, 0);
  if (found === undefined) return NOTHING;
  const { requestId, bodyAt } = readColumns(text, found[0].length);
  const status = numberToStatus(Number(found[1]) & 7, "logger");
  return { status, requestId, bodyAt: Math.max(bodyAt, found[0].length) };
}

function readSignedHead(text: string): TextHead {
  const signs = match(SIGNS, text, 0);
  if (signs === undefined) return NOTHING;
  const from = signs[0].length;
  const level = match(SIGNED_LEVEL, text, from);
  if (level === undefined) return readColumns(text, from);
  const bodyAt = afterBlanks(text, from + level[0].length);
  return { status: wordToStatus(level[1] ?? ""), requestId: undefined, bodyAt };
}

/** A cheap look before {@link CRASH}: few lines begin with these letters. */
function mayCrash(text: string): boolean {
  switch (text.charCodeAt(0)) {
    case 0x54: // T
    case 0x45: // E
    case 0x55: // U
    case 0x70: // p
    case 0x66: // f
    case 0x74: // t
      return true;
    default:
      return false;
  }
}

function readCrash(text: string): TextHead {
  return match(CRASH, text, 0) === undefined ? NOTHING : { ...NOTHING, status: "error" };
}

function head(status: LogStatus | undefined, found: RegExpExecArray | undefined): TextHead {
  return found === undefined ? NOTHING : { status, requestId: undefined, bodyAt: found[0].length };
}
