/** Asynchronous retries: Lambda runs a failed invocation again under the same request id, often in the same sandbox. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type OpenTelemetry, openTelemetry } from "./open_telemetry.ts";

const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";
const OTHER = "8b1c1a5e-4d0e-4c5f-9a53-0f1d3f0f7a11";
const FIRST_MS = Date.parse("2026-09-10T12:00:00.000Z");
/** Between a failure and its first retry. */
const RETRY_MS = 60_000;

type Event = Readonly<Record<string, unknown>>;

function at(ms: number, type: string, record: unknown): Event {
  return { time: new Date(FIRST_MS + ms).toISOString(), type, record };
}

/** All that telemetry tells of one run. */
function run(requestId: string, beganMs: number, durationMs: number, status: string): readonly Event[] {
  const metrics = { durationMs, producedBytes: status === "success" ? 2 : 0 };
  const billed = {
    durationMs: durationMs + 5,
    billedDurationMs: durationMs + 6,
    memorySizeMB: 128,
    maxMemoryUsedMB: 60,
  };
  return [
    at(beganMs, "platform.start", { requestId }),
    at(beganMs + durationMs, "platform.runtimeDone", { requestId, status, metrics }),
    at(beganMs + durationMs + 5, "platform.report", { requestId, status, metrics: billed }),
  ];
}

function invoke(telemetry: OpenTelemetry, requestId: string, atMs: number): Promise<unknown> {
  telemetry.setTime(FIRST_MS + atMs);
  return telemetry.invocations.invoked({ type: "invoke", requestId, deadlineAt: 0, invokedFunctionArn: "" })
    .runtimeEnd;
}

/** Values of a field, in the order of their points. */
function valuesOf(telemetry: OpenTelemetry, field: string): number[] {
  return telemetry.points.map((point) => point.fields.get(field)).filter((value) => value !== undefined)
    .map(Number);
}

Deno.test("a retry under the same request id is an invocation of its own, and so is its own retry", async () => {
  const telemetry = openTelemetry();
  const runs = [
    run(ID, 0, 1000, "error"),
    run(ID, RETRY_MS, 100, "error"),
    run(ID, 3 * RETRY_MS, 200, "success"),
    run(OTHER, 4 * RETRY_MS, 50, "success"),
  ];
  let late: readonly Event[] = [];
  for (const [index, events] of runs.entries()) {
    const [start, done, report] = events;
    const beganMs = [0, RETRY_MS, 3 * RETRY_MS, 4 * RETRY_MS][index] ?? 0;
    const ended = invoke(telemetry, index === 3 ? OTHER : ID, beganMs + 2);
    let isOver = false;
    void ended.then(() => void (isOver = true));
    // The report of the run before comes with this one's start.
    await telemetry.post([...late, start]);
    assertEquals(isOver, false, "the end of the run before is not this one's");
    await telemetry.post([done]);
    await ended;
    late = report === undefined ? [] : [report];
  }
  await telemetry.post(late);
  assertEquals(valuesOf(telemetry, "invocations"), [1, 1, 1, 1]);
  assertEquals(valuesOf(telemetry, "errors"), [1, 1, 0, 0]);
  assertEquals(valuesOf(telemetry, "runtime_duration_ms"), [1000, 100, 200, 50]);
  assertEquals(valuesOf(telemetry, "billed_duration_ms"), [1006, 106, 206, 56]);
  assertEquals(valuesOf(telemetry, "post_runtime_duration"), [5, 5, 5, 5]);
  assertEquals(valuesOf(telemetry, "cold_starts"), [1, 0, 0, 0]);
  assertEquals(telemetry.done.map(({ durationMs, status }) => [durationMs, status]), [
    [1000, "error"],
    [100, "error"],
    [200, "success"],
    [50, "success"],
  ]);
});

