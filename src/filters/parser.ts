/**
 * Conditions of filters, by DataKit's grammar.
 * @see https://github.com/GuanceCloud/cliutils/blob/v1.1.21/filter/gram.y
 */
import { re2RegExp } from "./re2.ts";
import { FilterSyntaxError, type Token, tokenize } from "./tokens.ts";

/** A value written in a condition: `bigint` is an integer, `number` a float, `null` is `nil`. */
export type Literal = string | number | bigint | boolean | null;

export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=";
const COMPARISONS: readonly string[] = ["=", "!=", ">", ">=", "<", "<="];

export type Expression =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "literal"; readonly value: Literal }
  | { readonly kind: "regexp"; readonly regexp: RegExp }
  /** What may be written and has no value: `a.b`, `*`, arithmetic. */
  | { readonly kind: "unknown" }
  | { readonly kind: "paren"; readonly inner: Expression }
  | Operation;

/** What has a truth. */
export type Operation =
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
    readonly kind: "compare";
    readonly op: Comparison;
    readonly left: Expression;
    readonly right: Expression;
  }
  /** `in` and `notin`; what is no literal in the list is left out. `key` is no name for `a.b`. */
  | {
    readonly kind: "in";
    readonly key: Expression;
    readonly items: readonly Literal[];
    readonly negated: boolean;
  }
  | {
    readonly kind: "match";
    readonly key: Expression;
    readonly patterns: readonly RegExp[];
    readonly negated: boolean;
  }
  /** Arithmetic, which is never true. */
  | { readonly kind: "arithmetic" };

/** One `{ … }`: all of its parts must be true. */
export type Braces = readonly Expression[];

/** Nested deeper than this is refused, here and not by the engine's stack. */
const MAX_DEPTH = 100;
/** So are longer chains: each link is a level when they are judged. */
const MAX_OPERATIONS = 1000;
/** From the loosest: `^` alone groups to the right. */
const LEVELS: readonly (readonly string[])[] = [
  ["||", "or"],
  ["&&", "and"],
  COMPARISONS,
  ["+", "-"],
  ["*", "/", "%"],
  ["^"],
];
const POWER_LEVEL = LEVELS.length - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/** Adds all names in an expression, which a point may have as keys. */
export function addNames(expression: Expression, names: Set<string>): void {
  switch (expression.kind) {
    case "name":
      names.add(expression.name);
      return;
    case "paren":
      return addNames(expression.inner, names);
    case "in":
    case "match":
      return addNames(expression.key, names);
    case "and":
    case "or":
    case "compare":
      addNames(expression.left, names);
      addNames(expression.right, names);
  }
}

/** Adds all patterns in an expression, each with the name of what it is looked for in. */
export function addPatterns(expression: Expression, patterns: Map<RegExp, string>): void {
  switch (expression.kind) {
    case "paren":
      return addPatterns(expression.inner, patterns);
    case "match": {
      const { key } = expression;
      if (key.kind !== "name") return;
      for (const pattern of expression.patterns) patterns.set(pattern, key.name);
      return;
    }
    case "compare": {
      const { left, right } = expression;
      if (left.kind === "name" && right.kind === "regexp") patterns.set(right.regexp, left.name);
      return;
    }
    case "and":
    case "or":
      addPatterns(expression.left, patterns);
      addPatterns(expression.right, patterns);
  }
}

/** The braces of a condition, of which one must hold. Throws {@link FilterSyntaxError}. */
export function parseCondition(input: string): readonly Braces[] {
  const cursor = { tokens: tokenize(input), at: 0, depth: 0, operations: 0 };
  const parsed: Braces[] = [];
  let isFirstEmpty = false;
  for (let index = 0;; index++) {
    const braces = readBraces(cursor);
    if (braces !== undefined) parsed.push(braces);
    else if (index === 0) isFirstEmpty = true;
    if (!takeIf(cursor, "symbol", ";")) break;
  }
  if (peek(cursor).kind !== "end") throw unexpected(cursor);
  // DataKit ends at the first thing that is not a condition, whatever follows.
  return isFirstEmpty ? [] : parsed;
}

interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
  operations: number;
}

