import { createAdmission } from "../src/net/admission.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Hono } from "@hono/hono";
import { createLogger } from "@std/log";
import { serve } from "../src/serve.ts";
import { startShell } from "../src/shell.ts";
import { startPlatform } from "./bench/platform.ts";
import { testPool } from "./support/connection_pool.ts";
import { scenario } from "./support/scenario.ts";
import { freePorts } from "./support/loopback.ts";

scenario(
  "startShell() registers, listens, subscribes and asks for the first event, and keeps what comes meanwhile",
  async () => {
    await using platform = startPlatform();
    const [main = 0, otlp = 0] = freePorts(2);
    using shell = await startShell({
      env: {
        ENV_HTTP_LISTEN: `127.0.0.1:${main}`,
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
        ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlp}`,
        ENV_INPUT_OTEL_GRPC: "off",
      },
      runtimeApi: platform.address,
      name: "datakit",
    });
    const registered = await platform.registered;
    const subscribed = await platform.subscribed;
    const asked = await platform.next();
    assert(registered.at <= subscribed.at && subscribed.at <= asked.at);
    assertEquals([registered.name, subscribed.url], ["datakit", `http://127.0.0.1:${main}/awslambda`]);
    assertEquals(shell.subscription?.status, "subscribed");

    // Nobody serves yet: the request waits, and is answered once somebody does.
    const early = fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: "POST", body: "early" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await using _servers = await serve({
      main: { hostname: "127.0.0.1", port: main },
      receivers: [{
        name: "otlp",
        app: new Hono().post("/v1/traces", async (c) => c.text(`took ${await c.req.text()}`)),
        ports: [{ hostname: "127.0.0.1", port: otlp }],
      }],
      sockets: shell.sockets,
      pool: testPool(),
      admission: createAdmission({ maxBytes: Infinity }),
      log: createLogger({ write: () => {} }),
    });
    assertEquals(await (await early).text(), "took early");

    asked.reply({ eventType: "SHUTDOWN", shutdownReason: "spindown", deadlineMs: 5 });
    assertEquals(await shell.next(), { type: "shutdown", reason: "spindown", deadlineAt: 5 });
  },
);

scenario("startShell() moves the main listener when its port is taken, and tells the platform", async () => {
  await using platform = startPlatform();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const env = { ENV_HTTP_LISTEN: `127.0.0.1:${taken.addr.port}`, ENV_DEFAULT_ENABLED_INPUTS: "awslambda" };
  using shell = await startShell({ env, runtimeApi: platform.address, name: "datakit" });
  const { port } = new URL((await platform.subscribed).url);
  assertNotEquals(Number(port), taken.addr.port);
  const lines: string[] = [];
  const servers = await serve({
    main: { hostname: "127.0.0.1", port: taken.addr.port },
    receivers: [],
    sockets: shell.sockets,
    pool: testPool(),
    admission: createAdmission({ maxBytes: Infinity }),
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  assertEquals([servers.mainPort, lines.length], [Number(port), 1]);
  await servers[Symbol.asyncDispose]();
  (await platform.next()).reply({});
});

scenario(
  "startShell() listens on all of the sandbox's addresses where it does not have the one that is set",
  async () => {
    await using platform = startPlatform();
    const [wanted = 0] = freePorts(1);
    const main = { hostname: "192.0.2.1", port: wanted };
    const env = { ENV_HTTP_LISTEN: `192.0.2.1:${wanted}`, ENV_DEFAULT_ENABLED_INPUTS: "awslambda" };
    using shell = await startShell({ env, runtimeApi: platform.address, name: "datakit" });
    assertEquals(new URL((await platform.subscribed).url).port, `${wanted}`);
    const lines: string[] = [];
    const servers = await serve({
      main,
      receivers: [],
      sockets: shell.sockets,
      pool: testPool(),
      admission: createAdmission({ maxBytes: Infinity }),
      log: createLogger({ write: (line) => lines.push(line) }),
    });
    assertEquals([servers.mainPort, lines.length], [wanted, 1]);
    await servers[Symbol.asyncDispose]();
    (await platform.next()).reply({});
  },
);

scenario(
  "startShell() leaves listeners that nobody serves to be closed: their clients are refused",
  async () => {
    await using platform = startPlatform();
    const [otlp = 0] = freePorts(1);
    using shell = await startShell({
      env: {
        ENV_HTTP_LISTEN: "127.0.0.1:0",
        ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlp}`,
        ENV_DEFAULT_ENABLED_INPUTS: "opentelemetry",
      },
      runtimeApi: platform.address,
      name: "datakit",
    });
    (await Deno.connect({ hostname: "127.0.0.1", port: otlp })).close();
    shell.sockets[Symbol.dispose]();
    await assertRejects(
      () => Deno.connect({ hostname: "127.0.0.1", port: otlp }),
      Deno.errors.ConnectionRefused,
    );
    (await platform.next()).reply({});
  },
);

scenario("startShell() tells of a Lambda that gives no answer, and subscribes to nothing", async () => {
  using shell = await startShell({
    env: { ENV_HTTP_LISTEN: "127.0.0.1:0", ENV_DEFAULT_ENABLED_INPUTS: "awslambda" },
    runtimeApi: "127.0.0.1:1",
    name: "datakit",
  });
  assertEquals([shell.registration.status, shell.subscription], ["failed", undefined]);
  shell.sockets[Symbol.dispose]();
});
