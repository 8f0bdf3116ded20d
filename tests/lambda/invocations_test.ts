import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { OpenInvocation } from "../../src/lambda/invocations.ts";
import { event, NOW_MS, type OpenTelemetry, openTelemetry } from "./open_telemetry.ts";

const NEVER = new AbortController().signal;
const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";

function invoke(telemetry: OpenTelemetry, requestId: string): OpenInvocation {
  return telemetry.invocations.invoked({ type: "invoke", requestId, deadlineAt: 0, invokedFunctionArn: "" });
}

function start(requestId: string, time = "12:00:00.000"): unknown {
  return event(time, "platform.start", { requestId });
}

function done(requestId: string, status = "success", more: Record<string, unknown> = {}): unknown {
  return event("12:00:00.100", "platform.runtimeDone", { requestId, status, ...more });
}

function report(requestId: string, status = "success", usedMb = 64): unknown {
  return event("12:00:00.200", "platform.report", {
    requestId,
    status,
    metrics: { durationMs: 1, billedDurationMs: 1, memorySizeMB: 128, maxMemoryUsedMB: usedMb },
  });
}

function line(record: unknown): unknown {
  return event("12:00:00.050", "function", record);
}

interface Counts {
  readonly invocations: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly oom: number;
}

function countsOf(telemetry: OpenTelemetry): Counts {
  return {
    invocations: telemetry.sum("invocations"),
    errors: telemetry.sum("errors"),
    timeouts: telemetry.sum("timeouts"),
    oom: telemetry.sum("out_of_memory"),
  };
}

