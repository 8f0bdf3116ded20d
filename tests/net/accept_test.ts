import { assert, assertEquals } from "@std/assert";
import { acceptConnections } from "../../src/net/accept.ts";
import { testPool } from "../support/connection_pool.ts";
import { scenario } from "../support/scenario.ts";

type Listener = Deno.Listener<Deno.Conn> & { readonly addr: Deno.NetAddr };

function listen(): Listener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** A listener whose `accept` fails so many times before it works. */
function failing(listener: Listener, failures: number): Listener {
  let left = failures;
  return new Proxy(listener, {
    get: (target, key) => {
      if (key !== "accept") {
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return left-- > 0
        ? () =>
          Promise.reject(Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" }))
        : target.accept.bind(target);
    },
  });
}

async function echo(connection: Deno.Conn): Promise<void> {
  await connection.readable.pipeTo(connection.writable).catch(() => {});
}

async function ask(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("hi"));
  const buffer = new Uint8Array(16);
  const size = await connection.read(buffer).catch(() => null);
  return size === null ? "ended" : new TextDecoder().decode(buffer.subarray(0, size));
}

scenario("acceptConnections() serves on after errors in a row, which it counts", async () => {
  using pool = testPool();
  const listener = listen();
  const group = pool.group({ name: "g", max: 9 });
  await using _acceptor = acceptConnections(failing(listener, 6), { group, serve: echo });
  assertEquals(await ask(listener.addr.port), "hi");
  assertEquals(pool.counts.acceptFailures, 6);
});

scenario("acceptConnections() lets connections without a place wait instead of refusing them", async () => {
  using pool = testPool();
  const listener = listen();
  const group = pool.group({ name: "g", max: 1 });
  const release = Promise.withResolvers<void>();
  let served = 0;
  await using _acceptor = acceptConnections(listener, {
    group,
    serve: async (connection, lease) => {
      lease.enter("working");
      if (++served === 1) await release.promise;
      else await echo(connection);
    },
  });
  using _first = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const second = ask(listener.addr.port);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(served, 1);
  release.resolve();
  assertEquals(await second, "hi");
});

scenario(
  "acceptConnections() closes its connections on disposal, also while it waits after an error",
  async () => {
    using pool = testPool();
    const listener = listen();
    const acceptor = acceptConnections(listener, { group: pool.group({ name: "g", max: 9 }), serve: echo });
    using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    await client.write(new TextEncoder().encode("x"));
    await client.read(new Uint8Array(1));
    assertEquals([acceptor.open, acceptor.accepted], [1, 1]);
    await acceptor[Symbol.asyncDispose]();
    assertEquals(await client.read(new Uint8Array(1)), null);

    const waiting = acceptConnections(failing(listen(), Infinity), {
      group: pool.group({ name: "h", max: 9 }),
      serve: echo,
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const startedAt = performance.now();
    await waiting[Symbol.asyncDispose]();
    assert(performance.now() - startedAt < 100);
  },
);
