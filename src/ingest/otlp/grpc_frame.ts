import type { BodyShare } from "../../net/admission.ts";
import type { BodyLimits, RefusalReason } from "../../pipeline/receiver.ts";
import { refusalOf } from "../body_result.ts";
import { inflate } from "../inflate.ts";

/** Codes of gRPC that we answer with. */
export const GRPC_CODE = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;
export type GrpcCode = (typeof GRPC_CODE)[keyof typeof GRPC_CODE];

/** The message of a unary call, inflated; or why there is none, for the client and for our count. */
export type FrameResult =
  | { readonly ok: true; readonly message: Uint8Array<ArrayBuffer> }
  | {
    readonly ok: false;
    readonly code: GrpcCode;
    readonly error: string;
    readonly reason: RefusalReason;
  };

/** Bytes before a message: a flag and the length. */
export const FRAME_HEADER_BYTES = 5;

/**
 * Takes the first message out of a call's body; a unary call has one. Whether it is compressed says its own flag,
 * how, says `encoding` (the header `grpc-encoding`).
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export async function readFrame(
  body: Uint8Array<ArrayBuffer>,
  encoding: string,
  limits: BodyLimits,
  share: BodyShare,
): Promise<FrameResult> {
  if (body.length < FRAME_HEADER_BYTES) return refuse("internal", "a call must have a message");
  const flag = body[0] ?? 0;
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (length > body.length - FRAME_HEADER_BYTES) return refuse("internal", "a message must be whole");
  const message = body.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
  if (flag === 0) return { ok: true, message };
  if (flag !== 1) return refuse("internal", "a message's flag must be 0 or 1");
  const coding = encoding.trim().toLowerCase();
  if (coding === "" || coding === "identity") {
    return refuse("internal", "a compressed message must come with grpc-encoding");
  }
  if (coding !== "gzip" && coding !== "deflate" && coding !== "zstd") {
    return refuse("unimplemented", "grpc-encoding must be gzip, deflate or zstd");
  }
  const inflated = await inflate(message, coding, limits.maxInflatedBytes, share);
  if (inflated.ok) return { ok: true, message: inflated.bytes };
  const reason = refusalOf(inflated);
  return {
    ok: false,
    code: reason === "malformed" ? GRPC_CODE.invalidArgument : GRPC_CODE.resourceExhausted,
    error: inflated.error,
    reason,
  };
}

function refuse(code: "internal" | "unimplemented", rule: string): FrameResult {
  return { ok: false, code: GRPC_CODE[code], error: `Cannot read a message as ${rule}`, reason: "malformed" };
}
