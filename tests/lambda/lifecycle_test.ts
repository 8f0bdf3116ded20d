import { assert, assertEquals, assertLess } from "@std/assert";
import { createLogger } from "@std/log";
import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { RuntimeEnd } from "../../src/lambda/invocation_state.ts";
import type { NextResult } from "../../src/lambda/extensions_api.ts";
import { createLifecycle, type LifecycleEnd, type LifecycleOptions } from "../../src/lambda/lifecycle.ts";

interface Harness {
  readonly calls: string[];
  readonly lines: string[];
  run(options?: Partial<LifecycleOptions>, telemetry?: boolean): Promise<LifecycleEnd>;
  /** There is much to send. */
  requestFlush(): void;
  /** Telemetry was lost that may have told the runtime's end. */
  loseEnd(): void;
  /** Telemetry POSTs so far. */
  batches: number;
  /** How long each flush takes; it ends early when its signal fires. In ms. */
  flushMs: number;
  lastFlushMs: number;
  /** Runtime-done comes this long after the INVOKE; `Infinity`: never. In ms. */
  runtimeMs: number;
  breaker: BreakerState;
}

const invoke = (requestId: string, timeoutMs = 3000): NextResult => ({
  type: "invoke",
  requestId,
  deadlineAt: Date.now() + timeoutMs,
  invokedFunctionArn: "arn",
});
const shutdown = (leftMs = 2000): NextResult => ({
  type: "shutdown",
  reason: "spindown",
  deadlineAt: Date.now() + leftMs,
});

/** A loop over scripted events; everything it does is written down in order. */
function newHarness(...events: (() => NextResult)[]): Harness {
  const calls: string[] = [];
  const lines: string[] = [];
  let busy = false;
  let requestFlush = (): void => {};
  /** The next event comes when the runtime is done with the one before. */
  let runtimeEnd = Promise.resolve();
  let loseEnd = (): void => {};
  const until = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = ms === Infinity ? 0 : setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const harness: Harness = {
    calls,
    lines,
    flushMs: 0,
    lastFlushMs: 0,
    runtimeMs: 0,
    breaker: "closed",
    batches: 0,
    requestFlush: () => requestFlush(),
    loseEnd: () => loseEnd(),
    run: (options = {}, telemetry = true) => {
      const lifecycle = createLifecycle({
        next: async () => {
          calls.push("next");
          await runtimeEnd;
          return (events.shift() ?? shutdown)();
        },
        invocations: {
          invoked: (event) => {
            calls.push(`invoked ${event.requestId}`);
            const end = Promise.withResolvers<RuntimeEnd>();
            const waitOver = Promise.withResolvers<void>();
            loseEnd = waitOver.resolve;
            if (harness.runtimeMs !== Infinity) {
              setTimeout(() => {
                harness.batches++;
                end.resolve({ doneAt: Date.now() });
              }, harness.runtimeMs);
              runtimeEnd = end.promise.then(() => {});
              void runtimeEnd.then(waitOver.resolve);
            }
            return { runtimeEnd: end.promise, waitOver: waitOver.promise };
          },
          lastReported: () => Promise.resolve(),
          shutdown: (reason) => void calls.push(`outcomes ${reason}`),
          get batches() {
            return harness.batches;
          },
        },
        flusher: {
          get busy() {
            return busy;
          },
          lastFlushAt: 0,
          flush: async (signal: AbortSignal) => {
            calls.push("flush");
            busy = true;
            await until(harness.flushMs, signal);
            busy = false;
            calls.push(signal.aborted ? "flush cut" : "flushed");
          },
          last: async (budgetMs: number) => {
            calls.push("final flush");
            await until(harness.lastFlushMs, AbortSignal.timeout(budgetMs));
            calls.push("flushed");
          },
        },
        breaker: () => harness.breaker,
        heldBytes: () => 0,
        plan: { kind: "end" },
        budgetMs: 50,
        exportTimeoutMs: 1000,
        flushIntervalMs: 10_000,
        managedInstance: false,
        log: createLogger({ write: (line) => lines.push(line) }),
        now: Date.now,
        ...options,
      });
      requestFlush = lifecycle.requestFlush;
      return lifecycle.run(telemetry);
    },
  };
  return harness;
}