/** What happens in one invocation, and what it must count. */
const CASES: readonly {
  readonly name: string;
  readonly events: readonly unknown[];
  readonly counts: Counts;
}[] = [
  { name: "a success", events: [start(ID), done(ID), report(ID)], counts: counts(1, 0, 0, 0) },
  {
    name: "an answer, and a timeout told later than the duration that was cut at it",
    events: [
      start(ID),
      done(ID, "success", { metrics: { durationMs: 100 } }),
      event("12:00:00.950", "platform.runtimeDone", {
        requestId: ID,
        status: "timeout",
        metrics: { durationMs: 600 },
      }),
    ],
    counts: counts(1, 1, 1),
  },
  {
    name: "a success at the memory cap",
    events: [start(ID), done(ID), report(ID, "success", 128)],
    counts: counts(1),
  },
  {
    name: "a success that an extension turns into a timeout",
    events: [start(ID), done(ID), done(ID, "timeout"), report(ID, "timeout")],
    counts: counts(1, 1, 1),
  },
  { name: "a crash", events: [start(ID), done(ID, "error"), report(ID, "error")], counts: counts(1, 1) },
  { name: "a platform failure", events: [done(ID, "failure")], counts: counts(1, 1) },
  { name: "a status of the future", events: [done(ID, "throttled")], counts: counts(1, 1) },
  {
    name: "a timeout",
    events: [start(ID), done(ID, "timeout"), report(ID, "timeout")],
    counts: counts(1, 1, 1),
  },
  {
    name: "a timeout at the memory cap",
    events: [done(ID, "timeout"), report(ID, "timeout", 128)],
    counts: counts(1, 1, 1, 1),
  },
  {
    name: "a timeout only a line tells",
    events: [start(ID), line(`2026-09-10T12:00:03.000Z ${ID} Task timed out after 3.00 seconds\n\n`)],
    counts: counts(1, 1, 1),
  },
  {
    name: "out of memory by error type, by cap and by text at once",
    events: [
      start(ID),
      line("java.lang.OutOfMemoryError: Java heap space\n"),
      done(ID, "error", { errorType: "Runtime.OutOfMemory" }),
      report(ID, "error", 128),
    ],
    counts: counts(1, 1, 0, 1),
  },
  {
    name: "out of memory in a JSON line",
    events: [
      start(ID),
      line({ level: "ERROR", requestId: ID, errorType: "MemoryError", errorMessage: "", stackTrace: [] }),
      done(ID, "error"),
    ],
    counts: counts(1, 1, 0, 1),
  },
  {
    name: "talk of memory",
    events: [start(ID), line("handleMemoryError is our name for it, from memory"), done(ID)],
    counts: counts(1),
  },
  {
    name: "an OutOfMemoryError that a healthy function quotes",
    events: [
      start(ID),
      line("downstream said: java.lang.OutOfMemoryError: Java heap space"),
      done(ID, "success", { metrics: { durationMs: 100, producedBytes: 27 } }),
      report(ID),
    ],
    counts: counts(1),
  },
  {
    name: "Python's uncaught MemoryError",
    events: [
      start(ID),
      line("[ERROR] MemoryError: \nTraceback (most recent call last):\n  File …"),
      done(ID),
    ],
    counts: counts(1, 1, 0, 1),
  },
  {
    name: "an exception of a function that has quoted an OutOfMemoryError",
    events: [
      start(ID),
      line("downstream said: java.lang.OutOfMemoryError: Java heap space"),
      line("[ERROR] KeyError: 'x'\nTraceback (most recent call last):\n  File …"),
      done(ID),
    ],
    counts: counts(1, 1),
  },
  {
    name: "a timeout that a function quotes and does not have",
    events: [
      start(ID),
      line(`2026-09-10T12:00:03.000Z ${ID} Task timed out after 3.00 seconds\n`),
      done(ID, "success", { metrics: { durationMs: 100, producedBytes: 27 } }),
      report(ID),
    ],
    counts: counts(1),
  },
  {
    name: "Node's uncaught exception",
    events: [
      start(ID),
      line(`2026-09-10T12:00:00.050Z\t${ID}\tERROR\tInvoke Error \t{"errorType":"Error"}\n`),
      done(ID),
    ],
    counts: counts(1, 1),
  },
  {
    name: "Python's uncaught exception",
    events: [
      start(ID),
      line("[ERROR] KeyError: 'x'\nTraceback (most recent call last):\n  File …"),
      done(ID),
    ],
    counts: counts(1, 1),
  },
  {
    name: "Python's uncaught exception as JSON",
    events: [
      start(ID),
      line({ log_level: "ERROR", errorType: "KeyError", errorMessage: "'x'", requestId: ID, stackTrace: [] }),
      done(ID),
    ],
    counts: counts(1, 1),
  },
  {
    name: "Node's uncaught exception as JSON, nothing answered",
    events: [
      start(ID),
      line({
        level: "ERROR",
        requestId: ID,
        message: { errorType: "Error", errorMessage: "x", stackTrace: [] },
      }),
      done(ID, "success", { metrics: { durationMs: 1, producedBytes: 0 } }),
    ],
    counts: counts(1, 1),
  },
  {
    name: "an error object the function logs before it answers",
    events: [
      start(ID),
      line({
        level: "ERROR",
        requestId: ID,
        message: { errorType: "Error", errorMessage: "x", stackTrace: [] },
      }),
      done(ID, "success", { metrics: { durationMs: 1, producedBytes: 27 } }),
    ],
    counts: counts(1),
  },
  {
    name: "a logged error",
    events: [start(ID), line(`2026-09-10T12:00:00.050Z\t${ID}\tERROR\tInvoke error ignored\n`), done(ID)],
    counts: counts(1),
  },
  {
    name: "a fault",
    events: [start(ID), event("12:00:01.000", "platform.fault", `RequestId: ${ID} Error: x`), done(ID)],
    counts: counts(1, 1),
  },
];

function counts(invocations: number, errors = 0, timeouts = 0, oom = 0): Counts {
  return { invocations, errors, timeouts, oom };
}

for (const { name, events, counts } of CASES) {
  Deno.test(`createInvocations() counts ${name} once, in either order and twice over`, async () => {
    for (const order of [events, [...events].reverse(), [...events, ...events]]) {
      const telemetry = openTelemetry();
      // A line without an id of its own belongs to whoever runs.
      await telemetry.post([start(ID), ...order]);
      telemetry.invocations.shutdown("spindown");
      assertEquals(countsOf(telemetry), counts);
    }
  });
}

