/** Points as bodies: ranges of them in a row, with the common tags in each that lacks their key. */
import type { CommonTag, CommonTags } from "./common_tags.ts";
import {
  OWN_TAGS_MASK,
  POINT_FRAME_BYTES,
  pointBytes,
  type PointRange,
  putFrame,
  rangeBytes,
  skipVarint,
  sliceOf,
  startOf,
  timeStart,
  UNKNOWN_MASK,
} from "./point_range.ts";
import { OWN_TAGS_ONLY } from "./protobuf.ts";
import { createProtobufReader, nextField } from "./protobuf_reader.ts";

const FIELD_TAG = 0x12;
const OWN_TAGS_ONLY_FIELD = 15;

/** Upper bound of {@link joinPoints}' result for a number of points and their bytes. */
function joinedBytes(bytes: number, points: number, common: CommonTags): number {
  return bytes + points * frameGrowth(common);
}

/** Bytes that each point grows by at most when the common tags are joined. */
export function frameGrowth(common: CommonTags): number {
  return common.bytes.length === 0 ? 0 : common.bytes.length + POINT_FRAME_BYTES - 2;
}

/** One `PBPoints` of all points, with the common tags in each that lacks their key. */
export function joinPoints(ranges: readonly PointRange[], common: CommonTags): Uint8Array<ArrayBuffer> {
  let room = 0;
  for (const range of ranges) room += joinedBytes(rangeBytes(range), range.to - range.from, common);
  const body = new Uint8Array(room);
  let at = 0;
  for (const range of ranges) {
    if (common.bytes.length > 0 || hasOwnTagsOnly(range)) at = joinRange(body, at, range, common);
    else {
      body.set(sliceOf(range), at);
      at += rangeBytes(range);
    }
  }
  return at === room ? body : new Uint8Array(body.buffer.transfer(at));
}

function joinRange(body: Uint8Array, start: number, range: PointRange, common: CommonTags): number {
  const { bytes, ends, to } = range;
  let at = start;
  let frameAt = startOf(ends, range.from);
  for (let i = range.from; i < to; i++) {
    const end = ends[i] ?? 0;
    const contentAt = skipVarint(bytes, frameAt + 1);
    const timeAt = timeStart(bytes, contentAt, end);
    const added = addedTo(range, i, contentAt, end, common);
    const cutAt = added === undefined ? timeAt - OWN_TAGS_ONLY.length : timeAt;
    at = putFrame(body, at, cutAt - contentAt + (added?.length ?? 0) + end - timeAt);
    body.set(bytes.subarray(contentAt, cutAt), at);
    at += cutAt - contentAt;
    if (added !== undefined) {
      body.set(added, at);
      at += added.length;
    }
    for (let from = timeAt; from < end; from++) body[at++] = bytes[from] ?? 0;
    frameAt = end;
  }
  return at;
}

/** The tags that a point gets, before its time; `undefined`: none, and the mark before it goes. */
function addedTo(
  { bytes, masks }: PointRange,
  index: number,
  contentAt: number,
  end: number,
  common: CommonTags,
): Uint8Array | undefined {
  const own = masks?.[index] ?? UNKNOWN_MASK;
  const mask = own < 0 || common.mask === undefined ? UNKNOWN_MASK : own & common.mask;
  if (mask === 0) return common.bytes;
  const missing = own === OWN_TAGS_MASK
    ? undefined
    : missingTags(bytes.subarray(contentAt, end), mask, common);
  return missing && joinTags(missing);
}

function joinTags(tags: readonly CommonTag[]): Uint8Array {
  const joined = new Uint8Array(tags.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of tags) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}

/** Points of more are joined in pieces, of which none is much larger. In bytes. */
const PIECE_BYTES = 128 * 1024;

/** The same as {@link joinPoints} gives in pieces with buffers of their own: one point may have tens of megabytes. */
export function* joinedPieces(
  ranges: readonly PointRange[],
  common: CommonTags,
): Generator<Uint8Array<ArrayBuffer>> {
  for (const range of ranges) {
    let from = range.from;
    for (let i = range.from; i < range.to; i++) {
      if (pointBytes(range, i) <= PIECE_BYTES) continue;
      if (i > from) yield joinPoints([{ ...range, from, to: i }], common);
      yield* piecesOfPoint(range, i, common);
      from = i + 1;
    }
    if (range.to > from) yield joinPoints([{ ...range, from }], common);
  }
}

function* piecesOfPoint(
  range: PointRange,
  index: number,
  common: CommonTags,
): Generator<Uint8Array<ArrayBuffer>> {
  const { bytes, ends } = range;
  const end = ends[index] ?? 0;
  const contentAt = skipVarint(bytes, startOf(ends, index) + 1);
  const timeAt = timeStart(bytes, contentAt, end);
  const added = addedTo(range, index, contentAt, end, common);
  const cutAt = added === undefined ? timeAt - OWN_TAGS_ONLY.length : timeAt;
  const head = new Uint8Array(POINT_FRAME_BYTES);
  yield head.slice(0, putFrame(head, 0, cutAt - contentAt + (added?.length ?? 0) + end - timeAt));
  for (let at = contentAt; at < cutAt; at += PIECE_BYTES) {
    yield Uint8Array.from(bytes.subarray(at, Math.min(cutAt, at + PIECE_BYTES)));
  }
  if (added !== undefined) yield Uint8Array.from(added);
  yield Uint8Array.from(bytes.subarray(timeAt, end));
}

/** Whether some of the points may be sent with their own tags only: that is written in them, and not sent. */
function hasOwnTagsOnly({ masks, from, to }: PointRange): boolean {
  if (masks === undefined) return true;
  for (let i = from; i < to; i++) if ((masks[i] ?? UNKNOWN_MASK) < 0) return true;
  return false;
}

/** The common tags that a point lacks; `undefined`: it is sent with its own only. */
function missingTags(
  point: Uint8Array,
  mask: number,
  common: CommonTags,
): readonly CommonTag[] | undefined {
  if (mask !== UNKNOWN_MASK) return common.tags.filter((tag) => (mask & tag.bit) === 0);
  const keys = keysOf(point);
  return keys === undefined ? undefined : common.tags.filter((tag) => !keys.has(tag.key));
}

/** The keys of a point's tags and fields; `undefined`: it is sent with its own tags only. */
function keysOf(point: Uint8Array): ReadonlySet<string> | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const keys = new Set<string>();
  const fields = createProtobufReader(point);
  while (nextField(fields)) {
    if (fields.field === OWN_TAGS_ONLY_FIELD && fields.wireType === 0) return undefined;
    if (fields.field !== FIELD_TAG >> 3 || fields.wireType !== 2) continue;
    const members = createProtobufReader(fields.bytes);
    while (nextField(members)) if (members.field === 1) keys.add(decoder.decode(members.bytes));
  }
  return keys;
}
