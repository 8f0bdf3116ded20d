/**
 * Takes secrets out of text: the values of keys that name one (`password=…`, `"apiKey":"…"`, `Authorization: …`,
 * `?token=…&`), and what is known by its form ({@link maskForms}). Keys are those that DataKit masks and their like; a
 * prefix, a counter or another way of writing (`DB_PASSWORD`, `dbPassword`, `api_key_2`, `x-api-key`) is the same
 * key. Everything else is left as it is, to the character.
 * @see https://github.com/GuanceCloud/datakit/blob/e2c099f8149ff50e447ac3c28a8069a2b3c9afb2/internal/plugins/inputs/awslambda/log_sanitize.go
 */
import { finish, type Steps } from "../bounded_pattern.ts";
import { MASK, maskForms, maskShortForms } from "./secret_forms.ts";
import { findCharacter, findNear, type Text, TextBuilder } from "../pattern/text.ts";
import { isLong, WINDOW } from "./windows.ts";
import { HINT, LONG_NAMES, NAMES, SUFFIX } from "./secret_names.ts";

export { MASK } from "./secret_forms.ts";

/** `text` without secrets; the very same text if it has none. */
export function maskSecrets(text: string): string {
  if (isLong(text)) return String(finish(secretsMasked(text)));
  // Nearly all lines end here.
  return HINT.test(text) ? String(finish(maskValues(maskShortForms(text), WINDOW))) : text;
}

/** The same in steps of some milliseconds at most. `window`: for tests. */
export function* secretsMasked(text: Text, window: number = WINDOW): Steps<Text> {
  for (let from = 0; !HINT.test(text.slice(from, from + window + HINT_REACH)); from += window) {
    if (from + window >= text.length) return text;
    yield;
  }
  return yield* maskValues(yield* maskForms(text, window), window);
}

/** A hint and a key with what makes it one are shorter. */
const HINT_REACH = 512;
const KEY_REACH = 256;
/** Values, quotes and elements between two steps. */
const STEP = 512;

/** Whether a key's value is a secret, whatever it is. */
export function isSecretKey(key: string): boolean {
  const found = key.match(KEY);
  return found !== null && key.endsWith(found.at(-1) ?? "");
}

/** The end of a key: a longer word (`tokens`, `passwordHash`) is another key. */
const KEY = new RegExp(`(?:${LONG_NAMES}|(?:${NAMES})(?:${SUFFIX})?)(?![A-Za-z0-9])`, "gi");
const LONG_KEY = new RegExp(`(?:${LONG_NAMES})$`, "i");

/** One walk over the keys: what follows a key decides whether it has a value, and where that ends. */
function* maskValues(text: Text, window: number): Steps<Text> {
  const masked = new TextBuilder();
  let done = 0;
  let at = 0;
  while (at < text.length) {
    const windowAt = at;
    const seen = text.slice(at, at + window + KEY_REACH);
    const next = at + window;
    for (let keys = 0; keys < STEP; keys++) {
      KEY.lastIndex = at - windowAt;
      const found = KEY.exec(seen);
      const keyAt = windowAt + (found?.index ?? seen.length);
      if (found === null || keyAt >= next) {
        at = next;
        break;
      }
      at = keyAt + found[0].length;
      if (isOfArn(text, keyAt, at)) continue;
      const value = yield* findValue(text, at, LONG_KEY.test(found[0]));
      if (value === undefined) continue;
      if (!masked.addFrom(text, done, value.from)) yield* masked.copy(text, done, value.from);
      masked.add(value.mask);
      done = value.to;
      at = Math.max(at, done);
      if (at >= next) break;
    }
    if (isLong(text)) yield;
  }
  if (done === 0) return text;
  if (!masked.addFrom(text, done, text.length)) yield* masked.copy(text, done, text.length);
  return masked.end();
}

/** `arn:aws:secretsmanager:eu-west-1:123456789012:secret:name` names a secret, but is not one. */
function isOfArn(text: Text, keyAt: number, keyEnd: number): boolean {
  return text.charCodeAt(keyAt - 1) === COLON && text.charCodeAt(keyEnd) === COLON;
}

const COLON = 0x3a;
const BACKSLASH = 0x5c;
const STAR = 0x2a;
const DOLLAR = 0x24;
const BRACE = 0x7b;

interface Value {
  readonly from: number;
  readonly to: number;
  readonly mask: string;
}

