import { assert, assertEquals, assertLess } from "@std/assert";
import { createLogger } from "@std/log";
import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { FlushOptions } from "../../src/pipeline/flusher.ts";
import type { RuntimeEnd } from "../../src/lambda/invocation_state.ts";
import type { NextResult } from "../../src/lambda/extensions_api.ts";
import { type LifecycleEnd, type LifecycleOptions, runLifecycle } from "../../src/lambda/lifecycle.ts";

interface Rig {
  readonly calls: string[];
  readonly lines: string[];
  run(options?: Partial<LifecycleOptions>): Promise<LifecycleEnd>;
  /** How long each flush takes; it ends early when its signal fires. In ms. */
  flushMs: number;
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
function newRig(...events: (() => NextResult)[]): Rig {
  const calls: string[] = [];
  const lines: string[] = [];
  let busy = false;
  const until = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = ms === Infinity ? 0 : setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const rig: Rig = {
    calls,
    lines,
    flushMs: 0,
    runtimeMs: 0,
    breaker: "closed",
    run: (options = {}) =>
      runLifecycle({
        next: () => {
          calls.push("next");
          return Promise.resolve((events.shift() ?? shutdown)());
        },
        invocations: {
          invoked: (event) => {
            calls.push(`invoked ${event.requestId}`);
            const { promise, resolve } = Promise.withResolvers<RuntimeEnd>();
            if (rig.runtimeMs !== Infinity) {
              setTimeout(() => resolve({ doneAt: Date.now() }), rig.runtimeMs);
            }
            return { runtimeEnd: promise, waitOver: promise.then(() => {}) };
          },
          lastReported: () => Promise.resolve(),
          shutdown: (reason) => void calls.push(`outcomes ${reason}`),
          batches: 0,
        },
        flusher: {
          get busy() {
            return busy;
          },
          lastFlushAt: 0,
          flush: async (signal: AbortSignal, o: FlushOptions = {}) => {
            calls.push(o.force ? "final flush" : "flush");
            busy = true;
            await until(rig.flushMs, signal);
            busy = false;
            calls.push(signal.aborted ? "flush cut" : "flushed");
            return { exported: 0, restored: 0, dropped: 0, durationMs: 0 };
          },
        },
        breaker: () => rig.breaker,
        heldBytes: () => 0,
        plan: { kind: "end" },
        budgetMs: 50,
        exportTimeoutMs: 1000,
        flushIntervalMs: 10_000,
        telemetry: true,
        managedInstance: false,
        log: createLogger({ write: (line) => lines.push(line) }),
        now: Date.now,
        ...options,
      }),
  };
  return rig;
}

Deno.test("lifecycle flushes at the end of each invocation, asks for the next, and flushes once more at shutdown", async () => {
  const rig = newRig(() => invoke("r1"));
  assertEquals((await rig.run()).exitCode, 0);
  assertEquals(rig.calls, [
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
  const rig = newRig(() => invoke("r1"));
  rig.flushMs = 5000;
  const startedAt = Date.now();
  await rig.run({ onShutdown: () => void (rig.flushMs = 0) });
  assertLess(Date.now() - startedAt, 1000);
  assertEquals(rig.calls.slice(2, 5), ["flush", "flush cut", "next"]);
});

Deno.test("lifecycle asks for the next event 200 ms before the deadline although the runtime is not done", async () => {
  const rig = newRig(() => invoke("r1", 260));
  rig.runtimeMs = Infinity;
  const startedAt = Date.now();
  await rig.run();
  assertLess(Date.now() - startedAt, 1000);
  assert(!rig.calls.slice(0, rig.calls.lastIndexOf("next")).includes("flush"), "no time was left to flush");
});

Deno.test("lifecycle flushes by timer while an invocation is long", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.runtimeMs = 100;
  await rig.run({ flushIntervalMs: 30, plan: { kind: "periodic", everyMs: Infinity } });
  const during = rig.calls.slice(0, rig.calls.lastIndexOf("next")).filter((call) => call === "flush");
  assert(during.length >= 2, rig.calls.join());
});

Deno.test("lifecycle with a periodic plan ends a timer's flush within the budget before it asks for the next event", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.runtimeMs = 60;
  rig.flushMs = 5000;
  await rig.run({
    flushIntervalMs: 30,
    plan: { kind: "periodic", everyMs: Infinity },
    onShutdown: () => void (rig.flushMs = 0),
  });
  assertEquals(rig.calls.slice(1, 5), ["invoked r1", "flush", "flush cut", "next"]);
});

Deno.test("lifecycle ends a timer's flush although no time is left for one at the end", async () => {
  const rig = newRig(() => invoke("r1", 300));
  rig.runtimeMs = Infinity;
  rig.flushMs = 5000;
  await rig.run({ flushIntervalMs: 60, onShutdown: () => void (rig.flushMs = 0) });
  assertEquals(rig.calls.slice(1, 5), ["invoked r1", "flush", "flush cut", "next"]);
});

Deno.test("lifecycle does not flush all the time when the interval is longer than a timer can be", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.runtimeMs = 50;
  await rig.run({ flushIntervalMs: 2 ** 40, plan: { kind: "periodic", everyMs: Infinity } });
  assertEquals(rig.calls.slice(1, 3), ["invoked r1", "next"]);
});

Deno.test("lifecycle makes its last flush although what comes before it fails or hangs", async () => {
  for (const onShutdown of [() => Promise.reject(new Error("bug")), () => new Promise<void>(() => {})]) {
    const rig = newRig(() => shutdown(500));
    assertEquals((await rig.run({ onShutdown })).exitCode, 0);
    assertEquals(rig.calls.filter((call) => call === "final flush").length, 1);
  }
});

