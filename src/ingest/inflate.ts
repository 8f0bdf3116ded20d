/**
 * Undoes the content codings of bodies, on the event loop: a small one on the spot, others in slices of time. The
 * runtime's own asynchronous functions do all their work at once, and say nothing, ever, of a zstd body that is spoilt
 * after its first part.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-codings
 */
import type { BodyShare } from "../net/admission.ts";
import { type BodyResult, failBody, overloaded } from "./body_result.ts";
import { appendWithin, createGrowingBuffer, type GrowingBuffer } from "./growing_buffer.ts";
import { createTimeSlice, type TimeSlice } from "../time_slice.ts";
import { ZSTD_BLOCK_BYTES, zstdBlocks, zstdFrames, zstdSizes } from "./zstd_frames.ts";

/** Codings that can be undone. `identity` needs nothing. */
type Coding = "gzip" | "deflate" | "zstd";

/** What one part inflates to, or why it does not. */
type Inflated = Uint8Array<ArrayBuffer> | "too_large" | "no_room" | "spoilt";

/** A decompressor of `node:zlib`. It works as it is read: what is not read waits in it compressed. */
interface Decompressor extends AsyncIterable<Uint8Array> {
  write(piece: Uint8Array, done: () => void): unknown;
  end(): unknown;
}

/** More codings than this in one list are an attack: each may inflate to the whole limit. */
const MAX_CODINGS = 3;
/** Up to this many bytes in and out, inflating on the spot is cheapest and takes about 1 ms. */
const SMALL_WIRE_BYTES = 64 * 1024;
const SMALL_INFLATED_BYTES = 1024 * 1024;
/** What a decompressor takes and gives at a time. */
const PIECE_BYTES = 64 * 1024;

/**
 * Undoes all codings of a `content-encoding`. A result is at most `maxBytes` long. `share` has room for `wire` already;
 * in the end it has it for the result.
 */
export async function inflateAll(
  wire: Uint8Array<ArrayBuffer>,
  header: string,
  maxBytes: number,
  share: BodyShare,
): Promise<BodyResult> {
  const codings = parseCodings(header);
  if (codings === undefined) {
    const shown = JSON.stringify(header.slice(0, 80));
    return failBody(
      400,
      `Cannot undo a content coding as it must be gzip, deflate or zstd: current value is ${shown}`,
    );
  }
  let bytes = wire;
  for (const coding of codings.reverse()) {
    const result = await inflate(bytes, coding, maxBytes, share);
    if (!result.ok) return result;
    share.free(bytes);
    bytes = result.bytes;
  }
  return { ok: true, bytes };
}

/** The codings in the order they were applied; `undefined` if one is unknown. */
function parseCodings(header: string): Coding[] | undefined {
  const codings: Coding[] = [];
  for (const word of header.toLowerCase().split(",")) {
    const name = word.trim();
    if (name === "" || name === "identity") continue;
    if (name === "gzip" || name === "x-gzip") codings.push("gzip");
    else if (name === "deflate" || name === "zlib") codings.push("deflate");
    // No brotli: no client of ours sends it, and the runtime takes a brotli body cut short for a whole one.
    else if (name === "zstd") codings.push(name);
    else return undefined;
  }
  return codings.length > MAX_CODINGS ? undefined : codings;
}

/** Undoes one coding; the result is at most `maxBytes` long, and has its room in `share` beside `bytes`. */
export async function inflate(
  bytes: Uint8Array,
  coding: Coding,
  maxBytes: number,
  share: BodyShare,
): Promise<BodyResult> {
  if (coding === "gzip" && !(bytes[0] === 0x1f && bytes[1] === 0x8b)) {
    return failBody(400, "Cannot inflate a body as it must begin like gzip");
  }
  const spoilt = failBody(400, `Cannot inflate a body as it must be whole and valid ${coding}`);
  const frames = coding === "zstd" ? zstdFrames(bytes) : [bytes];
  if (frames === undefined) return spoilt;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let leftBytes = maxBytes;
  for (const frame of frames) {
    const part = await inflatePart(frame, coding, leftBytes, share);
    if (part === "too_large") {
      return failBody(413, `Cannot take a body as it may have ${maxBytes} bytes at most when inflated`);
    }
    if (part === "spoilt") return spoilt;
    if (part === "no_room") return overloaded();
    parts.push(part);
    leftBytes -= part.length;
  }
  return { ok: true, bytes: join(parts, maxBytes - leftBytes) };
}

