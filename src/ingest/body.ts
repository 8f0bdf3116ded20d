/**
 * Reads request bodies of every HTTP receiver: whole before anything is answered (several clients take an early
 * reply for a network error and send again), bounded in bytes on the wire, in bytes inflated and in time, and all
 * together by the budget of {@link BodyShare}.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-codings
 */
import { type BodyShare, shareOf } from "../net/admission.ts";
import { bodyOf, type BodySource, hasBody } from "../net/served_request.ts";
import type { BodyLimits } from "../pipeline/receiver.ts";
import { type BodyFailure, type BodyResult, failBody, overloaded } from "./body_result.ts";
import { appendWithin, createGrowingBuffer } from "./growing_buffer.ts";
import { inflateAll } from "./inflate.ts";
import { didNotCome, turnToRead } from "./read_pace.ts";
import { createTimeSlice } from "../time_slice.ts";

/** The part of a request the reader needs, so that it also takes what is not a `Request` of the runtime. */
export type BodyRequest = Pick<Request, "headers" | "body">;

/**
 * Reads and inflates a request's body within `limits`. Never throws, also not for an aborted body: a slow body is
 * a 408, one too large on the wire or inflated a 413, one that cannot be inflated or ends early a 400, and one that
 * there is no room for beside others a 503. `coding`: that of a body whose headers name none.
 */
export async function readBody(
  request: BodyRequest,
  limits: BodyLimits,
  coding?: string,
): Promise<BodyResult> {
  const body = bodyOf(request);
  if (body === null) return { ok: true, bytes: new Uint8Array(0) };
  const share = shareOf(request);
  const { headers } = request;
  const wire = await readWire(body, headers, limits, share);
  if (!wire.ok) return wire;
  const header = headers.get("content-encoding") ?? coding ?? null;
  const result = header === null
    ? wire
    : await inflateAll(wire.bytes, header, limits.maxInflatedBytes, share);
  if (!result.ok) return result;
  // Its decoder makes about as much of it again: a text, or another form.
  return await share.take(result.bytes.length) ? result : overloaded();
}

/** Waits for the turn of a body of data, see {@link BodyShare.turn}. */
export async function bodyTurn(request: BodyRequest): Promise<void> {
  if (hasBody(request)) await shareOf(request).turn();
}

/**
 * Ends the use of what {@link readBody} gave: its memory goes at once. Only for who has copied what is to be kept of it;
 * `usedBytes` of what was made of it are still in use.
 */
export function releaseBody(
  request: BodyRequest,
  bytes: Uint8Array<ArrayBuffer>,
  usedBytes: number = 0,
): void {
  if (hasBody(request)) shareOf(request).release(bytes, usedBytes);
}

/** The media type in lower case, without its parameters; empty when the request names none. */
export function mediaType(request: { readonly headers: Headers }): string {
  const header = request.headers.get("content-type") ?? "";
  const end = header.indexOf(";");
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

async function readWire(
  body: BodySource,
  headers: Pick<Headers, "get">,
  limits: BodyLimits,
  share: BodyShare,
): Promise<BodyResult> {
  const { maxWireBytes, timeoutMs } = limits;
  const tooLarge = failBody(413, `Cannot take a body as it may have ${maxWireBytes} bytes at most`);
  const late = failBody(408, `Cannot take a body as it must be whole within ${timeoutMs} ms`);
  const declaredBytes = Number(headers.get("content-length") ?? 0);
  if (declaredBytes > 2 * maxWireBytes) {
    body.cancel();
    return tooLarge;
  }
  let stopped: BodyFailure | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const stop = (why: BodyFailure): void => {
      stopped ??= why;
      body.cancel();
    };
    timer = setTimeout(() => stop(late), timeoutMs);
    share.receiving(() => stop(overloaded()));
    const bytes = await collect(body, { maxBytes: maxWireBytes, declaredBytes, share });
    if (stopped !== undefined) return stopped;
    if (bytes === "no_room") {
      body.cancel();
      return overloaded();
    }
    return bytes === undefined ? tooLarge : { ok: true, bytes };
  } catch {
    return stopped ?? failBody(400, "Cannot take a body as it ended early");
  } finally {
    clearTimeout(timer);
    share.received();
  }
}

/** Most that comes at a time. */
const CHUNK_BYTES = 65_536;
/**
 * What a client on the same machine sends may be there before it is asked for: no turn of the loop comes by itself. With
 * what moves to larger room so many bytes take some 5 ms, and V8 collects beside them as a rule.
 */
export const BYTES_BETWEEN_PAUSES = 512 * 1024;

interface Collecting {
  readonly maxBytes: number;
  /** 0: unknown. */
  readonly declaredBytes: number;
  readonly share: BodyShare;
}

/**
 * All bytes of a body, or `undefined` beyond `maxBytes`. A body somewhat too large is read to its end all the
 * same, unkept: a client cut off while it still writes sees a broken connection instead of the 413, and resends.
 */
async function collect(
  body: BodySource,
  { maxBytes, declaredBytes, share }: Collecting,
): Promise<Uint8Array<ArrayBuffer> | "no_room" | undefined> {
  const buffer = createGrowingBuffer(declaredBytes > 0 ? Math.min(declaredBytes, maxBytes) : maxBytes);
  const expectedBytes = declaredBytes > 0 ? declaredBytes : Infinity;
  const slice = createTimeSlice();
  let pauseAt = BYTES_BETWEEN_PAUSES;
  const next = async (): Promise<Uint8Array<ArrayBuffer> | "no_room" | undefined> => {
    // What there is no room for stays in the kernel.
    const mostBytes = Math.min(CHUNK_BYTES, Math.max(0, expectedBytes - buffer.sizeBytes()));
    if (!await share.reserve(mostBytes)) return "no_room";
    const turn = turnToRead(mostBytes);
    if (turn !== undefined) await turn;
    const chunk = await body.read();
    didNotCome(mostBytes - (chunk?.length ?? 0));
    return chunk;
  };
  for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
    if (chunk === "no_room") return chunk;
    const sizeBytes = buffer.sizeBytes() + chunk.length;
    if (sizeBytes > 2 * maxBytes) {
      body.cancel();
      return undefined;
    }
    if (sizeBytes > maxBytes) {
      share.give(buffer.capacityBytes());
      buffer.drop();
    }
    if (!await appendWithin(share, buffer, chunk, share.isServed)) return "no_room";
    if (sizeBytes < pauseAt) continue;
    pauseAt = sizeBytes + BYTES_BETWEEN_PAUSES;
    await slice.pause();
  }
  return buffer.sizeBytes() > maxBytes ? undefined : buffer.bytes();
}
