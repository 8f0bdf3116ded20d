import { assert, assertEquals } from "@std/assert";
import { createSendingSlice, createTimeSlice } from "../src/time_slice.ts";
import { installFakeTime } from "./support/fake_time.ts";

const SLICES = 5;

/** Work that never waits for anything but its next slice, and notes each one. */
async function work(name: string, log: string[]): Promise<void> {
  const slice = createTimeSlice();
  for (let slices = 0; slices < SLICES; slices++) {
    while (!slice.isOver());
    log.push(name);
    await slice.pause();
  }
}

Deno.test("createTimeSlice() lets the event loop run between the slices of all requests together", async () => {
  const log: string[] = [];
  const timer = setInterval(() => log.push("-"), 0);
  await Promise.all(["a", "b", "c", "d"].map((name) => work(name, log)));
  clearInterval(timer);
  // The first slice of each begins at once; those that come to a queue have no time in theirs.
  const rest = log.slice(4).join("");
  assert(!/[a-d][a-d]/.test(rest), rest);
  for (const name of ["a", "b", "c", "d"]) assertEquals(log.filter((each) => each === name).length, SLICES);
});

Deno.test("createTimeSlice() lets the next slice's time begin when the one before is over", async () => {
  using time = installFakeTime();
  const log: string[] = [];
  for (const name of ["a", "b"]) void createTimeSlice().pause().then(() => log.push(name));
  const seen: string[] = [];
  while (await time.step()) seen.push(log.join(""));
  // A timer that was set before the first slice has run out by its end, and its turn would be the second one's too.
  assertEquals(seen, ["a", "a", "ab"]);
});

Deno.test("createTimeSlice() gives a request that comes to a queue its first time behind the others", async () => {
  const [first, second] = [createTimeSlice(), createTimeSlice()];
  assertEquals(first.isOver(), false);
  const pauses = [first.pause(), second.pause()];
  const third = createTimeSlice();
  assertEquals(third.isOver(), true);
  const order: number[] = [];
  await Promise.all([...pauses, third.pause()].map((pause, index) => pause.then(() => order.push(index))));
  assertEquals([order, third.isOver()], [[0, 1, 2], false]);
});

Deno.test("createTimeSlice() waits while what it fills is being sent, and never for long in all", async () => {
  using time = installFakeTime();
  const waitedMs = async (pauses: number, isFilling: (ms: number) => boolean): Promise<number> => {
    const startedAt = performance.now();
    const now = (): number => performance.now() - startedAt;
    const slice = createTimeSlice(() => isFilling(now()));
    let isOver = false;
    void (async () => {
      for (let i = 0; i < pauses; i++) await slice.pause();
      isOver = true;
    })();
    for (await time.settle(); !isOver;) await time.step();
    return now();
  };
  assertEquals(await waitedMs(3, () => false), 0);
  assertEquals(await waitedMs(3, (ms) => ms < 42), 45);
  assertEquals(await waitedMs(9, () => true), 500);
});

Deno.test("createSendingSlice() has time although requests wait for theirs, and then waits as they do", async () => {
  const request = createTimeSlice();
  const before = request.pause();
  const sending = createSendingSlice();
  assertEquals(sending.isOver(), false);
  while (!sending.isOver());
  const order: string[] = [];
  await Promise.all([
    before.then(() => order.push("request")),
    sending.pause().then(() => order.push("sending")),
  ]);
  assertEquals([order, sending.isOver()], [["request", "sending"], false]);
});
