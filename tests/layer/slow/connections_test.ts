/** The compiled executable among clients that take all connections and descriptors there are, as leaks and mistakes do. */
import { assert, assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import type { LambdaOptions } from "../../emulator/options.ts";
import { type Sandbox, startExecutable } from "../../support/sandbox.ts";
import { encodeRstStream, ERROR, join } from "../../../src/net/http2_frames.ts";
import { connectHttp2, headers } from "../../net/http2_client.ts";
import { scenario } from "../../support/scenario.ts";
import { freePorts } from "../../support/loopback.ts";

interface Ports {
  readonly main: number;
  readonly agent: number;
  readonly otlpHttp: number;
  readonly otlpGrpc: number;
  readonly statsd: number;
}

type Port = keyof Ports;

/** What Lambda gives a process. */
const LAMBDA_DESCRIPTORS = 1024;
const HALF_HEAD = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-";
const HALF_BODY =
  "POST /v1/traces HTTP/1.1\r\ncontent-length: 1000\r\ncontent-type: application/json\r\n\r\n{";

/** Runs the executable with so many descriptors, with all inputs on free ports. */
async function withExtension(
  descriptors: number,
  run: (sandbox: Sandbox, ports: Ports, pid: number) => Promise<void>,
  options: LambdaOptions = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    const wrapper = `${folder}/datakit`;
    await Deno.writeTextFile(wrapper, `#!/bin/sh\nulimit -n ${descriptors}\nexec '${await buildBinary()}'\n`);
    await Deno.chmod(wrapper, 0o755);
    const [main = 0, agent = 0, otlpHttp = 0, otlpGrpc = 0, statsd = 0] = freePorts(5);
    await using sandbox = await startExecutable(wrapper)({
      freeze: false,
      ...options,
      env: {
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry,statsd",
        ENV_HTTP_LISTEN: `127.0.0.1:${main}`,
        ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${agent}`,
        ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
        ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlpHttp}`,
        ENV_INPUT_OTEL_GRPC: `127.0.0.1:${otlpGrpc}`,
        ENV_INPUT_STATSD_LISTEN: `127.0.0.1:${statsd}`,
        ENV_INPUT_STATSD_LISTEN_TCP: `127.0.0.1:${statsd}`,
        ...options.env,
      },
    });
    await sandbox.lambda.init();
    const pid = sandbox.lambda.processIds().get("datakit") ?? 0;
    await run(sandbox, { main, agent, otlpHttp, otlpGrpc, statsd }, pid);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Connections that say `text` and then nothing more. Those that are refused are left out. */
async function openMany(port: number, count: number, text = ""): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  for (let index = 0; index < count; index++) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      if (text !== "") await connection.write(new TextEncoder().encode(text));
    } catch {
      // Closed under us, which is what the extension may do with it.
    }
  }
  return connections;
}

function closeAll(connections: readonly Deno.Conn[]): void {
  for (const connection of connections) connection.close();
}

/** The status of a request on a connection of its own. */
async function ask(port: number, path: string, body = "{}"): Promise<number> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    client,
    signal: AbortSignal.timeout(5_000),
  });
  await response.body?.cancel();
  return response.status;
}

