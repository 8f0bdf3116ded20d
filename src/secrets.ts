/**
 * What must never be printed. Two nets: secrets that are known (from the environment, a secret store), in each form
 * in which they may be quoted; and whatever looks like one, wherever it stands.
 */

/** The text without secrets: `***` stands for each. */
export type Redact = (text: string) => string;

const MASK = "***";
/** A secret shorter than this is not masked where it is known by its value alone: it would mask ordinary words. */
const MIN_LENGTH = 6;
/**
 * Of a variable that is only called a secret, the value must be longer: `on`, `default`, a stage's name are no secrets.
 */
const MIN_NAMED_LENGTH = 8;
const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY|ACCESS_KEY|CREDENTIALS?)$/i;

/** Guance's tokens. */
const TOKEN = /\btkn_[^\s"'<>&,;\\(){}[\]]+/gi;
/** `token=…` of a URL, `"token":"…"` of an answer, and their like; quotes may be escaped. */
const NAMED =
  /((?:token|api[-_]?key|password|passwd|secret)(?:=|\\?["']\s*[:=]\s*\\?["']))(?!…)[^&\s"'\\,]+/gi;
/** What a server quotes of the headers that it got. */
const AUTHORIZATION = /(authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:basic|bearer|digest)\s+)?)[^\s"',\\]+/gi;
/** `user:password@` of a URL. A password may hold any sign, `@` and `/` too. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>\\]*@/gi;
/** The same where the scheme was left out. */
const BARE_USER_INFO = /(^|[\s"'=,;(])[^\s"'=,;(:/@]+:(?!\/\/)[^\s"'\\]+@/gm;

/** Passwords of URLs, with or without a scheme: up to the last `@`, as they may hold one, and up to the first. */
const PASSWORDS: readonly RegExp[] = [
  /:\/\/[^\s/@:]*:([^\s"']+)@/g,
  /:\/\/[^\s/@:]*:([^\s"'/@]+)@/g,
  /(?:^|,)[^\s/@:,]+:(?!\/\/)([^\s"']+)@/g,
  /(?:^|,)[^\s/@:,]+:(?!\/\/)([^\s"'/@]+)@/g,
];

/** Masks what looks like a secret. */
export const redactLooks: Redact = (text) =>
  text.replace(TOKEN, MASK)
    .replace(NAMED, `$1${MASK}`)
    .replace(AUTHORIZATION, `$1${MASK}`)
    .replace(BARE_USER_INFO, `$1${MASK}@`)
    .replace(USER_INFO, `$1${MASK}@`);

/**
 * Masks these secrets, in any case and however a server may quote them (percent-encoding, escapes of JSON and HTML),
 * and what looks like one.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const form of [secret, decode(secret)]) if (form.length >= MIN_LENGTH) forms.add(form);
  }
  if (forms.size === 0) return redactLooks;
  // The longest first: one may be a part of another.
  const longest = Array.from(forms).toSorted((a, b) => b.length - a.length);
  const known = new RegExp(longest.map(anyQuoting).join("|"), "gi");
  return (text) => redactLooks(text.replace(known, MASK));
}

const UTF8 = new TextEncoder();
/** Names that HTML has for what it cannot quote plainly. */
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

/** A pattern of the text with each sign but letters and digits quoted in any of the usual ways, as encoders differ. */
function anyQuoting(text: string): string {
  // A run of backslashes is one sign: as many as each of them may have become could be shared out in endless ways.
  return Array.from(text.matchAll(/\\+|./gsu), ([sign]) => /^[a-z0-9]$/i.test(sign) ? sign : quotingsOf(sign))
    .join("");
}

function quotingsOf(char: string): string {
  if (char.startsWith("\\")) return `(?:\\\\+|(?:%(?:25)*5c)+|(?:&#0*92;)+|(?:&#x0*5c;)+)`;
  const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");
  const code = char.codePointAt(0) ?? 0;
  // `%25` is a percent sign: what was encoded may be encoded again.
  const encoded = Array.from(UTF8.encode(char), (byte) => `%(?:25)*${hex(byte, 2)}`).join("");
  const units = Array.from({ length: char.length }, (_, i) => `\\\\+u${hex(char.charCodeAt(i), 4)}`).join("");
  const forms = [`\\\\*${RegExp.escape(char)}`, encoded, units, `&#0*${code};`, `&#x0*${code.toString(16)};`];
  const entity = ENTITIES[char];
  if (entity !== undefined) forms.push(`&${entity};`);
  if (char === " ") forms.push("\\+");
  return `(?:${forms.join("|")})`;
}

/** The secrets in an environment: values of variables called so, and tokens and passwords in the values of all. */
export function secretsIn(env: Readonly<Record<string, string | undefined>>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [name, value = ""] of Object.entries(env)) {
    const text = value.trim();
    if (SECRET_NAME.test(name) && text.length >= MIN_NAMED_LENGTH) found.add(text);
    for (const [, token = ""] of text.matchAll(/token=([^&,\s"']+)/gi)) found.add(token);
    for (const pattern of PASSWORDS) {
      for (const [, password = ""] of text.matchAll(pattern)) found.add(password);
    }
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
