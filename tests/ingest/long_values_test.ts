/** Requests of one value of 8 MB, or of very many: whatever has to be made of them, everything else goes on. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { parseConfig } from "../../src/config.ts";
import { createDatakitApiReceiver } from "../../src/ingest/datakit/receiver.ts";
import { createDdtraceReceivers } from "../../src/ingest/ddtrace/receiver.ts";
import { createOtlpReceiver } from "../../src/ingest/otlp/receiver.ts";
import { createStatsdReceiver } from "../../src/ingest/statsd/receiver.ts";
import type { Receiver, ReceiverContext } from "../../src/pipeline/receiver.ts";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import type { Source } from "../../src/point/point.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { type LongRequest, longRequests } from "./long_values.ts";
import { manyRequests } from "./many_values.ts";
import { scenario } from "../support/scenario.ts";

/** Receivers whose points go nowhere, so that only their own time is measured. */
function createReceivers(): (request: LongRequest, body: Uint8Array<ArrayBuffer>) => Promise<number> {
  const writer = createPointWriter({ commit: () => {}, trimmed: () => {} });
  const context = (source: Source): ReceiverContext => ({
    writer,
    begin: (kind) => writer.begin(kind, source),
    write: (draft) => writer.write(draft, source),
    refuse: () => {},
    log: createLogger({ level: "off" }),
    instanceId: () => "i",
    limits: { maxWireBytes: 1e8, maxInflatedBytes: 1e8, timeoutMs: 60_000 },
    now: () => 1_700_000_000_000,
  });
  const { config } = parseConfig({});
  const apps: Record<Exclude<LongRequest["receiver"], "statsd">, Receiver | undefined> = {
    otlp: createOtlpReceiver(config.otlp, context("otlp")),
    ddtrace: createDdtraceReceivers(config.ddtrace, context("ddtrace"), {})[0],
    datakit: createDatakitApiReceiver({ version: "2", hostname: "h" }, context("datakit")),
  };
  const statsd = createStatsdReceiver(config.statsd, context("statsd"));
  return async ({ receiver, path, type }, body) => {
    if (receiver === "statsd") {
      await statsd.feed(body);
      await statsd.collect?.();
      return 200;
    }
    const response = await apps[receiver]?.app?.request(path, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    await response?.body?.cancel();
    return response?.status ?? 0;
  };
}

async function assertLoopRuns(request: LongRequest): Promise<void> {
  const body = request.body();
  // Each run has receivers of its own, as a span that is known is not written again.
  const ms = await longestTurnMs(async () => assertEquals(await createReceivers()(request, body), 200));
  assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
}

for (const request of longRequests()) {
  scenario(`the event loop runs while a value of 8 MB is taken: ${request.name}`, async () => {
    await assertLoopRuns(request);
  });
}

for (const request of manyRequests()) {
  scenario(`the event loop runs while very many values are taken: ${request.name}`, async () => {
    await assertLoopRuns(request);
  });
}
