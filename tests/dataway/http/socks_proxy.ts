import { serveConnections } from "../../support/loopback.ts";

/** A SOCKS5 proxy on loopback (RFC 1928): CONNECT to names and addresses, with a password if it has one. */
export interface SocksProxy extends AsyncDisposable {
  readonly port: number;
  /** `host:port` of each connection asked for. */
  readonly targets: readonly string[];
}

export function startSocksProxy(
  credentials?: { readonly username: string; readonly password: string },
): SocksProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const targets: string[] = [];

  async function serve(conn: Deno.Conn): Promise<void> {
    const read = async (count: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count;) {
        const more = await conn.read(bytes.subarray(at));
        if (more === null) throw new Error("closed");
        at += more;
      }
      return bytes;
    };
    const text = async (): Promise<string> => new TextDecoder().decode(await read((await read(1))[0] ?? 0));
    const write = (...bytes: number[]): Promise<number> => conn.write(Uint8Array.from(bytes));

    const methods = await read((await read(2))[1] ?? 0);
    const wanted = credentials === undefined ? 0 : 2;
    if (!methods.includes(wanted)) return void await write(5, 0xff);
    await write(5, wanted);
    if (credentials !== undefined) {
      await read(1);
      const isRight = await text() === credentials.username && await text() === credentials.password;
      await write(1, isRight ? 0 : 1);
      if (!isRight) return;
    }
    const [, , , type] = await read(4);
    const host = type === 3 ? await text() : (await read(4)).join(".");
    const [high = 0, low = 0] = await read(2);
    const port = high * 256 + low;
    targets.push(`${host}:${port}`);
    const far = await Deno.connect({ hostname: "127.0.0.1", port });
    server.adopt(far);
    await write(5, 0, 0, 1, 127, 0, 0, 1, high, low);
    await Promise.allSettled([conn.readable.pipeTo(far.writable), far.readable.pipeTo(conn.writable)]);
  }

  const server = serveConnections(listener, serve);
  return {
    port: listener.addr.port,
    targets,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
