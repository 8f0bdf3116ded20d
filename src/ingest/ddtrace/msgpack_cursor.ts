/**
 * Reads msgpack where it lies. For what libraries do not do: texts and numbers are handed on as places and halves,
 * nothing is made of them; what is due is taken and what is not is left (bytes for text, integers for floats, either
 * sign for 64-bit integers, nil for anything); nothing is allocated on a claimed count; skipping takes any depth
 * without recursion and may stop in the middle.
 */

/** The bytes cannot be read on. The message is fit for the client. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** A place in a payload, and what was read last. The functions of this file move it. */
export interface MsgpackCursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  /** The last text or bytes: `bytes[from, to)`. */
  from: number;
  to: number;
  /** The last number. */
  number: number;
  /** The last integer, as the two halves of its 64 bits. */
  low: number;
  high: number;
  /** Values still to be skipped. */
  pending: number;
  /** Hears each str that is skipped, by its place. */
  onSkippedText: ((from: number, to: number) => void) | undefined;
}

/** A cursor at the start of `bytes`, which must not change meanwhile. */
export function createMsgpackCursor(bytes: Uint8Array): MsgpackCursor {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    from: 0,
    to: 0,
    number: 0,
    low: 0,
    high: 0,
    pending: 0,
    onSkippedText: undefined,
  };
}

/** The next byte, not taken. */
export function peek(cursor: MsgpackCursor): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) throw endsEarly();
  return byte;
}

function endsEarly(): DecodeError {
  return new DecodeError("Cannot decode msgpack as its bytes end early");
}

function need(cursor: MsgpackCursor, count: number): void {
  if (cursor.bytes.length - cursor.at < count) throw endsEarly();
}

/** Takes a head and the unsigned integer of `width` bytes after it. */
function takeSize(cursor: MsgpackCursor, width: 1 | 2 | 4): number {
  need(cursor, 1 + width);
  const { view } = cursor;
  const start = cursor.at + 1;
  cursor.at = start + width;
  if (width === 1) return view.getUint8(start);
  return width === 2 ? view.getUint16(start) : view.getUint32(start);
}

/** Takes a nil if one is next. */
export function takeNil(cursor: MsgpackCursor): boolean {
  if (peek(cursor) !== 0xc0) return false;
  cursor.at++;
  return true;
}

/** Whether a str (not a bin) is next. */
export function isAtString(cursor: MsgpackCursor): boolean {
  const head = peek(cursor);
  return (head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb);
}

