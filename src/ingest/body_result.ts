import type { RefusalReason } from "../pipeline/receiver.ts";

/** The whole body, inflated; or why there is none, with the status that says so. */
export type BodyResult =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | BodyFailure;

export interface BodyFailure {
  readonly ok: false;
  readonly status: 400 | 408 | 413 | 503;
  readonly error: string;
}

export function failBody(status: BodyFailure["status"], error: string): BodyFailure {
  return { ok: false, status, error };
}

/** There was no room for it in time. */
export function overloaded(): BodyFailure {
  return failBody(503, "Cannot take a body as there is no room for it beside others: send it again");
}

/** What the refusal of a body is counted as. */
export function refusalOf({ status }: BodyFailure): RefusalReason {
  return status === 413 ? "too_large" : status === 503 ? "overloaded" : "malformed";
}
