/** The compiled executable's memory after an outage that filled its store, by what Linux tells of the process. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExtension } from "../../bench/extension_process.ts";
import { invokeEvent, shutdownEvent, startPlatform } from "../../bench/platform.ts";
import { connectTelemetry } from "../../bench/telemetry.ts";
import { sleep } from "../../emulator/waiters.ts";
import { startSoakDataway } from "../../soak/dataway.ts";
import { scenario } from "../../support/scenario.ts";

const MEGABYTE = 1024 * 1024;
/** The store's bound in a function of 128 MB, and lines that fill it with nothing in common. */
const STORE_BYTES = 8 * MEGABYTE;
const LINE_BYTES = 39_000;
const LINES = 3;
/** Invocations before the outage, and milliseconds between two of those after it. */
const WARM_UP = 300;
const GAP_MS = 50;
/** What is held and given back, at least and at most, in MiB of the C library's heap. */
const TAKEN_MIB = 8;
const KEPT_MIB = 4;
/** Memory is given back within this time since all has arrived, and the circuit breaker takes up to 10 s before. In ms. */
const GIVEN_BACK_MS = 10_000;
const SENT_MS = 20_000;

scenario("the executable gives back what a full store took once an outage is over", async () => {
  await using platform = startPlatform();
  await using dataway = await startSoakDataway();
  await using extension = await startExtension(await buildBinary(), {
    AWS_LAMBDA_RUNTIME_API: platform.address,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    ENV_DATAWAY: dataway.url,
    ENV_HTTP_LISTEN: "127.0.0.1:0",
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
    ENV_LOG_LEVEL: "off",
  });
  let call = await platform.next();
  using telemetry = await connectTelemetry((await platform.subscribed).url);
  let count = 0;
  const invoke = async (lines: readonly string[]): Promise<void> => {
    const requestId = `3da1f2dc-3222-475e-9205-${String(count++).padStart(12, "0")}`;
    call.reply(invokeEvent(requestId));
    await sleep(1);
    await telemetry.post(bodyOf(requestId, lines));
    call = await platform.next();
  };

  try {
    for (let n = 0; n < WARM_UP; n++) await invoke(["a line"]);
    const before = heapMib(extension.pid);
    for (let outage = 0; outage < 2; outage++) {
      dataway.mode = "503";
      for (let held = 0; held < STORE_BYTES; held += LINES * LINE_BYTES) {
        await invoke(Array.from({ length: LINES }, longLine));
      }
      assertGreater(heapMib(extension.pid), before + TAKEN_MIB);
      dataway.mode = "ok";
      const [arrived, recoveredAt] = [dataway.lines.length, performance.now()];
      let givenBackAt: number | undefined;
      let sentAt = recoveredAt;
      for (let lines = arrived; givenBackAt === undefined; lines = dataway.lines.length) {
        await sleep(GAP_MS);
        await invoke(["a line"]);
        const now = performance.now();
        if (dataway.lines.length === arrived || dataway.lines.length > lines) sentAt = now;
        else if (heapMib(extension.pid) < before + KEPT_MIB) givenBackAt = now;
        assertLess(sentAt - recoveredAt, SENT_MS, "nothing is sent");
        assertLess(now - sentAt, GIVEN_BACK_MS, "memory is kept");
      }
      assertGreater(dataway.lines.length, arrived + STORE_BYTES / LINE_BYTES / 2);
    }
  } finally {
    // An event that is not given keeps the platform from its end.
    call.reply(shutdownEvent());
  }
  assertEquals(await extension.ended, 0);
  assertEquals(dataway.violations, []);
});

/** As {@link startSoakDataway} counts them. */
function longLine(): string {
  const noise = crypto.getRandomValues(new Uint8Array(LINE_BYTES)).toBase64();
  return `line 1 of the soak ${noise}`.slice(0, LINE_BYTES);
}

function bodyOf(requestId: string, lines: readonly string[]): Uint8Array {
  const time = new Date().toISOString();
  return new TextEncoder().encode(JSON.stringify([
    { time, type: "platform.start", record: { requestId, version: "$LATEST" } },
    ...lines.map((record) => ({ time, type: "function", record })),
    {
      time,
      type: "platform.runtimeDone",
      record: { requestId, status: "success", metrics: { durationMs: 12.3, producedBytes: 53 } },
    },
  ]));
}

/** What the C library's heap has of the process's memory. */
function heapMib(pid: number): number {
  const heap = /\[heap\]\n(?:.*\n)*?Rss:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/smaps`));
  return Number(heap?.[1]) / 1024;
}
