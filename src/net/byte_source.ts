/** The bytes of a connection in order, read ahead no further than a head needs. */

/** Where bytes come from: a part of `Deno.Conn`. */
export interface ByteReader {
  /** Reads into `buffer`; the number of bytes, `null` at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

/** Where something ends in `bytes`, of which those before `from` were looked at already; -1 when it does not yet. */
export type FindEnd = (bytes: Uint8Array<ArrayBuffer>, from: number) => number;

export interface ByteSource {
  /**
   * The bytes up to the first end that `findEnd` sees in all that is there so far. `undefined` when the connection
   * ends before; "too_long" when there is no end within `maxBytes`. Valid until the next call.
   */
  readUntil(findEnd: FindEnd, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | "too_long" | undefined>;
  /** At least one byte and at most `maxBytes`, the caller's to keep; `undefined` at the end of the connection. */
  read(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Reads at least one byte and at most `maxBytes` that nobody wants; how many, 0 at the end of the connection. */
  skip(maxBytes: number): Promise<number>;
  /** Whether the connection begins with `wanted`, which stays there to be read. */
  startsWith(wanted: Uint8Array): Promise<boolean>;
  /** Bytes that were read but not asked for yet. */
  readonly buffered: number;
}

/** A connection waits with this much: a head and a small body fit, hundreds of idle connections take little. */
const FIRST_BYTES = 2_048;
/** Asked of the kernel at once for a body: more after each read that brought as much, and the least again after others. */
const LEAST_CHUNK_BYTES = 8_192;
const MOST_CHUNK_BYTES = 65_536;

/** Where all connections read bytes that nobody wants: it is never looked at. */
let rubbish = new Uint8Array(0);

/** A source over `reader`. One call at a time. Fails as `reader` does. */
export function createByteSource(reader: ByteReader): ByteSource {
  let buffer = new Uint8Array(FIRST_BYTES);
  let start = 0;
  let end = 0;
  let chunkBytes = LEAST_CHUNK_BYTES;

  /** More bytes behind those that are there; `false` at the end of the connection. */
  async function fill(maxBytes: number): Promise<boolean> {
    if (start === end) start = end = 0;
    if (end === buffer.length) {
      const bytes = start > 0 ? buffer : new Uint8Array(Math.min(maxBytes, 2 * buffer.length));
      bytes.set(buffer.subarray(start, end));
      [buffer, start, end] = [bytes, 0, end - start];
    }
    const size = await reader.read(buffer.subarray(end));
    end += size ?? 0;
    return size !== null;
  }

  return {
    readUntil: async (findEnd, maxBytes) => {
      for (let from = 0;;) {
        const size = findEnd(buffer.subarray(start, end), from);
        if (size >= 0) {
          start += size;
          return buffer.subarray(start - size, start);
        }
        from = end - start;
        if (from >= maxBytes) return "too_long";
        if (!await fill(maxBytes)) return undefined;
      }
    },
    read: async (maxBytes) => {
      if (start < end) {
        const bytes = buffer.slice(start, Math.min(end, start + maxBytes));
        start += bytes.length;
        // A long head is over: its room is given back.
        if (start === end && buffer.length > FIRST_BYTES) buffer = new Uint8Array(FIRST_BYTES);
        return bytes;
      }
      const bytes = new Uint8Array(Math.min(maxBytes, chunkBytes));
      const size = await reader.read(bytes);
      if (size === null) return undefined;
      chunkBytes = size < bytes.length ? LEAST_CHUNK_BYTES : Math.min(MOST_CHUNK_BYTES, 2 * chunkBytes);
      return bytes.subarray(0, size);
    },
    skip: async (maxBytes) => {
      if (start < end) {
        const bytes = Math.min(end - start, maxBytes);
        start += bytes;
        return bytes;
      }
      if (rubbish.length === 0) rubbish = new Uint8Array(MOST_CHUNK_BYTES);
      return await reader.read(rubbish.subarray(0, maxBytes)) ?? 0;
    },
    startsWith: async (wanted) => {
      for (;;) {
        const compared = Math.min(wanted.length, end - start);
        for (let at = 0; at < compared; at++) if (buffer[start + at] !== wanted[at]) return false;
        if (compared === wanted.length) return true;
        if (!await fill(wanted.length)) return false;
      }
    },
    get buffered() {
      return end - start;
    },
  };
}
