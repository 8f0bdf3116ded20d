/** The pairs of a map inside a value, as places in the body. */
import { PAIR_PLACES, readKeyValue } from "./key_value.ts";
import { moveTo, type ProtoCursor, readTag, skipField } from "./proto_cursor.ts";

/** Longer names are told apart by their beginnings and lengths. */
const LONGEST_NAME_BYTES = 4096;
/** Up to this a loop over a name is faster than making a string of it. */
const SHORT_NAME_BYTES = 32;
const FEWEST_SLOTS = 16;
/** Making a string of a name takes as long as reading this many fields. */
const FIELDS_OF_TEXT = 5;
/** More are not kept for the next map. */
const KEPT_SLOTS = 4096;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The pair that was read last. */
const pair = new Int32Array(PAIR_PLACES);

/** Where the pairs of each hash are, from 1 on; 0: none. */
let slots = new Int32Array(FEWEST_SLOTS);

/** Reads a `KeyValueList`: of a key given twice the last value counts, in the place of the first. Throws {@link ProtoError}. */
export function readPairs(c: ProtoCursor, from: number, to: number): readonly number[] {
  const { at, end } = c;
  const places: number[] = [];
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x0a) readPair(c, places);
    else skipField(c, tag);
  }
  moveTo(c, at, end);
  if (places.length > PAIR_PLACES) mergeEqual(c.bytes, places);
  return places;
}

function readPair(c: ProtoCursor, places: number[]): void {
  readKeyValue(c, pair, 0);
  const keyFrom = pair[0] ?? 0;
  const keyTo = pair[1] ?? 0;
  if (keyTo - keyFrom > SHORT_NAME_BYTES) c.fieldsLeft -= FIELDS_OF_TEXT;
  places.push(keyFrom, keyTo, pair[2] ?? 0, pair[3] ?? 0);
}

/** Merges the pairs of equal keys. */
function mergeEqual(bytes: Uint8Array, places: number[]): void {
  const { length } = places;
  let size = FEWEST_SLOTS;
  while (size * PAIR_PLACES < length * 2) size *= 2;
  const table = size > KEPT_SLOTS ? new Int32Array(size) : slotsFor(size);
  let texts: Map<string, number> | undefined;
  let kept = 0;
  for (let i = 0; i < length; i += PAIR_PLACES) {
    const from = places[i] ?? 0;
    const to = places[i + 1] ?? 0;
    const hash = hashOf(bytes, from, to);
    let known = -1;
    if (hash >= 0) known = findOrPut(table, size - 1, hash, bytes, places, from, to, kept);
    else {
      texts ??= new Map();
      const text = textOf(bytes, from, to);
      known = texts.get(text) ?? -1;
      if (known < 0) texts.set(text, kept);
    }
    if (known < 0) {
      known = kept;
      kept += PAIR_PLACES;
      places[known] = from;
      places[known + 1] = to;
    }
    places[known + 2] = places[i + 2] ?? 0;
    places[known + 3] = places[i + 3] ?? 0;
  }
  places.length = kept;
}

/** Where the pair of an equal key is; -1: nowhere, and now at `next`. */
function findOrPut(
  table: Int32Array,
  mask: number,
  hash: number,
  bytes: Uint8Array,
  places: readonly number[],
  from: number,
  to: number,
  next: number,
): number {
  for (let slot = hash & mask;; slot = (slot + 1) & mask) {
    const place = table[slot] ?? 0;
    if (place === 0) {
      table[slot] = next + 1;
      return -1;
    }
    if (isEqual(bytes, from, to, places[place - 1] ?? 0, places[place] ?? 0)) return place - 1;
  }
}

function slotsFor(size: number): Int32Array {
  if (slots.length < size) slots = new Int32Array(size);
  else slots.fill(0, 0, size);
  return slots;
}

/** What other keys are told apart by. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  const text = decoder.decode(bytes.subarray(from, Math.min(to, from + LONGEST_NAME_BYTES)));
  return to - from > LONGEST_NAME_BYTES ? `${text}/${to - from}` : text;
}

/** Of a short key of ASCII, FNV-1a without its sign; -1: the runtime's own functions are faster than a loop, or needed. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > SHORT_NAME_BYTES) return -1;
  let hash = FNV_OFFSET;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) return -1;
    hash = Math.imul(hash ^ byte, FNV_PRIME);
  }
  // Its low bits alone are weak for short keys.
  return (hash ^ (hash >>> 15)) & 0x7fff_ffff;
}

function isEqual(bytes: Uint8Array, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = from, other = otherFrom; i < to; i++, other++) if (bytes[i] !== bytes[other]) return false;
  return true;
}
