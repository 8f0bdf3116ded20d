import { type BodyShare, shareOf } from "../../net/admission.ts";
import type { Http2Head } from "../../net/http2_request.ts";
import type { Http2Answer, Http2Call } from "../../net/http2_stream.ts";
import { type Field, valueOf } from "../../header_fields.ts";
import type { CallHandler } from "../../net/http_connection.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { createTimeSlice } from "../../time_slice.ts";
import { BYTES_BETWEEN_PAUSES } from "../body.ts";
import { appendWithin, createGrowingBuffer, type GrowingBuffer } from "../growing_buffer.ts";
import type { ExportHandler, Signal } from "./export_handler.ts";
import { FRAME_HEADER_BYTES, GRPC_CODE, type GrpcCode, readFrame } from "./grpc_frame.ts";
import { encodeExportResponse, encodeRetryStatus } from "./proto_responses.ts";

const SIGNALS: Readonly<Record<string, Signal>> = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
};
const RESPONSE_FIELDS: readonly Field[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
  ["grpc-accept-encoding", "identity,gzip"],
];

const RETRY_AFTER_S = 1;

/** Why a body could not be had. `gone`: the client has left and hears no answer. */
type CallBody = GrowingBuffer | "too_large" | "late" | "gone" | "no_room";

/**
 * OTLP/gRPC: the three Export calls, and gRPC's own words for whatever else asks in its name.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function createGrpcCalls(context: ReceiverContext, handle: ExportHandler): CallHandler {
  async function serve(call: Http2Call): Promise<Http2Answer> {
    const { limits, refuse } = context;
    const share = shareOf(call);
    await share.turn();
    const body = await readCall(call, share, limits.maxWireBytes + FRAME_HEADER_BYTES, limits.timeoutMs);
    const { path, fields } = call.head;
    if (body === "gone") {
      refuse("malformed");
      return fail(GRPC_CODE.internal, "Cannot answer a client that has gone");
    }
    if (!/^application\/grpc(\+proto)?(;|$)/.test(contentType(call.head))) {
      return { fields: [[":status", "415"]] };
    }
    const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path] : undefined;
    if (signal === undefined) {
      refuse("unsupported");
      return fail(GRPC_CODE.unimplemented, "Cannot serve this method as only OTLP's Export is served");
    }
    if (body === "late") {
      refuse("malformed");
      return fail(GRPC_CODE.deadlineExceeded, "Cannot wait longer for a message");
    }
    if (body === "too_large") {
      refuse("too_large");
      return fail(
        GRPC_CODE.resourceExhausted,
        `Cannot take a message of more than ${limits.maxWireBytes} bytes`,
      );
    }
    if (body === "no_room") {
      refuse("overloaded");
      return failForNow("Cannot take a message as there is no room for it beside others");
    }
    const frame = await readFrame(body.bytes(), valueOf(fields, "grpc-encoding") ?? "", limits, share);
    if (!frame.ok) {
      refuse(frame.reason);
      return frame.reason === "overloaded" ? failForNow(frame.error) : fail(frame.code, frame.error);
    }
    const outcome = await handle(signal, "protobuf", frame.message);
    release(share, body, frame.message);
    if (outcome.kind === "undecodable") return fail(GRPC_CODE.invalidArgument, outcome.message);
    return succeed(encodeExportResponse(outcome.rejected, outcome.message));
  }

  return { takes, handle: serve };
}

/** By its type, and by its path where the type is wrong: such a client expects gRPC's words for it. */
function takes(head: Http2Head): boolean {
  return contentType(head).startsWith("application/grpc") || head.path.startsWith("/opentelemetry.proto.");
}

function contentType({ fields }: Http2Head): string {
  return valueOf(fields, "content-type") ?? "";
}

/** Reads a call's body to its end, also where it is refused: a cut call looks like a broken network. */
async function readCall(
  call: Http2Call,
  share: BodyShare,
  maxBytes: number,
  timeoutMs: number,
): Promise<CallBody> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Promise<"late" | "no_room">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
    share.receiving(() => resolve("no_room"));
  });
  const body = await Promise.race([collect(call, share, maxBytes).catch(() => "gone" as const), stopped]);
  clearTimeout(timer);
  share.received();
  return body;
}

async function collect(
  call: Http2Call,
  share: BodyShare,
  maxBytes: number,
): Promise<GrowingBuffer | "too_large" | "no_room"> {
  const buffer = createGrowingBuffer(maxBytes);
  const slice = createTimeSlice();
  let pauseAt = BYTES_BETWEEN_PAUSES;
  for (let part = await call.read(); part !== undefined; part = await call.read()) {
    if (buffer.sizeBytes() + part.length > maxBytes) {
      share.give(buffer.capacityBytes());
      buffer.drop();
    }
    // The parts are copies that the connection has made, for us alone.
    if (!await appendWithin(share, buffer, part, share.isServed)) return "no_room";
    // Far beyond the limit there is no end to wait for.
    if (buffer.sizeBytes() > 2 * maxBytes) return "too_large";
    if (buffer.sizeBytes() < pauseAt) continue;
    pauseAt = buffer.sizeBytes() + BYTES_BETWEEN_PAUSES;
    await slice.pause();
  }
  return buffer.sizeBytes() > maxBytes ? "too_large" : buffer;
}

/** Ends the use of a call's body. One that came in a single part is the connection's. */
function release(share: BodyShare, body: GrowingBuffer, message: Uint8Array<ArrayBuffer>): void {
  const isInflated = message.buffer !== body.bytes().buffer;
  const isOwn = body.drop();
  if (isInflated) share.release(message);
  else if (isOwn) share.release(new Uint8Array(0));
}

function succeed(message: Uint8Array): Http2Answer {
  const body = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, FRAME_HEADER_BYTES);
  return { fields: RESPONSE_FIELDS, body, trailers: [["grpc-status", "0"]] };
}

/** A client sends again what failed with this code only where it is told when. */
function failForNow(message: string): Http2Answer {
  const code = GRPC_CODE.resourceExhausted;
  const details = encodeRetryStatus(code, message, RETRY_AFTER_S).toBase64({ omitPadding: true });
  return fail(code, message, [["grpc-status-details-bin", details]]);
}

/** A failure is trailers only: they are the one block of fields there is. */
function fail(code: GrpcCode, message: string, details: readonly Field[] = []): Http2Answer {
  const status: readonly Field[] = [
    ["grpc-status", String(code)],
    ["grpc-message", encodeURIComponent(message)],
  ];
  return { fields: [...RESPONSE_FIELDS, ...status, ...details] };
}