/** Every listener serves, each asked in its own protocol. */
async function assertServes({ dataway, lambda }: Sandbox, ports: Ports, tag: string): Promise<void> {
  assertEquals(await ask(ports.main, "/v1/write/logging", `[{"measurement":"m","fields":{"f":1}}]`), 200);
  assertEquals(await ask(ports.agent, "/v0.4/traces", "[]"), 200);
  assertEquals(await ask(ports.otlpHttp, "/v1/traces"), 200);
  using grpc = await Deno.connect({ hostname: "127.0.0.1", port: ports.otlpGrpc });
  await grpc.write(new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"));
  assert((await grpc.read(new Uint8Array(64)) ?? 0) > 0, "gRPC is silent");
  using statsd = await Deno.connect({ hostname: "127.0.0.1", port: ports.statsd });
  await statsd.write(new TextEncoder().encode(`test.${tag}:1|c\n`));
  const { extensionHoldMs } = await lambda.invoke({ logs: [tag] });
  assert((extensionHoldMs ?? Infinity) < 1_500, `next was held for ${extensionHoldMs} ms`);
  const arrived = (): string[] => [
    ...dataway.points("logging").map(({ fields }) => String(fields.get("message"))),
    ...dataway.points("metric").flatMap(({ fields }) => fields.has(tag) ? [`metric ${tag}`] : []),
  ];
  const wanted = [tag, `metric ${tag}`];
  const isThere = (): boolean => wanted.every((name) => arrived().includes(name));
  // On a busy machine a flush may have been too early for what the last moment brought.
  for (let more = 0; more < 5 && !isThere(); more++) await lambda.invoke({ logs: [] });
  assert(isThere(), `${wanted} are not all among ${arrived()}`);
}

for (const port of ["main", "agent", "otlpHttp", "otlpGrpc", "statsd"] as const satisfies readonly Port[]) {
  scenario(
    `the executable serves on with all descriptors' worth of idle connections to ${port}`,
    () =>
      withExtension(LAMBDA_DESCRIPTORS, async (sandbox, ports) => {
        const idle = await openMany(ports[port], 1_013);
        await assertServes(sandbox, ports, "meanwhile");
        closeAll(idle);
        await assertServes(sandbox, ports, "afterwards");
        assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      }),
  );
}

scenario(
  "the executable serves on when it has hardly any descriptors, and says so once",
  () =>
    withExtension(64, async (sandbox, ports) => {
      const held: Deno.Conn[] = [];
      for (const port of Object.values(ports)) held.push(...await openMany(port, 60));
      await assertServes(sandbox, ports, "meanwhile");
      closeAll(held);
      await assertServes(sandbox, ports, "afterwards");
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      const told = sandbox.lines().filter((line) => line.includes("could not be accepted"));
      assertEquals(told.length, 1);
      assert(sandbox.sum("accept_failures", "awslambda-extension") > 0n);
    }),
);

scenario(
  "the executable serves a client that opens a kept-alive connection for each export",
  () =>
    withExtension(LAMBDA_DESCRIPTORS, async (sandbox, ports) => {
      const request = new TextEncoder().encode(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
      );
      const kept: Deno.Conn[] = [];
      for (let index = 0; index < 1_100; index++) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: ports.otlpHttp });
        kept.push(connection);
        await connection.write(request);
        const answer = new Uint8Array(256);
        const size = await connection.read(answer);
        assertEquals(
          new TextDecoder().decode(answer.subarray(9, Math.min(12, size ?? 0))),
          "200",
          `${index}`,
        );
      }
      await assertServes(sandbox, ports, "meanwhile");
      closeAll(kept);
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
    }),
);

scenario(
  "the executable serves on among half heads and half bodies, and ends in time with them",
  () =>
    withExtension(LAMBDA_DESCRIPTORS, async (sandbox, ports) => {
      const halves: Deno.Conn[] = [];
      for (const port of [ports.main, ports.agent, ports.otlpHttp, ports.otlpGrpc]) {
        halves.push(...await openMany(port, 250, HALF_HEAD), ...await openMany(port, 250, HALF_BODY));
      }
      // A transfer makes room for another one once it has stood still for a second.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await assertServes(sandbox, ports, "meanwhile");
      const startedAt = performance.now();
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
      const tookMs = performance.now() - startedAt;
      assert(tookMs < 1_400, `${tookMs} ms`);
      closeAll(halves);
    }),
);

scenario(
  "the executable holds nobody up while a client opens and resets HTTP/2 calls",
  () =>
    withExtension(LAMBDA_DESCRIPTORS, async (sandbox, ports, pid) => {
      const resets = join(
        Array.from(
          { length: 1_000 },
          (_, index) => join([headers(2 * index + 1), encodeRstStream(2 * index + 1, ERROR.cancel)]),
        ),
      );
      const endAt = performance.now() + 4_000;
      let connections = 0;
      const flood = Array.from({ length: 4 }, async () => {
        while (performance.now() < endAt) {
          using client = await connectHttp2(ports.otlpGrpc);
          connections++;
          await client.send(resets).catch(() => {});
          while (await client.receive() !== undefined);
        }
      });
      for (let round = 0; round < 5; round++) {
        const { extensionHoldMs } = await sandbox.lambda.invoke({ logs: ["x"] });
        assert((extensionHoldMs ?? Infinity) < 500, `next was held for ${extensionHoldMs} ms`);
      }
      await Promise.all(flood);
      assert(connections > 4);
      const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) /
        1024;
      assert(peak < 100, `the extension took ${peak} MiB`);
      await assertServes(sandbox, ports, "afterwards");
      assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
    }),
);