Deno.test("lifecycle flushes at the end of each invocation, asks for the next, and flushes once more at shutdown", async () => {
  const harness = newHarness(() => invoke("r1"));
  assertEquals((await harness.run()).exitCode, 0);
  assertEquals(harness.calls, [
    "next",
    "invoked r1",
    "flush",
    "flushed",
    "next",
    "outcomes spindown",
    "final flush",
    "flushed",
  ]);
});

Deno.test("lifecycle cuts an end flush at its budget", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.flushMs = 5000;
  const startedAt = Date.now();
  await harness.run();
  assertLess(Date.now() - startedAt, 1000);
  assertEquals(harness.calls.slice(2, 5), ["flush", "flush cut", "next"]);
});

Deno.test("lifecycle asks for the next event 200 ms before the deadline although the runtime is not done", async () => {
  const harness = newHarness(() => invoke("r1", 260));
  harness.runtimeMs = Infinity;
  const startedAt = Date.now();
  await harness.run();
  assertLess(Date.now() - startedAt, 1000);
  assert(
    !harness.calls.slice(0, harness.calls.lastIndexOf("next")).includes("flush"),
    "no time was left to flush",
  );
});

for (
  const [name, options] of [
    ["that waits for its end", { plan: { kind: "end" } }],
    ["whose next event is asked for already", { plan: { kind: "periodic", everyMs: Infinity } }],
  ] as const
) {
  Deno.test(`lifecycle flushes by timer while an invocation is long ${name}`, async () => {
    const harness = newHarness(() => invoke("r1"));
    harness.runtimeMs = 100;
    await harness.run({ flushIntervalMs: 30, ...options });
    const during = harness.calls.slice(0, harness.calls.indexOf("outcomes spindown"));
    assert(during.filter((call) => call === "flush").length >= 2, harness.calls.join());
  });
}

Deno.test("lifecycle without telemetry flushes by timer until the deadline or the next event", async () => {
  const harness = newHarness(() => invoke("r1", 120));
  harness.runtimeMs = 400;
  await harness.run({ flushIntervalMs: 25, plan: { kind: "periodic", everyMs: Infinity } }, false);
  const flushes = harness.calls.filter((call) => call === "flush").length;
  assert(flushes >= 2 && flushes <= 6, harness.calls.join());
});

Deno.test("lifecycle ends a timer's flush although no time is left for one at the end", async () => {
  const harness = newHarness(() => invoke("r1", 300));
  harness.runtimeMs = Infinity;
  harness.flushMs = 5000;
  await harness.run({ flushIntervalMs: 60 });
  assertEquals(harness.calls.slice(1, 5), ["invoked r1", "flush", "flush cut", "next"]);
});

Deno.test("lifecycle does not flush all the time when the interval is longer than a timer can be", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.runtimeMs = 50;
  await harness.run({ flushIntervalMs: 2 ** 40, plan: { kind: "periodic", everyMs: Infinity } });
  assertEquals(harness.calls.slice(1, 4), ["invoked r1", "next", "outcomes spindown"]);
});

for (
  const [name, plan, gaps] of [
    ["the overlap plan", { kind: "overlap" }, 0],
    ["the adaptive plan, once traffic is busy", { kind: "adaptive" }, 22],
    ["a periodic plan that is not due", { kind: "periodic", everyMs: Infinity }, 0],
  ] as const
) {
  Deno.test(`lifecycle with ${name} asks for the next event before the runtime is done`, async () => {
    const held: number[] = [];
    const harness = newHarness(...Array.from({ length: gaps + 3 }, (_, n) => () => invoke(`r${n}`)));
    harness.runtimeMs = 10;
    let open: string | undefined;
    const early: boolean[] = [];
    const inner = harness.calls.push.bind(harness.calls);
    harness.calls.push = (call) => {
      if (call.startsWith("invoked")) open = call;
      if (call === "next" && open !== undefined) early.push(harness.batches === early.length);
      return inner(call);
    };
    await harness.run({ plan, onHeld: (ms) => void held.push(ms) });
    assertEquals(early.length, gaps + 3);
    assertEquals(early.slice(gaps), [true, true, true]);
    assertEquals(held.slice(gaps), [0, 0, 0]);
  });
}

