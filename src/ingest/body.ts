/**
 * Reads request bodies of every HTTP receiver: whole before anything is answered (several clients take an early
 * reply for a network error and send again), bounded in bytes on the wire, in bytes inflated and in time.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-codings
 */
import type { ZlibOptions } from "node:zlib";
import type { BodyLimits } from "../pipeline/receiver.ts";
import { createGrowingBuffer } from "./growing_buffer.ts";
import { zstdFrames } from "./zstd_frames.ts";

/** The whole body, inflated; or why there is none, with the status that says so. */
export type BodyResult =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly status: 400 | 408 | 413; readonly error: string };

/** The part of a request the reader needs, so that it also takes what is not a `Request` of the runtime. */
export type BodyRequest = Pick<Request, "headers" | "body">;

/** Codings that can be undone. `identity` needs nothing. */
type Coding = "gzip" | "deflate" | "zstd";
type Failure = Extract<BodyResult, { ok: false }>;

/** More codings than this in one list are an attack: each may inflate to the whole limit. */
const MAX_CODINGS = 3;
/** Up to this many bytes in and out, inflating on the spot is cheaper than a thread and blocks for about 1 ms. */
const SYNC_WIRE_BYTES = 64 * 1024;
const SYNC_INFLATED_BYTES = 1024 * 1024;

/**
 * Reads and inflates a request's body within `limits`. Never throws, also not for an aborted body: a slow body is
 * a 408, one too large on the wire or inflated a 413, one that cannot be inflated or ends early a 400.
 */
export async function readBody(request: BodyRequest, limits: BodyLimits): Promise<BodyResult> {
  const wire = await readWire(request, limits);
  if (!wire.ok) return wire;
  const header = request.headers.get("content-encoding");
  return header === null ? wire : await inflateAll(wire.bytes, header, limits.maxInflatedBytes);
}

/** The media type in lower case, without its parameters; empty when the request names none. */
export function mediaType(request: { readonly headers: Headers }): string {
  const header = request.headers.get("content-type") ?? "";
  const end = header.indexOf(";");
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

async function readWire({ body, headers }: BodyRequest, limits: BodyLimits): Promise<BodyResult> {
  if (body === null) return { ok: true, bytes: new Uint8Array(0) };
  const tooLarge = refuse(413, `Cannot take a body as it may have ${limits.maxWireBytes} bytes at most`);
  const declaredBytes = Number(headers.get("content-length") ?? 0);
  if (declaredBytes > 2 * limits.maxWireBytes) {
    await body.cancel().catch(() => {});
    return tooLarge;
  }
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const reader = body.getReader();
    timer = setTimeout(() => {
      late = true;
      reader.cancel().catch(() => {});
    }, limits.timeoutMs);
    const bytes = await collect(reader, limits.maxWireBytes);
    if (late) return refuse(408, `Cannot take a body as it must be whole within ${limits.timeoutMs} ms`);
    return bytes === undefined ? tooLarge : { ok: true, bytes };
  } catch {
    if (late) return refuse(408, `Cannot take a body as it must be whole within ${limits.timeoutMs} ms`);
    return refuse(400, "Cannot take a body as it ended early");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * All bytes of a stream, or `undefined` beyond `maxBytes`. A body somewhat too large is read to its end all the
 * same, unkept: a client cut off while it still writes sees a broken connection instead of the 413, and resends.
 */
async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const buffer = createGrowingBuffer(maxBytes);
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const sizeBytes = buffer.sizeBytes + read.value.length;
    if (sizeBytes > 2 * maxBytes) {
      await reader.cancel();
      return undefined;
    }
    if (sizeBytes > maxBytes) buffer.drop();
    buffer.append(read.value);
  }
  return buffer.sizeBytes > maxBytes ? undefined : buffer.bytes();
}

