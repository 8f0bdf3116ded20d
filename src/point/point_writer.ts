/**
 * Writes points straight into the bytes that Dataway takes (`PBPoint`), under Dataway's rules: no maps, no drafts, no
 * second walk. Keys come prepared ({@link KeyTable}), text as a string or as a slice of the request's own body.
 * What is rare (a key that comes twice, a value to shorten, invalid UTF-8) takes longer for that point only.
 *
 * Of equal keys the last one wins, and a tag wins over a field. A key that only becomes equal by the rules (a dot
 * turned into `_`, a cut) never replaces one that was written so.
 */
import { MAX_FIELDS, MAX_STRING_BYTES, MAX_TAG_BYTES, MAX_TAGS, MAX_TIME_NS, MIN_TIME_NS } from "./limits.ts";
import { isUtf8 } from "node:buffer";
import { cleanFieldValue, isArray } from "./clean_field_value.ts";
import { cleanMeasurement, cleanTagValue } from "./clean_text.ts";
import type { Category, FieldValue, PointDraft, Source } from "./point.ts";
import { createKeyTables, type Key, type KeyTable, type Slot } from "./point_keys.ts";
import type { CommonKeys } from "./common_tags.ts";
import { OWN_TAGS_MASK } from "./point_range.ts";
import { encodeFieldValue, encodeTag, OWN_TAGS_ONLY } from "./protobuf.ts";
import { varintSize } from "./protobuf_writer.ts";
import { createTextCopier } from "./text_copier.ts";

/** Category and measurement of a point, encoded once. */
export interface PointKind {
  readonly category: Category;
  readonly keys: KeyTable;
  /** The member `name` of the point. */
  readonly head: Uint8Array;
  /** The rules shortened the measurement. */
  readonly isCut: boolean;
  /** What a point of the category must have: the key, and the whole field to write where it is missing. */
  readonly required: Constant | undefined;
}

/** A tag or field that is the same for many points: its key and its whole encoding. */
export interface Constant {
  readonly key: Key;
  readonly isTag: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Takes a finished point: a `PBPoint` without the common tags in `bytes[0, length)`, valid for the time of the call.
 * `commonMask` has the bits of the common tags' keys that the point has itself, or tells that it gets none of them.
 */
export type CommitPoint = (
  kind: PointKind,
  source: Source,
  bytes: Uint8Array,
  length: number,
  commonMask: number,
) => void;

/**
 * The writer of one point after the other: {@link begin}, its tags and fields in any order, one of the ends.
 * Nothing may wait in between.
 */
export interface PointWriter {
  readonly kind: (category: Category, measurement: string) => PointKind;
  /** A key that the program itself knows, prepared for a category's points. */
  readonly key: (category: Category, name: string) => Key;
  /** A tag that is the same for many points of a category; `undefined` if the rules leave nothing of it. */
  readonly constantTag: (category: Category, name: string, value: string) => Constant | undefined;

  readonly begin: (kind: PointKind, source: Source) => void;
  /** Whether the point has the key already, as tag or field. */
  readonly has: (key: Key) => boolean;
  readonly constant: (constant: Constant | undefined) => void;
  readonly tag: (key: Key, value: string) => void;
  /** A tag whose value is the UTF-8 in `bytes[from, to)`, which is copied. */
  readonly tagBytes: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  readonly text: (key: Key, value: string) => void;
  /** A string field that is the UTF-8 in `bytes[from, to)`, which is copied. */
  readonly textBytes: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  /** A string field: `bytes[from, to)` in hexadecimal. */
  readonly hex: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  /** A signed 64-bit field, as the two halves of its two's complement. */
  readonly int: (key: Key, low: number, high: number) => void;
  /** An unsigned 64-bit field, as two halves. */
  readonly uint: (key: Key, low: number, high: number) => void;
  /** A signed 64-bit field of a safe integer. */
  readonly integer: (key: Key, value: number) => void;
  readonly float: (key: Key, value: number) => void;
  readonly bool: (key: Key, value: boolean) => void;
  /** A field of any type; `undefined` says nothing. */
  readonly field: (key: Key, value: FieldValue | undefined) => void;
  /** The point gets no common tags when it is sent. */
  readonly ownTagsOnly: () => void;
  /** Counts the point as trimmed: a part of it was left out before it came to the writer. */
  readonly trim: () => void;

