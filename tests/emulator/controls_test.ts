import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { type Armed, createControls, type DatawayMode } from "./controls.ts";
import { startDataway } from "./dataway.ts";
import { fakeExtension } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { sleep } from "./waiters.ts";

const NORMAL: Armed = { dataway: "ok", timeout: false, crash: false, frozen: false };

for (const kind of ["scripted", "process"] as const) {
  scenario(`controls arm one fault for the next invocation (${kind})`, async () => {
    await using dataway = await startDataway();
    await using lambda = await startLambda({ extension: fakeExtension(), function: kind, timeoutMs: 700 });
    const changes: Armed[] = [];
    const controls = createControls({ lambda, dataway, onChange: (armed) => void changes.push(armed) });
    assertEquals((await controls.invoke({ response: "fine" })).response, '"fine"');
    controls.arm("crash", true);
    controls.arm("timeout", true);
    assertEquals(controls.armed, { ...NORMAL, timeout: true });
    assertEquals((await controls.invoke()).status, "timeout");
    assertEquals((await controls.invoke()).status, "success");
    controls.arm("crash", true);
    const crashed = await controls.invoke();
    assertEquals([crashed.status, crashed.errorType], ["error", "Runtime.ExitError"]);
    controls.arm("crash", true);
    controls.arm("crash", false);
    assertEquals((await controls.invoke()).status, "success");
    assertEquals(changes.map(({ timeout, crash }) => timeout ? "timeout" : crash ? "crash" : "none"), [
      "crash",
      "timeout",
      "none",
      "crash",
      "none",
      "crash",
      "none",
    ]);
  });
}

scenario("controls set how Dataway answers, and set it right again", async () => {
  await using dataway = await startDataway();
  await using lambda = await startLambda();
  const controls = createControls({ lambda, dataway });
  const send = async (): Promise<number | string> => {
    try {
      const response = await fetch(dataway.url.replace("?", "/v1/write/metric?"), {
        method: "POST",
        body: "m f=1i 1\n",
        headers: {
          "content-type": "application/line-protocol",
          "user-agent": "datakit-lambda-extension/0",
          "x-pkg-id": "dk_0123456789abcdefghij",
          "x-points": "1",
        },
        signal: AbortSignal.timeout(400),
      });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      return error instanceof Error ? error.name : "";
    }
  };
  const expected: readonly (readonly [DatawayMode, number | string])[] = [
    ["ok", 200],
    ["slow", "TimeoutError"],
    ["403", 403],
    ["hang", "TimeoutError"],
    ["down", "TypeError"],
    ["ok", 200],
  ];
  for (const [mode, answer] of expected) {
    await controls.dataway(mode);
    assertEquals([mode, await send()], [mode, answer]);
  }
  await controls.dataway("down");
  controls.arm("timeout", true);
  await controls.restore();
  assertEquals(controls.armed, NORMAL);
  assertEquals(await send(), 200);
});

scenario("controls freeze a sandbox, and what is asked for meanwhile waits", async () => {
  await using dataway = await startDataway();
  await using lambda = await startLambda({ extension: fakeExtension() });
  const controls = createControls({ lambda, dataway });
  await controls.invoke();
  const startedAt = performance.now();
  const frozen = controls.freeze(150);
  const invoked = controls.invoke();
  assertEquals(controls.armed.frozen, true);
  await invoked;
  assertGreaterOrEqual(performance.now() - startedAt, 149);
  await frozen;
  assertEquals(controls.armed, NORMAL);
  // The end of a sandbox does not wait for it, whether it is told or not.
  for (const ends of [() => lambda.shutdown(), () => lambda.vanish()]) {
    await controls.invoke();
    const long = controls.freeze(60_000);
    await sleep(10);
    await ends();
    await long;
  }
});

scenario("controls kill an extension's process, which costs the invocation under way", async () => {
  await using dataway = await startDataway();
  const file = await Deno.makeTempFile({ suffix: ".sh" });
  try {
    await Deno.writeTextFile(file, "#!/bin/sh\nsleep 600\n");
    await Deno.chmod(file, 0o755);
    await using lambda = await startLambda({ extension: file });
    const controls = createControls({ lambda, dataway });
    assertEquals(controls.kill(), false);
    const init = lambda.init();
    while (lambda.processIds().size === 0) await sleep(5);
    assert(controls.kill());
    assertEquals((await init).errorType, "Extension.Crash");
  } finally {
    await Deno.remove(file);
  }
});
