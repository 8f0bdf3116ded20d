import { assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { type FakeTime, installFakeTime } from "./fake_time.ts";

async function runAll(time: FakeTime): Promise<void> {
  while (await time.step());
}

Deno.test("fake time runs timers in the order in which they are due, with their follow-ups, at their time", async () => {
  using time = installFakeTime(1000);
  const calls: string[] = [];
  setTimeout(() => calls.push(`b ${Date.now()}`), 20);
  setTimeout(async () => {
    await Promise.resolve();
    calls.push(`a ${performance.now()}`);
    setTimeout(() => calls.push(`c ${Date.now()}`), 15);
  }, 10);
  clearTimeout(setTimeout(() => calls.push("never"), 5));
  await runAll(time);
  assertEquals(calls, ["a 10", "b 1020", "c 1025"]);
});

Deno.test("fake time repeats intervals until they are cleared, and fires what is too far away at once", async () => {
  using time = installFakeTime();
  let ticks = 0;
  const id = setInterval(() => {
    if (++ticks === 3) clearInterval(id);
  }, 10);
  await runAll(time);
  assertEquals([ticks, time.elapsedMs, time.timers], [3, 30, 0]);
  setTimeout(() => {}, 2 ** 31);
  await time.step();
  assertEquals(time.elapsedMs, 30);
});

Deno.test("fake time fires overdue timers on thaw before anything that waits outside is seen", async () => {
  using time = installFakeTime();
  const calls: string[] = [];
  setTimeout(() => calls.push("timer"), 50);
  time.inbound(10, () => calls.push("answer"));
  time.freeze();
  time.outside(100, () => {
    calls.push("thaw");
    time.thaw({ monotonic: true, wallJumpMs: 0 });
  });
  await runAll(time);
  assertEquals(calls, ["thaw", "timer", "answer"]);
});

Deno.test("fake time keeps what is left of timers when the monotonic clock stands still in a freeze", async () => {
  using time = installFakeTime(0);
  let firedAt = 0;
  setTimeout(() => void (firedAt = Date.now()), 50);
  time.freeze();
  time.outside(100, () => time.thaw({ monotonic: false, wallJumpMs: 1000 }));
  await runAll(time);
  assertEquals(firedAt, 1150);
});

Deno.test("fake time gives the real clocks back", () => {
  const { setTimeout: realTimeout } = globalThis;
  const realTimeoutSignal = AbortSignal.timeout;
  {
    using _time = installFakeTime(0);
    assertFalse(globalThis.setTimeout === realTimeout);
  }
  assertStrictEquals(globalThis.setTimeout, realTimeout);
  assertStrictEquals(AbortSignal.timeout, realTimeoutSignal);
  assertFalse(Date.now() < 1_000_000);
});
