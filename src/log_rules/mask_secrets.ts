/**
 * Takes secrets out of text: the values of keys that name one (`password=…`, `"apiKey":"…"`, `Authorization: …`,
 * `?token=…&`), and what is known by its form ({@link maskForms}). Keys are those that DataKit masks and their like; a
 * prefix, a counter or another way of writing (`DB_PASSWORD`, `dbPassword`, `api_key_2`, `x-api-key`) is the same
 * key. Everything else is left as it is, to the character.
 * @see https://github.com/GuanceCloud/datakit/blob/e2c099f8149ff50e447ac3c28a8069a2b3c9afb2/internal/plugins/inputs/awslambda/log_sanitize.go
 */
import { finish, type Steps } from "../bounded_pattern.ts";
import { MASK, maskForms, maskShortForms } from "./secret_forms.ts";
import { flat, isLong, WINDOW } from "./windows.ts";
import { HINT, LONG_NAMES, NAMES, SUFFIX } from "./secret_names.ts";

export { MASK } from "./secret_forms.ts";

/** `text` without secrets; the very same text if it has none. */
export function maskSecrets(text: string): string {
  if (isLong(text)) return finish(secretsMasked(text));
  // Nearly all lines end here.
  return HINT.test(text) ? finish(maskValues(maskShortForms(text), WINDOW)) : text;
}

/** The same in steps of some milliseconds at most. `window`: for tests. */
export function* secretsMasked(text: string, window: number = WINDOW): Steps<string> {
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
function* maskValues(text: string, window: number): Steps<string> {
  let masked = "";
  let done = 0;
  let at = 0;
  while (at < text.length) {
    const windowAt = at;
    const seen = text.slice(at, at + window + KEY_REACH);
    const next = at + window;
    let part = "";
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
      part += text.slice(done, value.from) + value.mask;
      done = value.to;
      at = Math.max(at, done);
      if (at >= next) break;
    }
    masked += flat(part);
    if (isLong(text)) yield;
  }
  return masked + text.slice(done);
}

/** `arn:aws:secretsmanager:eu-west-1:123456789012:secret:name` names a secret, but is not one. */
function isOfArn(text: string, keyAt: number, keyEnd: number): boolean {
  return text[keyAt - 1] === ":" && text[keyEnd] === ":";
}

interface Value {
  readonly from: number;
  readonly to: number;
  readonly mask: string;
}

