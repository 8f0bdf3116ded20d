/**
 * v1.0's strings: a literal is added to the payload's table and used, an integer refers to it. Those within values that
 * are passed over count too, or later references shift.
 */
import { Buffer } from "node:buffer";
import {
  DecodeError,
  isAtString,
  type MsgpackCursor,
  takeNil,
  takeNumber,
  takeText,
} from "./msgpack_cursor.ts";

/** The table of one payload. */
export interface StreamingStrings {
  /**
   * Takes one string as the cursor's last text, empty for nil; `false`: it is not a string, or refers to one that does
   * not exist.
   */
  readonly take: (cursor: MsgpackCursor) => boolean;
  /** Adds a literal that lies in the payload. One that was read before changes nothing: spans may be read twice. */
  readonly add: (from: number, to: number) => void;
}

/** More strings than any real payload has; each costs a slot even when empty. */
export const MAX_STRINGS = 1_000_000;
const INITIAL = 64;

/** A table with the empty string at 0. */
export function createStreamingStrings(bytes: Uint8Array): StreamingStrings {
  let places = new Int32Array(2 * INITIAL);
  /** Numbers of strings by the hash of their bytes; 0: none. */
  let slots = new Int32Array(4 * INITIAL);
  let count = 1;

  function add(from: number, to: number): void {
    if (from === to) return;
    // The agent keeps each string once, so a literal sent again takes no number.
    const slot = find(from, to);
    if (slots[slot] !== 0) return;
    if (count >= MAX_STRINGS) {
      throw new DecodeError(
        `Cannot decode traces as ${MAX_STRINGS} strings are the most: current value is more`,
      );
    }
    if (2 * count === places.length) grow();
    places[2 * count] = from;
    places[2 * count + 1] = to;
    slots[find(from, to)] = count++;
  }

  /** Where the string's number is, or would be. */
  function find(from: number, to: number): number {
    const mask = slots.length - 1;
    for (let slot = hashOf(bytes, from, to) & mask;; slot = (slot + 1) & mask) {
      const number = slots[slot] ?? 0;
      if (number === 0 || isSame(number, from, to)) return slot;
    }
  }

  function isSame(number: number, from: number, to: number): boolean {
    const start = places[2 * number] ?? 0;
    const length = to - from;
    if ((places[2 * number + 1] ?? 0) - start !== length) return false;
    if (length > LONG_BYTES) {
      return Buffer.compare(bytes.subarray(start, start + length), bytes.subarray(from, to)) === 0;
    }
    for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[from + i]) return false;
    return true;
  }

  function grow(): void {
    const more = new Int32Array(2 * places.length);
    more.set(places);
    places = more;
    slots = new Int32Array(2 * slots.length);
    for (let number = 1; number < count; number++) {
      slots[find(places[2 * number] ?? 0, places[2 * number + 1] ?? 0)] = number;
    }
  }

  function take(cursor: MsgpackCursor): boolean {
    cursor.from = cursor.to = 0;
    if (takeNil(cursor)) return true;
    if (isAtString(cursor)) {
      takeText(cursor);
      add(cursor.from, cursor.to);
      return true;
    }
    if (!takeNumber(cursor)) {
      cursor.pending = 1;
      return false;
    }
    const index = cursor.number;
    if (!(index >= 0 && index < count && Number.isInteger(index))) return false;
    cursor.from = places[2 * index] ?? 0;
    cursor.to = places[2 * index + 1] ?? 0;
    return true;
  }

  return { take, add };
}

/** Not to be foreseen: strings that all have one hash would take time that grows with the square of their number. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

/** Longer strings are hashed by words, and of those only so many bytes: there cannot be many that are longer still. */
const LONG_BYTES = 4096;
const MOST_HASHED_BYTES = 1_048_576;

/** FNV-1a from a start of our own. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED ^ (to - from);
  if (to - from > LONG_BYTES) return hashOfWords(bytes, from, Math.min(to, from + MOST_HASHED_BYTES), hash);
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function hashOfWords(bytes: Uint8Array, from: number, to: number, start: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, to - from);
  const { byteLength } = view;
  let hash = start;
  for (let at = 0; at + 4 <= byteLength; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
    // A multiplication moves bits up only, and a word's upper ones have to count below, too.
    hash ^= hash >>> 15;
  }
  for (let at = byteLength & ~3; at < byteLength; at++) {
    hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
