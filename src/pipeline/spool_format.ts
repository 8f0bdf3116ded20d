/**
 * One spool file: a magic word with the version, length and CRC-32 of the rest, then what the points belong to (JSON)
 * and the points (`PBPoints`). Whatever is not exactly that is torn: a crash in the middle of a write, a full disk, a
 * function that works in the same `/tmp`.
 */
import { crc32 } from "node:zlib";
import { CATEGORIES, type Category, type Source, SOURCES } from "../point/point.ts";
import { type PointRange, rangeOf } from "../point/point_range.ts";
import { createProtobufReader, nextField } from "../point/protobuf_reader.ts";

/** So many points in a row of one source. */
export type Run = readonly [source: Source, points: number];

/** What a file says of its points without a look at them. */
export interface SpoolHead {
  readonly category: Category;
  readonly runs: readonly Run[];
}

/** A file's points as bytes: such bytes of two files in a row are a file's too. */
export interface SpoolContent extends SpoolHead {
  readonly payload: Uint8Array;
  /** The points of the payload. */
  readonly range: PointRange;
  /** By which the file is known to be the one that was written. */
  readonly checksum: number;
}

/** "DKSPOOL" and the version. */
const MAGIC: readonly number[] = [0x44, 0x4b, 0x53, 0x50, 0x4f, 0x4f, 0x4c, 1];
/** Magic, u32 length of what follows the prefix, u32 CRC-32 of it; little-endian. */
const PREFIX_BYTES = 16;
/** Then a u32: the length of the head. */
const HEAD_LENGTH_BYTES = 4;

/** A point is never smaller: frames, a name, one field with its key. A count that cannot be is not believed. */
const MIN_POINT_BYTES = 10;

/** A file of nothing: what stands for one that cannot be removed. */
export function emptySpoolFile(): Uint8Array {
  return encodeSpoolFile({ category: "logging", runs: [] }, []);
}

/** The checksum in a file's bytes. */
export function checksumOf(file: Uint8Array): number {
  return file.length < PREFIX_BYTES ? 0 : new DataView(file.buffer, file.byteOffset).getUint32(12, true);
}

/** The bytes of a file. */
export function encodeSpoolFile(head: SpoolHead, payloads: readonly Uint8Array[]): Uint8Array {
  const headBytes = new TextEncoder().encode(JSON.stringify([head.category, head.runs]));
  const payloadBytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
  const bodyBytes = HEAD_LENGTH_BYTES + headBytes.length + payloadBytes;
  const bytes = new Uint8Array(PREFIX_BYTES + bodyBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(PREFIX_BYTES, headBytes.length, true);
  let at = PREFIX_BYTES + HEAD_LENGTH_BYTES;
  for (const part of [headBytes, ...payloads]) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(8, bodyBytes, true);
  view.setUint32(12, crc32(bytes.subarray(PREFIX_BYTES)), true);
  return bytes;
}

/** Reads a file's bytes; `undefined`: torn. Never throws. */
export function decodeSpoolFile(bytes: Uint8Array): SpoolContent | undefined {
  const found = readHead(bytes);
  if (found === undefined || !isWhole(bytes)) return undefined;
  const { head, payloadAt } = found;
  const payload = bytes.subarray(payloadAt);
  if (countPoints(head) * MIN_POINT_BYTES > payload.length) return undefined;
  const range = rangeOf(payload, countPoints(head));
  return range === undefined ? undefined : { ...head, payload, range, checksum: checksumOf(bytes) };
}

/**
 * What a file that is torn or was never finished was to hold, at most: its head came through. `undefined`: that is not
 * known, or cannot be true. Never throws.
 *
 * @param maxFileBytes No file of ours is larger.
 */
export function headOfTornFile(bytes: Uint8Array, maxFileBytes: number): SpoolHead | undefined {
  const found = readHead(bytes);
  // Whole, and all the same no file of ours: somebody has made it up.
  if (found === undefined || (isWhole(bytes) && decodeSpoolFile(bytes) === undefined)) return undefined;
  const { head, payloadAt, announcedBytes } = found;
  if (announcedBytes > maxFileBytes) return undefined;
  return countPoints(head) * MIN_POINT_BYTES > announcedBytes - payloadAt ? undefined : head;
}

function readHead(
  bytes: Uint8Array,
): { readonly head: SpoolHead; readonly payloadAt: number; readonly announcedBytes: number } | undefined {
  const headAt = PREFIX_BYTES + HEAD_LENGTH_BYTES;
  if (bytes.length < headAt || MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloadAt = headAt + view.getUint32(PREFIX_BYTES, true);
  if (payloadAt > bytes.length) return undefined;
  const head = decodeHead(new TextDecoder().decode(bytes.subarray(headAt, payloadAt)));
  return head === undefined ? undefined : {
    head,
    payloadAt,
    announcedBytes: PREFIX_BYTES + view.getUint32(8, true),
  };
}

/** Whether nothing was added, cut off or changed. */
function isWhole(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(PREFIX_BYTES);
  return view.getUint32(8, true) === body.length && view.getUint32(12, true) === crc32(body);
}

/** Whether each of the points has a name and a field: of what another process has written nothing is believed. */
export function hasWholePoints({ payload }: SpoolContent): boolean {
  const points = createProtobufReader(payload);
  while (nextField(points)) if (!isWholePoint(points.bytes)) return false;
  return !points.failed;
}

function isWholePoint(bytes: Uint8Array): boolean {
  const members = createProtobufReader(bytes);
  let hasName = false;
  let hasField = false;
  while (nextField(members)) {
    if (members.wireType !== 2) continue;
    if (members.field === 1) hasName = members.bytes.length > 0;
    else if (members.field === 2) hasField ||= isField(members.bytes);
  }
  return hasName && hasField && !members.failed;
}

/** A key with a value that is no tag. */
function isField(bytes: Uint8Array): boolean {
  const members = createProtobufReader(bytes);
  let hasKey = false;
  let hasValue = false;
  let isTag = false;
  while (nextField(members)) {
    if (members.field === 1) hasKey = members.wireType === 2 && members.bytes.length > 0;
    else if (members.field === 8) isTag = members.wireType === 0 && members.varint !== 0n;
    else hasValue ||= members.field <= 7 || members.field === 11;
  }
  return hasKey && hasValue && !isTag && !members.failed;
}

/** How many points a head announces, of all sources or of one. */
export function countPoints({ runs }: SpoolHead, source?: Source): number {
  return runs.reduce((sum, run) => source === undefined || run[0] === source ? sum + run[1] : sum, 0);
}

/** The runs of points in this order. */
export function runsOf(sources: Iterable<Source>): readonly Run[] {
  return joinRuns(Array.from(sources, (source) => [source, 1] as const));
}

/** One list after the other, neighbours of one source made one run. */
export function joinRuns(...lists: readonly (readonly Run[])[]): readonly Run[] {
  const joined: [Source, number][] = [];
  for (const [source, count] of lists.flat()) {
    const last = joined.at(-1);
    if (last?.[0] === source) last[1] += count;
    else joined.push([source, count]);
  }
  return joined;
}

function decodeHead(text: string): SpoolHead | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [name, runs]: unknown[] = value;
  const category = CATEGORIES.find((known) => known === name);
  return category === undefined || !Array.isArray(runs) || !runs.every(isRun)
    ? undefined
    : { category, runs };
}

function isRun(value: unknown): value is Run {
  if (!Array.isArray(value)) return false;
  const [source, count]: unknown[] = value;
  return SOURCES.some((known) => known === source) &&
    typeof count === "number" && Number.isSafeInteger(count) && count > 0;
}
