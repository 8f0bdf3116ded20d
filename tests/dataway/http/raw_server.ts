/**
 * A server that answers in whatever bytes a test wants, and forwards where it is a proxy. Apart from the double of
 * Dataway, as what is tested here is the client's reading of HTTP itself: bytes that no answer is, in pieces of any size.
 */
import { serveConnections } from "../../support/loopback.ts";

export interface RawServer extends AsyncDisposable, Disposable {
  readonly url: string;
  readonly host: string;
  /** What each request came to, in order. */
  readonly received: readonly Uint8Array[];
  readonly connections: number;
  /** Begins with the answers anew. */
  rewind(): void;
}

/** What a request gets: bytes; what a function writes; or, after CONNECT, what another server says. */
export type RawAnswer = string | ((conn: Deno.Conn) => Promise<void>) | RawServer;

export interface RawServerOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Waits for a request's whole body before it answers. @default true */
  readonly readsBodies?: boolean;
}

/** Starts one on loopback; each request gets the next answer, the last one again and again. */
export function startRawServer(answers: readonly RawAnswer[], options: RawServerOptions = {}): RawServer {
  const { tls, readsBodies = true } = options;
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener: Deno.Listener = tls === undefined
    ? Deno.listen(address)
    : Deno.listenTls({ ...address, ...tls });
  const received: Uint8Array[] = [];
  let connections = 0;
  let answered = 0;

  async function serve(conn: Deno.Conn): Promise<void> {
    for (;;) {
      const request = await readRequest(conn, readsBodies);
      if (request === undefined) return;
      received.push(request);
      const answer = answers[Math.min(answered++, answers.length - 1)];
      if (typeof answer === "string") await conn.write(new TextEncoder().encode(answer));
      else if (typeof answer === "function") await answer(conn);
      else if (answer !== undefined) return await forward(conn, answer);
    }
  }

  async function forward(conn: Deno.Conn, { url }: RawServer): Promise<void> {
    const far = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
    server.adopt(far);
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
    await Promise.allSettled([conn.readable.pipeTo(far.writable), far.readable.pipeTo(conn.writable)]);
  }

  const server = serveConnections(listener, (conn) => {
    connections++;
    return serve(conn);
  });
  const port = "port" in listener.addr ? listener.addr.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    received,
    get connections() {
      return connections;
    },
    rewind: () => void (answered = 0),
    [Symbol.dispose]: () => server[Symbol.dispose](),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function readRequest(conn: Deno.Conn, readsBodies: boolean): Promise<Uint8Array | undefined> {
  let bytes = new Uint8Array();
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return undefined;
    bytes = Uint8Array.from([...bytes, ...buffer.subarray(0, count)]);
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end >= 0 && (!readsBodies || bytes.byteLength >= end + 4 + length)) return bytes;
  }
}
