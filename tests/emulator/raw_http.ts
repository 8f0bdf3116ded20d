/**
 * HTTP/1.1 by hand, because a double must be able to do what no proper server does: close without an answer, or
 * never finish one. Bodies have a Content-Length or come in chunks.
 */
import { serveConnections } from "../support/loopback.ts";

/** One request as it came in. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  /** As sent, not inflated. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Counts connections from 1: equal numbers came over the same one. */
  readonly connection: number;
  /** Fires when the peer hangs up while it waits for the answer. */
  readonly gone: AbortSignal;
}

/** What becomes of a request. */
export type RawAnswer =
  | { readonly kind: "respond"; readonly status: number; readonly headers: Headers; readonly body: string }
  /** A success whose body comes byte by byte and never ends. */
  | { readonly kind: "drip" }
  /** `start`, and then `more` again and again, as fast as the connection takes it. */
  | { readonly kind: "flood"; readonly start: string; readonly more: string }
  /** The connection is closed before any answer. */
  | { readonly kind: "reset" };

export type RawHandler = (request: RawRequest) => Promise<RawAnswer>;

/** Large enough for any URL and headers of ours, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;
/** As servers answer what begins with no method, a TLS handshake for one. */
const BAD_REQUEST = { kind: "respond", status: 400, headers: new Headers(), body: "" } as const;
const DRIP_MS = 20;
const FLOOD_BYTES = 128 * 1024;

/** Serves connections of `listener` until disposed; then closes all of them. `nextConnection` numbers them. */
export function serveRaw(
  listener: Deno.Listener,
  handler: RawHandler,
  nextConnection: () => number,
): AsyncDisposable {
  return serveConnections(listener, (conn) => serveConnection(conn, nextConnection(), handler));
}

async function serveConnection(conn: Deno.Conn, connection: number, handler: RawHandler): Promise<void> {
  const peer = createPeer(conn);
  let rest = new Uint8Array();
  try {
    while (true) {
      const read = await readRequest(peer, rest);
      if (read === undefined) return;
      if (read === "not HTTP") return await respond(conn, BAD_REQUEST);
      rest = read.rest;
      const answer = await handler({ ...read.request, connection, gone: peer.watch() });
      if (answer.kind === "reset") return;
      if (answer.kind === "drip") await drip(conn);
      else if (answer.kind === "flood") await flood(conn, answer);
      else await respond(conn, answer);
    }
  } catch {
    // The peer went away, or we were disposed.
  }
}

/** The reading side of a connection. */
interface Peer {
  /** What comes next; `undefined` once the peer has hung up. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Reads ahead, to learn of a hang-up; what it reads is not lost. */
  watch(): AbortSignal;
}

function createPeer(conn: Deno.Conn): Peer {
  let ahead: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;
  return {
    read: () => {
      const next = ahead ?? readSome(conn);
      ahead = undefined;
      return next;
    },
    watch: () => {
      const gone = new AbortController();
      ahead ??= readSome(conn);
      ahead.then((bytes) => bytes === undefined && gone.abort(), () => gone.abort());
      return gone.signal;
    },
  };
}

interface RequestRead {
  readonly request: Omit<RawRequest, "connection" | "gone">;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** `undefined` once the peer has hung up. */
async function readRequest(
  peer: Peer,
  already: Uint8Array<ArrayBuffer>,
): Promise<RequestRead | "not HTTP" | undefined> {
  let bytes = already;
  let headEnd = -1;
  while ((headEnd = findHeadEnd(bytes)) < 0) {
    if (bytes.byteLength > MAX_HEAD_BYTES) return undefined;
    const more = await peer.read();
    if (more === undefined) return undefined;
    bytes = concat([bytes, more]);
    if (!isUpperCase(bytes[0])) return "not HTTP";
  }
  const [first = "", ...lines] = new TextDecoder().decode(bytes.subarray(0, headEnd)).split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const start = { peer, bytes: bytes.slice(headEnd + 4) };
  const chunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
  const sizeBytes = Number(headers.get("content-length") ?? 0);
  const read = chunked ? await readChunks(start) : await readBytes(start, sizeBytes);
  return read && { request: { method, target, headers, body: read.body }, rest: read.rest };
}

interface Unread {
  readonly peer: Peer;
  /** What has arrived already. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Read {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Exactly that many bytes; `undefined` when the peer hangs up before. */
async function readBytes({ peer, bytes }: Unread, sizeBytes: number): Promise<Read | undefined> {
  const chunks = [bytes];
  for (let got = bytes.byteLength; got < sizeBytes;) {
    const more = await peer.read();
    if (more === undefined) return undefined;
    chunks.push(more);
    got += more.byteLength;
  }
  const all = concat(chunks);
  return { body: all.slice(0, sizeBytes), rest: all.slice(sizeBytes) };
}

/** A chunked body without trailers. */
async function readChunks({ peer, bytes }: Unread): Promise<Read | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let rest = bytes;
  while (true) {
    let lineEnd = rest.indexOf(10);
    while (lineEnd < 0) {
      const more = await peer.read();
      if (more === undefined) return undefined;
      rest = concat([rest, more]);
      lineEnd = rest.indexOf(10);
    }
    const sizeBytes = parseInt(new TextDecoder().decode(rest.subarray(0, lineEnd)), 16);
    if (Number.isNaN(sizeBytes)) return undefined;
    const read = await readBytes({ peer, bytes: rest.slice(lineEnd + 1) }, sizeBytes + 2);
    if (read === undefined) return undefined;
    rest = read.rest;
    if (sizeBytes === 0) return { body: concat(chunks), rest };
    chunks.push(read.body.slice(0, sizeBytes));
  }
}

async function respond(conn: Deno.Conn, answer: RawAnswer & { kind: "respond" }): Promise<void> {
  const body = new TextEncoder().encode(answer.body);
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `HTTP/1.1 ${answer.status} .\r\n${headers}content-length: ${body.byteLength}\r\n\r\n`;
  await writeAll(conn, concat([new TextEncoder().encode(head), body]));
}

async function drip(conn: Deno.Conn): Promise<void> {
  await writeAll(conn, new TextEncoder().encode("HTTP/1.1 200 .\r\ncontent-length: 1000000\r\n\r\n"));
  // Ends when the peer hangs up or the connection is closed under it.
  while (true) {
    await writeAll(conn, new TextEncoder().encode("."));
    await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
  }
}

async function flood(conn: Deno.Conn, { start, more }: RawAnswer & { kind: "flood" }): Promise<void> {
  await writeAll(conn, new TextEncoder().encode(start));
  const block = new TextEncoder().encode(more.repeat(Math.ceil(FLOOD_BYTES / more.length)));
  while (true) await writeAll(conn, block);
}

/** The first letter of a method. */
function isUpperCase(byte = 0): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function findHeadEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.byteLength; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

async function readSome(conn: Deno.Conn): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const buffer = new Uint8Array(64 * 1024);
  const sizeBytes = await conn.read(buffer);
  return sizeBytes === null ? undefined : buffer.subarray(0, sizeBytes);
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await conn.write(bytes.subarray(at));
}

function concat(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
