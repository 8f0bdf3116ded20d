/**
 * HTTP/1.1 on one connection: requests in their order, each answered before the next one is read. Deno's own server
 * ends its listener with the first connection that it cannot accept, shows no connection before it has sent a whole
 * head, and cannot end one that never does: nobody but us could count, limit or end them.
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */
import type { ByteSource } from "./byte_source.ts";
import type { Lease } from "./connection_pool.ts";
import { createHttp1Body, type Http1Body } from "./http1_body.ts";
import { valueOf } from "../header_fields.ts";
import { findHeadEnd, type HeadFailure, MAX_HEAD_BYTES, parseHead, type RequestHead } from "./http1_head.ts";
import { CONTINUE, encodeResponse } from "./http1_response.ts";
import { type BodySource, createBodySource, createServedRequest, requestUrl } from "./served_request.ts";

/** What is known of who sent a request, besides the request. */
export interface ClientInfo {
  readonly remoteAddr: Deno.Addr;
  readonly localAddr: Deno.Addr;
  /** Tells that the connection is the platform's: it is never ended for silence or for another one. */
  keep(): void;
}

/** Answers a request. A failure is a 500. */
export type RequestHandler = (request: Request, client: ClientInfo) => Response | Promise<Response>;

export interface Http1Options {
  readonly handle: RequestHandler;
  readonly lease: Lease;
  /** Told of each failure of `handle`. */
  readonly onError: (error: unknown) => void;
  /** Whether no further request shall be taken on this connection. */
  readonly isClosing: () => boolean;
}

/** One request on its way through. */
interface Exchange {
  readonly connection: Deno.Conn;
  readonly lease: Lease;
  readonly head: RequestHead;
  readonly body: Http1Body;
  /** Whether the client knows that it may send the body. */
  isInvited: boolean;
}

/** A connection that nothing comes from is ended after this many ticks of the pool, and one with half a head … */
export const IDLE_TICKS = 12;
const HEAD_TICKS = 3;
/** … and one that does not take its answer, or does not end after its last one. */
const SEND_TICKS = 3;
const LINGER_TICKS = 1;
/** A body that nobody read is skipped up to this length, so that the connection can be used again. In bytes. */
const MAX_SKIPPED_BYTES = 65_536;
/** What a client may still send on a connection that we close before it learns of it. In bytes. */
const MAX_LINGER_BYTES = 4 * 1024 * 1024;

/** Serves a connection to its end. Never rejects; closing the connection is the caller's. */
export async function serveHttp1(
  connection: Deno.Conn,
  source: ByteSource,
  options: Http1Options,
): Promise<void> {
  try {
    while (await serveRequest(connection, source, options));
  } catch {
    // The client has gone, or the connection was ended under us.
  }
}

/** Serves one request; whether there may be another. */
async function serveRequest(
  connection: Deno.Conn,
  source: ByteSource,
  options: Http1Options,
): Promise<boolean> {
  const { lease } = options;
  if (source.buffered === 0) lease.enter("idle", IDLE_TICKS);
  const head = await readHead(source, lease);
  if (head === undefined) return false;
  if (typeof head === "number") {
    lease.malformed();
    await send(
      connection,
      new Response(null, { status: head }),
      { isHead: false, connection: "close" },
      lease,
    );
    return await linger(connection, source, lease);
  }
  const body = createHttp1Body(source, head.framing);
  const exchange: Exchange = { connection, lease, head, body, isInvited: !head.expectsContinue };
  const request = toRequest(exchange);
  lease.enter("working");
  const response = request === undefined
    ? new Response(null, { status: 400 })
    : await respond(request, connection, options);
  lease.prove();
  const stays = head.keepAlive && isSkippable(exchange) && !lease.isCrowded && !options.isClosing();
  const connectionField = !stays ? "close" : head.isCurrent ? undefined : "keep-alive";
  await send(connection, response, {
    isHead: head.method === "HEAD",
    ...(connectionField === undefined ? {} : { connection: connectionField }),
  }, lease);
  if (!stays) return await linger(connection, source, lease, body);
  lease.enter("transfer", HEAD_TICKS);
  for (let skipped = 0; skipped <= MAX_SKIPPED_BYTES;) {
    const part = await body.read();
    if (part === undefined) return true;
    skipped += part.length;
  }
  return await linger(connection, source, lease, body);
}

/** Whether what the handler left of the body can be read to its end, and may be worth it. */
function isSkippable({ body, isInvited }: Exchange): boolean {
  const leftBytes = body.leftBytes();
  if (leftBytes === 0) return true;
  return isInvited && body.isSound() && (leftBytes <= MAX_SKIPPED_BYTES || leftBytes === Infinity);
}

/** A whole head, or the status that refuses it; `undefined` when the connection ends before one. */
async function readHead(source: ByteSource, lease: Lease): Promise<RequestHead | HeadFailure | undefined> {
  let begun = false;
  const bytes = await source.readUntil((bytes, from) => {
    // However slowly the rest comes: the clock runs from the first byte.
    if (!begun && bytes.length > 0) {
      begun = true;
      lease.enter("transfer", HEAD_TICKS);
    }
    return findHeadEnd(bytes, from);
  }, MAX_HEAD_BYTES);
  if (bytes === undefined) return undefined;
  return bytes === "too_long" ? 431 : parseHead(bytes);
}

async function respond(request: Request, connection: Deno.Conn, options: Http1Options): Promise<Response> {
  const { remoteAddr, localAddr } = connection;
  try {
    return await options.handle(request, { remoteAddr, localAddr, keep: options.lease.keep });
  } catch (error) {
    options.onError(error);
    return new Response(null, { status: 500 });
  }
}

/** The request as handlers know it; `undefined` when its target is not a URL. */
function toRequest(exchange: Exchange): Request | undefined {
  const { head: { method, target, fields, framing }, connection } = exchange;
  const url = requestUrl(target, valueOf(fields, "host") ?? "", connection.localAddr);
  if (url === undefined) return undefined;
  const hasBody = framing.kind !== "none" && method !== "GET" && method !== "HEAD";
  return createServedRequest({ method, url, fields, body: hasBody ? toSource(exchange) : undefined });
}

/** The body, of which nothing is read ahead. */
function toSource(exchange: Exchange): BodySource {
  const { connection, lease, body } = exchange;

  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!exchange.isInvited) {
      exchange.isInvited = true;
      await writeAll(connection, CONTINUE);
    }
    // How long a whole body may take is the handler's to say.
    lease.enter("transfer");
    const bytes = await body.read();
    lease.enter("working");
    return bytes;
  }

  return createBodySource(next, body.abandon);
}

async function send(
  connection: Deno.Conn,
  response: Response,
  how: { readonly isHead: boolean; readonly connection?: "close" | "keep-alive" },
  lease: Lease,
): Promise<void> {
  const bytes = await encodeResponse(response, { ...how, now: Date.now() });
  lease.enter("transfer", SEND_TICKS);
  await writeAll(connection, bytes);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/**
 * Lets a client that still sends come to its end: closed under it, the connection would be reset, and with it the
 * answer that the client has not read yet. Always false.
 */
async function linger(
  connection: Deno.Conn,
  source: ByteSource,
  lease: Lease,
  body?: Http1Body,
): Promise<false> {
  await connection.closeWrite();
  // Nothing is lost with it any more but the politeness.
  lease.enter("idle", LINGER_TICKS);
  await body?.settled();
  for (let bytes = 0; bytes < MAX_LINGER_BYTES;) {
    const skipped = await source.skip(MAX_LINGER_BYTES);
    if (skipped === 0) break;
    bytes += skipped;
  }
  return false;
}