Deno.test("createInvocations() gives right sums for any interleaving, split and repetition", async () => {
  const cases = fc.array(fc.integer({ min: 0, max: CASES.length - 1 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cases, fc.infiniteStream(fc.nat()), async (picks, numbers) => {
      const draw = (below: number): number => (numbers.next().value ?? 0) % below;
      const telemetry = openTelemetry();
      let truth = counts(0);
      const all: unknown[] = [];
      for (const [i, pick] of picks.entries()) {
        const id = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
        const scripted = CASES[pick];
        if (scripted === undefined) continue;
        // Lines must name their request to be told apart once they are shuffled.
        const renamed: unknown[] = JSON.parse(JSON.stringify(scripted.events).replaceAll(ID, id));
        const events = renamed.filter(ownLine(id));
        const counted = await alone(events);
        truth = {
          invocations: truth.invocations + counted.invocations,
          errors: truth.errors + counted.errors,
          timeouts: truth.timeouts + counted.timeouts,
          oom: truth.oom + counted.oom,
        };
        assertEquals(counted.invocations, 1);
        for (const one of events) {
          for (let n = 1 + draw(2); n > 0; n--) all.splice(draw(all.length + 1), 0, one);
        }
        all.unshift(start(id));
        if (draw(2) === 0) invoke(telemetry, id);
      }
      while (all.length > 0) await telemetry.post(all.splice(0, 1 + draw(5)));
      telemetry.invocations.shutdown("spindown");
      assertEquals(countsOf(telemetry), truth);
      assertEquals(telemetry.done.length, truth.invocations);
    }),
    { numRuns: 150 },
  );
});

/** Events other than lines, and lines that name their request. */
function ownLine(id: string): (one: unknown) => boolean {
  return (one) => !JSON.stringify(one).includes('"function"') || JSON.stringify(one).includes(id);
}

async function alone(events: readonly unknown[]): Promise<Counts> {
  const telemetry = openTelemetry();
  await telemetry.post(events);
  telemetry.invocations.shutdown("spindown");
  return countsOf(telemetry);
}

Deno.test("createInvocations() leaves handler exceptions to the status when told so", async () => {
  const telemetry = openTelemetry({ handledErrors: "nowhere" });
  await telemetry.post([
    start("r1"),
    line("2026-09-10T12:00:00.050Z\tr1\tERROR\tInvoke Error \t{}"),
    done("r1"),
  ]);
  assertEquals(countsOf(telemetry), counts(1));
});

Deno.test("createInvocations() gives what a shutdown's reason allows to requests without an end", () => {
  for (
    const [reason, expected] of [
      ["spindown", counts(1)],
      ["unknown", counts(1)],
      ["failure", counts(1, 1)],
      ["timeout", counts(1, 1, 1)],
    ] as const
  ) {
    const telemetry = openTelemetry();
    invoke(telemetry, "r1");
    telemetry.invocations.shutdown(reason);
    telemetry.invocations.shutdown(reason);
    assertEquals(countsOf(telemetry), expected, reason);
  }
});

Deno.test("createInvocations() does not let a shutdown change a request that has ended", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([done("r1")]);
  telemetry.invocations.shutdown("timeout");
  assertEquals(countsOf(telemetry), counts(1));
});

Deno.test("createInvocations() gives the reason of a shutdown to the last request only, as they run in turn", () => {
  for (const reason of ["timeout", "failure"] as const) {
    const telemetry = openTelemetry();
    for (const id of ["r1", "r2", "r3", "r4"]) invoke(telemetry, id);
    telemetry.invocations.shutdown(reason);
    assertEquals(countsOf(telemetry), counts(4, 1, reason === "timeout" ? 1 : 0), reason);
    assertEquals(
      telemetry.done.filter(({ status }) => status !== "success").map(({ requestId }) => requestId),
      [
        "r4",
      ],
    );
  }
});

Deno.test("createInvocations() gives the reason of a shutdown to no request if the last one had ended", async () => {
  const telemetry = openTelemetry();
  for (const id of ["r1", "r2"]) invoke(telemetry, id);
  await telemetry.post([start("r2"), done("r2")]);
  telemetry.invocations.shutdown("timeout");
  assertEquals(countsOf(telemetry), counts(2));
});

Deno.test("createInvocations() gives the failure of a managed instance to all that ran side by side", async () => {
  const telemetry = openTelemetry({ managedInstance: true });
  await telemetry.post([start("r1"), start("r2"), start("r3"), report("r2")]);
  telemetry.invocations.shutdown("failure");
  assertEquals(countsOf(telemetry), counts(3, 2));
});

Deno.test("createInvocations() ends what telemetry never told three INVOKEs and five seconds later", () => {
  const telemetry = openTelemetry();
  for (const id of ["r1", "r2", "r3", "r4", "r5"]) invoke(telemetry, id);
  // So many in no time are a busy function whose telemetry is still on its way.
  assertEquals(telemetry.done, []);
  telemetry.passMs(5000);
  invoke(telemetry, "r6");
  assertEquals(telemetry.done.map((invocation) => invocation.requestId), ["r1", "r2", "r3"]);
});