async function inflateAll(
  wire: Uint8Array<ArrayBuffer>,
  header: string,
  maxBytes: number,
): Promise<BodyResult> {
  const codings = parseCodings(header);
  if (codings === undefined) {
    const shown = JSON.stringify(header.slice(0, 80));
    return refuse(
      400,
      `Cannot undo a content coding as it must be gzip, deflate or zstd: current value is ${shown}`,
    );
  }
  let bytes = wire;
  for (const coding of codings.reverse()) {
    const result = await inflate(bytes, coding, maxBytes);
    if (!result.ok) return result;
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

/** Undoes one coding; the result is at most `maxBytes` long. Large ones run on a thread: the loop stays free. */
export async function inflate(bytes: Uint8Array, coding: Coding, maxBytes: number): Promise<BodyResult> {
  if (coding === "gzip" && !(bytes[0] === 0x1f && bytes[1] === 0x8b)) {
    return refuse(400, "Cannot inflate a body as it must begin like gzip");
  }
  const frames = coding === "zstd" ? zstdFrames(bytes) : [bytes];
  if (frames === undefined) return toResult({ ok: false, error: undefined }, coding, maxBytes);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let leftBytes = maxBytes;
  for (const frame of frames) {
    const part = toResult(await inflatePart(frame, coding, leftBytes), coding, maxBytes);
    if (!part.ok) return part;
    parts.push(part.bytes);
    leftBytes -= part.bytes.length;
  }
  return { ok: true, bytes: concat(parts, maxBytes - leftBytes) };
}

async function inflatePart(bytes: Uint8Array, coding: Coding, maxBytes: number): Promise<Attempt> {
  const limit = Math.max(1, maxBytes); // Zero is no limit to zlib.
  const zlib = await import("node:zlib");
  const [inflateSync, inflateAsync] = coding === "gzip"
    ? [zlib.gunzipSync, zlib.gunzip]
    : coding === "zstd"
    ? [zlib.zstdDecompressSync, zlib.zstdDecompress]
    : isZlib(bytes)
    ? [zlib.inflateSync, zlib.inflate]
    : [zlib.inflateRawSync, zlib.inflateRaw];
  if (bytes.length <= SYNC_WIRE_BYTES) {
    const small = attempt(() =>
      inflateSync(bytes, { maxOutputLength: Math.min(limit, SYNC_INFLATED_BYTES) })
    );
    if (small.ok || !isTooLarge(small.error) || limit <= SYNC_INFLATED_BYTES) return small;
  }
  return await attemptAsync(inflateAsync, bytes, limit);
}

function concat(parts: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

type Attempt = { readonly ok: true; readonly bytes: Uint8Array } | {
  readonly ok: false;
  readonly error: unknown;
};

function attempt(run: () => Uint8Array): Attempt {
  try {
    return { ok: true, bytes: run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function attemptAsync(
  run: (
    bytes: Uint8Array,
    options: ZlibOptions,
    done: (error: Error | null, result: Uint8Array) => void,
  ) => void,
  bytes: Uint8Array,
  maxOutputLength: number,
): Promise<Attempt> {
  return new Promise((resolve) => {
    try {
      run(bytes, { maxOutputLength }, (error, result) => {
        resolve(error ? { ok: false, error } : { ok: true, bytes: result });
      });
    } catch (error) {
      resolve({ ok: false, error });
    }
  });
}

function toResult(attempt: Attempt, coding: Coding, maxBytes: number): BodyResult {
  if (attempt.ok) return { ok: true, bytes: overArrayBuffer(attempt.bytes) };
  if (isTooLarge(attempt.error)) {
    return refuse(413, `Cannot take a body as it may have ${maxBytes} bytes at most when inflated`);
  }
  return refuse(400, `Cannot inflate a body as it must be whole and valid ${coding}`);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

/** A zlib header, as RFC 9110 wants for `deflate`; some senders leave it out. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

function overArrayBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array<ArrayBuffer> {
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}

function refuse(status: Failure["status"], error: string): Failure {
  return { ok: false, status, error };
}
