import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { read, recordsOf } from "./received.ts";
import { sleep } from "./waiters.ts";

scenario("runtime API refuses wrong ids and second responses", async () => {
  await using lambda = await startLambda();
  await lambda.invoke();
  const api = `http://${lambda.runtimeApi}/2018-06-01/runtime`;
  const response = await fetch(`${api}/invocation/nonsense/response`, { method: "POST", body: "{}" });
  assertEquals([response.status, await response.json()], [
    400,
    { errorMessage: "Invalid request ID", errorType: "InvalidRequestID" },
  ]);
  const late = await fetch(`${api}/init/error`, { method: "POST", body: "{}" });
  assertEquals([late.status, await late.json()], [
    403,
    {
      errorMessage:
        "State transition from Ready to InitError failed for runtime. Error: State transition is not allowed",
      errorType: "InvalidStateTransition",
    },
  ]);
});

for (const kind of ["scripted", "process"] as const) {
  scenario(`lambda tells the duration and the bytes of a streamed response (${kind})`, async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension, function: kind });
    const { response } = await lambda.invoke({ stream: { chunks: 3, chunkBytes: 10, pauseMs: 20 } });
    assertEquals(response, "x".repeat(30));
    await lambda.shutdown();
    const [done] = recordsOf(extension.received, "platform.runtimeDone");
    assertEquals(read(done, "metrics", "producedBytes"), 30);
    const spans = read(done, "spans");
    assert(Array.isArray(spans));
    assertGreaterOrEqual(spans[1].durationMs, 39);
  });
}

scenario("runtimeDone of an answer has its bytes and spans, that of an error neither", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension });
  await lambda.invoke({ response: "four" });
  await lambda.invoke({ outcome: "error", errorType: "TypeError", errorMessage: "no cart" });
  await lambda.shutdown();
  const [answered, failed] = recordsOf(extension.received, "platform.runtimeDone");
  assertEquals([read(answered, "status"), read(answered, "metrics", "producedBytes")], ["success", 6]);
  assertEquals([0, 1, 2].map((n) => read(answered, "spans", String(n), "name")), [
    "responseLatency",
    "responseDuration",
    "runtimeOverhead",
  ]);
  assertEquals([read(failed, "status"), read(failed, "metrics", "producedBytes")], ["success", 0]);
  assertEquals(read(failed, "spans"), undefined);
});

scenario("runtimeDone of a reset has the spans of the answer that was out before", async () => {
  const extension = fakeExtension({ onInvoke: () => sleep(150) });
  await using lambda = await startLambda({ extension, timeoutMs: 80 });
  await lambda.invoke({ response: "done" });
  const done = recordsOf(extension.received, "platform.runtimeDone");
  assertEquals(
    done.map((record) => [
      read(record, "status"),
      read(record, "metrics", "producedBytes"),
      read(record, "spans", "0", "name"),
    ]),
    [["success", 6, "responseLatency"], ["timeout", 6, "responseLatency"]],
  );
});

scenario("runtimeDone has no spans where the platform tells none", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, runtimeDoneSpans: false });
  await lambda.invoke();
  await lambda.shutdown();
  const [done] = recordsOf(extension.received, "platform.runtimeDone");
  assertEquals([read(done, "spans"), read(done, "metrics", "producedBytes")], [undefined, 11]);
});

for (const kind of ["scripted", "process"] as const) {
  scenario(`a late error line comes after the answer and before the next event (${kind})`, async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension, function: kind });
    const { requestId, response } = await lambda.invoke({ outcome: "error", lateErrorLine: true });
    await lambda.invoke();
    await lambda.shutdown();
    assertMatch(response, /"errorType":"Error"/);
    const lines = recordsOf(extension.received, "function");
    assertEquals(lines.length, 1);
    assertMatch(String(lines[0]), new RegExp(`\t${requestId}\tERROR\tInvoke Error `));
  });
}

scenario("an asynchronous invocation is run again under its id", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension });
  const requestId = crypto.randomUUID();
  for (let run = 0; run < 2; run++) {
    assertEquals((await lambda.invoke({ outcome: "error" }, { requestId })).requestId, requestId);
  }
  await lambda.shutdown();
  for (const type of ["platform.start", "platform.runtimeDone", "platform.report"]) {
    const ids = recordsOf(extension.received, type).map((record) => read(record, "requestId"));
    assertEquals(ids, [requestId, requestId]);
  }
  assertEquals(lambda.violations, []);
});
