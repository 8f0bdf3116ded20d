import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Hono } from "@hono/hono";
import { createLogger } from "@std/log";
import type { Receiver } from "../src/pipeline/receiver.ts";
import { serve } from "../src/serve.ts";
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
      log,
    });
    assertNotEquals(servers.mainPort, taken.addr.port);
    assertEquals(await text(servers.mainPort, "/hello"), "200 hi");
    assertEquals(lines.length, 1);
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
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  assertEquals(await text(servers.mainPort, "/hello"), "200 hi");
  assert(lines[0]?.includes("no descriptors"));
});

scenario("serve() frees its ports on disposal although a client keeps its connection", async () => {
  const servers = await serve({
    main: { hostname: LOOPBACK, port: 0 },
    receivers: [hello()],
    log: createLogger({ write: () => {} }),
  });
  using client = await Deno.connect({ hostname: LOOPBACK, port: servers.mainPort });
  await client.write(new TextEncoder().encode("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n"));
  await client.read(new Uint8Array(1024));
  await servers[Symbol.asyncDispose]();
  using again = Deno.listen({ hostname: LOOPBACK, port: servers.mainPort });
  assertEquals(again.addr.port, servers.mainPort);
});
