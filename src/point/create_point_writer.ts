/**
 * The one writer of points: see {@link PointWriter}. Its parts share a buffer and a place in one closure: with the
 * buffer as an object, and functions over it in a file of their own, a span takes 3 to 6 % more CPU.
 */
import { isUtf8 } from "node:buffer";
import { cleanFieldValue, isArray } from "./clean_field_value.ts";
import { cleanTagValue } from "./clean_text.ts";
import { createLongFields, LEAST_LONG_BYTES } from "./long_fields.ts";
import { type LongContent, longContent, type LongText } from "./long_text.ts";
import { MAX_FIELDS, MAX_STRING_BYTES, MAX_TAG_BYTES, MAX_TAGS, MAX_TIME_NS, MIN_TIME_NS } from "./limits.ts";
import type { FieldValue, PointDraft, Source } from "./point.ts";
import { closeHoles, POINT, putBytes, putTextHead, putVarint, putVarint64, VALUE } from "./point_bytes.ts";
import { createKeyTables, type Key, type Slot } from "./point_keys.ts";
import { type Constant, createPointKinds, type PointKind } from "./point_kind.ts";
import { OWN_TAGS_MASK } from "./point_range.ts";
import type { FillText, PointWriter, PointWriterOptions } from "./point_writer.ts";
import { encodeFieldValue, OWN_TAGS_ONLY } from "./protobuf.ts";
import { varintSize } from "./protobuf_writer.ts";
import { createTextCopier } from "./text_copier.ts";

const INITIAL_BYTES = 16 * 1024;
/** A larger buffer is given back after the point that needed it. */
const KEPT_BYTES = 512 * 1024;
/** More than a field takes besides its value: tags, lengths and the longest key. */
const FIELD_ROOM = 300;
const HEX = new TextEncoder().encode("0123456789abcdef");

