import { encodeFieldValue, OWN_TAGS_ONLY } from "./protobuf.ts";
import { MAX_FIELDS, MAX_TIME_NS } from "./limits.ts";
import { createProtobufReader, nextField } from "./protobuf_reader.ts";
import { createProtobufWriter } from "./protobuf_writer.ts";

/** Dataway's storage takes about 1 MB a log message; DataKit cuts at half of that. In bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 512_000;
/** Parts of one message keep their order by time. */
const PART_STEP_NS = 1000n;
/** Members of a point and of its fields, by their numbers. */
const POINT = { field: 2, time: 3, ownTagsOnly: 15 } as const;
const FIELD = { key: 1, isTag: 8, string: 11 } as const;
const KEYS = { field: 0x12, key: 0x0a, string: 0x5a, time: 0x18 } as const;
const PART_KEYS: readonly string[] = ["message_part", "message_parts"];

/** A log point without its message. */
interface Rest {
  readonly message: Uint8Array | undefined;
  /** What comes before the message and after it, without the time and without parts of its own. */
  readonly before: readonly Uint8Array[];
  readonly behind: readonly Uint8Array[];
  readonly fields: number;
  readonly timeNs: bigint;
  readonly hasOwnTagsOnly: boolean;
}

/** What became of a log point. */
export interface SplitLog {
  readonly parts: number;
  /** There was no room for the numbers of the parts among the fields. */
  readonly isTrimmed: boolean;
}

/**
 * Gives the points that carry a log point whose `message` is more than Dataway stores in one: parts in order, a
 * microsecond apart, with the fields `message_part` (from 1) and `message_parts`. `undefined`: it fits, and nothing was
 * given. From bytes to bytes, as such a message is large; a part is there until `give` returns.
 * @see `tests/spec/datakit.md` 3.4 and 5.4
 */
export function splitMessage(
  point: Uint8Array,
  give: (part: Uint8Array) => void,
  maxBytes: number = MAX_MESSAGE_BYTES,
): SplitLog | undefined {
  if (point.length <= maxBytes) return undefined;
  const rest = readRest(point);
  const { message } = rest;
  if (message === undefined || message.length <= maxBytes) return undefined;
  const ends = cutText(message, maxBytes);
  const split = splitOf(rest, ends.length);
  ends.forEach((end, index) => {
    const part = split.part(index, message.subarray(ends[index - 1] ?? 0, end));
    give(part);
    part.buffer.transfer(0);
  });
  return { parts: split.parts, isTrimmed: split.isTrimmed };
}

/** Makes the points that carry the parts of a message. */
export interface MessageSplit extends SplitLog {
  /** The point of a part, counted from 0. */
  readonly part: (index: number, text: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** The same for a log whose message is not in its point: there it is the empty text. */
export function createMessageSplit(point: Uint8Array, parts: number): MessageSplit {
  return splitOf(readRest(point), parts);
}

function splitOf(rest: Rest, parts: number): MessageSplit {
  const ownFields = Math.min(PART_KEYS.length, Math.max(0, MAX_FIELDS - rest.fields));
  return {
    parts,
    isTrimmed: ownFields < PART_KEYS.length,
    part: (index, text) => {
      const numbers = [index + 1, parts].slice(0, ownFields);
      return encodePart(rest, text, numbers, rest.timeNs + BigInt(index) * PART_STEP_NS);
    },
  };
}

/** Where the parts of a text end: none is longer than `maxBytes`, and no code point is split. */
function cutText(text: Uint8Array, maxBytes: number): number[] {
  const ends: number[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + maxBytes, text.length);
    while (end < text.length && end > at + 1 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
    ends.push(end);
    at = end;
  }
  return ends;
}

function readRest(point: Uint8Array): Rest {
  const before: Uint8Array[] = [];
  const behind: Uint8Array[] = [];
  let message: Uint8Array | undefined;
  let fields = 0;
  let timeNs = 0n;
  let hasOwnTagsOnly = false;
  const reader = createProtobufReader(point);
  for (let from = 0; nextField(reader); from = reader.at) {
    if (reader.field === POINT.time) timeNs = BigInt.asIntN(64, reader.varint);
    else if (reader.field === POINT.ownTagsOnly) hasOwnTagsOnly = true;
    else {
      const read = reader.field === POINT.field ? readField(reader.bytes) : undefined;
      if (read?.isTag === false) fields++;
      if (read?.key === "message" && read.text !== undefined) message = read.text;
      else if (read !== undefined && PART_KEYS.includes(read.key)) fields -= read.isTag ? 0 : 1;
      else (message === undefined ? before : behind).push(point.subarray(from, reader.at));
    }
  }
  return { message, before, behind, fields, timeNs, hasOwnTagsOnly };
}

interface Field {
  readonly key: string;
  readonly isTag: boolean;
  readonly text: Uint8Array | undefined;
}

function readField(bytes: Uint8Array): Field {
  let key = "";
  let isTag = false;
  let text: Uint8Array | undefined;
  const reader = createProtobufReader(bytes);
  while (nextField(reader)) {
    if (reader.field === FIELD.key) key = new TextDecoder().decode(reader.bytes);
    else if (reader.field === FIELD.isTag) isTag = reader.varint !== 0n;
    else if (reader.field === FIELD.string) text = reader.bytes;
  }
  return { key, isTag, text };
}

function encodePart(
  { before, behind, hasOwnTagsOnly }: Rest,
  text: Uint8Array,
  numbers: readonly number[],
  timeNs: bigint,
): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(text.length + 4096);
  for (const bytes of before) writer.raw(bytes);
  writer.tag(KEYS.field);
  const contentAt = writer.begin(text.length + 16);
  writer.tag(KEYS.key);
  writer.string("message");
  writer.tag(KEYS.string);
  writer.bytes(text);
  writer.end(contentAt, text.length + 16);
  for (const bytes of behind) writer.raw(bytes);
  numbers.forEach((number, index) => writer.raw(encodeFieldValue(PART_KEYS[index] ?? "", BigInt(number))));
  if (hasOwnTagsOnly) writer.raw(OWN_TAGS_ONLY);
  writer.tag(KEYS.time);
  writer.varint64(timeNs > MAX_TIME_NS ? MAX_TIME_NS : timeNs);
  return writer.finish();
}
