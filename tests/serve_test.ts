import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Hono } from "@hono/hono";
import { createLogger } from "@std/log";
import type { Receiver } from "../src/pipeline/receiver.ts";
import { createAdmission } from "../src/net/admission.ts";
import { createSockets } from "../src/net/sockets.ts";
import { serve } from "../src/serve.ts";
import { testPool } from "./support/connection_pool.ts";
import { scenario } from "./support/scenario.ts";

const LOOPBACK = "127.0.0.1";

async function text(port: number, path: string): Promise<string> {
  const response = await fetch(`http://${LOOPBACK}:${port}${path}`);
  return `${response.status} ${await response.text()}`;
}

function hello(ports: Receiver["ports"] = []): Receiver {
  return { name: "hello", app: new Hono().get("/hello", (c) => c.text("hi")), ports };
}

/** A port that is taken for as long as the returned server lives. */
function takePort(): Deno.Listener & { addr: Deno.NetAddr } {
  return Deno.listen({ hostname: LOOPBACK, port: 0 });
}

scenario(
  "serve() moves the main listener to a free port when its port is taken, and says so once",
  async () => {
    using taken = takePort();
    const lines: string[] = [];
    const log = createLogger({ write: (line) => lines.push(line) });
    await using servers = await serve({
      main: { hostname: LOOPBACK, port: taken.addr.port },
      receivers: [hello()],
      pool: testPool(),
      admission: createAdmission({ maxBytes: Infinity }),
      sockets: createSockets(),
      log,
    });
    assertNotEquals(servers.mainPort, taken.addr.port);
    assertEquals(await text(servers.mainPort, "/hello"), "200 hi");
    assertEquals(lines.map((line) => JSON.parse(line).usedInstead), [servers.mainPort]);
  },
);

scenario("serve() skips a receiver's taken port and serves its others", async () => {
  using taken = takePort();
  using free = takePort();
  const freePort = free.addr.port;
  free.close();
  const lines: string[] = [];
  await using servers = await serve({
    main: { hostname: LOOPBACK, port: 0 },
    receivers: [
      hello([{ hostname: LOOPBACK, port: taken.addr.port }, { hostname: LOOPBACK, port: freePort }]),
    ],
    pool: testPool(),
    admission: createAdmission({ maxBytes: Infinity }),
    sockets: createSockets(),
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  assert(servers.mainPort > 0);
  assertEquals(await text(freePort, "/hello"), "200 hi");
  assertEquals(lines.length, 1);
});

scenario("serve() goes on when a receiver's sockets cannot be opened", async () => {
  const lines: string[] = [];
  const broken: Receiver = { name: "broken", listen: () => Promise.reject(new Error("no descriptors")) };
  await using servers = await serve({
    main: { hostname: LOOPBACK, port: 0 },
    receivers: [broken, hello()],
    pool: testPool(),
    admission: createAdmission({ maxBytes: Infinity }),
    sockets: createSockets(),
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  assertEquals(await text(servers.mainPort, "/hello"), "200 hi");
  assert(lines[0]?.includes("no descriptors"));
});

scenario("serve() frees its ports on disposal although a client keeps its connection", async () => {
  const servers = await serve({
    main: { hostname: LOOPBACK, port: 0 },
    receivers: [hello()],
    pool: testPool(),
    admission: createAdmission({ maxBytes: Infinity }),
    sockets: createSockets(),
    log: createLogger({ write: () => {} }),
  });
  using client = await Deno.connect({ hostname: LOOPBACK, port: servers.mainPort });
  await client.write(new TextEncoder().encode("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n"));
  await client.read(new Uint8Array(1024));
  await servers[Symbol.asyncDispose]();
  using again = Deno.listen({ hostname: LOOPBACK, port: servers.mainPort });
  assertEquals(again.addr.port, servers.mainPort);
});

scenario(
  "serve() ends in time although clients are in the middle of heads and bodies, or silent",
  async () => {
    const stuck: Receiver = {
      name: "stuck",
      app: new Hono().post("/read", async (c) => c.text(await c.req.text())).post(
        "/never",
        () => new Promise(() => {}),
      ),
    };
    const servers = await serve({
      main: { hostname: LOOPBACK, port: 0 },
      receivers: [stuck],
      pool: testPool(),
      admission: createAdmission({ maxBytes: Infinity }),
      sockets: createSockets(),
      log: createLogger({ write: () => {} }),
    });
    const clients: Deno.Conn[] = [];
    for (
      const begun of [
        "",
        "PO",
        "POST /read HTTP/1.1\r\nHost: x\r\nContent-",
        "POST /read HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc",
        "POST /read HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\na",
        "POST /never HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
      ]
    ) {
      const client = await Deno.connect({ hostname: LOOPBACK, port: servers.mainPort });
      await client.write(new TextEncoder().encode(begun));
      clients.push(client);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    const startedAt = performance.now();
    await servers[Symbol.asyncDispose]();
    const tookMs = performance.now() - startedAt;
    assert(tookMs < 500, `${tookMs} ms`);
    for (const client of clients) client.close();
  },
);

scenario("serve() lets a request that is under way come to its end before it closes", async () => {
  const slow: Receiver = {
    name: "slow",
    app: new Hono().get("/slow", async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      return c.text("done");
    }),
  };
  const servers = await serve({
    main: { hostname: LOOPBACK, port: 0 },
    receivers: [slow],
    pool: testPool(),
    admission: createAdmission({ maxBytes: Infinity }),
    sockets: createSockets(),
    log: createLogger({ write: () => {} }),
  });
  const answer = text(servers.mainPort, "/slow");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await servers[Symbol.asyncDispose]();
  assertEquals(await answer, "200 done");
});
