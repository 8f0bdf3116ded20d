import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";

/** One call's end: the HTTP status, gRPC's code (from trailers, or from headers alone) and the body. */
export interface GrpcAnswer {
  readonly httpStatus: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** `grpc-status-details-bin`, in base64. */
  readonly details: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

const TRACE_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** Sends one unary call over a connection of its own; `chunks` are written one after the other. */
export async function callGrpc(
  port: number,
  chunks: readonly Uint8Array[],
  headers: OutgoingHttpHeaders = {},
): Promise<GrpcAnswer> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  try {
    return await new Promise<GrpcAnswer>((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": TRACE_PATH,
        te: "trailers",
        "content-type": "application/grpc",
        ...headers,
      });
      const received: Uint8Array[] = [];
      let head: IncomingHttpHeaders & { readonly ":status"?: number | undefined } = {};
      let trailers: IncomingHttpHeaders = {};
      stream.on("response", (response) => void (head = response));
      stream.on("trailers", (last) => void (trailers = last));
      stream.on("data", (chunk: Uint8Array) => void received.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => {
        const last = { ...head, ...trailers };
        resolve({
          httpStatus: Number(head[":status"]),
          code: text(last["grpc-status"]),
          message: decodeURIComponent(text(last["grpc-message"]) ?? ""),
          details: text(last["grpc-status-details-bin"]),
          contentType: text(head["content-type"]),
          body: Uint8Array.from(received.flatMap((chunk) => [...chunk])),
        });
      });
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
  } finally {
    session.close();
    session.destroy();
  }
}

/** A message with its frame. */
export function frame(message: Uint8Array, flag = 0): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  bytes[0] = flag;
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