Deno.test("createInvocations() remembers 2000 open invocations and gives the forgotten their outcome", async () => {
  const telemetry = openTelemetry({ managedInstance: true });
  await telemetry.post(Array.from({ length: 2200 }, (_, i) => start(`r${i}`)));
  assertEquals(telemetry.done.length, 200);
  assertEquals(telemetry.done[0]?.requestId, "r0");
  telemetry.invocations.shutdown("spindown");
  assertEquals(countsOf(telemetry), counts(2200));
});

Deno.test("createInvocations() forgets complete invocations before open ones", async () => {
  const telemetry = openTelemetry({ managedInstance: true });
  await telemetry.post([start("open")]);
  await telemetry.post(Array.from({ length: 600 }, (_, i) => report(`r${i}`)));
  assertEquals(telemetry.done.some((invocation) => invocation.requestId === "open"), false);
  await telemetry.post([report("open", "error")]);
  assertEquals(countsOf(telemetry), counts(601, 1));
});

Deno.test("invocations.invoked() knows the runtime's end, told before or after INVOKE", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([done("early")]);
  assertEquals(await invoke(telemetry, "early").runtimeEnd, {
    doneAt: Date.parse("2026-09-10T12:00:00.100Z"),
  });

  const late = invoke(telemetry, "late");
  await telemetry.post([start("late"), done("late")]);
  assertEquals(await late.runtimeEnd, { doneAt: Date.parse("2026-09-10T12:00:00.100Z") });
  await late.waitOver;
});

Deno.test("invocations.invoked() waits no longer once the request's report is there", async () => {
  const telemetry = openTelemetry();
  const open = invoke(telemetry, "r1");
  await telemetry.post([report("r1")]);
  assertEquals(await open.runtimeEnd, undefined);
  await open.waitOver;
});

for (
  const [name, body] of [
    ["dropped logs", [event("12:00:00.050", "platform.logsDropped", { droppedRecords: 5, droppedBytes: 9 })]],
    ["a platform event without a request", [event("12:00:00.050", "platform.runtimeDone", {})]],
    ["an element that is no event", [5]],
    ["a body that is no JSON", '[{"time":"2026-09-10T12:00:00.050Z","type":"platform.runti'],
    ["a body larger than any of the platform's", " ".repeat(17 * 1024 * 1024)],
  ] as const
) {
  Deno.test(`invocations.invoked() waits no longer after ${name}, in which the end may have been lost`, async () => {
    const telemetry = openTelemetry();
    const open = invoke(telemetry, "r1");
    assertEquals(await telemetry.post(body), 200);
    await open.waitOver;
    // And still hears of the end if it comes.
    await telemetry.post([start("r1"), done("r1", "error")]);
    assertEquals((await open.runtimeEnd)?.doneAt !== undefined, true);
    assertEquals(countsOf(telemetry), counts(1, 1));
  });
}

Deno.test("invocations.lastReported() waits for the request of an invocation whose own init failed", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([event("10:00:00.000", "platform.initStart", { phase: "invoke" })]);
  const last = telemetry.invocations.lastReported(NEVER);
  assertEquals(await telemetry.invocations.lastReported(AbortSignal.abort()), false);
  await telemetry.post([
    event("10:00:01.000", "platform.start", { requestId: "A" }),
    event("10:00:01.001", "platform.runtimeDone", { requestId: "A", status: "timeout" }),
    event("10:00:01.002", "platform.report", { requestId: "A", status: "timeout", metrics: {} }),
  ]);
  assertEquals(await last, true);
});

Deno.test("invocations.lastReported() waits for the first word of a function that died at once", async () => {
  const telemetry = openTelemetry();
  const last = telemetry.invocations.lastReported(NEVER);
  assertEquals(await telemetry.invocations.lastReported(AbortSignal.abort()), false);
  await telemetry.post([
    event("10:00:00.000", "platform.initStart", { phase: "invoke" }),
    event("10:00:00.010", "platform.start", { requestId: "A" }),
    event("10:00:00.011", "platform.runtimeDone", { requestId: "A", status: "error" }),
    event("10:00:00.012", "platform.report", { requestId: "A", status: "error", metrics: {} }),
  ]);
  assertEquals(await last, true);
});

