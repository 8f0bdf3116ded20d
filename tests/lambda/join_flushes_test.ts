/** Several receivers' flushes as one: each by its own decision, within the same time. */
import { assertEquals } from "@std/assert";
import type { FlushDecision } from "../../src/lambda/flush_policy.ts";
import { type Flushes, joinFlushes } from "../../src/lambda/flushes.ts";

interface Fake extends Flushes {
  readonly calls: string[];
}

function fake(decision: FlushDecision, options: { endIsDue?: boolean; hangs?: Promise<void> } = {}): Fake {
  const calls: string[] = [];
  return {
    calls,
    decide: () => decision,
    begin: () => void calls.push("begin"),
    startBeside: () => void calls.push("beside"),
    atEnd: async (budgetMs) => {
      calls.push(`end ${budgetMs}`);
      await options.hangs;
    },
    last: async (budgetMs) => {
      calls.push(`last ${budgetMs}`);
      await options.hangs;
    },
    endIsDue: options.endIsDue ?? decision === "end",
  };
}

Deno.test("the invocation waits if any receiver wants its end, and only for those that do", async () => {
  const cases: readonly (readonly [FlushDecision, FlushDecision, FlushDecision])[] = [
    ["end", "defer", "end"],
    ["defer", "end", "end"],
    ["overlap", "probe", "probe"],
    ["defer", "overlap", "overlap"],
    ["defer", "defer", "defer"],
  ];
  for (const [a, b, joint] of cases) assertEquals(joinFlushes([fake(a), fake(b)]).decide(true), joint);
  const [ending, deferring] = [fake("end"), fake("defer")];
  const flushes = joinFlushes([ending, deferring]);
  flushes.begin();
  assertEquals(flushes.endIsDue, true);
  await flushes.atEnd(300);
  assertEquals([ending.calls, deferring.calls], [["begin", "end 300"], ["begin"]]);
});

Deno.test("receivers are sent to side by side: one that hangs is waited for by nobody else", async () => {
  const { promise: hangs, resolve } = Promise.withResolvers<void>();
  const [hanging, well] = [fake("end", { hangs }), fake("end")];
  const flushes = joinFlushes([hanging, well]);
  const ended = flushes.last(1000);
  assertEquals([hanging.calls, well.calls], [["last 1000"], ["last 1000"]]);
  resolve();
  await ended;
});

Deno.test("a receiver whose probe has told nothing good is not flushed at the end", async () => {
  const [probing, well] = [fake("probe", { endIsDue: false }), fake("probe", { endIsDue: true })];
  const flushes = joinFlushes([probing, well]);
  assertEquals([flushes.decide(true), flushes.endIsDue], ["probe", true]);
  await flushes.atEnd(5);
  assertEquals([probing.calls, well.calls], [[], ["end 5"]]);
});