Deno.test("lifecycle tells how long the next event was held after the runtime's end, by the platform's clock", async () => {
  const held: number[] = [];
  const harness = newHarness(() => invoke("r1"));
  harness.flushMs = 40;
  await harness.run({ budgetMs: 500, onHeld: (ms) => void held.push(ms) });
  assertEquals(held.length, 1);
  assert(Number(held[0]) >= 38 && Number(held[0]) < 300, `${held[0]} ms`);
});

Deno.test("lifecycle does not wait on when the end may have been lost, and goes on flushing by timer", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.runtimeMs = 150;
  setTimeout(() => harness.loseEnd(), 20);
  await harness.run({ flushIntervalMs: 40 });
  assertEquals(harness.calls.slice(1, 5), ["invoked r1", "flush", "flushed", "next"]);
  assertEquals(harness.calls[5], "flush");
});

Deno.test("lifecycle waits for two invocations in a row whose end is not told, then for none until one is", async () => {
  const harness = newHarness(...Array.from({ length: 6 }, (_, n) => () => {
    // The platform tells the fifth's end.
    harness.runtimeMs = n === 4 ? 0 : Infinity;
    return invoke(`r${n}`, 230);
  }));
  const startedAt = Date.now();
  const invokedMs: number[] = [];
  const inner = harness.calls.push.bind(harness.calls);
  harness.calls.push = (call) => {
    if (call === "next") invokedMs.push(Date.now() - startedAt);
    return inner(call);
  };
  await harness.run();
  const holds = invokedMs.slice(1).map((ms, n) => ms - (invokedMs[n] ?? 0));
  assertEquals(holds.map((ms) => ms >= 25), [true, true, false, false, false, true], holds.join());
  assertEquals(harness.lines.filter((line) => line.includes("does not tell their end")).length, 1);
});

Deno.test("lifecycle does not wait on and on for ends that are never told, whatever else telemetry tells", async () => {
  const harness = newHarness(...Array.from({ length: 5 }, (_, n) => () => {
    harness.batches++;
    return invoke(`r${n}`, 300);
  }));
  harness.runtimeMs = Infinity;
  const startedAt = Date.now();
  await harness.run();
  const heldMs = Date.now() - startedAt;
  assert(heldMs >= 2 * 95 && heldMs < 4 * 100, `${heldMs} ms`);
});

Deno.test("lifecycle waits for invocations again whose end is told, if only after the deadline", async () => {
  const harness = newHarness(...Array.from({ length: 4 }, (_, n) => () => invoke(`r${n}`, 230)));
  harness.runtimeMs = 60;
  await harness.run();
  assertEquals(harness.lines, []);
});

Deno.test("lifecycle with the overlap plan asks for the next event while a flush is in flight", async () => {
  const harness = newHarness(() => invoke("r1"), () => invoke("r2"));
  harness.flushMs = 60;
  await harness.run({ plan: { kind: "overlap" } });
  assertEquals(harness.calls.slice(0, 6), ["next", "invoked r1", "flush", "next", "invoked r2", "next"]);
  assert(harness.calls.includes("final flush"));
});

Deno.test("lifecycle flushes at once when the store fills up while a function runs, and not while it waits for one", async () => {
  for (const plan of [{ kind: "periodic", everyMs: Infinity }, { kind: "end" }] as const) {
    const harness = newHarness(() => invoke("r1"));
    harness.runtimeMs = 50;
    const run = harness.run({ plan });
    harness.requestFlush();
    assertEquals(harness.calls, ["next"]);
    setTimeout(harness.requestFlush, 20);
    await run;
    assertEquals(harness.calls.filter((call) => call !== "next").slice(0, 3), [
      "invoked r1",
      "flush",
      "flushed",
    ]);
  }
});

Deno.test("lifecycle that found Dataway well by a probe goes on as planned, and with one still under way does not wait", async () => {
  const well = newHarness(() => invoke("r1"));
  well.breaker = "half_open";
  well.runtimeMs = 30;
  setTimeout(() => well.breaker = "closed", 10);
  await well.run();
  assertEquals(well.calls.slice(1, 7), ["invoked r1", "flush", "flushed", "flush", "flushed", "next"]);
  const ill = newHarness(() => invoke("r1"));
  ill.breaker = "half_open";
  ill.flushMs = 5000;
  await ill.run();
  assertEquals(ill.calls.slice(1, 4), ["invoked r1", "flush", "next"]);
});

