/** The compiled executable's `status` beside the extension that it asks, in the emulated sandbox. */
import { assertEquals, assertLess, assertMatch, assertNotMatch } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { TEST_TOKEN } from "../../emulator/dataway.ts";
import { createStatusReader } from "../../emulator/page/status_reader.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { freePort } from "../../support/loopback.ts";

const HOST = "127.0.0.1";

/** `datakit status` as the function would start it: with the function's variables. */
async function ask(
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<[code: number, text: string]> {
  const { code, stdout } = await new Deno.Command(await buildBinary(), {
    args: ["status", ...args],
    clearEnv: true,
    env: { AWS_LAMBDA_RUNTIME_API: `${HOST}:9001`, ...env },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertNotMatch(text, new RegExp(TEST_TOKEN));
  return [code, text];
}

scenario(
  "datakit status prints what the running extension says; its exit code is 0 while nothing is wrong",
  async () => {
    const env = { ENV_HTTP_LISTEN: `0.0.0.0:${freePort()}`, ENV_FLUSH_PLAN: "end" };
    // A frozen sandbox answers nobody: only its function could ask.
    await using sandbox = await startExecutable(await buildBinary())({ env, freeze: false });
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["a", "b"] });
    const [code, text] = await ask(env);
    const status = JSON.parse(text);
    // Each line may become an event of the function\'s log.
    assertLess(text.split("\n").length, 60);
    assertEquals([code, status.ok, status.faults], [0, true, []]);
    assertEquals(status.lastFlush.result, "sent");
    assertEquals(
      status.ledger.find((entry: { category: string }) => entry.category === "logging").exported,
      2,
    );
    assertEquals(status.memory.usedBytes > 20_000_000, true);

    // As the emulator's page asks for it, between the hold and the freeze.
    const port = env.ENV_HTTP_LISTEN.split(":")[1];
    const word = await createStatusReader(`http://${HOST}:${port}/status`)();
    assertEquals(word?.entries.find(({ category }) => category === "logging")?.exported, 2);

    sandbox.dataway.otherwise(403);
    await sandbox.lambda.invoke({ logs: ["c"] });
    const [badCode, badText] = await ask(env);
    assertEquals(badCode, 1, badText);
    assertMatch(badText, /Dataway refused the latest data: Dataway answered 403/);
    await sandbox.lambda.shutdown();
  },
);

scenario("datakit status finds an extension whose main port was taken by its other ports", async () => {
  using taken = Deno.listen({ hostname: HOST, port: 0 });
  const env = {
    ENV_HTTP_LISTEN: `${HOST}:${taken.addr.port}`,
    ENV_DEFAULT_ENABLED_INPUTS: "opentelemetry,ddtrace",
    ENV_INPUT_OTEL_HTTP: `${HOST}:${freePort()}`,
    ENV_INPUT_OTEL_GRPC: "off",
    ENV_INPUT_DDTRACE_LISTEN: `${HOST}:${freePort()}`,
    ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
  };
  await using sandbox = await startExecutable(await buildBinary())({ env, freeze: false });
  await sandbox.lambda.init();
  const [code, text] = await ask(env);
  assertEquals(code, 1, text);
  const { faults, listeners } = JSON.parse(text);
  assertEquals(faults.length, 1);
  assertMatch(faults[0], /The listener 127\.0\.0\.1:\d+ \(main, tcp\) is off: AddrInUse/);
  const states = listeners.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`);
  assertEquals(states.slice(0, 3), ["main off", "main open", "OTLP/HTTP open"]);
  await sandbox.lambda.shutdown();
});

scenario(
  "datakit status finds by --port an extension that had to move, and says when there is none",
  async () => {
    await using taken = Deno.serve(
      { hostname: HOST, port: 0, onListen: () => {} },
      () => new Response("not us"),
    );
    const [otherCode, other] = await ask({ ENV_HTTP_LISTEN: `${HOST}:${taken.addr.port}` });
    assertMatch(other, /something else than the extension answers/);
    const [code, text] = await ask({ ENV_HTTP_LISTEN: `${HOST}:${freePort()}` });
    assertMatch(text, /nobody answers on/);
    assertEquals([otherCode, code], [3, 3]);
  },
);
