/**
 * The words of a filter's condition, cut as DataKit cuts them, its oddities included: what it refuses is refused.
 * @see https://github.com/GuanceCloud/cliutils/blob/v1.1.21/filter/lex.go
 */

/** What is wrong with a condition: it "must …". */
export class FilterSyntaxError extends Error {}

export type TokenKind = "name" | "quoted_name" | "text" | "number" | "keyword" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; keywords in small letters, texts and quoted names without quotes and escapes. */
  readonly text: string;
}

const KEYWORDS: ReadonlySet<string> = new Set(
  ("and as asc auto by desc match notmatch false filter identifier in notin not_in limit link nil null offset " +
    "with or order re int float slimit soffset true tz").split(" "),
);
/** The first that fits counts. */
const SYMBOL = /&&|\|\||!=|<=|>=|[.,*/%+\-^=;<>(){}[\]]/y;
const SPACE = /[ \t\n\r]+/y;
const COMMENT = /#[^\r\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER =
  /(?:0[xX][0-9A-Fa-f]*(?:\.[0-9A-Fa-f]*)?|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]*)?(?![A-Za-z0-9_])/y;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};
/** Digits, base and largest value of the others, by their first letter. */
const CODE_ESCAPE = /(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3}))/y;
const MAX_CODE_POINT = 0x10ffff;

/** All tokens, `end` last. Throws {@link FilterSyntaxError}. */
export function tokenize(input: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < input.length;) {
    const skipped = matchAt(SPACE, input, at) ?? matchAt(COMMENT, input, at);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const [token, length] = readToken(input, at);
    tokens.push(token);
    at += length;
  }
  return [...tokens, { kind: "end", text: "" }];
}

/** A token and how many characters it takes. */
function readToken(input: string, at: number): readonly [Token, number] {
  const first = input[at] ?? "";
  if (first === "'" || first === '"') return readText(input, at, first);
  if (first === "`") return readQuotedName(input, at);
  const word = matchAt(WORD, input, at);
  if (word !== undefined) return [wordToken(word), word.length];
  if (/[0-9]/.test(first)) {
    const number = matchAt(NUMBER, input, at);
    if (number === undefined) throw new FilterSyntaxError(`must have a number at ${at}`);
    return [{ kind: "number", text: number }, number.length];
  }
  const symbol = matchAt(SYMBOL, input, at);
  if (symbol === undefined) throw new FilterSyntaxError(`must not have ${JSON.stringify(first)} at ${at}`);
  return [{ kind: "symbol", text: symbol }, symbol.length];
}

function wordToken(word: string): Token {
  const small = word.toLowerCase();
  if (small === "inf" || small === "nan") return { kind: "number", text: small };
  return KEYWORDS.has(small) ? { kind: "keyword", text: small } : { kind: "name", text: word };
}

function readQuotedName(input: string, at: number): readonly [Token, number] {
  const end = input.indexOf("`", at + 1);
  const text = input.slice(at + 1, Math.max(at, end));
  if (end < 0 || text.includes("\ufffd")) throw new FilterSyntaxError("must close each ` by another");
  return [{ kind: "quoted_name", text }, end + 1 - at];
}

/** A text without its quotes. */
function readText(input: string, start: number, quote: string): readonly [Token, number] {
  const end = textEnd(input, start + 1, quote);
  return [{ kind: "text", text: unquote(input.slice(start + 1, end), quote) }, end + 1 - start];
}

/** Where the closing quote is. Behind a coded character DataKit's reader passes over one more unseen, whatever it is. */
function textEnd(input: string, from: number, quote: string): number {
  for (let at = from; at < input.length && input[at] !== "\n"; at++) {
    if (input[at] === quote) return at;
    if (input[at] !== "\\") continue;
    at++;
    if (SIMPLE_ESCAPES[input[at] ?? ""] === undefined && input[at] !== quote) {
      at += readCode(input, at).length;
      // A pair of surrogates is one character.
      if ((input.codePointAt(at) ?? 0) > 0xffff) at++;
    }
  }
  throw new FilterSyntaxError(`must close each ${quote} by another`);
}

/** What a text says. Bytes written one by one (`\xe4`) are read as UTF-8. */
function unquote(text: string, quote: string): string {
  if (text.includes("\n")) throw new FilterSyntaxError("must not have a line's end in a text");
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (let at = 0; at < text.length;) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (char === quote) throw new FilterSyntaxError(`must close each ${quote} by another`);
    if (char !== "\\") {
      bytes.push(...encoder.encode(char));
      at += char.length;
      continue;
    }
    const next = text[at + 1] ?? "";
    const simple = next === quote ? quote : SIMPLE_ESCAPES[next];
    const code = simple === undefined ? readCode(text, at + 1) : undefined;
    bytes.push(...code?.bytes ?? [simple?.charCodeAt(0) ?? 0]);
    at += 1 + (code?.length ?? 1);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

function readCode(input: string, at: number): { readonly bytes: readonly number[]; readonly length: number } {
  CODE_ESCAPE.lastIndex = at;
  const found = CODE_ESCAPE.exec(input);
  if (found === null) throw new FilterSyntaxError("must not have an unknown escape in a text");
  const [whole, byte, short, long, octal] = found;
  const code = octal === undefined
    ? Number.parseInt(byte ?? short ?? long ?? "", 16)
    : Number.parseInt(octal, 8);
  if (octal !== undefined || byte !== undefined) {
    if (code > 255) throw new FilterSyntaxError("must not have an octal escape above \\377");
    return { bytes: [code], length: whole.length };
  }
  if (code > MAX_CODE_POINT || (code >= 0xd800 && code < 0xe000)) {
    throw new FilterSyntaxError("must not have an escape of no character");
  }
  return { bytes: [...new TextEncoder().encode(String.fromCodePoint(code))], length: whole.length };
}

function matchAt(pattern: RegExp, input: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(input)?.[0];
}