/** A quote, with the backslashes before it. */
interface Quote {
  /** 0: there is none. */
  readonly length: number;
  /** Empty where there is none. */
  readonly mark: string;
}

const NO_QUOTE: Quote = { length: 0, mark: "" };
const NO_BACKSLASH = /[^\\]/g;

/** The quote at a place, of one of the `marks`; `undefined`: it has very many backslashes. */
function quoteNear(text: Text, at: number, marks: string): Quote | undefined {
  const isEscaped = text.charCodeAt(at) === BACKSLASH;
  const markAt = isEscaped ? findNear(text, NO_BACKSLASH, at) : at;
  return markAt === undefined ? undefined : quoteOf(text, at, markAt, marks);
}

/** The same with however many. */
function* quoteAt(text: Text, at: number, marks: string): Steps<Quote> {
  return quoteOf(text, at, yield* findCharacter(text, NO_BACKSLASH, at), marks);
}

function quoteOf(text: Text, at: number, markAt: number, marks: string): Quote {
  const mark = text.slice(markAt, markAt + 1);
  return mark !== "" && marks.includes(mark) ? { length: markAt + 1 - at, mark } : NO_QUOTE;
}

/** What stands between a key's end and its value: blanks and a separator, and the quotes around. */
const SEPARATOR = /[ \t]{0,8}(?:=>|[=:])[ \t]{0,8}/y;
/** Longer than that, in UTF-16 units. */
const SEPARATOR_REACH = 32;

function* findValue(text: Text, keyEnd: number, toLineEnd: boolean): Steps<Value | undefined> {
  const keyQuote = quoteNear(text, keyEnd, `"'`) ?? (yield* quoteAt(text, keyEnd, `"'`));
  const separatorAt = keyEnd + keyQuote.length;
  SEPARATOR.lastIndex = 0;
  if (!SEPARATOR.test(text.slice(separatorAt, separatorAt + SEPARATOR_REACH))) return undefined;
  const quoteFrom = separatorAt + SEPARATOR.lastIndex;
  const quote = quoteNear(text, quoteFrom, "\"'`") ?? (yield* quoteAt(text, quoteFrom, "\"'`"));
  const start = quoteFrom + quote.length;
  if (quote.length === 0 && text.slice(start, start + 1) === "[") {
    return yield* findList(text, start, text.slice(keyEnd, separatorAt));
  }
  const scheme = endOf(SCHEME, text, start, BEGIN_REACH);
  const from = scheme === undefined
    ? start
    : findNear(text, NO_BLANK, scheme) ?? (yield* findCharacter(text, NO_BLANK, scheme));
  // First, as a value may end far away.
  if (isMasked(text, from)) return undefined;
  const to = quote.length === 0
    ? yield* bareEnd(text, from, toLineEnd ? LINE_END : BARE_END, keyQuote.length > 0)
    : yield* quotedEnd(text, from, quote);
  if (to <= from || isNothing(text, from, to)) return undefined;
  return { from, to, mask: quote.length === 0 ? bareMask(text.slice(keyEnd, separatorAt)) : MASK };
}

/** A bare value under a quoted key is JSON's number or word: what stands for it must be JSON too. */
function bareMask(keyQuote: string): string {
  return `${keyQuote}${MASK}${keyQuote}`;
}