  /** Ends the point of this Unix time in ns, two halves of a signed integer. `false`: no field is left, no point is. */
  readonly end: (timeLow: number, timeHigh: number) => boolean;
  /** The same for any integer; instants beyond what Dataway's parsers take are moved to the last they do. */
  readonly endAt: (timeNs: bigint) => boolean;
  /** A whole point. */
  readonly write: (draft: PointDraft, source: Source) => boolean;
}

export interface PointWriterOptions {
  readonly commit: CommitPoint;
  /** Told, once for each finished point, that the rules shortened or left out a part of it. */
  readonly trimmed: (source: Source) => void;
  /** The keys that common tags may have. @default none */
  readonly commonKeys?: CommonKeys;
  /** The time to write for a metric. @default its own */
  readonly metricTime?: (source: Source, timeNs: bigint) => bigint;
}

const POINT = { name: 0x0a, field: 0x12, time: 0x18 } as const;
const VALUE = { int: 0x10, unsigned: 0x18, float: 0x21, bool: 0x28, bytes: 0x32, string: 0x5a } as const;

const INITIAL_BYTES = 16 * 1024;
/** A larger buffer is given back after the point that needed it. */
const KEPT_BYTES = 512 * 1024;
/** More than a field takes besides its value: tags, lengths and the longest key. */
const FIELD_ROOM = 300;
/** Kinds kept, and the length of each one's measurement: measurements may be invented, too. */
const MAX_KINDS = 1024;
const MAX_KIND_LENGTH = 1024;
const HEX = new TextEncoder().encode("0123456789abcdef");

/** A writer with no point begun. */
export function createPointWriter(options: PointWriterOptions): PointWriter {
  const { commit, trimmed: onTrimmed, metricTime } = options;
  const tableOf = createKeyTables((name) => options.commonKeys?.bitOf(name) ?? 0);
  const kinds = new Map<string, PointKind>();
  const copier = createTextCopier();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const double = new Float64Array(1);
  const doubleBytes = new Uint8Array(double.buffer);
  const integer64 = new BigInt64Array(1);
  const halves = new Uint32Array(integer64.buffer);

  let buffer = new Uint8Array(INITIAL_BYTES);
  let at = 0;
  let kind: PointKind;
  let source: Source;
  let serial = 0;
  let tags = 0;
  let fields = 0;
  let mask = 0;
  let isTrimmed = false;
  let hasOwnTagsOnly = false;
  let last: Slot | undefined;
  /** Begins and ends of fields that were replaced. */
  const holes: number[] = [];

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    // What is outgrown is given back at once, not at some garbage collection to come.
    buffer = new Uint8Array(buffer.buffer.transfer(Math.max(buffer.length * 2, at + bytes)));
  }

