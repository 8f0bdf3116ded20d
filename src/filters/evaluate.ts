/**
 * Whether a condition holds for a point: DataKit's rules, with its ideas of types and of keys that are missing.
 * @see https://github.com/GuanceCloud/cliutils/blob/v1.1.21/filter/eval.go
 */
import type { FieldValue } from "../point/point.ts";
import {
  type Braces,
  type Comparison,
  type Expression,
  hasTruth,
  type Literal,
  type Operation,
} from "./parser.ts";

/** A point's value of a key; `undefined`: the point has no such key. */
export type Lookup = (key: string) => FieldValue | undefined;

/** Whether a pattern is found in a text. */
export type PatternTest = (pattern: RegExp, text: string) => boolean;

const testAtOnce: PatternTest = (pattern, text) => pattern.test(text);

/** Floats this near are equal. */
const FLOAT_TOLERANCE = 1e-9;

/** Whether one of the braces holds. */
export function holds(
  condition: readonly Braces[],
  lookup: Lookup,
  test: PatternTest = testAtOnce,
): boolean {
  // A part in parentheses alone is no operation to DataKit, and never true.
  return condition.some((parts) =>
    parts.every((part) => part.kind !== "paren" && isTrue(part, lookup, test))
  );
}

function isTrue(expression: Expression, lookup: Lookup, test: PatternTest): boolean {
  switch (expression.kind) {
    case "paren":
      return isTrue(expression.inner, lookup, test);
    case "and":
    case "or": {
      const { kind, left, right } = expression;
      if (!hasTruth(left) || !hasTruth(right)) return false;
      return kind === "and"
        ? isTrue(left, lookup, test) && isTrue(right, lookup, test)
        : isTrue(left, lookup, test) || isTrue(right, lookup, test);
    }
    case "compare":
      return compare(expression, lookup, test);
    case "in":
      return isIn(expression, lookup);
    case "match":
      return matches(expression, lookup, test);
    default:
      return false;
  }
}

function compare(
  { op, left, right }: Extract<Operation, { kind: "compare" }>,
  lookup: Lookup,
  test: PatternTest,
): boolean {
  const other = right.kind === "literal" ? right.value : right.kind === "regexp" ? right.regexp : undefined;
  if (other === undefined) return false;
  if (left.kind === "literal") return compareValues(op, left.value, other, test);
  if (left.kind !== "name") return false;
  const value = lookup(left.name);
  if (value !== undefined) return compareValues(op, value, other, test);
  // Missing: compared to nil.
  return op === "=" ? other === null : op === "!=" && other !== null;
}

function isIn({ key, items, negated }: Extract<Operation, { kind: "in" }>, lookup: Lookup): boolean {
  if (key.kind !== "name") return false;
  const value = lookup(key.name);
  if (value !== undefined) return items.some((item) => compareValues("=", value, item)) !== negated;
  return negated ? !items.includes(null) : items.length > 0 && items[0] === null;
}

/** One pattern that is found, or for `notmatch` one that is not. */
function matches(
  { key, patterns, negated }: Extract<Operation, { kind: "match" }>,
  lookup: Lookup,
  test: PatternTest,
): boolean {
  const value = key.kind === "name" ? lookup(key.name) : undefined;
  return typeof value === "string" && patterns.some((pattern) => test(pattern, value) !== negated);
}

function compareValues(
  op: Comparison,
  left: FieldValue | null,
  right: Literal | RegExp,
  test: PatternTest = testAtOnce,
): boolean {
  if (right instanceof RegExp) {
    if (typeof left !== "string") return false;
    return op === "=" ? test(right, left) : op === "!=";
  }
  if (right === null) return op === "=" ? left === null : op === "!=" && left !== null;
  // Integers are bigints and floats numbers: like in Go, no value equals one of another type, nor differs from it.
  if (left === null || typeof left !== typeof right) return false;
  if (op === "!=") return left !== right;
  if (op !== "=") return isOrdered(op, left, right);
  if (typeof left !== "number" || typeof right !== "number") return left === right;
  return Math.abs(left - right) <= FLOAT_TOLERANCE;
}

function isOrdered(op: Comparison, left: FieldValue, right: Literal): boolean {
  if (typeof left === "string" && typeof right === "string") {
    return hasOrder(op, compareBytes(left, right), 0);
  }
  if (typeof left === "bigint" && typeof right === "bigint") return hasOrder(op, left, right);
  return typeof left === "number" && typeof right === "number" && hasOrder(op, left, right);
}

function hasOrder<T extends number | bigint>(op: Comparison, left: T, right: T): boolean {
  switch (op) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    default:
      return op === "<=" && left <= right;
  }
}

/** In the order of their UTF-8 bytes, which is that of their code points. */
function compareBytes(left: string, right: string): number {
  if (left === right) return 0;
  for (let at = 0; at < Math.min(left.length, right.length);) {
    const [a, b] = [left.codePointAt(at) ?? 0, right.codePointAt(at) ?? 0];
    if (a !== b) return a - b;
    at += a > 0xffff ? 2 : 1;
  }
  return left.length - right.length;
}