Deno.test("lifecycle holds data while the breaker is open", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.breaker = "open";
  await harness.run();
  assertEquals(harness.calls.slice(0, 3), ["next", "invoked r1", "next"]);
});

Deno.test("lifecycle gives the last flush the time that is left, although one hangs beside the function", async () => {
  const harness = newHarness(() => invoke("r1"), () => shutdown(800));
  harness.flushMs = harness.lastFlushMs = 10_000;
  const startedAt = Date.now();
  await harness.run({ plan: { kind: "overlap" }, exportTimeoutMs: 60_000 });
  assertLess(Date.now() - startedAt, 800);
  assertEquals(harness.calls.slice(-4), ["outcomes spindown", "final flush", "flushed", "flush cut"]);
});

Deno.test("lifecycle without telemetry waits for nothing and still flushes", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.runtimeMs = Infinity;
  await harness.run({}, false);
  assertEquals(harness.calls.slice(0, 3), ["next", "invoked r1", "flush"]);
});

Deno.test("lifecycle on managed instances flushes by timer while it waits for shutdown", async () => {
  const harness = newHarness();
  const next = (): Promise<NextResult> =>
    new Promise((resolve) => setTimeout(() => resolve(shutdown()), 100));
  let told = 0;
  await harness.run({ managedInstance: true, flushIntervalMs: 30, next, onRunning: () => void told++ });
  assert(told >= 2, "and says each time that what takes CPU may begin");
  assert(harness.calls.filter((call) => call === "flush").length >= 2, harness.calls.join());
});

Deno.test("lifecycle ignores unknown events and asks on", async () => {
  const harness = newHarness(() => ({ type: "unknown", eventType: "RESTORE" }), () => invoke("r1"));
  assertEquals((await harness.run()).exitCode, 0);
  assert(harness.calls.includes("invoked r1"));
  assertEquals(harness.lines.length, 1);
});

Deno.test("lifecycle asks again after a transport error, and gives up after four in a row", async () => {
  const broken = (): NextResult => ({ type: "transport_error", error: "reset" });
  assertEquals((await newHarness(broken, broken, () => invoke("r1")).run()).exitCode, 0);
  const harness = newHarness(broken, broken, broken, broken);
  assertEquals((await harness.run()).exitCode, 1);
  assertEquals(harness.calls.slice(-3), ["outcomes unknown", "final flush", "flushed"]);
});

Deno.test("lifecycle makes a last flush and ends when Lambda refuses to serve it", async () => {
  const harness = newHarness(() => ({ type: "refused", httpStatus: 403, error: "403" }));
  assertEquals((await harness.run()).exitCode, 1);
  assertEquals(harness.calls, ["next", "outcomes unknown", "final flush", "flushed"]);
});

Deno.test("lifecycle tells how long the sandbox slept between events", async () => {
  let now = 1_000_000;
  const slept: number[] = [];
  const events = [invoke("r1"), shutdown()];
  const next = (): Promise<NextResult> => {
    now += 60_000;
    return Promise.resolve(events.shift() ?? shutdown());
  };
  await newHarness().run({ next, now: () => now, onWake: (ms) => void slept.push(ms) });
  assertEquals(slept[0], 60_000);
});

Deno.test("lifecycle tells that a function runs, of each invocation and not at the end", async () => {
  const harness = newHarness();
  const events = [invoke("r1"), invoke("r2"), shutdown()];
  let told = 0;
  await harness.run({
    next: () => Promise.resolve(events.shift() ?? shutdown()),
    onRunning: () => void told++,
  });
  assertEquals(told, 2);
});

Deno.test("lifecycle puts away what is left before each next, after each flush beside, and at the very end", async () => {
  const harness = newHarness(() => invoke("r1"));
  await harness.run({ spill: (_maxMs, last) => void harness.calls.push(last ? "last spill" : "spill") });
  assertEquals(harness.calls, [
    "next",
    "invoked r1",
    "flush",
    "flushed",
    "spill",
    "next",
    "outcomes spindown",
    "final flush",
    "flushed",
    "last spill",
  ]);
});

