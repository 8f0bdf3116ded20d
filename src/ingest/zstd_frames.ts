/**
 * Finds the frames of a zstd body. The runtime's decompressor undoes the first frame only and takes a frame cut
 * short for a whole one, both without a word: what it is given has to be exactly one whole frame.
 * @see RFC 8878, section 3.1
 */

const MAGIC = 0xfd2fb528;
const MAGIC_SKIPPABLE = 0x184d2a50;
/** Clients send one frame. More than this would only serve to keep us busy. */
const MAX_FRAMES = 256;
/** And at most this many blocks: one of some KB is small. */
const MAX_BLOCKS = 65_536;
/** Bytes of the dictionary id and of the content size, by their codes in the frame's descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/** The whole frames in `bytes`, skippable ones left out; `undefined` if one is cut short or anything else is there. */
export function zstdFrames(bytes: Uint8Array): Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length || frames.length === MAX_FRAMES) return undefined;
    const magic = view.getUint32(at, true);
    const skippable = (magic & 0xfffffff0) >>> 0 === MAGIC_SKIPPABLE;
    if (!skippable && magic !== MAGIC) return undefined;
    const end = skippable ? at + 8 + view.getUint32(at + 4, true) : frameEnd(bytes, at + 4);
    if (end > bytes.length) return undefined;
    if (!skippable) frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames.length === 0 ? undefined : frames;
}

/** Most that one block inflates to. */
export const ZSTD_BLOCK_BYTES = 128 * 1024;

/** A whole frame in pieces of one block at most: its head, its blocks, and the checksum with the last of them. */
export function* zstdBlocks(frame: Uint8Array): Generator<Uint8Array> {
  let begin = 0;
  for (const end of blockEnds(frame, 4)) {
    yield frame.subarray(begin, end);
    begin = end;
  }
}

/** Where the frame ends whose descriptor is at `at`; `Infinity` if it has no end. */
function frameEnd(bytes: Uint8Array, at: number): number {
  let last = Infinity;
  let count = 0;
  for (const end of blockEnds(bytes, at)) {
    if (++count > MAX_BLOCKS) return Infinity;
    last = end;
  }
  return last;
}

/** What a frame says of its size, and of the memory that undoing it takes besides. In bytes. */
export interface ZstdSizes {
  /** What it inflates to; `undefined` where it does not tell. */
  readonly contentBytes: number | undefined;
  /** How far back it looks. */
  readonly windowBytes: number;
}

/** Reads a whole frame's head. */
export function zstdSizes(frame: Uint8Array): ZstdSizes {
  const { isSingleSegment, sizeAt, sizeBytes } = readHead(frame, 4);
  let contentBytes = sizeBytes === 0 ? undefined : sizeBytes === 2 ? 256 : 0;
  for (let i = 0; i < sizeBytes; i++) {
    contentBytes = (contentBytes ?? 0) + (frame[sizeAt + i] ?? 0) * 256 ** i;
  }
  const code = frame[5] ?? 0;
  const base = 2 ** (10 + (code >> 3));
  return { contentBytes, windowBytes: isSingleSegment ? contentBytes ?? 0 : base + base / 8 * (code & 7) };
}

interface FrameHead {
  readonly isSingleSegment: boolean;
  /** Where the content's size is, and how long it is. */
  readonly sizeAt: number;
  readonly sizeBytes: number;
}

/** The head whose descriptor is at `at`. */
function readHead(bytes: Uint8Array, at: number): FrameHead {
  const descriptor = bytes[at] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeCode = descriptor >> 6;
  return {
    isSingleSegment,
    sizeAt: at + 1 + (isSingleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0),
    sizeBytes: isSingleSegment && sizeCode === 0 ? 1 : CONTENT_SIZE_BYTES[sizeCode] ?? 0,
  };
}

/** Where a frame's head and its blocks end, the last one with the checksum; `Infinity` at last if there is no last one. */
function* blockEnds(bytes: Uint8Array, at: number): Generator<number> {
  const descriptor = bytes[at] ?? 0;
  const { sizeAt, sizeBytes } = readHead(bytes, at);
  let block = sizeAt + sizeBytes;
  yield block;
  while (block + 3 <= bytes.length) {
    const header = (bytes[block] ?? 0) | (bytes[block + 1] ?? 0) << 8 | (bytes[block + 2] ?? 0) << 16;
    const isRun = (header >> 1 & 3) === 1;
    block += 3 + (isRun ? 1 : header >> 3);
    if ((header & 1) !== 0) return yield block + ((descriptor & 4) !== 0 ? 4 : 0);
    yield block;
  }
  yield Infinity;
}
