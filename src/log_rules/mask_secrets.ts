/**
 * Takes secrets out of text: the values of keys that name one (`password=…`, `"apiKey":"…"`, `Authorization: …`,
 * `?token=…&`), and what is known by its form (AWS key ids, JWTs, private keys, passwords in addresses). Keys are
 * those that DataKit masks; a prefix or another way of writing (`DB_PASSWORD`, `dbPassword`, `x-api-key`) is the same
 * key. Everything else is left as it is, to the character.
 */

/** What stands in place of a secret. */
export const MASK = "******";

/** `text` without secrets; the very same text if it has none. */
export function maskSecrets(text: string): string {
  // Nearly all lines end here.
  if (!HINT.test(text)) return text;
  return maskForms(maskValues(text));
}

/** Whether a key's value is a secret, whatever it is. */
export function isSecretKey(key: string): boolean {
  const found = key.match(KEY);
  return found !== null && key.endsWith(found.at(-1) ?? "");
}

const NAMES = [
  "api[_-]?key",
  "access[_-]?key(?:[_-]?id)?",
  "secret(?:[_-]?(?:access[_-]?)?key)?",
  "private[_-]?key",
  "token",
  "password",
  "passwd",
  "passphrase",
  "pwd",
  "credentials?",
];
/** Their values go to the end of the line: they have blanks and separators in them. */
const LONG_NAMES = ["authorization", "(?:set-?)?cookie"];

/** The end of a key: a longer word (`tokens`, `passwordHash`) is another key. */
const KEY = new RegExp(`(?:${[...LONG_NAMES, ...NAMES].join("|")})(?![A-Za-z0-9])`, "gi");
const LONG_KEY = new RegExp(`(?:${LONG_NAMES.join("|")})$`, "i");
/** Something that every secret found here has. */
const HINT =
  /key|secret|token|passw|passph|pwd|credential|authorization|cookie|akia|asia|eyj|:\/\/|tkn_|bearer/i;

/** Secrets known by their form. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, MASK],
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?/g, MASK],
  [/\btkn_\w{6,}/g, MASK],
  [/\b(Bearer|Basic) +[\w.~+/-]{16,}=*/gi, `$1 ${MASK}`],
  [/(:\/\/[^\s/:@?#"']{0,256}:)[^\s/@?#"']{1,256}@/g, `$1${MASK}@`],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,65536}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, MASK],
];

function maskForms(text: string): string {
  let masked = text;
  for (const [form, replacement] of FORMS) masked = masked.replace(form, replacement);
  return masked;
}

/** One walk over the keys: what follows a key decides whether it has a value, and where that ends. */
function maskValues(text: string): string {
  let masked = "";
  let done = 0;
  KEY.lastIndex = 0;
  for (let found = KEY.exec(text); found !== null; found = KEY.exec(text)) {
    if (found.index < done) continue;
    const value = findValue(text, found.index + found[0].length, LONG_KEY.test(found[0]));
    if (value === undefined) continue;
    masked += text.slice(done, value.from) + value.mask;
    done = value.to;
    KEY.lastIndex = Math.max(KEY.lastIndex, done);
  }
  return masked + text.slice(done);
}

interface Value {
  readonly from: number;
  readonly to: number;
  readonly mask: string;
}

/** What may stand between a key's end and its value: quotes, escaped ones too, blanks, a separator. */
const BETWEEN = /(\\*["']|)[ \t]{0,8}(?:=>|[=:])[ \t]{0,8}(\\*["'`]|)/y;

function findValue(text: string, keyEnd: number, isLong: boolean): Value | undefined {
  BETWEEN.lastIndex = keyEnd;
  const between = BETWEEN.exec(text);
  if (between === null) return undefined;
  const [whole, keyQuote = "", quote = ""] = between;
  const from = afterScheme(text, keyEnd + whole.length);
  const to = quote === "" ? bareEnd(text, from, isLong, keyQuote) : quotedEnd(text, from, quote);
  if (to <= from || isNothing(text.slice(from, to))) return undefined;
  // A bare value under a quoted key is JSON's number or word: what stands for it must be JSON too.
  const isJsonBare = quote === "" && keyQuote !== "";
  return { from, to, mask: isJsonBare ? `${keyQuote}${MASK}${keyQuote}` : MASK };
}

/** Where the quote comes again that began the value, with as many backslashes before it. */
function quotedEnd(text: string, from: number, quote: string): number {
  if (quote.length > 1) {
    const end = text.indexOf(quote, from);
    return end < 0 ? text.length : end;
  }
  for (let at = from; at < text.length; at++) {
    const unit = text[at];
    if (unit === "\\") at++;
    else if (unit === quote) return at;
  }
  return text.length;
}

const BARE_END = /[\s&,;}\])"'<>]/g;
const LINE_END = /["'\r\n]/g;
/** A scheme is no secret, what follows it is. */
const SCHEME = /(?:Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)[ \t]+/iy;

function afterScheme(text: string, from: number): number {
  SCHEME.lastIndex = from;
  return SCHEME.test(text) ? SCHEME.lastIndex : from;
}

function bareEnd(text: string, from: number, isLong: boolean, keyQuote: string): number {
  // JSON's objects and lists are walked through for keys of their own.
  if (keyQuote !== "" && (text[from] === "{" || text[from] === "[")) return from;
  const end = isLong ? LINE_END : BARE_END;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

/** What says that there is no secret, and what was masked already. */
function isNothing(value: string): boolean {
  return /^(?:null|undefined|none|nil|true|false|\*+|\[redacted\]|<[^>]*>)$/i.test(value);
}
