import { assert, assertEquals } from "@std/assert";
import { createSpillBeside } from "../../src/lambda/spill_beside.ts";
import { sleep } from "../emulator/waiters.ts";

interface Step {
  readonly maxMs: number;
  readonly comesAgain: boolean;
}

/** A disk that takes all the time that it is given. */
function busy(ms: number): void {
  const endAt = performance.now() + ms;
  while (performance.now() < endAt);
}

Deno.test("spilling beside the function goes on in steps, between which the event loop runs, for 100 ms", async () => {
  const steps: Step[] = [];
  const beside = createSpillBeside((maxMs, last, comesAgain) => {
    assertEquals(last, false);
    busy(maxMs);
    steps.push({ maxMs, comesAgain });
    return true;
  }, Date.now);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const startedAt = performance.now();
  beside.start();
  // Another reason to put away does not make two of it.
  beside.start();
  assertEquals(steps.length, 1);
  while (steps.at(-1)?.comesAgain === true) await sleep(1);
  clearInterval(timer);
  assert(performance.now() - startedAt < 1000);
  assert(steps.length > 2 && turns >= steps.length - 2, `${steps.length} steps, ${turns} turns`);
  assert(steps.every(({ maxMs }) => maxMs <= 10));
  assertEquals(steps.filter(({ comesAgain }) => !comesAgain).length, 1);
});

Deno.test("spilling beside the function ends when nothing is left, and when it is stopped", async () => {
  let left = 3;
  const beside = createSpillBeside(() => --left > 0, Date.now);
  beside.start();
  await sleep(30);
  assertEquals(left, 0);
  left = 3;
  beside.start();
  beside.stop();
  await sleep(30);
  assertEquals(left, 2);
});
