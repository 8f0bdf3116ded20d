import { shareOf } from "../net/admission.ts";
import { bodyOf, readText } from "../net/served_request.ts";
import type { RefusalReason } from "../pipeline/receiver.ts";

/** Beyond this a body is not the platform's: two full buffers and their envelope are less. In bytes. */
export const PLATFORM_BYTES = 1024 * 1024;
/** Somebody else's is taken up to this, in bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A body's text, or why there is none. */
export type TelemetryText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: RefusalReason };

/**
 * Reads a telemetry body. The platform's waits for nobody; what is larger has its room in the budget that local clients'
 * bodies have. Throws when the body breaks off.
 */
export async function readTelemetryText(request: Request): Promise<TelemetryText> {
  const body = bodyOf(request);
  if (body === null) return { ok: true, text: "" };
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= PLATFORM_BYTES) return { ok: true, text: await readText(body) };
  if (Number(length) > MAX_BODY_BYTES) {
    body.cancel();
    return { ok: false, reason: "too_large" };
  }
  const share = shareOf(request);
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_BODY_BYTES) {
      body.cancel();
      return { ok: false, reason: "too_large" };
    }
    // As text, and as what is read of it.
    if (sizeBytes > PLATFORM_BYTES && !await share.take(2 * chunk.byteLength)) {
      body.cancel();
      return { ok: false, reason: "overloaded" };
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return { ok: true, text: text + decoder.decode() };
}
