import type { BodyLimits } from "../pipeline/receiver.ts";

/** The whole body, inflated; or why there is none, with the status that says so. */
export type BodyResult =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly status: 400 | 408 | 413; readonly error: string };

/** Reads and inflates a request's body within `limits`. Never throws, also not for an aborted body. */
export function readBody(_request: Request, _limits: BodyLimits): Promise<BodyResult> {
  throw new Error("not here yet");
}
