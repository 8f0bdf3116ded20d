import { assertEquals } from "@std/assert";
import { createDeadline, linkSignals, settledBefore, settledWithin } from "../../src/pipeline/deadline.ts";
import { scenario } from "../support/scenario.ts";

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

Deno.test("createDeadline() leaves that moment too when the clock was set back by as much as the freeze took", async () => {
  using deadline = createDeadline(5, () => 60_000);
  // As frozen: nothing runs, and timers go on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
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

Deno.test("settledWithin() tells whether work was settled in time, however it ended", async () => {
  assertEquals(await settledWithin(turn(2), 1_000), true);
  assertEquals(await settledWithin(Promise.reject(new Error("bug")), 1_000), true);
  assertEquals(await settledWithin(new Promise(() => {}), 5), false);
});

Deno.test("settledWithin() leaves a moment for work that is settled when a freeze is over", async () => {
  let now = 0;
  const work = Promise.withResolvers<void>();
  const within = settledWithin(work.promise, 5, () => now);
  now = 60_000;
  await turn(40);
  work.resolve();
  assertEquals(await within, true);
});

Deno.test("linkSignals() fires when it is told to, for that reason", () => {
  using linked = linkSignals(new AbortController().signal);
  linked.abort("over");
  assertEquals(linked.signal.reason, "over");
});

Deno.test("linkSignals() fires with the first of its signals, for its reason, and lets go when disposed", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const linked = linkSignals(first.signal, second.signal);
  second.abort("second");
  first.abort("first");
  assertEquals(linked.signal.reason, "second");
  assertEquals(linkSignals(first.signal).signal.reason, "first");
  const third = new AbortController();
  const released = linkSignals(third.signal);
  released[Symbol.dispose]();
  third.abort();
  assertEquals(released.signal.aborted, false);
});

/** Waits for linked signals while garbage is collected, in a process that can be told to. */
const COLLECTED = `
  const { linkSignals } = await import(Deno.args[0]);
  const [one, other] = [new AbortController(), new AbortController()];
  const wait = async () => {
    const { signal } = linkSignals(one.signal, other.signal);
    await new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    console.log("told");
  };
  const waiting = wait();
  for (let n = 0; n < 10; n++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  one.abort();
  setTimeout(() => Deno.exit(), 100);
`;

scenario("linkSignals() tells who waits for it also after garbage was collected", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, COLLECTED);
    const path = import.meta.resolve("../../src/pipeline/deadline.ts");
    const args = ["run", "-A", "-q", "--no-check", "--v8-flags=--expose-gc", file, path];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    assertEquals(new TextDecoder().decode(stdout), "told\n");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("settledBefore() tells whether work was settled before the signal, and never rejects", async () => {
  const abort = new AbortController();
  const pending = settledBefore(new Promise(() => {}), abort.signal);
  abort.abort();
  assertEquals(await pending, false);
  assertEquals(await settledBefore(Promise.resolve(1), new AbortController().signal), true);
  assertEquals(await settledBefore(Promise.reject(new Error("x")), new AbortController().signal), true);
});
