/**
 * Finds the frames of a zstd body. The runtime's decompressor undoes the first frame only and takes a frame cut
 * short for a whole one, both without a word: what it is given has to be exactly one whole frame.
 * @see RFC 8878, section 3.1
 */

const MAGIC = 0xfd2fb528;
const MAGIC_SKIPPABLE = 0x184d2a50;
/** Clients send one frame. More than this would only serve to keep us busy. */
const MAX_FRAMES = 256;
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

/** Where the frame ends whose descriptor is at `at`; `Infinity` if it has no end. */
function frameEnd(bytes: Uint8Array, at: number): number {
  const descriptor = bytes[at] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeCode = descriptor >> 6;
  const sizeBytes = singleSegment && sizeCode === 0 ? 1 : CONTENT_SIZE_BYTES[sizeCode] ?? 0;
  const windowBytes = singleSegment ? 0 : 1;
  let block = at + 1 + windowBytes + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + sizeBytes;
  while (block + 3 <= bytes.length) {
    const header = (bytes[block] ?? 0) | (bytes[block + 1] ?? 0) << 8 | (bytes[block + 2] ?? 0) << 16;
    const isRun = (header >> 1 & 3) === 1;
    block += 3 + (isRun ? 1 : header >> 3);
    if ((header & 1) !== 0) return block + ((descriptor & 4) !== 0 ? 4 : 0);
  }
  return Infinity;
}
