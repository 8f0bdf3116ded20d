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
  sizeBytes(): number;
  /** Memory that it has, in bytes. */
  capacityBytes(): number;
}

/** A second chunk makes room for at least this many. */
const MIN_BYTES = 4096;
/** What moves to larger room with each chunk: so many times its bytes, and at least so many. */
const MOVED_SHARE = 2;
const LEAST_MOVED_BYTES = 64 * 1024;

/**
 * A buffer that grows by doubling to `maxBytes` at most; the caller appends no more than that. What it had moves a part
 * with each chunk, as 16 MiB at once take some 12 ms of CPU, and is given back as soon as all of it has. `expectedBytes` are had
 * at once, by the second chunk: where memory that nobody writes into is not there yet, they cost nothing.
 */
export function createGrowingBuffer(maxBytes: number, expectedBytes = MIN_BYTES): GrowingBuffer {
  let kept: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let isOwn = false;
  let sizeBytes = 0;
  let isDropped = false;
  /** What has not moved to `kept` yet as a whole, and how much of it has. */
  let moving: Uint8Array<ArrayBuffer> | undefined;
  let isMovingOwn = false;
  let movedBytes = 0;

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

  function grow(start: number, capacity: number): void {
    move(Infinity);
    moving = kept.subarray(0, start);
    isMovingOwn = isOwn;
    movedBytes = 0;
    kept = new Uint8Array(capacity);
    isOwn = true;
  }

  function move(bytes: number): void {
    if (moving === undefined) return;
    const part = moving.subarray(movedBytes, movedBytes + bytes);
    kept.set(part, movedBytes);
    movedBytes += part.length;
    if (movedBytes === moving.length) forgetMoving();
  }

  function forgetMoving(): void {
    if (isMovingOwn) moving?.buffer.transfer(0);
    moving = undefined;
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
      if (capacity > kept.length) grow(start, capacity);
      kept.set(chunk, start);
      move(Math.max(LEAST_MOVED_BYTES, MOVED_SHARE * chunk.length));
      return true;
    },
    drop: () => {
      isDropped = true;
      forgetMoving();
      if (isOwn) kept.buffer.transfer(0);
      kept = new Uint8Array(0);
      return isOwn;
    },
    bytes: () => {
      move(Infinity);
      return kept.subarray(0, sizeBytes);
    },
    sizeBytes: () => sizeBytes,
    capacityBytes: () => kept.length,
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