for (const aheadMs of [-20_000, -3_000, 3_000, 20_000]) {
  Deno.test(`invocations and retries are told apart by a sandbox whose clock is ${aheadMs} ms ahead of the platform's`, async () => {
    const telemetry = openTelemetry();
    const runs = [[ID, 0], [OTHER, 500], [ID, RETRY_MS], [OTHER, RETRY_MS + 500], [
      ID,
      3 * RETRY_MS,
    ]] as const;
    let late: readonly Event[] = [];
    for (const [id, beganMs] of runs) {
      const ended = invoke(telemetry, id, beganMs + aheadMs);
      const [start, done, report] = run(id, beganMs, 100, "error");
      await telemetry.post([...late, start]);
      await telemetry.post([done]);
      assertEquals(await ended, { doneAt: FIRST_MS + beganMs + 100 });
      late = report === undefined ? [] : [report];
    }
    await telemetry.post(late);
    assertEquals(valuesOf(telemetry, "invocations"), [1, 1, 1, 1, 1]);
    assertEquals(valuesOf(telemetry, "errors"), [1, 1, 1, 1, 1]);
    assertEquals(valuesOf(telemetry, "post_runtime_duration"), [5, 5, 5, 5, 5]);
  });
}

Deno.test("nobody waits for the end of an INVOKE whose telemetry is hours away by its times", async () => {
  const telemetry = openTelemetry();
  for (const [id, beganMs] of [[ID, 0], [OTHER, 1000]] as const) {
    telemetry.setTime(FIRST_MS + beganMs - 4 * 3_600_000);
    const event = { type: "invoke", requestId: id, deadlineAt: 0, invokedFunctionArn: "" } as const;
    let isOver = false;
    void telemetry.invocations.invoked(event).waitOver.then(() => void (isOver = true));
    await telemetry.post(run(id, beganMs, 100, "success"));
    assertEquals(isOver, true, id);
  }
});

Deno.test("a retry is told apart although it comes within milliseconds, and its INVOKE before all telemetry", async () => {
  const telemetry = openTelemetry();
  const first = invoke(telemetry, ID, 1);
  const [start, done, report] = run(ID, 0, 10, "error");
  await telemetry.post([start, done]);
  await first;
  const second = invoke(telemetry, ID, 21);
  await telemetry.post([report]);
  const [startAgain, doneAgain, reportAgain] = run(ID, 20, 3, "success");
  await telemetry.post([startAgain]);
  await telemetry.post([doneAgain, reportAgain]);
  await second;
  assertEquals(valuesOf(telemetry, "invocations"), [1, 1]);
  assertEquals(valuesOf(telemetry, "errors"), [1, 0]);
  assertEquals(valuesOf(telemetry, "billed_duration_ms"), [16, 9]);
});

Deno.test("a retry whose runtimeDone overtakes its start and INVOKE is one invocation", async () => {
  const telemetry = openTelemetry();
  void invoke(telemetry, ID, 1);
  await telemetry.post(run(ID, 0, 1000, "error"));
  const [start, done, report] = run(ID, RETRY_MS, 2, "success");
  await telemetry.post([done]);
  assertEquals(await invoke(telemetry, ID, RETRY_MS + 4), { doneAt: FIRST_MS + RETRY_MS + 2 });
  await telemetry.post([start, report]);
  assertEquals(valuesOf(telemetry, "invocations"), [1, 1]);
  assertEquals(valuesOf(telemetry, "billed_duration_ms"), [1006, 8]);
});

Deno.test("an end that overtakes its retry's INVOKE tells the duration it has, also where it passes for the end before", async () => {
  for (
    const [what, beganMs, withDuration, told] of [
      ["a minute later", RETRY_MS, true, [1000, 2]],
      ["a minute later, without a duration", RETRY_MS, false, [1000]],
      // The clock was set back to the first run: the end is its second word, until the INVOKE tells.
      ["at the end of the first run", 1000, true, [1000, 2]],
    ] as const
  ) {
    const telemetry = openTelemetry();
    void invoke(telemetry, ID, 1);
    await telemetry.post(run(ID, 0, 1000, "error"));
    const [start, done, report] = run(ID, beganMs, 2, "success");
    await telemetry.post([withDuration ? done : withoutMetrics(done)]);
    assertEquals(await invoke(telemetry, ID, beganMs + 4), { doneAt: FIRST_MS + beganMs + 2 }, what);
    await telemetry.post([start, report]);
    assertEquals(valuesOf(telemetry, "runtime_duration_ms"), [...told], what);
    assertEquals(valuesOf(telemetry, "billed_duration_ms"), [1006, 8], what);
    assertEquals(telemetry.sum("invocations"), 2, what);
  }
});