Deno.test("invocations.lastReported() settles with the report alone", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([event("10:00:00.000", "platform.initStart", { phase: "init" })]);
  assertEquals(await telemetry.invocations.lastReported(NEVER), true);
  await telemetry.post([start("r1"), done("r1")]);
  const last = telemetry.invocations.lastReported(NEVER);
  await telemetry.post([report("r1")]);
  assertEquals(await last, true);
});

Deno.test("createInvocations() tells of each finished invocation once, as the platform saw it", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:00.000", "platform.initStart", { initializationType: "on-demand" }),
    start("r1", "12:00:01.000"),
    done("r1", "error", { errorType: "Runtime.ExitError", metrics: { durationMs: 12.5 } }),
    done("r1", "timeout"),
    report("r1"),
  ]);
  assertEquals(telemetry.done, [{
    requestId: "r1",
    startNs: 1789041601000000000n,
    durationMs: 12.5,
    status: "error",
    errorType: "Runtime.ExitError",
    coldStart: true,
  }]);
});

for (
  const [name, initializationType, events, expected] of [
    ["the first request on demand", undefined, [start("r1"), done("r1"), done("r2")], 1],
    ["none with provisioned concurrency", "provisioned-concurrency", [done("r1")], 0],
    ["none on managed instances", "lambda-managed-instances", [done("r1")], 0],
    ["the first after a restore", "snap-start", [
      event("11:00:00.000", "platform.restoreStart", {}),
      start("r1"),
      done("r1"),
      event("13:00:00.000", "platform.restoreStart", {}),
      start("r2", "13:00:01.000"),
      event("13:00:01.000", "platform.runtimeDone", { requestId: "r2" }),
      event("13:00:02.000", "platform.runtimeDone", { requestId: "r3" }),
    ], 2],
    ["none when the environment was made long before", "on-demand", [
      event("11:00:00.000", "platform.initReport", { metrics: { durationMs: 400 } }),
      start("r1"),
      done("r1"),
    ], 0],
    ["one when the init was repeated inside the invocation", "on-demand", [
      event("11:59:00.000", "platform.initStart", { initializationType: "on-demand", phase: "init" }),
      event("12:00:00.000", "platform.initStart", { initializationType: "on-demand", phase: "invoke" }),
      start("r1"),
      done("r1"),
    ], 1],
    ["what telemetry says over what the environment says", "on-demand", [
      event("11:59:59.000", "platform.initStart", { initializationType: "provisioned-concurrency" }),
      done("r1"),
    ], 0],
  ] as const
) {
  Deno.test(`createInvocations() counts as cold starts: ${name}`, async () => {
    const telemetry = openTelemetry(initializationType === undefined ? {} : { initializationType });
    await telemetry.post(events);
    assertEquals(telemetry.sum("cold_starts"), expected);
  });
}

Deno.test("createInvocations() lets an INVOKE overtake its restore without a second cold start", async () => {
  const telemetry = openTelemetry({ initializationType: "snap-start" });
  invoke(telemetry, "r1");
  await telemetry.post([
    { time: new Date(NOW_MS - 400).toISOString(), type: "platform.restoreStart", record: {} },
    done("r1"),
    done("r2"),
  ]);
  assertEquals(telemetry.sum("cold_starts"), 1);
});

Deno.test("createInvocations() gives a line to the request it names, else to the running one", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    line("init"),
    start("r1"),
    line("first"),
    done("r1"),
    line("straggler"),
    start("r2"),
    line({ message: "m", requestId: "r1" }),
    line({ message: "m", requestId: "the caller's own" }),
    line({ message: "m", requestId: ID }),
    line("[INFO]\t2026-09-10T12:00:00.050Z\tr1\tm"),
  ]);
  const logs = telemetry.points.filter((point) => point.category === "logging");
  assertEquals(logs.map((point) => point.fields.get("aws_request_id")), [
    undefined,
    "r1",
    "r1",
    "r1",
    "r2",
    ID,
    "r1",
  ]);
});

Deno.test("createInvocations() reads no failure of the function out of an extension's lines", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    start("r1"),
    event("12:00:00.050", "extension", "java.lang.OutOfMemoryError"),
    done("r1"),
  ]);
  assertEquals(countsOf(telemetry), counts(1));
});
