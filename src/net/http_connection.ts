/** HTTP on one connection, in the version that the client begins with. */
import { createByteSource } from "./byte_source.ts";
import type { Lease } from "./connection_pool.ts";
import { type ClientInfo, IDLE_TICKS, type RequestHandler, serveHttp1 } from "./http1_connection.ts";
import { serveHttp2 } from "./http2_connection.ts";
import { PREFACE } from "./http2_frames.ts";
import type { Http2Head } from "./http2_request.ts";
import type { Http2Answer, Http2Call } from "./http2_stream.ts";
import { createBodySource, createServedRequest, requestUrl } from "./served_request.ts";

/** Answers calls that need what only HTTP/2 has: fields after the body. */
export interface CallHandler {
  takes(head: Http2Head): boolean;
  handle(call: Http2Call): Promise<Http2Answer>;
}

export interface HttpOptions {
  readonly handle: RequestHandler;
  readonly calls?: CallHandler | undefined;
  readonly lease: Lease;
  /** Told of each failure of a handler. */
  readonly onError: (error: unknown) => void;
  /** Whether no further request shall be taken on this connection. */
  readonly isClosing: () => boolean;
}

/** Serves a connection to its end. Never rejects; closing the connection is the caller's. */
export async function serveHttp(connection: Deno.Conn, options: HttpOptions): Promise<void> {
  const source = createByteSource(connection);
  options.lease.enter("idle", IDLE_TICKS);
  // Most connections tell with their first bytes; one that ends or breaks here is found out by what follows.
  const isHttp2 = await source.startsWith(PREFACE).catch(() => false);
  if (!isHttp2) return await serveHttp1(connection, source, options);
  // Frames go out as they are made: each would wait for the acknowledgement of the one before.
  if ("setNoDelay" in connection && typeof connection.setNoDelay === "function") connection.setNoDelay(true);
  const { remoteAddr, localAddr } = connection;
  const client: ClientInfo = { remoteAddr, localAddr, keep: options.lease.keep };
  await serveHttp2(connection, source, {
    ...options,
    handle: (call) => {
      if (options.calls?.takes(call.head) === true) return options.calls.handle(call);
      return answerRequest(call, client, options.handle);
    },
  });
}

/** A call as the request that it would be in HTTP/1.1. */
async function answerRequest(
  call: Http2Call,
  client: ClientInfo,
  handle: RequestHandler,
): Promise<Http2Answer> {
  const request = toRequest(call, client.localAddr);
  if (request === undefined) return { fields: [[":status", "400"]] };
  const response = await handle(request, client);
  const body = response.body === null ? new Uint8Array(0) : await response.bytes();
  const fields = Array.from(response.headers).filter(([name]) =>
    name !== "connection" && name !== "content-length"
  );
  return {
    fields: [[":status", String(response.status)], ...fields, ["content-length", String(body.length)]],
    ...(call.head.method === "HEAD" ? {} : { body }),
  };
}

function toRequest(call: Http2Call, localAddr: Deno.Addr): Request | undefined {
  const { method, path, authority = "", fields } = call.head;
  const url = requestUrl(path, authority, localAddr);
  if (url === undefined) return undefined;
  const hasBody = method !== "GET" && method !== "HEAD";
  return createServedRequest({
    method,
    url,
    fields,
    body: hasBody ? createBodySource(() => call.read()) : undefined,
  });
}