Deno.test("lifecycle with the next event asked for puts away after that, after its flush, and at the runtime's end", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.runtimeMs = 40;
  await harness.run({ plan: { kind: "overlap" }, spill: () => void harness.calls.push("spill") });
  assertEquals(harness.calls.slice(2, 8), ["flush", "next", "flushed", "spill", "spill", "spill"]);
});

for (
  const [name, broken] of [
    ["INVOKE cannot be handled", { onWake: () => raise() }],
    ["INVOKE cannot go on", { onRunning: () => raise() }],
    ["the decision to flush fails", { heldBytes: () => raise() }],
    ["the breaker fails", { breaker: () => raise() }],
  ] as const
) {
  Deno.test(`lifecycle goes on to SHUTDOWN and makes its last flush when ${name}`, async () => {
    const harness = newHarness(() => invoke("r1"), () => invoke("r2"));
    assertEquals((await harness.run(broken)).exitCode, 0);
    assertEquals(harness.calls.filter((call) => call === "next").length, 3);
    assertEquals(harness.calls.slice(-2), ["final flush", "flushed"]);
    assert(harness.lines.some((line) => line.includes("could not be handled")));
  });
}

Deno.test("lifecycle does not wait for a flush that goes on after its signal", async () => {
  const harness = newHarness(() => invoke("r1"));
  const endless = new Promise<never>(() => {});
  const startedAt = Date.now();
  const { exitCode } = await harness.run({
    flusher: { busy: false, lastFlushAt: 0, flush: () => endless, last: () => endless },
    next: (() => {
      const events = [() => invoke("r1"), () => shutdown(700)];
      return () => Promise.resolve((events.shift() ?? shutdown)());
    })(),
  });
  assertEquals(exitCode, 0);
  assertLess(Date.now() - startedAt, 1200);
  assert(harness.lines.some((line) => line.includes("goes on although its time is over")));
});

function raise(): never {
  throw new TypeError("bug");
}

for (
  const { told, posts, everyMs, atLeastMs, came } of [
    {
      told: "as long as telemetry comes",
      posts: 5,
      everyMs: 100,
      atLeastMs: 450,
      came: (n: number) => n === 5,
    },
    {
      told: "not for ever, however long telemetry comes",
      posts: 50,
      everyMs: 100,
      atLeastMs: 600,
      came: (n: number) => n < 50,
    },
    {
      told: "briefly when none comes",
      posts: 50,
      everyMs: 5_000,
      atLeastMs: 250,
      came: (n: number) => n === 0,
    },
  ]
) {
  Deno.test(`lifecycle waits at shutdown for the last report, ${told}`, async () => {
    const harness = newHarness(() => invoke("r1"));
    const reported = Promise.withResolvers<void>();
    let timer: ReturnType<typeof setInterval> | undefined;
    let waitedSince = 0;
    await harness.run({
      invocations: {
        invoked: () => ({ runtimeEnd: Promise.resolve({ doneAt: Date.now() }), waitOver: Promise.resolve() }),
        lastReported: (signal) => {
          waitedSince ||= Date.now();
          timer ??= setInterval(() => ++harness.batches === posts && reported.resolve(), everyMs);
          return Promise.race([
            reported.promise,
            new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
          ]);
        },
        shutdown: () => void harness.calls.push(`outcomes after ${Date.now() - waitedSince} ms`),
        get batches() {
          return harness.batches;
        },
      },
    });
    clearInterval(timer);
    const waitedMs = Number(/outcomes after (\d+)/.exec(harness.calls.join())?.[1]);
    assert(
      waitedMs >= atLeastMs && came(harness.batches),
      `waited ${waitedMs} ms for ${harness.batches} POSTs`,
    );
    assertEquals(harness.calls.slice(-2), ["final flush", "flushed"]);
  });
}

Deno.test("lifecycle keeps time of the budget and of shutdown for putting away", async () => {
  const harness = newHarness(() => invoke("r1"));
  harness.flushMs = harness.lastFlushMs = 5000;
  const left: number[] = [];
  await harness.run({ budgetMs: 200, spillMs: 50, spill: (maxMs) => void left.push(maxMs) });
  assertEquals(left.length, 2);
  const [atEnd = 0, atLast = 0] = left;
  assert(atEnd >= 10 && atEnd <= 60, `${atEnd} ms left of the invocation's budget`);
  assert(atLast >= 50 && atLast <= 210, `${atLast} ms left of shutdown's time`);
});
