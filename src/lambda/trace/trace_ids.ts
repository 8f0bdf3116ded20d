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
 * id. `startMs` is Unix time.
 */
export function spanIdOf(requestId: string, startMs: number, name: string): string {
  return notZero(digest(`${requestId}|${startMs}|${name}`).slice(0, 16));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** No id is zero. */
function notZero(digits: string): string {
  return /^0+$/.test(digits) ? `${digits.slice(0, -1)}1` : digits;
}