  function putVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
  }

  function putVarint64(low: number, high: number): void {
    let lower = low >>> 0;
    let upper = high >>> 0;
    while (upper !== 0) {
      buffer[at++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    putVarint(lower);
  }

  function put(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > 48) buffer.set(bytes, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] ?? 0;
    at += length;
  }

  /** Whether the key's value is to be written; makes room for all but the value. */
  function admit(key: Key, isTag: boolean): boolean {
    const { slot } = key;
    if (key.isCut) isTrimmed = true;
    if (!slot.isAllowed) {
      isTrimmed = true;
      return false;
    }
    if (slot.serial !== serial) {
      if (isTag ? tags >= MAX_TAGS : fields >= MAX_FIELDS) {
        isTrimmed = true;
        return false;
      }
      if (isTag) tags++;
      else fields++;
      slot.serial = serial;
      mask |= slot.commonBit;
    } else if (!replace(key, isTag)) return false;
    slot.isTag = isTag;
    slot.isExact = key.isExact;
    slot.from = at;
    if (!isTag) last = slot;
    ensure(FIELD_ROOM);
    return true;
  }

  /** Whether a key that the point has gives way to the one that comes. */
  function replace({ slot, isExact }: Key, isTag: boolean): boolean {
    isTrimmed = true;
    const wins = slot.isTag && !isTag ? isExact && !slot.isExact : isExact || !slot.isExact;
    if (!wins) return false;
    if (!slot.isTag && isTag) {
      if (tags >= MAX_TAGS) return false;
      tags++;
      fields--;
    } else if (slot.isTag && !isTag) {
      if (fields >= MAX_FIELDS) return false;
      tags--;
      fields++;
    }
    holes.push(slot.from, slot.to);
    return true;
  }

  /** Key, and the length of a text of so many bytes. */
  function putTextHead(head: Uint8Array, bytes: number): void {
    buffer[at++] = POINT.field;
    putVarint(head.length + 1 + varintSize(bytes) + bytes);
    put(head);
    buffer[at++] = VALUE.string;
    putVarint(bytes);
  }

  function putText(head: Uint8Array, value: string): void {
    const { length } = value;
    ensure(FIELD_ROOM + copier.room(value));
    const startAt = at;
    // Nearly all text is ASCII: the lengths are written first by that guess.
    putTextHead(head, length);
    const written = copier.put(value, buffer, at);
    if (written === length) {
      at += length;
      return;
    }
    const textAt = at;
    at = startAt;
    const grownBy = varintSize(head.length + 1 + varintSize(written) + written) + varintSize(written) -
      varintSize(head.length + 1 + varintSize(length) + length) - varintSize(length);
    buffer.copyWithin(textAt + grownBy, textAt, textAt + written);
    putTextHead(head, written);
    at += written;
  }

  /** Copies text that is UTF-8 already; `false`: it is not, and nothing that stays was written. */
  function putTextBytes(head: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    ensure(FIELD_ROOM + length);
    const startAt = at;
    putTextHead(head, length);
    if (length <= 48) {
      let all = 0;
      for (let i = 0; i < length; i++) {
        const byte = bytes[from + i] ?? 0;
        all |= byte;
        buffer[at + i] = byte;
      }
      if (all >= 0x80 && !isUtf8(bytes.subarray(from, to))) {
        at = startAt;
        return false;
      }
    } else {
      const slice = bytes.subarray(from, to);
      if (!isUtf8(slice)) {
        at = startAt;
        return false;
      }
      buffer.set(slice, at);
    }
    at += length;
    return true;
  }

  function tag(key: Key, value: string): void {
    const clean = cleanTagValue(value, () => void (isTrimmed = true));
    if (clean === "" || !admit(key, true)) return;
    putText(key.slot.tagHead, clean);
    key.slot.to = at;
  }

  function tagBytes(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (to - from > MAX_TAG_BYTES || needsCleaning(bytes, from, to)) {
      return tag(key, decoder.decode(bytes.subarray(from, to)));
    }
    if (from >= to || !admit(key, true)) return;
    if (!putTextBytes(key.slot.tagHead, bytes, from, to)) {
      putText(key.slot.tagHead, cleanTagValue(decoder.decode(bytes.subarray(from, to)), trim));
    }
    key.slot.to = at;
  }

  function text(key: Key, value: string): void {
    if (kind.keys.isMetric || value.length * 3 > MAX_STRING_BYTES) return field(key, value);
    if (!admit(key, false)) return;
    putText(key.slot.fieldHead, value);
    key.slot.to = at;
  }

  function textBytes(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (kind.keys.isMetric || to - from > MAX_STRING_BYTES) {
      return field(key, decoder.decode(bytes.subarray(from, to)));
    }
    if (!admit(key, false)) return;
    if (!putTextBytes(key.slot.fieldHead, bytes, from, to)) {
      putText(key.slot.fieldHead, decoder.decode(bytes.subarray(from, to)));
    }
    key.slot.to = at;
  }

  function hex(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (kind.keys.isMetric) return trim();
    if (!admit(key, false)) return;
    const length = (to - from) * 2;
    ensure(FIELD_ROOM + length);
    putTextHead(key.slot.fieldHead, length);
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0;
      buffer[at++] = HEX[byte >> 4] ?? 0;
      buffer[at++] = HEX[byte & 15] ?? 0;
    }
    key.slot.to = at;
  }

  /** A value of at most ten bytes: its length is put in when it is known. */
  function putNumber(key: Key, type: number, low: number, high: number): void {
    if (!admit(key, false)) return;
    const { slot } = key;
    const head = slot.fieldHead;
    buffer[at++] = POINT.field;
    // With a long key the length takes a second byte whatever the value.
    const isShort = head.length + 11 < 0x80;
    const lengthAt = at;
    at += isShort ? 1 : 2;
    const contentAt = at;
    put(head);
    buffer[at++] = type;
    putVarint64(low, high);
    const length = at - contentAt;
    if (isShort) buffer[lengthAt] = length;
    else putLongLength(lengthAt, contentAt, length);
    slot.to = at;
  }

  /** A length in the two bytes kept for it, or in one after moving what it measures. */
  function putLongLength(lengthAt: number, contentAt: number, length: number): void {
    if (length >= 0x80) {
      buffer[lengthAt] = (length & 0x7f) | 0x80;
      buffer[lengthAt + 1] = length >> 7;
      return;
    }
    buffer[lengthAt] = length;
    buffer.copyWithin(contentAt - 1, contentAt, at);
    at--;
  }

  function int(key: Key, low: number, high: number): void {
    putNumber(key, VALUE.int, low, high);
  }

  function uint(key: Key, low: number, high: number): void {
    putNumber(key, VALUE.unsigned, low, high);
  }

  function integer(key: Key, value: number): void {
    putNumber(key, VALUE.int, value >>> 0, Math.floor(value / 0x1_0000_0000));
  }

  function bool(key: Key, value: boolean): void {
    putNumber(key, VALUE.bool, value ? 1 : 0, 0);
  }

  function float(key: Key, value: number): void {
    if (!Number.isFinite(value)) return trim();
    if (!admit(key, false)) return;
    const head = key.slot.fieldHead;
    double[0] = value;
    buffer[at++] = POINT.field;
    putVarint(head.length + 9);
    put(head);
    buffer[at++] = VALUE.float;
    put(doubleBytes);
    key.slot.to = at;
  }

  function field(key: Key, value: FieldValue | undefined): void {
    if (value === undefined) return;
    const isSimple = typeof value === "string" && !kind.keys.isMetric && value.length * 3 <= MAX_STRING_BYTES;
    const clean = isSimple ? value : cleanFieldValue(value, kind.keys.isMetric, trim);
    if (clean === undefined) return;
    if (typeof clean === "number") return float(key, clean);
    if (typeof clean === "boolean") return bool(key, clean);
    if (typeof clean === "bigint") {
      integer64[0] = clean;
      return int(key, halves[0] ?? 0, halves[1] ?? 0);
    }
    if (!isArray(clean) && typeof clean === "object" && !(clean instanceof Uint8Array)) {
      integer64[0] = clean.unsigned;
      return uint(key, halves[0] ?? 0, halves[1] ?? 0);
    }
    if (!admit(key, false)) return;
    if (typeof clean === "string") putText(key.slot.fieldHead, clean);
    else {
      const bytes = encodeFieldValue(key.slot.name, clean);
      ensure(bytes.length);
      put(bytes);
    }
    key.slot.to = at;
  }

  function constant(value: Constant | undefined): void {
    if (value === undefined || !admit(value.key, value.isTag)) return;
    ensure(value.bytes.length);
    put(value.bytes);
    value.key.slot.to = at;
  }

  function trim(): void {
    isTrimmed = true;
  }

  function begin(next: PointKind, from: Source): void {
    kind = next;
    source = from;
    kind.keys.forgetOverflow();
    serial++;
    at = 0;
    tags = 0;
    fields = 0;
    mask = 0;
    isTrimmed = next.isCut;
    hasOwnTagsOnly = false;
    last = undefined;
    if (holes.length > 0) holes.length = 0;
    ensure(next.head.length);
    put(next.head);
  }

  /** Everything but the time; `false`: there is no point. */
  function finish(): boolean {
    if (kind.required !== undefined && kind.required.key.slot.serial !== serial) addRequired(kind.required);
    if (fields === 0) return false;
    ensure(FIELD_ROOM);
    return true;
  }

  /** A log without `status` or an object without `name` would be refused: the last field makes room for it. */
  function addRequired(required: Constant): void {
    if (fields >= MAX_FIELDS && last !== undefined) {
      holes.push(last.from, last.to);
      last.serial = 0;
      fields--;
      isTrimmed = true;
    }
    constant(required);
  }

  function endWith(timeLow: number, timeHigh: number): void {
    if (holes.length > 0) closeHoles();
    if (hasOwnTagsOnly) {
      put(OWN_TAGS_ONLY);
      mask = OWN_TAGS_MASK;
    }
    // Always last, and there even if it is 0: common tags are put before it.
    buffer[at++] = POINT.time;
    putVarint64(timeLow, timeHigh);
    if (isTrimmed) onTrimmed(source);
    commit(kind, source, buffer, at, mask);
    if (buffer.length > KEPT_BYTES) buffer = new Uint8Array(buffer.buffer.transfer(INITIAL_BYTES));
  }

  function closeHoles(): void {
    const gaps: [number, number][] = [];
    for (let i = 0; i < holes.length; i += 2) gaps.push([holes[i] ?? 0, holes[i + 1] ?? 0]);
    gaps.sort((a, b) => a[0] - b[0]);
    let to = gaps[0]?.[0] ?? at;
    for (const [index, [, from]] of gaps.entries()) {
      const until = gaps[index + 1]?.[0] ?? at;
      buffer.copyWithin(to, from, until);
      to += until - from;
    }
    at = to;
  }

  function end(timeLow: number, timeHigh: number): boolean {
    const isMoved = metricTime !== undefined && kind.keys.isMetric;
    const upper = timeHigh >>> 0;
    if (isMoved || upper === 0x7fff_ffff || upper === 0x8000_0000) {
      halves[0] = timeLow;
      halves[1] = timeHigh;
      return endAt(integer64[0] ?? 0n);
    }
    if (!finish()) return false;
    endWith(timeLow, timeHigh);
    return true;
  }

  function endAt(timeNs: bigint): boolean {
    if (timeNs < MIN_TIME_NS || timeNs > MAX_TIME_NS) isTrimmed = true;
    if (!finish()) return false;
    const moved = metricTime !== undefined && kind.keys.isMetric ? metricTime(source, timeNs) : timeNs;
    integer64[0] = moved < MIN_TIME_NS ? MIN_TIME_NS : moved > MAX_TIME_NS ? MAX_TIME_NS : moved;
    endWith(halves[0] ?? 0, halves[1] ?? 0);
    return true;
  }

  function kindOf(category: Category, measurement: string): PointKind {
    const id = `${category}/${measurement}`;
    const found = kinds.get(id);
    if (found !== undefined) return found;
    let isCut = false;
    const name = new TextEncoder().encode(cleanMeasurement(measurement, () => void (isCut = true)));
    const size = name.length < 0x80 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
    const made: PointKind = {
      category,
      keys: tableOf(category),
      head: Uint8Array.from([POINT.name, ...size, ...name]),
      isCut,
      required: requiredOf(category),
    };
    if (kinds.size < MAX_KINDS && measurement.length <= MAX_KIND_LENGTH) kinds.set(id, made);
    return made;
  }

  function requiredOf(category: Category): Constant | undefined {
    const isObject = category === "object" || category === "custom_object";
    if (!isObject && category !== "logging") return undefined;
    const name = isObject ? "name" : "status";
    const key = tableOf(category).define(name);
    return { key, isTag: false, bytes: encodeFieldValue(name, isObject ? "default" : "info") };
  }

  function constantTag(category: Category, name: string, value: string): Constant | undefined {
    const key = tableOf(category).define(name);
    const clean = cleanTagValue(value);
    if (clean === "") return undefined;
    return { key, isTag: true, bytes: encodeTag(key.slot.name, clean) };
  }

  function write(draft: PointDraft, from: Source): boolean {
    begin(kindOf(draft.category, draft.measurement), from);
    const { keys } = kind;
    for (const pair of draft.tags) tag(keys.of(pair[0]), pair[1]);
    for (const pair of draft.fields) field(keys.of(pair[0]), pair[1]);
    hasOwnTagsOnly = draft.ownTagsOnly === true;
    return endAt(draft.timeNs);
  }

  return {
    kind: kindOf,
    key: (category, name) => tableOf(category).define(name),
    constantTag,
    begin,
    has: (key) => key.slot.serial === serial,
    constant,
    tag,
    tagBytes,
    text,
    textBytes,
    hex,
    int,
    uint,
    integer,
    float,
    bool,
    field,
    ownTagsOnly: () => void (hasOwnTagsOnly = true),
    trim,
    end,
    endAt,
    write,
  };
}

/** Whether a tag's value has what the rules change: a newline, or a backslash at its end. */
function needsCleaning(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[to - 1] === 92) return true;
  for (let i = from; i < to; i++) if (bytes[i] === 10) return true;
  return false;
}
