import { serveConnections } from "../support/loopback.ts";

/** A forward proxy on loopback: CONNECT, and absolute URLs for plain HTTP. One request a connection. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Request lines in order, queries cut off. */
  readonly requestLines: readonly string[];
  /** `Proxy-Authorization` values in order; empty where there was none. */
  readonly credentials: readonly string[];
}

export interface TestProxyOptions {
  /** Refuses all with this status. */
  readonly refuse?: number;
  /** Where `dataway.test` leads to, as names cannot be resolved in tests. */
  readonly port?: number;
}

/** Starts a proxy. */
export function startTestProxy(options: TestProxyOptions = {}): TestProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requestLines: string[] = [];
  const credentials: string[] = [];

  async function serve(conn: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(1024 * 1024);
    const sizeBytes = await conn.read(buffer);
    if (sizeBytes === null) return;
    const received = buffer.subarray(0, sizeBytes);
    const text = new TextDecoder().decode(received);
    const line = text.split("\r\n")[0] ?? "";
    const [method = "", target = ""] = line.split(" ");
    requestLines.push(`${method} ${target.split("?")[0]}`);
    credentials.push(/^proxy-authorization: (.*)\r$/im.exec(text)?.[1] ?? "");
    if (options.refuse !== undefined) {
      await conn.write(new TextEncoder().encode(`HTTP/1.1 ${options.refuse} .\r\ncontent-length: 0\r\n\r\n`));
      return;
    }
    const url = new URL(method === "CONNECT" ? `http://${target}` : target);
    const upstream = await Deno.connect({ hostname: "127.0.0.1", port: options.port ?? Number(url.port) });
    server.adopt(upstream);
    if (method === "CONNECT") await conn.write(new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
    else {
      // The head is ASCII and its target stands at a known place; what follows may be binary.
      const rest = received.subarray(method.length + 1 + target.length);
      await upstream.write(new TextEncoder().encode(`${method} ${url.pathname}${url.search}`));
      await upstream.write(rest);
    }
    await Promise.allSettled([
      conn.readable.pipeTo(upstream.writable),
      upstream.readable.pipeTo(conn.writable),
    ]);
  }

  const server = serveConnections(listener, serve);
  const port = listener.addr.transport === "tcp" ? listener.addr.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requestLines,
    credentials,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
