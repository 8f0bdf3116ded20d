/** Secrets that are known by their form, wherever they stand. */
import type { Steps } from "../bounded_pattern.ts";
import { findCharacter, includes, type Text } from "../pattern/text.ts";
import { NAMES, SUFFIX } from "./secret_names.ts";
import {
  isLong,
  type LongMatch,
  replaceAtOnce,
  replaceForm,
  replacementOf,
  runningTo,
  type WindowForm,
} from "./windows.ts";

/** What stands in place of a secret. */
export const MASK = "******";

const KEY = `(?:${NAMES})(?:${SUFFIX})?`;

/** A form of secrets. What its replacement keeps stands before the secret. */
interface SecretForm extends WindowForm {
  /** A text that each of them has, which is looked for first. */
  readonly needle: string;
}

/** So far an attempt at a form looks that has no longer parts. */
const REACH = 1_024;

function form(
  needle: string,
  regexp: RegExp,
  replacement: WindowForm["replacement"] = MASK,
  others: Partial<Pick<WindowForm, "reach" | "behind" | "runOn">> = {},
): SecretForm {
  return { needle, regexp, replacement, reach: REACH, ...others };
}

const NO_WORD = /\W/g;
const NO_LETTER = /[^A-Za-z0-9]/g;
const NO_KEY = /[^\w-]/g;
const NO_BEARER = /[^\w.~+/-]/g;
const NO_EQUALS = /[^=]/g;
const NO_SIGNATURE = /[&\s"'<>\\]/g;

/** A form that ends with as many characters as there are of one kind. */
function run(needle: string, regexp: RegExp, other: RegExp | ((found: string) => RegExp)): SecretForm {
  const runOn = runningTo(typeof other === "function" ? other : () => other, MASK);
  return form(needle, regexp, MASK, { runOn });
}

/** A part of a JWT behind the first one. */
const JWT_PART = /^\.eyJ[\w-]{8}/;
const JWT_PART_LENGTH = ".eyJ".length + 8;
const FIRST_PART_LENGTH = JWT_PART_LENGTH - 1;

/** Its parts are told by the dots between them: two of them begin alike, the third is a signature of any length. */
function* jwtOn(text: Text, [found]: RegExpExecArray, end: number): Steps<LongMatch> {
  let dots = found.split(".").length - 1;
  let to = yield* findCharacter(text, NO_KEY, end);
  const length = to - end + found.length;
  if (dots === 0 && length >= FIRST_PART_LENGTH && JWT_PART.test(text.slice(to, to + JWT_PART_LENGTH))) {
    dots++;
    to = yield* findCharacter(text, NO_KEY, to + 1);
  }
  if (dots === 1 && text.slice(to, to + 1) === ".") to = yield* findCharacter(text, NO_KEY, to + 1);
  return { to, by: dots === 0 ? undefined : MASK };
}

const NO_BASE64 = /[^A-Za-z0-9+/=]/g;
const NO_BACKSLASH = /[^\\]/g;
/** A line of a key, with what stands before it: so many parts, and so many characters that it has at least. */
const KEY_LINE = /(?:\s|\\+[nr]){0,1024}[A-Za-z0-9+/=]{16}/y;
const MAX_BEFORE_LINE = 1024;
const LINE_BEGIN = /^[A-Za-z0-9+/=]{16}$/;
const LINE_BEGIN_LENGTH = 16;
/** What may go on to one. */
const BEFORE_KEY_LINE = /^[\s\\nr]*[A-Za-z0-9+/=]{0,16}$/;
const KEY_LINES = 4_096;

/** A key without an end: as many lines as there are, up to {@link KEY_LINES}. */
function* keyOn(text: Text, [found]: RegExpExecArray, end: number): Steps<LongMatch> {
  KEY_LINE.lastIndex = found.lastIndexOf("KEY-----") + "KEY-----".length;
  let lines = 0;
  for (; KEY_LINE.test(found); lines++) {
    NO_BASE64.lastIndex = KEY_LINE.lastIndex;
    KEY_LINE.lastIndex = NO_BASE64.exec(found)?.index ?? found.length;
  }
  // Without a line there is none to go on with.
  let to = lines === 0 ? end : yield* findCharacter(text, NO_BASE64, end);
  while (lines < KEY_LINES && to < text.length) {
    const lineAt = yield* keyLineAt(text, to);
    if (lineAt === undefined) break;
    to = yield* findCharacter(text, NO_BASE64, lineAt);
    if (++lines % 64 === 0) yield;
  }
  return { to, by: MASK };
}

/** Where a line of a key is within its characters that {@link KEY_LINE} finds at a place; `undefined`: it finds none. */
function* keyLineAt(text: Text, from: number): Steps<number | undefined> {
  const seen = text.slice(from, from + REACH);
  KEY_LINE.lastIndex = 0;
  if (KEY_LINE.test(seen)) return from + KEY_LINE.lastIndex;
  if (from + REACH >= text.length || !BEFORE_KEY_LINE.test(seen)) return undefined;
  // It begins behind what is seen: there may be millions of backslashes before it.
  let at = from;
  for (let parts = 0; parts < MAX_BEFORE_LINE; parts++) {
    const part = text.slice(at, at + 1);
    if (part === "\\") {
      at = yield* findCharacter(text, NO_BACKSLASH, at);
      if (!/^[nr]/.test(text.slice(at, at + 1))) return undefined;
    } else if (!/^\s/.test(part)) break;
    at++;
  }
  return LINE_BEGIN.test(text.slice(at, at + LINE_BEGIN_LENGTH)) ? at + LINE_BEGIN_LENGTH : undefined;
}

const BEARER = `$1 ${MASK}`;

function* bearerOn(text: Text, found: RegExpExecArray, end: number): Steps<LongMatch> {
  const equalsAt = found[0].endsWith("=") ? end : yield* findCharacter(text, NO_BEARER, end);
  return { to: yield* findCharacter(text, NO_EQUALS, equalsAt), by: replacementOf(BEARER, found) };
}

/** All forms; exported for tests. `x{8}x*` rather than `x{8,}`, for which V8 needs a stack as large as the text. */
export const FORMS: readonly SecretForm[] = [
  // AWS.
  form("IA", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g),
  // JWT. What only begins as one is taken too, as it is: there may be a begin in each of its words.
  form(
    "eyJ",
    /\beyJ(?:[\w-]{8}[\w-]*(?:\.eyJ[\w-]{8}[\w-]*(?:\.[\w-]*)?)?|[\w-]*)/g,
    (found) => found.includes(".") ? MASK : found,
    { behind: /[\w.-]*/y, runOn: jwtOn },
  ),
  // Dataway.
  run("tkn_", /\btkn_\w{6}\w*/g, NO_WORD),
  // GitHub.
  run(
    "_",
    /\b(?:gh[pousr]_[A-Za-z0-9]{20}[A-Za-z0-9]*|github_pat_\w{22}\w*)/g,
    (found) => found.startsWith("github") ? NO_WORD : NO_LETTER,
  ),
  // Slack, Stripe, Google, npm, GitLab, SendGrid, Anthropic and OpenAI.
  run("xox", /\bxox[a-z]-[\w-]{10}[\w-]*/g, NO_KEY),
  run("k_", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16}[A-Za-z0-9]*/g, NO_LETTER),
  form("AIza", /\bAIza[\w-]{35}/g),
  form("npm_", /\bnpm_[A-Za-z0-9]{36}/g),
  run("glpat-", /\bglpat-[\w-]{20}[\w-]*/g, NO_KEY),
  run("SG.", /\bSG\.[\w-]{16,512}\.[\w-]{16}[\w-]*/g, NO_KEY),
  run(
    "sk-",
    /\bsk-(?:(?:ant|proj|svcacct)-[\w-]{16}[\w-]*|[A-Za-z0-9]{32}[A-Za-z0-9]*)/g,
    (found) => /^sk-(?:ant|proj|svcacct)-/.test(found) ? NO_KEY : NO_LETTER,
  ),
  form("", /\b(Bearer|Basic) {1,256}[\w.~+/-]{16}[\w.~+/-]*=*/gi, BEARER, { runOn: bearerOn }),
  // What a signed address needs to be of use.
  form("ignature=", /([?&](?:X-(?:Amz|Goog)-)?Signature=)[^&\s"'<>\\]+/g, `$1${MASK}`, {
    runOn: runningTo(() => NO_SIGNATURE, `$1${MASK}`),
  }),
  form("://", /(:\/\/[^\s/:@?#"']{0,256}:)[^\s/@?#"']{1,256}@/g, `$1${MASK}@`),
  // To its end, or as far as it is cut.
  form(
    "-----BEGIN",
    new RegExp(
      "-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?:[\\w+/=\\s\\\\:,]|-(?!----)){0,8192}-----END [A-Z ]{0,40}PRIVATE KEY-----|" +
        "(?:(?:\\s|\\\\+[nr]){0,1024}[A-Za-z0-9+/=]{16}[A-Za-z0-9+/=]*){0,4096})",
      "g",
    ),
    MASK,
    { reach: 8_192 + REACH, behind: /[\w+/=\s\\]*/y, runOn: keyOn },
  ),
  // `<password>…</password>`, `--password …`, `PASSWORD '…'`.
  form(
    "<",
    new RegExp(`(<[\\w:.-]{0,64}${KEY}(?:\\s[^<>]{0,256})?>)[^<>]{1,4096}(?=<)`, "gi"),
    `$1${MASK}`,
    { reach: 4_096 + REACH },
  ),
  form(
    "--",
    new RegExp(`(--[\\w.-]{0,40}${KEY}[ \\t]{1,8})(?!-)[^\\s"'\\\\]{1,1024}`, "gi"),
    `$1${MASK}`,
    { reach: 2 * REACH },
  ),
  form("'", /\b((?:password|passwd)[ \t]{1,8}')[^']{1,256}(?=')/gi, `$1${MASK}`),
];

/** A short text without what has such a form. */
export function maskShortForms(text: string): string {
  let masked = text;
  for (const each of FORMS) if (masked.includes(each.needle)) masked = replaceAtOnce(masked, each);
  return masked;
}

/** `text` without what has such a form. */
export function* maskForms(text: Text, window: number): Steps<Text> {
  let masked = text;
  for (const each of FORMS) {
    if (yield* includes(masked, each.needle)) masked = yield* replaceForm(masked, each, window);
    if (isLong(masked)) yield;
  }
  return masked;
}