function readBraces(cursor: Cursor): Braces | undefined {
  if (!takeIf(cursor, "symbol", "{")) return undefined;
  const parts: Expression[] = [];
  let mayFollow = true;
  while (!takeIf(cursor, "symbol", "}")) {
    if (takeIf(cursor, "symbol", ",")) {
      mayFollow = true;
      continue;
    }
    if (!mayFollow) throw unexpected(cursor);
    const part = readExpression(cursor, 0);
    if (!hasTruth(part)) throw new FilterSyntaxError("must compare something in each part");
    parts.push(part);
    mayFollow = false;
  }
  return parts;
}

/** Whether something may stand by itself, or beside `and` and `or`. */
export function hasTruth({ kind }: Expression): boolean {
  return kind !== "name" && kind !== "literal" && kind !== "regexp" && kind !== "unknown";
}

function readExpression(cursor: Cursor, level: number): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return readPrimary(cursor);
  let left = readExpression(cursor, level + 1);
  for (;;) {
    const { kind, text } = peek(cursor);
    if ((kind !== "symbol" && kind !== "keyword") || !operators.includes(text)) return left;
    cursor.at++;
    if (++cursor.operations > MAX_OPERATIONS) {
      throw new FilterSyntaxError(`must have at most ${MAX_OPERATIONS} operators`);
    }
    const right = level === POWER_LEVEL
      ? nested(cursor, () => readExpression(cursor, level))
      : readExpression(cursor, level + 1);
    left = combine(text, left, right);
  }
}

function combine(op: string, left: Expression, right: Expression): Expression {
  if (op === "and" || op === "&&") return { kind: "and", left, right };
  if (op === "or" || op === "||") return { kind: "or", left, right };
  if (isComparison(op)) return { kind: "compare", op, left, right };
  const isZero = right.kind === "literal" && (right.value === 0n || right.value === 0);
  if ((op === "/" || op === "%") && isZero) throw new FilterSyntaxError("must not divide by zero");
  return { kind: "arithmetic" };
}

function isComparison(op: string): op is Comparison {
  return COMPARISONS.includes(op);
}

function readPrimary(cursor: Cursor): Expression {
  const { kind, text } = peek(cursor);
  if (kind === "symbol" && text === "(") {
    cursor.at++;
    const inner = nested(cursor, () => readExpression(cursor, 0));
    expect(cursor, ")");
    return { kind: "paren", inner };
  }
  if (kind === "keyword" && text === "re") return { kind: "regexp", regexp: readRegExp(cursor) };
  const value = readElement(cursor);
  if (value.kind !== "name" && !(value.kind === "unknown" && text !== "*")) return value;
  return readListOperation(cursor, value) ?? value;
}

/** `in`, `notin`, `match` and `notmatch` after a key; `undefined`: none of them follows. */
function readListOperation(cursor: Cursor, key: Expression): Operation | undefined {
  const { kind, text } = peek(cursor);
  if (kind !== "keyword") return undefined;
  switch (text) {
    case "in":
    case "notin":
    case "not_in":
      return { kind: "in", key, items: readList(cursor).flatMap(literalOf), negated: text !== "in" };
    case "match":
    case "notmatch": {
      const patterns = readList(cursor).map((item) => {
        if (item.kind === "literal" && typeof item.value === "string") return compile(item.value);
        throw new FilterSyntaxError("must have texts alone in the list of match");
      });
      return { kind: "match", key, patterns, negated: text === "notmatch" };
    }
    default:
      return undefined;
  }
}

function literalOf(item: Expression): readonly Literal[] {
  return item.kind === "literal" ? [item.value] : [];
}

/** The list after an operator that is passed over. */
function readList(cursor: Cursor): readonly Expression[] {
  cursor.at++;
  expect(cursor, "[");
  const items: Expression[] = [];
  if (takeIf(cursor, "symbol", "]")) return items;
  // An empty first place is DataKit's empty list, to which a comma may add.
  if (peek(cursor).text !== "," || peek(cursor).kind !== "symbol") items.push(readElement(cursor));
  while (takeIf(cursor, "symbol", ",")) items.push(readElement(cursor));
  expect(cursor, "]");
  return items;
}