/** A run's INVOKE among what telemetry tells of it: the report comes when `next` was asked for. */
type Order = readonly ("invoke" | "start" | "done")[];

const ORDERS: readonly Order[] = [
  ["invoke", "start", "done"],
  ["invoke", "done", "start"],
  ["start", "invoke", "done"],
  ["start", "done", "invoke"],
  ["done", "invoke", "start"],
  ["done", "start", "invoke"],
];

for (const aheadMs of [0, -20_000, 20_000]) {
  for (const setBackMs of [0, 119_950, 119_999, 121_000, 1_800_000]) {
    for (const timed of [true, false]) {
      const world = `a sandbox ${aheadMs} ms ahead, clocks set back by ${setBackMs} ms, ends ${
        timed ? "with" : "without"
      } a duration`;
      Deno.test(`no retry is waited for once its end was told, in any order: ${world}`, async () => {
        for (const orders of threeOrders()) {
          const telemetry = openTelemetry();
          let late: readonly Event[] = [];
          for (const [index, order] of orders.entries()) {
            const beganMs = index * (2 * RETRY_MS - setBackMs);
            const [start, done, report] = run(ID, beganMs, 100, index === 2 ? "success" : "error");
            const events = { start, done: timed ? done : withoutMetrics(done) };
            await telemetry.post(late);
            let isOver = false;
            let isInvoked = false;
            let isTold = false;
            for (const step of order) {
              if (step === "invoke") {
                telemetry.setTime(FIRST_MS + beganMs + aheadMs);
                const event = {
                  type: "invoke",
                  requestId: ID,
                  deadlineAt: 0,
                  invokedFunctionArn: "",
                } as const;
                const { waitOver } = telemetry.invocations.invoked(event);
                void waitOver.then(() => void (isOver = true));
                await Promise.resolve();
                isInvoked = true;
              } else {
                await telemetry.post([events[step]]);
                isTold ||= step === "done";
              }
              const what = `${step} of run ${index} of ${orders.join("; ")}`;
              assertEquals(isOver, isInvoked && isTold, what);
            }
            late = report === undefined ? [] : [report];
          }
          await telemetry.post(late);
          assertEquals(telemetry.sum("invocations"), 3, orders.join("; "));
          assertEquals(telemetry.sum("errors"), 2, orders.join("; "));
          assertEquals(valuesOf(telemetry, "billed_duration_ms"), [106, 106, 106], orders.join("; "));
        }
      });
    }
  }
}

/** The order of a first run, a retry's and its own retry's. */
function* threeOrders(): Generator<readonly Order[]> {
  for (const first of [ORDERS[0], ORDERS[5]]) {
    for (const second of ORDERS) {
      for (const third of ORDERS) yield [first ?? second, second, third];
    }
  }
}

function withoutMetrics(event: Event | undefined): Event {
  const { record, ...rest } = event ?? {};
  const { metrics: _, ...known } = record as Record<string, unknown>;
  return { ...rest, record: known };
}

