/**
 * The way to Lambda's own APIs: plain HTTP/1.1 on a loopback or link-local address, in origin form, as every other
 * extension speaks to them. Not by the runtime's `fetch`, which would look for them through the customer's
 * `HTTP_PROXY`, and brings a client for TLS and HTTP/2 along that a start would have to pay for.
 */
import { type ByteSource, createByteSource } from "../net/byte_source.ts";
import { type Answer, readAnswer } from "../net/http1_answer.ts";
import type { Field } from "../header_fields.ts";

/** One request to Lambda. */
export interface RuntimeRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** From the root, e.g. `/2020-01-01/extension/register`. */
  readonly path: string;
  readonly fields: readonly Field[];
  /** JSON. @default none */
  readonly body?: string;
  /** Longest wait for the whole answer, in ms; none for the long poll, which a freeze may make hours long. */
  readonly timeoutMs?: number;
}

/** The part of an answer that is used. */
export type RuntimeAnswer = Pick<Answer, "status" | "fields" | "text">;

/** Sends a request to Lambda. Rejects when no answer comes. */
export type RuntimeSend = (request: RuntimeRequest) => Promise<RuntimeAnswer>;

/** A connection to one environment's APIs, which is kept from request to request. */
export interface RuntimeClient extends Disposable {
  /** Connects ahead, so that the next request is on its way when `send` returns. Never rejects. */
  connect(): Promise<void>;
  readonly send: RuntimeSend;
}

/** INVOKE and the other answers have less than 1 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;

interface Connection {
  readonly conn: Deno.TcpConn;
  readonly source: ByteSource;
}

/** A client of `runtimeApi` (`AWS_LAMBDA_RUNTIME_API`, `host:port`). */
export function createRuntimeClient(runtimeApi: string): RuntimeClient {
  const address = toAddress(runtimeApi);
  /** Connected, and with no request on it. */
  let idle: Connection | undefined;
  const open = new Set<Connection>();
  const encoder = new TextEncoder();

  async function connect(): Promise<Connection> {
    const conn = await Deno.connect(address);
    const connection = { conn, source: createByteSource(conn) };
    open.add(connection);
    return connection;
  }

  function drop(connection: Connection): void {
    if (open.delete(connection)) connection.conn.close();
  }

  async function exchange(connection: Connection, request: RuntimeRequest): Promise<Answer | undefined> {
    const { timeoutMs } = request;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => drop(connection), timeoutMs);
    try {
      await writeAll(connection.conn, encoder.encode(encode(request, runtimeApi)));
      const answer = await readAnswer(connection.source, MAX_ANSWER_BYTES);
      if (answer?.keepAlive === true && open.has(connection)) idle = connection;
      else drop(connection);
      return answer;
    } catch (error) {
      if (!open.has(connection)) throw new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError");
      drop(connection);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    connect: async () => {
      try {
        idle ??= await connect();
      } catch {
        // The request will try again, and tell.
      }
    },
    send: async (request) => {
      const kept = idle;
      idle = undefined;
      if (kept !== undefined) {
        // A kept connection may have been closed meanwhile: if no answer begins, the request is sent once more.
        const answer = await exchange(kept, request).catch((error) => {
          if (request.method === "POST" || isTimeout(error)) throw error;
          return undefined;
        });
        if (answer !== undefined) return answer;
      }
      const answer = await exchange(await connect(), request);
      if (answer === undefined) throw new Error("The connection ended without an answer");
      return answer;
    },
    [Symbol.dispose]: () => {
      for (const connection of open) drop(connection);
      idle = undefined;
    },
  };
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

function encode({ method, path, fields, body = "" }: RuntimeRequest, host: string): string {
  const length = method === "GET" ? [] : [["content-length", String(new TextEncoder().encode(body).length)]];
  const lines = [["host", host], ...fields, ...length].map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

function toAddress(runtimeApi: string): { readonly hostname: string; readonly port: number } {
  const [, bracketed, bare, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(runtimeApi) ?? [];
  return { hostname: bracketed ?? bare ?? "", port: Number(port ?? 80) };
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
