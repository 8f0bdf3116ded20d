import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { describeError } from "@std/log";
import type { ConnectionPool, Lease } from "../../net/connection_pool.ts";
import type { ListenAddress, ReceiverContext } from "../../pipeline/receiver.ts";
import { createGrowingBuffer } from "../growing_buffer.ts";
import type { ExportHandler, Signal } from "./export_handler.ts";
import { FRAME_HEADER_BYTES, GRPC_CODE, type GrpcCode, readFrame } from "./grpc_frame.ts";
import { encodeExportResponse } from "./proto_responses.ts";

const SIGNALS: Readonly<Record<string, Signal>> = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
};
/** A batch of 512 spans does not fit into HTTP/2's 64 KiB window: with it, each would wait for our leave. */
const WINDOW_BYTES = 1024 * 1024;
/** Calls at a time on one connection, each of which may hold a body. */
const MAX_STREAMS = 100;
/** Connections, each of which multiplexes: a client has one. */
const MAX_CONNECTIONS = 64;
/** A connection without a call is ended after so many ticks of the pool: clients learn of it, and open another. */
const IDLE_TICKS = 12;
/** No `date` header, which nobody reads here and which costs a timer. Node's types do not know the option. */
const UNDATED = { sendDate: false } as const;

/** Why a body could not be had. `gone`: the client has left and hears no answer. */
type CallBody = Uint8Array | "too_large" | "late" | "gone";

/**
 * Serves OTLP/gRPC in clear text on `addresses`; a taken one is logged and skipped.
 * @see `spec/ingest.md` 2.6
 */
export async function listenGrpc(
  addresses: readonly ListenAddress[],
  context: ReceiverContext,
  handle: ExportHandler,
  pool: ConnectionPool,
): Promise<GrpcServer> {
  if (addresses.length === 0) return { ports: [], [Symbol.asyncDispose]: () => Promise.resolve() };
  const { createServer } = await import("node:http2");
  const group = pool.group({ name: "otlp over gRPC", max: MAX_CONNECTIONS });
  const sessions = new Map<Http2Session, CallCount>();
  const servers: Http2Server[] = [];
  const ports: number[] = [];
  for (const address of addresses) {
    const server = createServer({
      settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS },
    });
    server.on("session", (session) => {
      if (!group.hasVacancy()) return session.destroy();
      const lease = group.admit(() => session.destroy());
      sessions.set(session, countCalls(lease));
      session.on("close", () => {
        sessions.delete(session);
        lease.release();
      });
      // A client that speaks anything else ends its own connection only.
      session.on("error", () => {});
    });
    server.on("sessionError", () => {});
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const { session } = stream;
      const calls = session === undefined ? undefined : sessions.get(session);
      calls?.began();
      stream.on("error", () => {});
      stream.on("close", () => calls?.ended());
      serveCall(stream, headers, context, handle).catch((error) => {
        context.log.warn("An OTLP/gRPC call failed", { error: describeError(error) });
        stream.close();
      });
    });
    const port = await listen(server, address, context);
    if (port === undefined) continue;
    servers.push(server);
    ports.push(port);
  }
  return {
    ports,
    [Symbol.asyncDispose]: async () => {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const session of sessions.keys()) session.destroy();
      await Promise.all(closed);
    },
  };
}

/** Keeps a connection's lease in step with its calls. */
interface CallCount {
  began(): void;
  ended(): void;
}

function countCalls(lease: Lease): CallCount {
  let open = 0;
  lease.enter("idle", IDLE_TICKS);
  return {
    began: () => {
      open++;
      lease.enter("working");
      lease.prove();
    },
    ended: () => {
      if (--open === 0) lease.enter("idle", IDLE_TICKS);
    },
  };
}

/** The gRPC sockets, open until disposed. */
export interface GrpcServer extends AsyncDisposable {
  /** The ports they really got. */
  readonly ports: readonly number[];
}