/** What may stand between a key's end and its value: quotes, escaped ones too, blanks, a separator. */
const BETWEEN = /(\\*["']|)[ \t]{0,8}(?:=>|[=:])[ \t]{0,8}(\\*["'`]|)/y;

function* findValue(text: string, keyEnd: number, toLineEnd: boolean): Steps<Value | undefined> {
  BETWEEN.lastIndex = keyEnd;
  const between = BETWEEN.exec(text);
  if (between === null) return undefined;
  const [whole, keyQuote = "", quote = ""] = between;
  const start = keyEnd + whole.length;
  if (quote === "" && text[start] === "[") return yield* findList(text, start, keyQuote);
  const from = afterScheme(text, start);
  // First, as a value may end far away.
  if (isMasked(text, from)) return undefined;
  const to = quote === "" ? bareEnd(text, from, toLineEnd, keyQuote) : yield* quotedEnd(text, from, quote);
  if (to <= from || isNothing(text, from, to)) return undefined;
  return { from, to, mask: quote === "" ? bareMask(keyQuote) : MASK };
}

/** A bare value under a quoted key is JSON's number or word: what stands for it must be JSON too. */
function bareMask(keyQuote: string): string {
  return `${keyQuote}${MASK}${keyQuote}`;
}

const LIST_BEGIN = /\[\s{0,64}(\\*["']|)/y;
const LIST_NEXT = /\s{0,64},\s{0,64}/y;
/** Bounded, as it may find nothing for each key of a text. */
const LIST_CONTENT = /[^\]{\r\n]{0,1024}/y;

/** All elements of a list of texts, or of one without quotes, as one. A list of objects is walked through. */
function* findList(text: string, at: number, keyQuote: string): Steps<Value | undefined> {
  LIST_BEGIN.lastIndex = at;
  const [whole = "", quote = ""] = LIST_BEGIN.exec(text) ?? [];
  const from = at + whole.length;
  const to = quote === "" ? listEnd(text, from) : yield* lastQuotedEnd(text, from, quote);
  if (to <= from || isNothing(text, from, to)) return undefined;
  return { from, to, mask: quote === "" ? bareMask(keyQuote) : MASK };
}

/** `from` when there is an object in it. */
function listEnd(text: string, from: number): number {
  LIST_CONTENT.lastIndex = from;
  LIST_CONTENT.test(text);
  const end = LIST_CONTENT.lastIndex;
  return text[end] === "{" ? from : end;
}

/** Where the last of several quoted texts ends that commas part. */
function* lastQuotedEnd(text: string, from: number, quote: string): Steps<number> {
  let end = yield* quotedEnd(text, from, quote);
  for (let elements = 1;; elements++) {
    if (elements % STEP === 0) yield;
    LIST_NEXT.lastIndex = end + quote.length;
    const next = LIST_NEXT.test(text) ? LIST_NEXT.lastIndex : text.length;
    if (!text.startsWith(quote, next)) return end;
    end = yield* quotedEnd(text, next + quote.length, quote);
  }
}

/**
 * Where the quote comes again that began the value. JSON within JSON within JSON has none, one, three, seven …
 * backslashes before its quotes, and each quote within a value twice as many and one.
 */
function* quotedEnd(text: string, from: number, quote: string): Steps<number> {
  const own = quote.length - 1;
  const mark = quote[own] ?? "";
  let quotes = 0;
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (++quotes % (8 * STEP) === 0) yield;
    let backslashes = 0;
    while (at - backslashes > from && text[at - backslashes - 1] === "\\") backslashes++;
    // With fewer than its own, the text ends around it.
    if (backslashes < own) return at - backslashes;
    if (backslashes % (2 * (own + 1)) === own) return at - own;
  }
  return text.length;
}

const BARE_END = /[\s&,;}\])"'<>]/g;
const LINE_END = /["'\r\n]/g;
/** A scheme is no secret, what follows it is. */
const SCHEME = /(?:Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)[ \t]+/iy;
/** `{SSHA}` of a value, `{user}` and `${user}` of a template. */
const BRACED = /\$?\{[\w.-]{1,64}\}/y;

function afterScheme(text: string, from: number): number {
  SCHEME.lastIndex = from;
  return SCHEME.test(text) ? SCHEME.lastIndex : from;
}

function bareEnd(text: string, from: number, toLineEnd: boolean, keyQuote: string): number {
  BRACED.lastIndex = from;
  const isBraced = keyQuote === "" && BRACED.test(text);
  // Objects are walked through for keys of their own.
  if (text[from] === "{" && !isBraced) return from;
  const end = toLineEnd ? LINE_END : BARE_END;
  end.lastIndex = isBraced ? BRACED.lastIndex : from;
  return end.exec(text)?.index ?? text.length;
}

/** By its form, before: what follows is no part of it. */
function isMasked(text: string, from: number): boolean {
  return text.startsWith(MASK, from) &&
    /^(?:[\s@&,;}\])"'<>\\]|$)/.test(text.slice(from + MASK.length, from + MASK.length + 1));
}

/** What says that there is no secret is no longer, in UTF-16 units: each is looked at for each key in it. */
const MAX_NOTHING = 1_024;

/** What says that there is no secret, what a template has in its place, and what was masked already. */
function isNothing(text: string, from: number, to: number): boolean {
  return to - from <= MAX_NOTHING &&
    /^(?:null|undefined|none|nil|true|false|\*+|redacted|<[^>]*>|\$?\{[\w.-]*\}|%[sdvq])$/i.test(
      text.slice(from, to),
    );
}
