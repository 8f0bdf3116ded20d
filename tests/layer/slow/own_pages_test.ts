/** Pages of the compiled executable in its memory, as Linux tells of the process. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startCountingDataway } from "../../bench/dataway.ts";
import { startExtension } from "../../bench/extension_process.ts";
import { invokeEvent, shutdownEvent, startPlatform } from "../../bench/platform.ts";
import { connectTelemetry, invocationBody } from "../../bench/telemetry.ts";
import { sleep } from "../../emulator/waiters.ts";
import { scenario } from "../../support/scenario.ts";

/** Of its 98 MB the start reads some 40; what is used again after that is a part of them. In MiB. */
const STARTED_MIB = 30;
const RESTING_MIB = 20;
/** They are let go a second after the start. In ms. */
const LET_GO_MS = 10_000;
const INVOCATIONS = 20;

scenario("the executable lets go of its own pages once it has started, and goes on", async () => {
  await using platform = startPlatform();
  await using dataway = await startCountingDataway();
  await using extension = await startExtension(await buildBinary(), {
    AWS_LAMBDA_RUNTIME_API: platform.address,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    ENV_DATAWAY: dataway.url,
    ENV_HTTP_LISTEN: "127.0.0.1:0",
    ENV_FLUSH_PLAN: "end",
  });
  let call = await platform.next();
  assertGreater(pagesMib(extension.pid), STARTED_MIB);
  const startedAt = performance.now();
  while (pagesMib(extension.pid) >= RESTING_MIB) {
    assertLess(performance.now() - startedAt, LET_GO_MS);
    await sleep(50);
  }
  using telemetry = await connectTelemetry((await platform.subscribed).url);
  for (let n = 0; n < INVOCATIONS; n++) {
    const requestId = `3da1f2dc-3222-475e-9205-${String(n).padStart(12, "0")}`;
    call.reply(invokeEvent(requestId));
    await telemetry.post(invocationBody(requestId));
    call = await platform.next();
  }
  call.reply(shutdownEvent());
  assertEquals(await extension.ended, 0);
  assertEquals(dataway.count().get("logging"), INVOCATIONS);
});

function pagesMib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^RssFile:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}
