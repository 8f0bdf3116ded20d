import type { BodyShare } from "../net/admission.ts";

/** Joins chunks of a body. One buffer and not a list: a million one-byte chunks must not cost a million objects. */
export interface GrowingBuffer {
  /** Memory that it will have more with this chunk, in bytes. */
  roomFor(chunk: Uint8Array<ArrayBuffer>): number;
  /**
   * Adds a chunk. The first one is not copied until there is a second that does not follow it in memory; no chunk is
   * ever written into. Returns whether it was copied, and can go.
   */
  append(chunk: Uint8Array<ArrayBuffer>): boolean;
  /** Gives back what is its own, forgets everything, and keeps counting. Whether nothing is left as garbage. */
  drop(): boolean;
  /** What was appended, as a view. It is a plain array also of Node's buffers, whose `slice()` is no copy. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Bytes appended so far, dropped ones included. */
  readonly sizeBytes: number;
  /** Memory that it has, in bytes. */
  readonly capacityBytes: number;
}

/** A second chunk makes room for at least this many. */
const MIN_BYTES = 4096;

/**
 * A buffer that grows by doubling to `maxBytes` at most, and gives back what it had at once; the caller appends no more
 * than that. `expectedBytes` are had at once, by the second chunk: where memory that nobody writes into is not
 * there yet, they cost nothing.
 */
export function createGrowingBuffer(maxBytes: number, expectedBytes = MIN_BYTES): GrowingBuffer {
  let kept: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let isOwn = false;
  let sizeBytes = 0;
  let isDropped = false;

  /** Whether what is kept and the chunk are one piece of somebody's memory. */
  function continues({ buffer, byteOffset }: Uint8Array<ArrayBuffer>): boolean {
    if (sizeBytes === 0) return true;
    return !isOwn && kept.buffer === buffer && kept.byteOffset + kept.length === byteOffset;
  }

  function capacityFor(chunk: Uint8Array<ArrayBuffer>): number {
    const wanted = sizeBytes + chunk.length;
    if (isDropped || wanted <= kept.length) return kept.length;
    if (continues(chunk)) return wanted;
    return Math.max(
      wanted,
      Math.min(maxBytes, Math.max(kept.length < expectedBytes ? 0 : 2 * wanted, expectedBytes)),
    );
  }

  function grow(capacity: number): void {
    if (isOwn) {
      kept = new Uint8Array(kept.buffer.transfer(capacity));
      return;
    }
    const grown = new Uint8Array(capacity);
    grown.set(kept);
    kept = grown;
    isOwn = true;
  }

  return {
    roomFor: (chunk) => capacityFor(chunk) - kept.length,
    append: (chunk) => {
      const start = sizeBytes;
      const capacity = capacityFor(chunk);
      const isCopied = !continues(chunk);
      sizeBytes += chunk.length;
      if (isDropped) return true;
      if (!isCopied) {
        const { buffer, byteOffset } = start === 0 ? chunk : kept;
        kept = new Uint8Array(buffer, byteOffset, sizeBytes);
        return false;
      }
      if (capacity > kept.length) grow(capacity);
      kept.set(chunk, start);
      return true;
    },
    drop: () => {
      isDropped = true;
      if (isOwn) kept.buffer.transfer(0);
      kept = new Uint8Array(0);
      return isOwn;
    },
    bytes: () => kept.subarray(0, sizeBytes),
    get sizeBytes() {
      return sizeBytes;
    },
    get capacityBytes() {
      return kept.length;
    },
  };
}

/**
 * Appends a chunk once there is room for it; `false` where there was none in time. `isOurs`: once copied it is given
 * back at once, as garbage is collected late.
 */
export async function appendWithin(
  share: BodyShare,
  buffer: GrowingBuffer,
  chunk: Uint8Array<ArrayBuffer>,
  isOurs = false,
): Promise<boolean> {
  const { length } = chunk;
  if (!await share.take(buffer.roomFor(chunk) + length)) return false;
  const isCopied = buffer.append(chunk);
  if (isCopied && isOurs) chunk.buffer.transfer(0);
  if (isCopied && !isOurs) share.give(length);
  else share.spare(length);
  return true;
}
