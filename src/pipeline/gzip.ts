/** Gzip for bodies of uploads: at once, or step by step where that would keep the event loop. */
import { constants, crc32, deflateRawSync, gzipSync, type ZlibOptions } from "node:zlib";

/** Level 5 makes bodies 2 % larger than 6 at 1.3 times its speed; see `tests/spec/deno.md` 4. */
const LEVEL = 5;
/**
 * A body that fits into this window comes out the same with a fraction of the memory that zlib takes by default, 260 KB
 * a body, which the kernel would hand out and take back each time. In bytes, and zlib's terms.
 */
const SMALL_BODY_BYTES = 8192;
const SMALL_WINDOW = { windowBits: 13, memLevel: 6 };
/**
 * A body of one packet is packed as it is: made smaller it is a packet all the same, and zlib takes 60 us of CPU for it,
 * 120 for the first one of an invocation, three times in each that sends. In bytes.
 */
const STORED_BYTES = 1400;
/** What one step compresses: at most 8 ms of CPU, and bodies are 1 to 7 % larger than made in one go. In bytes. */
const STEP_BYTES = 256 * 1024;
/** Room for what a step comes to as a rule. What comes to more is put together of pieces of this size. In bytes. */
const PACKED_BYTES = 64 * 1024;
/** A smaller buffer may be the one of 8 KiB that Node's small buffers share. In bytes. */
const LEAST_RELEASED_BYTES = 16 * 1024;
/** As zlib writes it: no name, no time, made on Unix. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
const TRAILER_BYTES = 8;
/** Of a block that is stored: that it is one, and the last; its length, twice. */
const STORED_HEAD_BYTES = 5;
/** An empty last block. */
const LAST_BLOCK = Uint8Array.of(3, 0);

/** One body. About 20 ms of CPU a megabyte. */
export function gzipAtOnce(body: Uint8Array): Uint8Array<ArrayBuffer> {
  if (body.length <= STORED_BYTES) return gzipStored(body);
  return new Uint8Array(gzipSync(body, optionsFor(body.length)));
}

/** One block that is stored, https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4. */
function gzipStored(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = body;
  const bodyAt = HEADER.length + STORED_HEAD_BYTES;
  const made = new Uint8Array(bodyAt + length + TRAILER_BYTES);
  const view = new DataView(made.buffer);
  made.set(HEADER);
  made[HEADER.length] = 1;
  view.setUint16(HEADER.length + 1, length, true);
  view.setUint16(HEADER.length + 3, ~length & 0xffff, true);
  made.set(body, bodyAt);
  view.setUint32(bodyAt + length, crc32(body), true);
  view.setUint32(bodyAt + length + 4, length, true);
  return made;
}

/**
 * One body of these parts, each let go before the next is asked for. Stops after each step. A step's output ends at a
 * whole byte, so that all are one stream, as `pigz --independent` makes it. A step does not look back at the one
 * before: the runtime ignores a `dictionary` of raw deflate, and keeps it until the next full garbage collection.
 * @see https://www.rfc-editor.org/rfc/rfc1951
 */
export function* gzipSteps(parts: Iterable<Uint8Array>): Generator<undefined, Uint8Array<ArrayBuffer>> {
  const staged = new Uint8Array(STEP_BYTES);
  const made: Uint8Array[] = [HEADER];
  let [filled, rawBytes, sum] = [0, 0, 0];

  function compress(): void {
    const input = staged.subarray(0, filled);
    sum = crc32(input, sum);
    const packed = deflateRawSync(input, {
      level: LEVEL,
      chunkSize: PACKED_BYTES,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    made.push(new Uint8Array(packed));
    release(packed);
    rawBytes += filled;
    filled = 0;
  }

  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + STEP_BYTES - filled);
      staged.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < STEP_BYTES) break;
      compress();
      yield;
    }
    yield;
  }
  if (filled > 0) compress();
  release(staged);
  const trailer = new DataView(new ArrayBuffer(TRAILER_BYTES));
  trailer.setUint32(0, sum, true);
  trailer.setUint32(4, rawBytes % 2 ** 32, true);
  const body = join([...made, LAST_BLOCK, new Uint8Array(trailer.buffer)]);
  made.forEach(release);
  return body;
}

/** One body of these parts as they are, which are let go. Stops after each part. */
export function* plainSteps(parts: Iterable<Uint8Array>): Generator<undefined, Uint8Array<ArrayBuffer>> {
  const made: Uint8Array[] = [];
  for (const part of parts) {
    made.push(part);
    yield;
  }
  return join(made);
}

function optionsFor(bytes: number): ZlibOptions {
  return bytes <= SMALL_BODY_BYTES ? { level: LEVEL, ...SMALL_WINDOW } : { level: LEVEL };
}

/** A step's buffers are not left to the garbage collector: in a flood they would be 40 MB a second. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= LEAST_RELEASED_BYTES) buffer.transfer(0);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
