import { assert, assertEquals } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension, register } from "./fake_extension.ts";
import { type Lambda, startLambda } from "./lambda.ts";
import { read, recordsOf, waitForKill } from "./received.ts";
import { sleep } from "./waiters.ts";

for (
  const [reply, status, body] of [
    [202, 202, '{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}'],
    [
      400,
      400,
      '{"errorMessage":"URI port is not provided; types should not be empty","errorType":"ValidationError"}',
    ],
    [404, 404, "404 page not found\n"],
    [500, 500, '{"errorMessage":"Internal Server Error","errorType":"InternalServerError"}'],
    ["closed", 0, ""],
  ] as const
) {
  scenario(`telemetry API can answer a subscription with ${reply}`, async () => {
    await using lambda = await startLambda({
      extension: { name: "probe", run: waitForKill },
      subscribeReply: reply,
    });
    void lambda.init();
    const id = await register(`http://${lambda.runtimeApi}`, "probe", []);
    assertEquals(await subscribe(lambda, id, {}), [status, body]);
  });
}

scenario("telemetry API checks the subscription and says everything that is wrong", async () => {
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill } });
  void lambda.init();
  const id = await register(`http://${lambda.runtimeApi}`, "probe", []);
  const good = {
    schemaVersion: "2022-12-13",
    types: ["platform"],
    destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:1234" },
  };
  const refusal = (errorMessage: string): readonly [number, string] => [
    400,
    JSON.stringify({ errorMessage, errorType: "ValidationError" }),
  ];
  assertEquals(
    await subscribe(lambda, id, {
      ...good,
      types: [],
      destination: { protocol: "HTTP", URI: "http://sandbox.localdomain" },
    }),
    refusal("URI port is not provided; types should not be empty"),
  );
  assertEquals(
    await subscribe(lambda, id, { ...good, buffering: { maxItems: 10 } }),
    refusal("maxItems should be from 1000 to 10000"),
  );
  assertEquals(
    await subscribe(lambda, id, {
      ...good,
      destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:9001" },
    }),
    refusal("URI port is not provided"),
  );
  assertEquals(await subscribe(lambda, id, good), [200, '"OK"']);
  assertEquals((await subscribe(lambda, id, good))[0], 500);
  await lambda.vanish();
});

scenario("telemetry renders JSON lines as objects only where schema and log format say so", async () => {
  const lines = { logs: ['{"level":"INFO","message":"a"}', "plain"] };
  const asObject = fakeExtension();
  const asText = fakeExtension({ schemaVersion: "2022-07-01" });
  for (const extension of [asObject, asText]) {
    await using lambda = await startLambda({ extension, logFormat: "JSON" });
    await lambda.invoke(lines);
    await lambda.shutdown();
  }
  const [object, made] = recordsOf(asObject.received, "function");
  assertEquals(object, { level: "INFO", message: "a" });
  assertEquals([read(made, "level"), read(made, "message")], ["INFO", "plain"]);
  assertEquals(recordsOf(asText.received, "function"), lines.logs);
});

scenario("telemetry batches end at the item limit", async () => {
  const extension = fakeExtension({ types: ["function"] });
  await using lambda = await startLambda({ extension });
  await lambda.init();
  await lambda.invoke({ logs: Array.from({ length: 2500 }, (_, i) => `line ${i}`) });
  await lambda.shutdown();
  assertEquals(extension.batchSizes, [1000, 1000, 500]);
  assertEquals(recordsOf(extension.received, "function").at(-1), "line 2499");
  assertEquals(new Set(extension.sequenceIds).size, 3);
});

scenario("telemetry repeats a batch that was not taken, under the same sequence id", async () => {
  let calls = 0;
  const extension = fakeExtension({ types: ["function"], onTelemetry: () => ++calls === 1 ? 500 : 200 });
  await using lambda = await startLambda({ extension });
  await lambda.invoke({ logs: ["once"], sleepMs: 200 });
  await lambda.shutdown();
  assertEquals(recordsOf(extension.received, "function"), ["once"]);
  assertEquals(extension.sequenceIds.length, 2);
  assertEquals(extension.sequenceIds[0], extension.sequenceIds[1]);
});

scenario("telemetry in model mi drops what is due while a batch is in flight", async () => {
  const extension = fakeExtension({ types: ["function"], onTelemetry: () => sleep(60).then(() => 200) });
  await using lambda = await startLambda({ extension, deliveryModel: "mi" });
  await lambda.invoke({ logs: Array.from({ length: 3000 }, () => "x"), sleepMs: 100 });
  const dropped = lambda.events.filter(({ type }) => type === "platform.logsDropped").map(({ record }) =>
    record
  );
  await lambda.shutdown();
  const reason =
    "Some logs were dropped because the downstream consumer is slower than the logs production rate";
  assertEquals(dropped.map((record) => [read(record, "droppedRecords"), read(record, "reason")]), [
    [1000, reason],
    [1000, reason],
  ]);
  assertEquals(extension.batchSizes, [1000]);
});

async function subscribe(lambda: Lambda, id: string, body: unknown): Promise<readonly [number, string]> {
  try {
    const response = await fetch(`http://${lambda.runtimeApi}/2022-07-01/telemetry`, {
      method: "PUT",
      headers: { "Lambda-Extension-Identifier": id },
      body: JSON.stringify(body),
    });
    return [response.status, await response.text()];
  } catch {
    return [0, ""];
  }
}

scenario("lambda drops log batches and tells how many when told so", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, telemetryChaos: { dropEach: 2, repeat: "no-id" } });
  await lambda.init();
  for (let n = 0; n < 5; n++) {
    await lambda.invoke({ logs: Array.from({ length: 10 }, (_, line) => `${n}/${line}`), sleepMs: 40 });
  }
  await lambda.shutdown();
  // Everything came twice.
  const dropped = recordsOf(extension.received, "platform.logsDropped").length / 2;
  const lines = extension.received.filter(({ type }) => type === "function").length / 2;
  assert(dropped > 0);
  const records = recordsOf(extension.received, "platform.logsDropped")
    .reduce<number>((sum, record) => sum + Number(read(record, "droppedRecords")), 0) / 2;
  assertEquals(lines, 50 - records);
  assert(extension.sequenceIds.every((id) => id === ""));
});
