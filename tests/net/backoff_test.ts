import { assertEquals } from "@std/assert";
import { createBackoff } from "../../src/net/backoff.ts";
import { installFakeTime } from "../support/fake_time.ts";

Deno.test("createBackoff() waits twice as long each time, up to half a second, and begins anew after a success", async () => {
  using time = installFakeTime();
  const backoff = createBackoff();
  const waits: number[] = [];
  async function measure(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const from = time.elapsedMs;
      let isOver = false;
      void backoff.wait().then(() => void (isOver = true));
      for (await time.settle(); !isOver;) await time.step();
      waits.push(time.elapsedMs - from);
    }
  }
  await measure(9);
  backoff.reset();
  await measure(2);
  assertEquals(waits, [5, 10, 20, 40, 80, 160, 320, 500, 500, 5, 10]);
});

Deno.test("createBackoff() ends a wait at once, leaves no timer behind, and ends nothing where none waits", async () => {
  using time = installFakeTime();
  const backoff = createBackoff();
  backoff.end();
  const waiting = backoff.wait();
  backoff.end();
  await waiting;
  assertEquals([time.elapsedMs, time.timers], [0, 0]);
});