export function isAtMap(cursor: MsgpackCursor): boolean {
  const head = peek(cursor);
  return (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;
}

export function isAtArray(cursor: MsgpackCursor): boolean {
  const head = peek(cursor);
  return (head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd;
}

/** Number of items of the array that starts here; nil has 0; -1 for anything else, which is left. */
export function takeArray(cursor: MsgpackCursor): number {
  const head = peek(cursor);
  if ((head & 0xf0) === 0x90) {
    cursor.at++;
    return bounded(cursor, head & 0x0f, 1);
  }
  if (head === 0xdc) return bounded(cursor, takeSize(cursor, 2), 1);
  if (head === 0xdd) return bounded(cursor, takeSize(cursor, 4), 1);
  return takeNil(cursor) ? 0 : -1;
}

/** Number of pairs of the map that starts here; otherwise as {@link takeArray}. */
export function takeMap(cursor: MsgpackCursor): number {
  const head = peek(cursor);
  if ((head & 0xf0) === 0x80) {
    cursor.at++;
    return bounded(cursor, head & 0x0f, 2);
  }
  if (head === 0xde) return bounded(cursor, takeSize(cursor, 2), 2);
  if (head === 0xdf) return bounded(cursor, takeSize(cursor, 4), 2);
  return takeNil(cursor) ? 0 : -1;
}

/** A count that the bytes left can hold, at `perItem` bytes each: a claim of 4 G items costs 5 bytes to make. */
function bounded(cursor: MsgpackCursor, count: number, perItem: number): number {
  if (count * perItem > cursor.bytes.length - cursor.at) {
    throw new DecodeError(
      `Cannot decode msgpack as it claims more items than bytes: current value is ${count}`,
    );
  }
  return count;
}

/** Takes a str or bin as `from` and `to`; anything else is left, and both are the same. */
export function takeText(cursor: MsgpackCursor): boolean {
  const head = peek(cursor);
  let length: number;
  if ((head & 0xe0) === 0xa0) {
    cursor.at++;
    length = head & 0x1f;
  } else if (head === 0xd9 || head === 0xc4) length = takeSize(cursor, 1);
  else if (head === 0xda || head === 0xc5) length = takeSize(cursor, 2);
  else if (head === 0xdb || head === 0xc6) length = takeSize(cursor, 4);
  else {
    cursor.from = cursor.to = 0;
    return false;
  }
  need(cursor, length);
  cursor.from = cursor.at;
  cursor.at += length;
  cursor.to = cursor.at;
  return true;
}

/** Takes a number of any kind, or a boolean as 0 or 1, into `number`; anything else is left. */
export function takeNumber(cursor: MsgpackCursor): boolean {
  const head = peek(cursor);
  if (head < 0x80 || head >= 0xe0) {
    cursor.at++;
    cursor.number = head < 0x80 ? head : head - 256;
    return true;
  }
  if (head === 0xc2 || head === 0xc3) {
    cursor.at++;
    cursor.number = head - 0xc2;
    return true;
  }
  if (head < 0xca || head > 0xd3) return false;
  cursor.number = takeWideNumber(cursor, head);
  return true;
}

function takeWideNumber(cursor: MsgpackCursor, head: number): number {
  const { view } = cursor;
  const width = head === 0xca ? 4 : head === 0xcb ? 8 : 1 << (head & 0x03);
  need(cursor, 1 + width);
  const start = cursor.at + 1;
  cursor.at = start + width;
  switch (head) {
    case 0xca:
      return view.getFloat32(start);
    case 0xcb:
      return view.getFloat64(start);
    case 0xcc:
      return view.getUint8(start);
    case 0xcd:
      return view.getUint16(start);
    case 0xce:
      return view.getUint32(start);
    case 0xcf:
      return view.getUint32(start) * TWO_32 + view.getUint32(start + 4);
    case 0xd0:
      return view.getInt8(start);
    case 0xd1:
      return view.getInt16(start);
    case 0xd2:
      return view.getInt32(start);
    default:
      return view.getInt32(start) * TWO_32 + view.getUint32(start + 4);
  }
}

const TWO_32 = 0x1_0000_0000;
/** Sign and digits of the longest integer that is read from text. */
const MAX_INTEGER_BYTES = 21;

/**
 * Takes an integer of any width, a float cut to one, a boolean, or decimal text into `low` and `high`; anything else
 * is 0, and skipped.
 */
export function takeInteger(cursor: MsgpackCursor): void {
  const head = peek(cursor);
  if (head === 0xcf || head === 0xd3) {
    need(cursor, 9);
    cursor.high = cursor.view.getUint32(cursor.at + 1);
    cursor.low = cursor.view.getUint32(cursor.at + 5);
    cursor.at += 9;
    return;
  }
  if (takeNumber(cursor)) setInteger(cursor, cursor.number);
  else if (isAtString(cursor)) {
    takeText(cursor);
    // No integer has more digits; what is longer is none.
    const isShort = cursor.to - cursor.from <= MAX_INTEGER_BYTES;
    setDecimal(cursor, isShort ? textOf(cursor) : "");
  } else {
    cursor.low = cursor.high = 0;
    skip(cursor);
  }
}

function setInteger(cursor: MsgpackCursor, number: number): void {
  if (number >= 0 && number < TWO_32) {
    cursor.low = number >>> 0;
    cursor.high = 0;
  } else setBigInt(cursor, Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n);
}

function setDecimal(cursor: MsgpackCursor, text: string): void {
  setBigInt(cursor, /^-?\d{1,20}$/.test(text) ? BigInt(text) : 0n);
}

function setBigInt(cursor: MsgpackCursor, value: bigint): void {
  const bits = BigInt.asUintN(64, value);
  cursor.low = Number(bits & 0xffff_ffffn);
  cursor.high = Number(bits >> 32n);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The last text. Invalid UTF-8 becomes U+FFFD. */
export function textOf({ bytes, from, to }: MsgpackCursor): string {
  return sliceText(bytes, from, to);
}

/** `bytes[from, to)` as text. Invalid UTF-8 becomes U+FFFD. */
export function sliceText(bytes: Uint8Array, from: number, to: number): string {
  return from === to ? "" : decoder.decode(bytes.subarray(from, to));
}

/** Skips one value of any depth. */
export function skip(cursor: MsgpackCursor): void {
  cursor.pending = 1;
  skipSome(cursor, Infinity);
}

/** Skips up to `budget` of the values pending, those within arrays and maps counted; true when none is left. */
export function skipSome(cursor: MsgpackCursor, budget: number): boolean {
  for (let left = budget; cursor.pending > 0; cursor.pending--) {
    if (left-- <= 0) return false;
    const head = peek(cursor);
    if (head < 0x80 || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) cursor.at++;
    else if ((head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb)) {
      takeText(cursor);
      cursor.onSkippedText?.(cursor.from, cursor.to);
    } else if (isAtMap(cursor)) cursor.pending += 2 * takeMap(cursor);
    else if (isAtArray(cursor)) cursor.pending += takeArray(cursor);
    else if (head >= 0xc4 && head <= 0xc6) takeText(cursor);
    else if (head >= 0xca && head <= 0xd3) takeWideNumber(cursor, head);
    else skipExtension(cursor, head);
  }
  return true;
}

function skipExtension(cursor: MsgpackCursor, head: number): void {
  if (head === 0xc1) throw new DecodeError("Cannot decode msgpack as byte c1 never starts a value");
  let length = 1 << (head - 0xd4);
  if (head >= 0xd4) cursor.at++;
  else length = takeSize(cursor, head === 0xc7 ? 1 : head === 0xc8 ? 2 : 4);
  // One byte more: the extension's type.
  need(cursor, length + 1);
  cursor.at += length + 1;
}
