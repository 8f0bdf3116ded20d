/** Joins chunks of a body. One buffer and not a list: a million one-byte chunks must not cost a million objects. */
export interface GrowingBuffer {
  /** Adds a chunk. The first one is not copied until there is a second; none is ever written into. */
  append(chunk: Uint8Array<ArrayBuffer>): void;
  /** Forgets everything, and keeps counting. */
  drop(): void;
  /** What was appended, as a view. It is a plain array also of Node's buffers, whose `slice()` is no copy. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Bytes appended so far, dropped ones included. */
  readonly sizeBytes: number;
}

/** A second chunk makes room for at least this many. */
const MIN_BYTES = 4096;

/** A buffer that grows to `maxBytes` at most by doubling; the caller appends no more than that. */
export function createGrowingBuffer(maxBytes: number): GrowingBuffer {
  let kept: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let sizeBytes = 0;
  let dropped = false;
  return {
    append: (chunk) => {
      const start = sizeBytes;
      sizeBytes += chunk.length;
      if (dropped) return;
      if (start === 0) {
        kept = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
        return;
      }
      if (sizeBytes > kept.length) {
        const grown = new Uint8Array(
          Math.min(Math.max(2 * sizeBytes, MIN_BYTES), Math.max(maxBytes, sizeBytes)),
        );
        grown.set(kept.subarray(0, start));
        kept = grown;
      }
      kept.set(chunk, start);
    },
    drop: () => {
      dropped = true;
      kept = new Uint8Array(0);
    },
    bytes: () => kept.subarray(0, sizeBytes),
    get sizeBytes(): number {
      return sizeBytes;
    },
  };
}
