import { assertEquals } from "@std/assert";
import type { FlushPlan } from "../../src/config/core.ts";
import { decideFlush, type FlushDecision, type FlushHistory } from "../../src/lambda/flush_policy.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function history(change: Partial<FlushHistory> = {}): FlushHistory {
  return {
    gapsMs: [],
    sinceFlushMs: Infinity,
    heldBytes: 1000,
    breaker: "closed",
    telemetry: true,
    ...change,
  };
}

const steady = (gapMs: number, count = 20): number[] => Array.from({ length: count }, () => gapMs);

const CASES: readonly (readonly [string, FlushPlan, Partial<FlushHistory>, FlushDecision])[] = [
  ["end always flushes at the end", { kind: "end" }, { gapsMs: steady(SECOND) }, "end"],
  ["overlap always flushes beside the next invocation", { kind: "overlap" }, {}, "overlap"],
  [
    "periodic waits for its time",
    { kind: "periodic", everyMs: MINUTE },
    { sinceFlushMs: MINUTE - 1 },
    "defer",
  ],
  [
    "periodic does not wait until a clock that was set back has caught up",
    { kind: "periodic", everyMs: MINUTE },
    { sinceFlushMs: -MINUTE },
    "end",
  ],
  ["adaptive does not either", { kind: "adaptive" }, {
    gapsMs: steady(SECOND),
    sinceFlushMs: -MINUTE,
  }, "overlap"],
  ["periodic flushes at the end when it is time", { kind: "periodic", everyMs: MINUTE }, {
    sinceFlushMs: MINUTE,
  }, "end"],
  [
    "adaptive flushes at the end while it knows little",
    { kind: "adaptive" },
    { gapsMs: steady(MINUTE, 19) },
    "end",
  ],
  ["adaptive knows busy traffic by twenty gaps", { kind: "adaptive" }, { gapsMs: steady(MINUTE) }, "overlap"],
  [
    "adaptive knows dense traffic by nine gaps",
    { kind: "adaptive" },
    { gapsMs: steady(SECOND, 9) },
    "overlap",
  ],
  ["eight gaps are too few for it", { kind: "adaptive" }, { gapsMs: steady(SECOND, 8) }, "end"],
  [
    "nine gaps of the interval at which a busy function sends are not dense",
    { kind: "adaptive" },
    { gapsMs: steady(10 * SECOND, 9) },
    "end",
  ],
  [
    "dense traffic that has just become slower may be over",
    { kind: "adaptive" },
    { gapsMs: [...steady(SECOND, 8), 20 * SECOND] },
    "end",
  ],
  [
    "adaptive flushes at the end when traffic is rare",
    { kind: "adaptive" },
    { gapsMs: steady(3 * MINUTE) },
    "end",
  ],
  ["adaptive overlaps when traffic is busy", { kind: "adaptive" }, {
    gapsMs: steady(SECOND),
    sinceFlushMs: 10 * SECOND,
  }, "overlap"],
  ["adaptive defers when it sent a moment ago", { kind: "adaptive" }, {
    gapsMs: steady(SECOND),
    sinceFlushMs: SECOND,
  }, "defer"],
  [
    "adaptive does not defer a lot of data",
    { kind: "adaptive" },
    { gapsMs: steady(SECOND), sinceFlushMs: SECOND, heldBytes: 600_000 },
    "overlap",
  ],
  [
    "adaptive returns to the end after one long gap",
    { kind: "adaptive" },
    { gapsMs: [...steady(SECOND, 19), 3 * MINUTE] },
    "end",
  ],
  ["every plan holds data while the breaker is open", { kind: "end" }, { breaker: "open" }, "defer"],
  ["every plan probes beside the function", { kind: "overlap" }, { breaker: "half_open" }, "overlap"],
  ["a plan that is not due probes too", { kind: "periodic", everyMs: MINUTE }, {
    breaker: "half_open",
    sinceFlushMs: 1,
  }, "overlap"],
  ["a plan of the end goes on from its probe", { kind: "end" }, { breaker: "half_open" }, "probe"],
  ["no end is waited for that telemetry cannot tell", { kind: "end" }, { telemetry: false }, "overlap"],
  ["nor to go on from a probe", { kind: "end" }, { telemetry: false, breaker: "half_open" }, "overlap"],
  ["a periodic plan keeps its time without telemetry", { kind: "periodic", everyMs: MINUTE }, {
    telemetry: false,
    sinceFlushMs: 1,
  }, "defer"],
];

for (const [name, plan, change, expected] of CASES) {
  Deno.test(`decideFlush: ${name}`, () => assertEquals(decideFlush(plan, history(change)), expected));
}