async function inflatePart(
  bytes: Uint8Array,
  coding: Coding,
  maxBytes: number,
  share: BodyShare,
): Promise<Inflated> {
  const limit = Math.max(1, maxBytes); // Zero is no limit to zlib.
  const zlib = await import("node:zlib");
  const [inflateSmall, open] = coding === "gzip"
    ? [zlib.gunzipSync, zlib.createGunzip]
    : coding === "zstd"
    ? [zlib.zstdDecompressSync, zlib.createZstdDecompress]
    : isZlib(bytes)
    ? [zlib.inflateSync, zlib.createInflate]
    : [zlib.inflateRawSync, zlib.createInflateRaw];
  if (looksSmall(bytes, coding)) {
    const mostBytes = Math.min(limit, SMALL_INFLATED_BYTES);
    if (!await share.take(mostBytes)) return "no_room";
    const small = attempt(() => inflateSmall(bytes, { maxOutputLength: mostBytes }));
    share.spare(mostBytes - (small instanceof Uint8Array ? small.length : 0));
    if (small !== "too_large" || limit <= SMALL_INFLATED_BYTES) return small;
  }
  if (coding !== "zstd") {
    const expectedBytes = Math.min(limit, coding === "gzip" ? gzipSize(bytes) : 0);
    if (!await share.reserve(expectedBytes)) return "no_room";
    const inflated = createGrowingBuffer(limit, expectedBytes);
    return await inflateInSlices(open({ chunkSize: PIECE_BYTES }), piecesOf(bytes), inflated, limit, share);
  }
  const { contentBytes = limit, windowBytes } = zstdSizes(bytes);
  if (contentBytes > limit) return "too_large";
  const memoryBytes = Math.min(windowBytes, contentBytes);
  if (!await share.take(memoryBytes) || !await share.reserve(contentBytes)) return "no_room";
  // It fails unseen where the output of one block does not fit: one buffer has room for all that may come.
  const decompressor = open({ chunkSize: contentBytes + 4 * ZSTD_BLOCK_BYTES });
  const inflated = createGrowingBuffer(limit);
  const result = await inflateInSlices(decompressor, zstdBlocks(bytes), inflated, limit, share);
  share.spare(memoryBytes);
  return result;
}

/** What a gzip body says at its end of its size: true of an honest one with a single member. */
function gzipSize(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0, true);
}

/** Whether it can be inflated on the spot, as far as it tells: gzip names its size at its end, zstd has few blocks. */
function looksSmall(bytes: Uint8Array, coding: Coding): boolean {
  if (bytes.length > SMALL_WIRE_BYTES) return false;
  if (coding === "zstd") {
    return zstdBlocks(bytes).drop(SMALL_INFLATED_BYTES / ZSTD_BLOCK_BYTES + 1).next().done === true;
  }
  return coding !== "gzip" || gzipSize(bytes) <= SMALL_INFLATED_BYTES;
}

function attempt(run: () => Uint8Array): Inflated {
  try {
    return overArrayBuffer(run());
  } catch (error) {
    const isTooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return isTooLarge ? "too_large" : "spoilt";
  }
}

/** Undoes one coding while others go on. */
async function inflateInSlices(
  decompressor: Decompressor,
  pieces: Iterable<Uint8Array>,
  inflated: GrowingBuffer,
  maxBytes: number,
  share: BodyShare,
): Promise<Inflated> {
  const slice = createTimeSlice();
  const feeding = feed(decompressor, pieces, slice);
  let failure: Exclude<Inflated, Uint8Array> | undefined;
  try {
    // Whoever leaves the loop ends the decompressor.
    for await (const part of decompressor) {
      if (inflated.sizeBytes() + part.length > maxBytes) failure = "too_large";
      else if (!await appendWithin(share, inflated, overArrayBuffer(part), isLastOfItsBuffer(part))) {
        failure = "no_room";
      }
      if (failure !== undefined) break;
      if (slice.isOver()) await slice.pause();
    }
  } catch {
    failure = "spoilt";
  }
  await feeding.stop();
  await share.reserve(0);
  if (failure === undefined) return inflated.bytes();
  const capacityBytes = inflated.capacityBytes();
  const { buffer } = inflated.bytes();
  // The decompressor's own, which is over: else the next body's comes beside it.
  if (!inflated.drop()) buffer.transfer(0);
  share.spare(capacityBytes);
  return failure;
}

/** Feeds one piece after the other, as the last one is worked off: a decompressor that is over takes none for ever. */
function feed(
  decompressor: Decompressor,
  pieces: Iterable<Uint8Array>,
  slice: TimeSlice,
): { stop(): Promise<void> } {
  let isOver = false;
  let pause = Promise.resolve();
  void (async () => {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => void decompressor.write(piece, resolve));
      if (!isOver && slice.isOver()) await (pause = slice.pause());
      if (isOver) return;
    }
    decompressor.end();
  })();
  return {
    stop: () => {
      isOver = true;
      return pause;
    },
  };
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

function join(parts: readonly Uint8Array<ArrayBuffer>[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A zlib header, as RFC 9110 wants for `deflate`; some senders leave it out. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

/** Whether a decompressor has filled the buffer that a part of its output ends, and has taken a new one for the next. */
function isLastOfItsBuffer({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  return byteLength > 0 && byteOffset + byteLength === buffer.byteLength;
}

function overArrayBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array<ArrayBuffer> {
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}