Deno.test("the end of a retry is not that of a run before it whose own end was lost", async () => {
  for (const lost of [["done"], ["done", "report"], ["start", "done", "report"]]) {
    const telemetry = openTelemetry();
    void invoke(telemetry, ID, 1);
    const [start, done, report] = run(ID, 0, 1000, "error");
    const told = { start, done, report };
    await telemetry.post(Object.entries(told).flatMap(([name, event]) => lost.includes(name) ? [] : [event]));
    const [startAgain, doneAgain, reportAgain] = run(ID, RETRY_MS, 2, "success");
    await telemetry.post([doneAgain]);
    assertEquals(await invoke(telemetry, ID, RETRY_MS + 4), { doneAt: FIRST_MS + RETRY_MS + 2 }, `${lost}`);
    await telemetry.post([startAgain, reportAgain]);
    assertEquals(telemetry.sum("billed_duration_ms"), lost.includes("report") ? 8 : 1014, `${lost}`);
  }
});

Deno.test("telemetry that comes again begins no retry, and neither does the platform's second word on a timeout", async () => {
  const telemetry = openTelemetry();
  void invoke(telemetry, ID, 1);
  const events = run(ID, 0, 1000, "success");
  const timedOut = at(3000, "platform.runtimeDone", {
    requestId: ID,
    status: "timeout",
    metrics: { durationMs: 3000, producedBytes: 0 },
  });
  await telemetry.post(events);
  await telemetry.post([...events, timedOut]);
  await telemetry.post([timedOut, ...events]);
  assertEquals(telemetry.sum("invocations"), 1);
  assertEquals(telemetry.sum("timeouts"), 1);
  assertEquals(valuesOf(telemetry, "billed_duration_ms"), [1006]);
});

Deno.test("what a line tells is the run's in which it was written", async () => {
  const telemetry = openTelemetry();
  const line = (ms: number): Event =>
    at(ms, "function", {
      log_level: "ERROR",
      errorType: "KeyError",
      errorMessage: "'x'",
      requestId: ID,
      stackTrace: [],
    });
  const succeeds = (beganMs: number): readonly Event[] => run(ID, beganMs, 1000, "success");
  await telemetry.post([...succeeds(0), ...succeeds(RETRY_MS), line(500)]);
  assertEquals(
    telemetry.points.filter((point) => point.fields.get("errors") === 1n).map(({ timeNs }) => timeNs),
    [
      BigInt(FIRST_MS + 500) * 1_000_000n,
    ],
  );
  await telemetry.post([line(RETRY_MS + 500), line(700)]);
  assertEquals([telemetry.sum("invocations"), telemetry.sum("errors")], [2, 2]);
});

Deno.test("the sums over retries are right for any order, split and repetition of their telemetry", async () => {
  const runs = fc.array(
    fc.record({
      durationMs: fc.integer({ min: 1, max: 900_000 }),
      status: fc.constantFrom("success", "error", "timeout"),
      gapMs: fc.integer({ min: RETRY_MS, max: 10 * RETRY_MS }),
      id: fc.constantFrom(ID, ID, OTHER),
    }),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(runs, fc.infiniteStream(fc.nat()), async (picked, numbers) => {
      const draw = (below: number): number => (numbers.next().value ?? 0) % below;
      const telemetry = openTelemetry();
      let beganMs = 0;
      const all: Event[] = [];
      for (const { durationMs, status, gapMs, id } of picked) {
        void invoke(telemetry, id, beganMs + draw(3));
        for (const event of run(id, beganMs, durationMs, status)) {
          for (let n = 1 + draw(2); n > 0; n--) all.splice(draw(all.length + 1), 0, event);
        }
        beganMs += durationMs + 5 + gapMs;
      }
      while (all.length > 0) await telemetry.post(all.splice(0, 1 + draw(4)));
      const expected = (status: string): number => picked.filter((one) => one.status === status).length;
      assertEquals(telemetry.sum("invocations"), picked.length);
      assertEquals(telemetry.sum("errors"), expected("error") + expected("timeout"));
      assertEquals(telemetry.sum("timeouts"), expected("timeout"));
      assertEquals(
        telemetry.sum("billed_duration_ms"),
        picked.reduce((sum, { durationMs }) => sum + durationMs + 6, 0),
      );
      assertEquals(telemetry.done.length, picked.length);
    }),
    { numRuns: 300 },
  );
});