/** Opens one socket; its port, or `undefined` and a line in the log. */
function listen(
  server: Http2Server,
  { hostname, port }: ListenAddress,
  { log }: ReceiverContext,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: Error) => {
      // A missing ::1 is how half the sandboxes are: not worth a line of the user's log.
      const level = hostname === "::1" ? "debug" : "warn";
      log[level](`Port ${port} of OTLP/gRPC is off as it could not be opened`, {
        error: describeError(error),
      });
      resolve(undefined);
    });
    server.listen(port, hostname, () => {
      server.on("error", () => {});
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

async function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: ReceiverContext,
  handle: ExportHandler,
): Promise<void> {
  const body = await readCall(
    stream,
    context.limits.maxWireBytes + FRAME_HEADER_BYTES,
    context.limits.timeoutMs,
  );
  if (stream.destroyed || stream.closed) {
    if (body === "gone") context.refuse("malformed");
    return;
  }
  if (!/^application\/grpc(\+proto)?(;|$)/.test(headers["content-type"] ?? "")) {
    return stream.respond({ ":status": 415 }, { ...UNDATED, endStream: true });
  }
  const path = headers[":path"] ?? "";
  const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path] : undefined;
  if (signal === undefined) {
    context.refuse("unsupported");
    return fail(stream, GRPC_CODE.unimplemented, "Cannot serve this method as only OTLP's Export is served");
  }
  if (typeof body === "string") {
    context.refuse(body === "too_large" ? "too_large" : "malformed");
    if (body !== "too_large") {
      return fail(stream, GRPC_CODE.deadlineExceeded, "Cannot wait longer for a message");
    }
    const { maxWireBytes } = context.limits;
    return fail(
      stream,
      GRPC_CODE.resourceExhausted,
      `Cannot take a message of more than ${maxWireBytes} bytes`,
    );
  }
  const encoding = headers["grpc-encoding"];
  const frame = await readFrame(body, typeof encoding === "string" ? encoding : "", context.limits);
  if (!frame.ok) {
    context.refuse(frame.code === GRPC_CODE.resourceExhausted ? "too_large" : "malformed");
    return fail(stream, frame.code, frame.error);
  }
  const outcome = await handle(signal, "protobuf", frame.message);
  // The client may have left meanwhile.
  if (stream.destroyed || stream.closed) return;
  if (outcome.kind === "undecodable") return fail(stream, GRPC_CODE.invalidArgument, outcome.message);
  succeed(stream, encodeExportResponse(outcome.rejected, outcome.message));
}

/** Reads a call's body to its end, also where it is refused: a cut call looks like a broken network. */
function readCall(stream: ServerHttp2Stream, maxBytes: number, timeoutMs: number): Promise<CallBody> {
  return new Promise((resolve) => {
    const buffer = createGrowingBuffer(maxBytes);
    const timer = setTimeout(() => resolve("late"), timeoutMs);
    const settle = (body: CallBody): void => {
      clearTimeout(timer);
      resolve(body);
    };
    stream.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      if (buffer.sizeBytes + chunk.length > maxBytes) buffer.drop();
      buffer.append(chunk);
      // Far beyond the limit there is no end to wait for.
      if (buffer.sizeBytes > 2 * maxBytes) settle("too_large");
    });
    stream.on("end", () => settle(buffer.sizeBytes > maxBytes ? "too_large" : buffer.bytes()));
    stream.on("aborted", () => settle("gone"));
    stream.on("close", () => settle("gone"));
  });
}

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  const body = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, FRAME_HEADER_BYTES);
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(responseHeaders(), { ...UNDATED, waitForTrailers: true });
  stream.end(body);
}

/** A failure is trailers only: they are the one block of headers there is. */
function fail(stream: ServerHttp2Stream, code: GrpcCode, message: string): void {
  stream.respond(
    { ...responseHeaders(), "grpc-status": String(code), "grpc-message": encodeURIComponent(message) },
    { ...UNDATED, endStream: true },
  );
}

function responseHeaders(): Record<string, string | number> {
  return {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-accept-encoding": "identity,gzip",
  };
}
