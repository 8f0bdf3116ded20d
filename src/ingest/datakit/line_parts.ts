/** A point of line protocol as it lies in the body: where its parts are, and its numbers. Used again for each. */
import type { LongContent, TextPiece } from "../../point/long_text.ts";
import type { Scalar } from "../../point/point.ts";
import type { ListItem } from "./long_list.ts";

/** What a part is; {@link ESCAPED_KEY} may stand beside each. */
export const Part = {
  /** A tag, or text without escapes: where it begins and ends. */
  tag: 0,
  escapedTag: 1,
  text: 2,
  /** Text with a backslash in it. */
  escapedText: 3,
  /** Halves of a number. */
  int: 4,
  uint: 5,
  float: 6,
  bool: 7,
  /** The index of a value that is no number and no text. */
  other: 8,
  /** NaN or infinite, which nothing can store. */
  nothing: 9,
  malformed: 10,
} as const;

/** What a part is, as {@link Part} numbers it. */
export type PartType = typeof Part[keyof typeof Part];

/** The part's key has a backslash in it. */
export const ESCAPED_KEY = 16;
export const TYPE_MASK = 15;

/** Numbers that a part takes: begin and end of its key, its type, and two of its value. */
export const PART_INTS = 5;
const INITIAL_PARTS = 16;

/** A point between reading and writing. */
export interface LineParts {
  nameFrom: number;
  nameTo: number;
  isNameEscaped: boolean;
  /** Tags and fields in their order, {@link PART_INTS} for each. */
  table: Int32Array;
  count: number;
  readonly others: (Scalar | readonly ListItem[] | LongBytes)[];
  /** Long bytes among {@link others}, of which nothing is decoded yet. */
  readonly undecoded: LongBytes[];
  /** It had a value that nothing can store. */
  isTrimmed: boolean;
  readonly time: LineTime;
}

/** Bytes whose base64 lies in the body as the one piece of their one text, which is to be replaced by what it says. */
export interface LongBytes extends LongContent {
  readonly texts: [[TextPiece]];
}

/** A time in ns: in halves, or where those do not hold it in `wide`. Neither: the point has none. */
export interface LineTime {
  isSet: boolean;
  low: number;
  high: number;
  wide: bigint | undefined;
}

/** Parts of no point yet. */
export function createLineParts(): LineParts {
  return {
    nameFrom: 0,
    nameTo: 0,
    isNameEscaped: false,
    table: new Int32Array(INITIAL_PARTS * PART_INTS),
    count: 0,
    others: [],
    undecoded: [],
    isTrimmed: false,
    time: { isSet: false, low: 0, high: 0, wide: undefined },
  };
}

/** Forgets the last point. */
export function clearLineParts(parts: LineParts): void {
  parts.count = 0;
  parts.isTrimmed = false;
  parts.time.isSet = false;
  parts.time.wide = undefined;
  if (parts.others.length > 0) parts.others.length = 0;
  if (parts.undecoded.length > 0) parts.undecoded.length = 0;
}

/** Adds a part: its key, its type (and {@link ESCAPED_KEY}), and its value's two numbers. */
export function addPart(
  parts: LineParts,
  keyFrom: number,
  keyTo: number,
  type: number,
  first: number,
  second: number,
): void {
  const at = parts.count++ * PART_INTS;
  if (at === parts.table.length) {
    const grown = new Int32Array(at * 2);
    grown.set(parts.table);
    parts.table = grown;
  }
  const { table } = parts;
  table[at] = keyFrom;
  table[at + 1] = keyTo;
  table[at + 2] = type;
  table[at + 3] = first;
  table[at + 4] = second;
}
