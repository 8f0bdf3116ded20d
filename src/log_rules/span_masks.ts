/** Rules for the texts of spans. Loaded only where there is one. */
import { isAscii } from "node:buffer";
import { finish, type Steps } from "../bounded_pattern.ts";
import { putBytes, putTextHead, putVarint } from "../point/point_bytes.ts";
import { encodeFieldValue, encodeTag } from "../point/protobuf.ts";
import { createProtobufReader, nextField } from "../point/protobuf_reader.ts";
import { type Text, TextBuilder } from "../pattern/text.ts";
import { POINT_FRAME_BYTES } from "../point/point_range.ts";
import type { SteppedMask } from "./rules.ts";
import { isLong } from "./windows.ts";

/** Masks the texts of spans' points. */
export interface SpanMasker {
  /** The same point masked; `undefined`: there is nothing to mask in it. */
  readonly mask: (bytes: Uint8Array, length: number) => Uint8Array | undefined;
  /** The same in steps of some milliseconds at most, for points of megabytes. */
  readonly steps: (bytes: Uint8Array) => Steps<Uint8Array | undefined>;
}

/** What finds a trace again, decimal or hexadecimal digits. */
const IDS: ReadonlySet<string> = new Set(["trace_id", "span_id", "parent_id"]);
/** The members of a point that are looked at, and those of a tag or field. */
const MEMBER = 2;
const PART = { key: 1, isTag: 8, string: 11 } as const;
const KEY_TAG = Uint8Array.of(0x0a);
/** More than tags and lengths take. */
const HEAD_ROOM = 16;
/** Plain ASCII is decoded fast, and its pieces need not be put together; in bytes. */
const AT_ONCE = 4 * 1_048_576;
/** Decoded, encoded and copied between two steps, in bytes or UTF-16 units. */
const PIECE = 256 * 1024;

/** Masks all tags and string fields but the ids. */
export function createSpanMasker(mask: SteppedMask): SpanMasker {
  function* steps(bytes: Uint8Array): Steps<Uint8Array | undefined> {
    const point = createProtobufReader(bytes);
    const pieces: Uint8Array[] = [];
    let copied = 0;
    for (let from = 0; nextField(point); from = point.at) {
      if (point.field !== MEMBER || point.wireType !== 2) continue;
      const member = readMember(point.bytes);
      if (member === undefined || IDS.has(member.key)) continue;
      const { key, value, isTag } = member;
      const text = yield* decode(value);
      const masked = typeof text !== "string" || isLong(text)
        ? yield* mask.steps(text, key)
        : mask(text, key);
      if (isLong(text)) yield;
      if (masked === text) continue;
      pieces.push(bytes.subarray(copied, from), ...yield* encodeMember(key, masked, isTag));
      copied = point.at;
    }
    if (copied === 0) return undefined;
    pieces.push(bytes.subarray(copied));
    return yield* join(pieces);
  }

  return { steps, mask: (bytes, length) => finish(steps(bytes.subarray(0, length))) };
}

interface TextMember {
  readonly key: string;
  readonly value: Uint8Array;
  readonly isTag: boolean;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A tag or a string field; `undefined`: it has no text. */
function readMember(bytes: Uint8Array): TextMember | undefined {
  const reader = createProtobufReader(bytes);
  let key: Uint8Array | undefined;
  let value: Uint8Array | undefined;
  let isTag = false;
  while (nextField(reader)) {
    if (reader.field === PART.key) key = reader.bytes;
    else if (reader.field === PART.string) value = reader.bytes;
    else if (reader.field === PART.isTag) isTag = reader.varint !== 0n;
  }
  return key === undefined || value === undefined ? undefined : { key: decoder.decode(key), value, isTag };
}

function* decode(bytes: Uint8Array): Steps<Text> {
  if (bytes.length <= PIECE || bytes.length <= AT_ONCE && isAscii(bytes)) return decoder.decode(bytes);
  // One of its own, as others decode in between.
  const streaming = new TextDecoder("utf-8", { ignoreBOM: true });
  const text = new TextBuilder();
  for (let at = 0; at < bytes.length; at += PIECE) {
    text.add(streaming.decode(bytes.subarray(at, at + PIECE), { stream: true }));
    yield;
  }
  text.add(streaming.decode());
  return text.end();
}

/** A tag or field as it stands in a point. */
function* encodeMember(key: string, text: Text, isTag: boolean): Steps<readonly Uint8Array[]> {
  if (isTag) return [encodeTag(key, String(text))];
  if (text.length <= PIECE) return [encodeFieldValue(key, String(text))];
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < text.length;) {
    const end = at + PIECE;
    // A pair of surrogates stays together.
    const to = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end + 1 : end;
    const piece = encoder.encode(text.slice(at, to));
    pieces.push(piece);
    length += piece.length;
    at = to;
    yield;
  }
  return [headOf(encoder.encode(key), length), ...pieces];
}

/** What comes before a field's text of so many bytes. */
function headOf(key: Uint8Array, textBytes: number): Uint8Array {
  const keyHead = new Uint8Array(key.length + HEAD_ROOM);
  const keyAt = putVarint(keyHead, putBytes(keyHead, 0, KEY_TAG), key.length);
  const keyEnd = putBytes(keyHead, keyAt, key);
  const head = new Uint8Array(keyEnd + HEAD_ROOM);
  return head.subarray(0, putTextHead(head, 0, keyHead.subarray(0, keyEnd), textBytes));
}

/** Room for the point's frame comes first: who takes it may keep it where it is. */
function* join(pieces: readonly Uint8Array[]): Steps<Uint8Array> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const whole = new Uint8Array(POINT_FRAME_BYTES + length).subarray(POINT_FRAME_BYTES);
  let at = 0;
  let copied = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += PIECE) {
      const part = piece.subarray(from, from + PIECE);
      whole.set(part, at);
      at += part.length;
      copied += part.length;
      if (copied < PIECE) continue;
      copied = 0;
      yield;
    }
  }
  return whole;
}