/** A literal, a key or `*`. */
function readElement(cursor: Cursor): Expression {
  const { kind, text } = peek(cursor);
  cursor.at++;
  switch (kind) {
    case "number":
      return { kind: "literal", value: readNumber(text) };
    case "text":
      return { kind: "literal", value: text };
    case "symbol":
      if (text === "*") return { kind: "unknown" };
      if ((text === "-" || text === "+") && peek(cursor).kind === "number") {
        const value = readNumber(peek(cursor).text);
        cursor.at++;
        return { kind: "literal", value: text === "-" ? -value : value };
      }
      break;
    case "keyword":
      if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
      if (text === "nil" || text === "null") return { kind: "literal", value: null };
  }
  cursor.at--;
  return readKey(cursor);
}

function readKey(cursor: Cursor): Expression {
  const name = readName(cursor);
  let isAttribute = false;
  while (takeIf(cursor, "symbol", ".")) {
    readName(cursor);
    isAttribute = true;
  }
  // DataKit parses calls, but nothing that it parses so is ever true.
  if (peek(cursor).kind === "symbol" && peek(cursor).text === "(") {
    throw new FilterSyntaxError("must not call a function");
  }
  return isAttribute ? { kind: "unknown" } : { kind: "name", name };
}

function readName(cursor: Cursor): string {
  const { kind, text } = peek(cursor);
  if (kind === "name" || kind === "quoted_name") {
    cursor.at++;
    return text;
  }
  if (!takeIf(cursor, "keyword", "identifier")) throw unexpected(cursor);
  expect(cursor, "(");
  const name = expectText(cursor, false);
  expect(cursor, ")");
  return name;
}

/** `re('…')`, the quotes of any kind. */
function readRegExp(cursor: Cursor): RegExp {
  cursor.at++;
  expect(cursor, "(");
  const pattern = expectText(cursor, true);
  expect(cursor, ")");
  return compile(pattern);
}

function compile(pattern: string): RegExp {
  const made = re2RegExp(pattern);
  if ("regexp" in made) return made.regexp;
  throw new FilterSyntaxError(`${made.broken}, in the pattern ${JSON.stringify(pattern)}`);
}

/** Go's numbers: `0x1f`, `017`, and as a float what is no int64. */
function readNumber(text: string): bigint | number {
  if (text === "inf" || text === "nan") return text === "inf" ? Infinity : NaN;
  if (/^(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)$/.test(text)) {
    const value = BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
    if (value <= MAX_INT64) return value;
    if (/x/i.test(text)) throw new FilterSyntaxError("must not have a hexadecimal number above int64");
  }
  const value = /x/i.test(text) || !/^[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$/.test(text)
    ? NaN
    : Number(text);
  if (Number.isFinite(value)) return value;
  throw new FilterSyntaxError(`must not have the number ${text}`);
}

function nested<T>(cursor: Cursor, read: () => T): T {
  if (cursor.depth >= MAX_DEPTH) throw new FilterSyntaxError(`must be nested at most ${MAX_DEPTH} deep`);
  cursor.depth++;
  const result = read();
  cursor.depth--;
  return result;
}

function peek({ tokens, at }: Cursor): Token {
  return tokens[at] ?? { kind: "end", text: "" };
}

function takeIf(cursor: Cursor, kind: Token["kind"], text: string): boolean {
  const next = peek(cursor);
  const isIt = next.kind === kind && next.text === text;
  if (isIt) cursor.at++;
  return isIt;
}

function expect(cursor: Cursor, symbol: string): void {
  if (!takeIf(cursor, "symbol", symbol)) throw unexpected(cursor);
}

function expectText(cursor: Cursor, mayBeQuotedName: boolean): string {
  const { kind, text } = peek(cursor);
  if (kind !== "text" && !(mayBeQuotedName && kind === "quoted_name")) throw unexpected(cursor);
  cursor.at++;
  return text;
}

function unexpected(cursor: Cursor): FilterSyntaxError {
  const { kind, text } = peek(cursor);
  return new FilterSyntaxError(
    kind === "end" ? "must not end there" : `must not have ${JSON.stringify(text)} there`,
  );
}