Deno.test("lifecycle with the overlap plan asks for the next event while a flush is in flight", async () => {
  const rig = newRig(() => invoke("r1"), () => invoke("r2"));
  rig.flushMs = 60;
  await rig.run({ plan: { kind: "overlap" } });
  assertEquals(rig.calls.slice(0, 6), ["next", "invoked r1", "flush", "next", "invoked r2", "next"]);
  assert(rig.calls.includes("final flush"));
});

Deno.test("lifecycle flushes at once when the store fills up during an invocation, and not while it waits for one", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.runtimeMs = 50;
  let relieve = (): void => {};
  const run = rig.run({
    plan: { kind: "periodic", everyMs: Infinity },
    onPressure: (how) => void (relieve = how),
  });
  relieve();
  assertEquals(rig.calls, ["next"]);
  setTimeout(() => relieve(), 20);
  await run;
  assertEquals(rig.calls.slice(0, 4), ["next", "invoked r1", "flush", "flushed"]);
});

Deno.test("lifecycle holds data while the breaker is open", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.breaker = "open";
  await rig.run();
  assertEquals(rig.calls.slice(0, 3), ["next", "invoked r1", "next"]);
});

Deno.test("lifecycle cuts a hanging flush at shutdown and makes a last one in the time that is left", async () => {
  const rig = newRig(() => invoke("r1"), () => shutdown(800));
  rig.flushMs = 10_000;
  const startedAt = Date.now();
  await rig.run({ plan: { kind: "overlap" }, exportTimeoutMs: 60_000 });
  assertLess(Date.now() - startedAt, 800);
  assertEquals(rig.calls.slice(-4), ["outcomes spindown", "flush cut", "final flush", "flush cut"]);
});

Deno.test("lifecycle without telemetry waits for nothing and still flushes", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.runtimeMs = Infinity;
  await rig.run({ telemetry: false });
  assertEquals(rig.calls.slice(0, 3), ["next", "invoked r1", "flush"]);
});

Deno.test("lifecycle on managed instances flushes by timer while it waits for shutdown", async () => {
  const rig = newRig();
  const next = (): Promise<NextResult> =>
    new Promise((resolve) => setTimeout(() => resolve(shutdown()), 100));
  await rig.run({ managedInstance: true, flushIntervalMs: 30, next });
  assert(rig.calls.filter((call) => call === "flush").length >= 2, rig.calls.join());
});

Deno.test("lifecycle ignores unknown events and asks on", async () => {
  const rig = newRig(() => ({ type: "unknown", eventType: "RESTORE" }), () => invoke("r1"));
  assertEquals((await rig.run()).exitCode, 0);
  assert(rig.calls.includes("invoked r1"));
  assertEquals(rig.lines.length, 1);
});

Deno.test("lifecycle asks again after a transport error, and gives up after four in a row", async () => {
  const broken = (): NextResult => ({ type: "transport_error", error: "reset" });
  assertEquals((await newRig(broken, broken, () => invoke("r1")).run()).exitCode, 0);
  const rig = newRig(broken, broken, broken, broken);
  assertEquals((await rig.run()).exitCode, 1);
  assertEquals(rig.calls.slice(-3), ["outcomes unknown", "final flush", "flushed"]);
});

Deno.test("lifecycle makes a last flush and ends when Lambda refuses to serve it", async () => {
  const rig = newRig(() => ({ type: "refused", httpStatus: 403, error: "403" }));
  assertEquals((await rig.run()).exitCode, 1);
  assertEquals(rig.calls, ["next", "outcomes unknown", "final flush", "flushed"]);
});

Deno.test("lifecycle tells how long the sandbox slept between events", async () => {
  let now = 1_000_000;
  const slept: number[] = [];
  const events = [invoke("r1"), shutdown()];
  const next = (): Promise<NextResult> => {
    now += 60_000;
    return Promise.resolve(events.shift() ?? shutdown());
  };
  await newRig().run({ next, now: () => now, onWake: (ms) => void slept.push(ms) });
  assertEquals(slept[0], 60_000);
});

Deno.test("lifecycle puts away what is left before each next, after each flush beside, and at the very end", async () => {
  const rig = newRig(() => invoke("r1"));
  await rig.run({ stow: (_maxMs, last) => void rig.calls.push(last ? "last stow" : "stow") });
  assertEquals(rig.calls, [
    "next",
    "invoked r1",
    "flush",
    "flushed",
    "stow",
    "next",
    "outcomes spindown",
    "final flush",
    "flushed",
    "last stow",
  ]);
  const beside = newRig(() => invoke("r1"));
  beside.runtimeMs = 20;
  await beside.run({ plan: { kind: "overlap" }, stow: () => void beside.calls.push("stow") });
  assertEquals(beside.calls.slice(2, 6), ["flush", "flushed", "stow", "stow"]);
});

Deno.test("lifecycle keeps time of the budget and of shutdown for putting away", async () => {
  const rig = newRig(() => invoke("r1"));
  rig.flushMs = 5000;
  const left: number[] = [];
  await rig.run({ budgetMs: 200, stowMs: 50, stow: (maxMs) => void left.push(maxMs) });
  assertEquals(left.length, 2);
  const [atEnd = 0, atLast = 0] = left;
  assert(atEnd >= 10 && atEnd <= 60, `${atEnd} ms left of the invocation's budget`);
  assert(atLast >= 50 && atLast <= 210, `${atLast} ms left of shutdown's time`);
});