/** A writer with no point begun. */
export function createPointWriter(options: PointWriterOptions): PointWriter {
  const { commit, trimmed: onTrimmed, metricTime } = options;
  const tableOf = createKeyTables((name) => options.commonKeys?.bitOf(name) ?? 0);
  const kinds = createPointKinds(tableOf);
  const copier = createTextCopier();
  const longs = createLongFields(options);
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
  /** Nearly no point has any: what there is of them is asked only then. */
  let hasLong = false;
  let last: Slot | undefined;
  /** Begins and ends of fields that were replaced. */
  const holes: number[] = [];

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    // What is outgrown is given back at once, not at some garbage collection to come.
    buffer = new Uint8Array(buffer.buffer.transfer(Math.max(buffer.length * 2, at + bytes)));
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
    takeOut(slot);
    return true;
  }

  function takeOut(slot: Slot): void {
    holes.push(slot.from, slot.to);
    longs.takeOut(slot);
  }

  function putText(head: Uint8Array, value: string): void {
    const { length } = value;
    ensure(FIELD_ROOM + copier.room(value));
    const startAt = at;
    // Nearly all text is ASCII: the lengths are written first by that guess.
    at = putTextHead(buffer, at, head, length);
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
    at = putTextHead(buffer, at, head, written);
    at += written;
  }

  /** Copies text that is UTF-8 already; `false`: it is not, and nothing that stays was written. */
  function putTextBytes(head: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    ensure(FIELD_ROOM + length);
    const startAt = at;
    at = putTextHead(buffer, at, head, length);
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
    const clean = cleanTagValue(value, trim);
    if (clean === "" || !admit(key, true)) return;
    putText(key.slot.tagHead, clean);
    key.slot.to = at;
  }

  function tagBytes(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (to - from > MAX_TAG_BYTES || needsCleaning(bytes, from, to)) {
      // Invalid UTF-8 only gets longer: this is more bytes than the rules leave.
      return tag(key, decoder.decode(bytes.subarray(from, Math.min(to, from + MAX_TAG_BYTES * 2))));
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
    if (kind.keys.isMetric) return trim();
    if (to - from > MAX_STRING_BYTES) return field(key, decoder.decode(bytes.subarray(from, to)));
    if (!admit(key, false)) return;
    if (!putTextBytes(key.slot.fieldHead, bytes, from, to)) {
      putText(key.slot.fieldHead, decoder.decode(bytes.subarray(from, to)));
    }
    key.slot.to = at;
  }

  function textOf(key: Key, maxBytes: number, fill: FillText): void {
    if (kind.keys.isMetric) return trim();
    if (maxBytes > MAX_STRING_BYTES) {
      const bytes = new Uint8Array(maxBytes);
      return field(key, decoder.decode(bytes.subarray(0, fill(bytes, 0))));
    }
    if (!admit(key, false)) return;
    const head = key.slot.fieldHead;
    ensure(FIELD_ROOM + maxBytes);
    const startAt = at;
    const textAt = putTextHead(buffer, startAt, head, maxBytes);
    const length = fill(buffer, textAt);
    const filled = buffer.subarray(textAt, textAt + length);
    if (isUtf8(filled)) {
      // Of a shorter text the head is not longer.
      at = putTextHead(buffer, startAt, head, length);
      if (at < textAt) buffer.copyWithin(at, textAt, textAt + length);
      at += length;
    } else putText(head, decoder.decode(filled));
    key.slot.to = at;
  }

  function longText(key: Key, text: LongText): void {
    long(key, longContent(text));
  }

  function long(key: Key, content: LongContent): void {
    if (kind.keys.isMetric) return trim();
    if (!admit(key, false)) return;
    longs.add(key.slot, at, content);
    hasLong = true;
    key.slot.to = at;
  }

  function hex(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (kind.keys.isMetric) return trim();
    if (!admit(key, false)) return;
    const length = (to - from) * 2;
    ensure(FIELD_ROOM + length);
    at = putTextHead(buffer, at, key.slot.fieldHead, length);
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
    at = putBytes(buffer, at, head);
    buffer[at++] = type;
    at = putVarint64(buffer, at, low, high);
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
    at = putVarint(buffer, at, head.length + 9);
    at = putBytes(buffer, at, head);
    buffer[at++] = VALUE.float;
    at = putBytes(buffer, at, doubleBytes);
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
      at = putBytes(buffer, at, bytes);
    }
    key.slot.to = at;
  }

  function constant(value: Constant | undefined): void {
    if (value === undefined || !admit(value.key, value.isTag)) return;
    ensure(value.bytes.length);
    at = putBytes(buffer, at, value.bytes);
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
    if (hasLong) {
      longs.begin();
      hasLong = false;
    }
    ensure(next.head.length);
    at = putBytes(buffer, at, next.head);
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
      takeOut(last);
      last.serial = 0;
      fields--;
      isTrimmed = true;
    }
    constant(required);
  }

  function endWith(timeLow: number, timeHigh: number): void {
    const isWhole = !hasLong || longs.isEmpty;
    if (holes.length > 0) {
      if (!isWhole) longs.closeHoles(holes);
      at = closeHoles(buffer, at, holes);
    }
    if (hasOwnTagsOnly) {
      at = putBytes(buffer, at, OWN_TAGS_ONLY);
      mask = OWN_TAGS_MASK;
    }
    // Always last, and there even if it is 0: common tags are put before it.
    buffer[at++] = POINT.time;
    at = putVarint64(buffer, at, timeLow, timeHigh);
    if (isTrimmed) onTrimmed(source);
    if (isWhole) commit(kind, source, buffer, at, mask);
    else longs.leave(kind, source, buffer.slice(0, at), mask, isTrimmed);
    if (buffer.length > KEPT_BYTES) buffer = new Uint8Array(buffer.buffer.transfer(INITIAL_BYTES));
  }

  function isMoved(): boolean {
    return metricTime !== undefined && kind.keys.isMetric && metricTime.sources.has(source);
  }

  function end(timeLow: number, timeHigh: number): boolean {
    const upper = timeHigh >>> 0;
    if (isMoved() || upper === 0x7fff_ffff || upper === 0x8000_0000) {
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
    const moved = isMoved() ? metricTime?.move(timeNs) ?? timeNs : timeNs;
    integer64[0] = moved < MIN_TIME_NS ? MIN_TIME_NS : moved > MAX_TIME_NS ? MAX_TIME_NS : moved;
    endWith(halves[0] ?? 0, halves[1] ?? 0);
    return true;
  }

  function write(draft: PointDraft, from: Source): boolean {
    begin(kinds.kind(draft.category, draft.measurement), from);
    const { keys } = kind;
    for (const pair of draft.tags) tag(keys.of(pair[0]), pair[1]);
    for (const pair of draft.fields) field(keys.of(pair[0]), pair[1]);
    hasOwnTagsOnly = draft.ownTagsOnly === true;
    return endAt(draft.timeNs);
  }

  return {
    kind: kinds.kind,
    kindOfBytes: kinds.kindOfBytes,
    key: (category, name) => tableOf(category).define(name),
    constantTag: kinds.constantTag,
    begin,
    has: (key) => key.slot.serial === serial,
    hasRoom: (isTag) => isTag ? tags < MAX_TAGS : fields < MAX_FIELDS,
    constant,
    tag,
    tagBytes,
    text,
    textBytes,
    textOf,
    longText,
    long,
    isLong: (bytes) => bytes > LEAST_LONG_BYTES && longs.isLong(bytes, at),
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
    get hasUnfinished() {
      return longs.hasUnfinished;
    },
    finishLong: longs.finish,
    write,
  };
}

/** Whether a tag's value has what the rules change: a newline, or a backslash at its end. */
function needsCleaning(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[to - 1] === 92) return true;
  for (let i = from; i < to; i++) if (bytes[i] === 10) return true;
  return false;
}
