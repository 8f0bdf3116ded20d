import { assertEquals } from "@std/assert";
import { createDeadline, settledBefore } from "../../src/pipeline/deadline.ts";

const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("createDeadline() fires its signal once the budget is over", async () => {
  using deadline = createDeadline(5);
  assertEquals(deadline.signal.aborted, false);
  await turn(30);
  assertEquals(deadline.signal.aborted, true);
});

Deno.test("createDeadline() leaves a moment for pending answers when its timer comes late, as after a freeze", async () => {
  let now = 0;
  using deadline = createDeadline(5, () => now);
  now = 60_000;
  await turn(40);
  assertEquals(deadline.signal.aborted, false);
  await turn(120);
  assertEquals(deadline.signal.aborted, true);
});

Deno.test("createDeadline() gives another moment when a freeze falls into the first", async () => {
  let now = 0;
  using deadline = createDeadline(5, () => now);
  now = 60_000;
  await turn(40);
  now = 120_000;
  await turn(100);
  assertEquals(deadline.signal.aborted, false);
  await turn(100);
  assertEquals(deadline.signal.aborted, true);
});

Deno.test("createDeadline() leaves that moment too when the clock was set back in the freeze", async () => {
  let now = 60_000;
  using deadline = createDeadline(5, () => now);
  now = 0;
  await turn(40);
  assertEquals(deadline.signal.aborted, false);
  await turn(120);
  assertEquals(deadline.signal.aborted, true);
});

Deno.test("createDeadline() does not fire at once when it is further away than a timer reaches", async () => {
  using deadline = createDeadline(2 ** 40);
  await turn(20);
  assertEquals(deadline.signal.aborted, false);
});

Deno.test("createDeadline() never fires once disposed", async () => {
  const deadline = createDeadline(5);
  deadline[Symbol.dispose]();
  await turn(20);
  assertEquals(deadline.signal.aborted, false);
});

Deno.test("settledBefore() tells whether work was settled before the signal, and never rejects", async () => {
  const abort = new AbortController();
  const pending = settledBefore(new Promise(() => {}), abort.signal);
  abort.abort();
  assertEquals(await pending, false);
  assertEquals(await settledBefore(Promise.resolve(1), new AbortController().signal), true);
  assertEquals(await settledBefore(Promise.reject(new Error("x")), new AbortController().signal), true);
});
