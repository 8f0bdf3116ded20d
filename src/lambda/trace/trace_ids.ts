/**
 * Ids of the platform's spans, made of what is known of them: the same span has the same id whenever it is made, and a
 * span that comes late finds its trace without anybody having remembered it.
 */
import { createHash } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The trace of a request without another one, 32 hexadecimal digits: a UUID has exactly as many. */
export function traceIdOfRequest(requestId: string): string {
  if (UUID.test(requestId)) return notZero(requestId.replaceAll("-", "").toLowerCase());
  return notZero(digest(requestId).slice(0, 32));
}

/** A trace of what no request caused, as an init ahead of demand. */
export function traceIdOf(...parts: readonly (string | number)[]): string {
  return notZero(digest(parts.join("|")).slice(0, 32));
}

/**
 * 16 hexadecimal digits. Of the request **and** its start: AWS runs a failed asynchronous request again under the same
 * id. `startMs` is Unix time. Within its trace alone it must be unique, and each invocation asks for one: a digest of
 * cryptography's would cost more than all else of the span.
 */
export function spanIdOf(requestId: string, startMs: number, name: string): string {
  return notZero(hash64(`${requestId}|${startMs}|${name}`));
}

/** Two lanes of 32 bits, mixed by MurmurHash3's constants, as 16 hexadecimal digits. */
function hash64(text: string): string {
  let low = 0x9747b28c;
  let high = 0x3c6ef372;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0xcc9e2d51);
    low = (low << 15) | (low >>> 17);
    high = Math.imul(high ^ unit, 0x1b873593);
    high = (high << 13) | (high >>> 19);
  }
  low = spread(low);
  // Each lane knows of the other one.
  high = spread(high ^ low);
  return hex32(high) + hex32(spread(low ^ high));
}

/** MurmurHash3's last step: each bit of the result depends on all bits. */
function spread(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function hex32(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** No id is zero. */
function notZero(digits: string): string {
  return /^0+$/.test(digits) ? `${digits.slice(0, -1)}1` : digits;
}
