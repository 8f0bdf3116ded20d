import {
  isAtArray,
  isAtMap,
  isAtString,
  type MsgpackCursor,
  peek,
  skip,
  takeArray,
  takeInteger,
  takeMap,
  takeNumber,
  takeText,
  textOf,
} from "./msgpack_cursor.ts";

/** What can be written as JSON without loss: `bigint` as a bare number, bytes as base64. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Json[]
  | ReadonlyMap<string, Json>;

/** What a value may still take: it is made at once, and would be cut anyway where it is more. */
export interface ValueBudget {
  values: number;
  bytes: number;
  /** Something nested deeper than anyone nests became null. */
  isCut: boolean;
}

/** A value is more than its budget. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/** Deeper values become null: nobody nests so, but an attack does. */
export const MAX_DEPTH = 32;
const MAX_VALUES = 10_000;

/** A budget for a value whose JSON may have this many characters. */
export function createBudget(maxLength: number): ValueBudget {
  return { values: MAX_VALUES, bytes: maxLength, isCut: false };
}

/** Takes one more value out of the budget. Throws {@link TooLargeError}. */
export function spend(budget: ValueBudget, bytes = 0): void {
  budget.values--;
  budget.bytes -= bytes;
  if (budget.values < 0 || budget.bytes < 0) {
    throw new TooLargeError("Cannot decode a value as it is more than a message holds");
  }
}

/** Takes any value. Throws {@link TooLargeError} for one beyond the budget. */
export function readValue(cursor: MsgpackCursor, budget: ValueBudget, depth = 0): Json {
  spend(budget);
  if (depth >= MAX_DEPTH) {
    budget.isCut = true;
    skip(cursor);
    return null;
  }
  const head = peek(cursor);
  if (head === 0xc2 || head === 0xc3) {
    cursor.at++;
    return head === 0xc3;
  }
  if (head === 0xcf || head === 0xd3) {
    takeInteger(cursor);
    return wideInteger(cursor, head === 0xd3);
  }
  if (takeNumber(cursor)) return cursor.number;
  if (isAtString(cursor)) return takeBudgetedText(cursor, budget);
  if (isAtArray(cursor)) return readList(cursor, budget, depth);
  if (isAtMap(cursor)) return readMap(cursor, budget, depth);
  if (takeText(cursor)) {
    spend(budget, cursor.to - cursor.from);
    return cursor.bytes.subarray(cursor.from, cursor.to);
  }
  skip(cursor);
  return null;
}

/** The last integer; `bigint`, as it was written with 64 bits. */
export function wideInteger({ low, high }: MsgpackCursor, isSigned: boolean): bigint {
  const bits = BigInt(high) << 32n | BigInt(low);
  return isSigned ? BigInt.asIntN(64, bits) : bits;
}

function takeBudgetedText(cursor: MsgpackCursor, budget: ValueBudget): string {
  takeText(cursor);
  spend(budget, cursor.to - cursor.from);
  return textOf(cursor);
}

function readList(cursor: MsgpackCursor, budget: ValueBudget, depth: number): Json {
  const list: Json[] = [];
  for (let left = takeArray(cursor); left > 0; left--) list.push(readValue(cursor, budget, depth + 1));
  return list;
}

function readMap(cursor: MsgpackCursor, budget: ValueBudget, depth: number): Json {
  const members = new Map<string, Json>();
  for (let left = takeMap(cursor); left > 0; left--) {
    const key = readValue(cursor, budget, depth + 1);
    members.set(typeof key === "object" ? "" : String(key), readValue(cursor, budget, depth + 1));
  }
  return members;
}