const LIST_BEGIN = /\[\s{0,64}/y;
const LIST_NEXT = /\s{0,64},\s{0,64}/y;
/** Longer than these, in UTF-16 units. */
const LIST_REACH = 256;
/** Bounded, as it may find nothing for each key of a text. */
const LIST_CONTENT = /[^\]{\r\n]{0,1024}/y;
const LIST_CONTENT_REACH = 1_025;

/** All elements of a list of texts, or of one without quotes, as one. A list of objects is walked through. */
function* findList(text: Text, at: number, keyQuote: string): Steps<Value | undefined> {
  const begin = endOf(LIST_BEGIN, text, at, LIST_REACH) ?? at;
  const quote = quoteNear(text, begin, `"'`) ?? (yield* quoteAt(text, begin, `"'`));
  const from = begin + quote.length;
  const to = quote.length === 0 ? listEnd(text, from) : yield* lastQuotedEnd(text, from, quote);
  if (to <= from || isNothing(text, from, to)) return undefined;
  return { from, to, mask: quote.length === 0 ? bareMask(keyQuote) : MASK };
}

/** Where what a sticky expression finds at a place ends, which is within `reach`. */
function endOf(sticky: RegExp, text: Text, at: number, reach: number): number | undefined {
  sticky.lastIndex = 0;
  return sticky.test(text.slice(at, at + reach)) ? at + sticky.lastIndex : undefined;
}

/** `from` when there is an object in it. */
function listEnd(text: Text, from: number): number {
  const end = endOf(LIST_CONTENT, text, from, LIST_CONTENT_REACH) ?? from;
  return text.slice(end, end + 1) === "{" ? from : end;
}

/** Where the last of several quoted texts ends that commas part. */
function* lastQuotedEnd(text: Text, from: number, quote: Quote): Steps<number> {
  let end = yield* quotedEnd(text, from, quote);
  for (let elements = 1;; elements++) {
    if (elements % STEP === 0) yield;
    const next = endOf(LIST_NEXT, text, end + quote.length, LIST_REACH);
    if (next === undefined) return end;
    const begin = quoteNear(text, next, quote.mark) ?? (yield* quoteAt(text, next, quote.mark));
    if (begin.length !== quote.length) return end;
    end = yield* quotedEnd(text, next + quote.length, quote);
  }
}

/** Units that are looked through at a time for quotes. */
const QUOTES_VIEW = 4_096;

/**
 * Where the quote comes again that began the value. JSON within JSON within JSON has none, one, three, seven …
 * backslashes before its quotes, and each quote within a value twice as many and one.
 */
function* quotedEnd(text: Text, from: number, quote: Quote): Steps<number> {
  const own = quote.length - 1;
  /** Backslashes right before the view. */
  let before = 0;
  for (let viewAt = from; viewAt < text.length; viewAt += QUOTES_VIEW) {
    if (viewAt > from && (viewAt - from) % (4 * QUOTES_VIEW) === 0) yield;
    const view = text.slice(viewAt, viewAt + QUOTES_VIEW);
    for (let at = view.indexOf(quote.mark); at >= 0; at = view.indexOf(quote.mark, at + 1)) {
      const backslashes = backslashesBefore(view, at, before);
      // With fewer than its own, the text ends around it.
      if (backslashes < own) return viewAt + at - backslashes;
      if (backslashes % (2 * (own + 1)) === own) return viewAt + at - own;
    }
    before = backslashesBefore(view, view.length, before);
  }
  return text.length;
}

/** Backslashes right before a place of a view, which has `before` of them before it. */
function backslashesBefore(view: string, at: number, before: number): number {
  let count = 0;
  while (count < at && view.charCodeAt(at - count - 1) === BACKSLASH) count++;
  return count === at ? count + before : count;
}

const BARE_END = /[\s&,;}\])"'<>]/g;
const LINE_END = /["'\r\n]/g;
/** A scheme is no secret, what follows it is. */
const SCHEME = /(?:Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)[ \t]/iy;
const NO_BLANK = /[^ \t]/g;
/** `{SSHA}` of a value, `{user}` and `${user}` of a template. */
const BRACED = /\$?\{[\w.-]{1,64}\}/y;
/** Longer than a scheme, and than what is in braces. */
const BEGIN_REACH = 128;

function* bareEnd(text: Text, from: number, end: RegExp, hasKeyQuote: boolean): Steps<number> {
  const unit = text.charCodeAt(from);
  const mayBeBraced = !hasKeyQuote && (unit === BRACE || unit === DOLLAR);
  const braced = mayBeBraced ? endOf(BRACED, text, from, BEGIN_REACH) : undefined;
  // Objects are walked through for keys of their own.
  if (braced === undefined && unit === BRACE) return from;
  const at = braced ?? from;
  return findNear(text, end, at) ?? (yield* findCharacter(text, end, at));
}

/** By its form, before: what follows is no part of it. */
function isMasked(text: Text, from: number): boolean {
  return text.charCodeAt(from) === STAR && MASKED.test(text.slice(from, from + MASK.length + 1));
}

const MASKED = new RegExp(`^${RegExp.escape(MASK)}(?:[\\s@&,;}\\])"'<>\\\\]|$)`);

/** What says that there is no secret is no longer, in UTF-16 units: each is looked at for each key in it. */
const MAX_NOTHING = 1_024;

/** What says that there is no secret, what a template has in its place, and what was masked already. */
function isNothing(text: Text, from: number, to: number): boolean {
  return to - from <= MAX_NOTHING &&
    /^(?:null|undefined|none|nil|true|false|\*+|redacted|<[^>]*>|\$?\{[\w.-]*\}|%[sdvq])$/i.test(
      text.slice(from, to),
    );
}
