import { assertEquals } from "@std/assert";
import type { Heap } from "../src/heap.ts";
import { createReclaimer, type Reclaimer } from "../src/reclaimer.ts";
import { type FakeTime, installFakeTime } from "./support/fake_time.ts";

const MIB = 1_048_576;

interface Process {
  usedBytes: number;
  /** Of its file, beside what is used. */
  pagesBytes: number;
  /** Of what is used. */
  garbageBytes: number;
  storedBytes: number;
  collections: number;
  compactions: number;
  trims: number;
  drops: number;
}

/** A process whose memory is what the test says; a collection gives its garbage back. */
function createProcess(): { readonly process: Process; readonly heap: Heap } {
  const process: Process = {
    usedBytes: 60 * MIB,
    pagesBytes: 20 * MIB,
    garbageBytes: 0,
    storedBytes: 0,
    collections: 0,
    compactions: 0,
    trims: 0,
    drops: 0,
  };
  const heap = {
    usedBytes: () => process.usedBytes,
    residentBytes: () => process.usedBytes + process.pagesBytes,
    collect: () => void process.collections++,
    compact: () => void process.compactions++,
    trim: () => {
      process.trims++;
      process.usedBytes -= process.garbageBytes;
      process.garbageBytes = 0;
    },
    dropPages: () => {
      process.drops++;
      process.pagesBytes = 0;
    },
  };
  return { process, heap };
}

/** A reclaimer that has given back what the start needed. */
async function startedReclaimer(
  time: FakeTime,
  { process, heap }: { readonly process: Process; readonly heap: Heap },
): Promise<Reclaimer> {
  const reclaimer = createReclaimer({ heap, storedBytes: () => process.storedBytes });
  await pass(time, 1_010);
  assertEquals(process.trims, 1);
  process.trims = 0;
  return reclaimer;
}

async function pass(time: FakeTime, ms: number): Promise<void> {
  const until = time.elapsedMs + ms;
  time.outside(ms, () => {});
  while (time.elapsedMs < until && await time.step());
}

Deno.test("createReclaimer() gives back once what the start alone needed", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using _reclaimer = createReclaimer({ heap });
  await pass(time, 900);
  assertEquals(process.trims, 0);
  await pass(time, 60_000);
  assertEquals([process.collections, process.trims], [0, 1]);
});

Deno.test("createReclaimer() gives back what invocations have left, beside one that has begun", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = createReclaimer({ heap, storedBytes: () => process.storedBytes });
  const invoke = async (): Promise<number> => {
    const before = process.compactions;
    reclaimer.invoked();
    assertEquals(process.compactions, before, "not before `next` is asked for");
    await pass(time, 1_000);
    assertEquals(process.collections, 0, "what lies between the rest comes back too");
    return process.compactions - before;
  };
  const grow = (kept: number, garbage = 0): void => {
    process.usedBytes += (kept + garbage) * MIB;
    process.garbageBytes += garbage * MIB;
  };

  // What a process needs that has come to run is not given back in vain.
  grow(20);
  await pass(time, 1_000);
  assertEquals(await invoke(), 0);
  grow(1, 1);
  assertEquals(await invoke(), 0);
  grow(1, 2);
  assertEquals(await invoke(), 1);
  assertEquals(process.usedBytes, 82 * MIB);
  // In vain: then it needs that much.
  grow(5);
  assertEquals(await invoke(), 1);
  assertEquals(await invoke(), 0);
  // An outage: what is held explains the memory, until it has been sent.
  grow(0, 8);
  process.storedBytes = 8 * MIB;
  assertEquals(await invoke(), 0);
  process.storedBytes = 0;
  assertEquals(await invoke(), 1);
  assertEquals(process.usedBytes, 87 * MIB);
  // What V8 gives back by itself makes the process smaller for good.
  grow(-6);
  assertEquals(await invoke(), 0);
  grow(0, 5);
  assertEquals(await invoke(), 1);
});

Deno.test("createReclaimer() does nothing else in the turn of a collection, and keeps the executable's pages while there is work", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = await startedReclaimer(time, { process, heap });
  await pass(time, 1);
  process.drops = 0;
  /** What had been done after a turn, where it was something. */
  const turns: (readonly number[])[] = [];
  const note = (): void => {
    const done = [process.collections, process.trims, process.drops];
    if (done.join() !== turns.at(-1)?.join()) turns.push(done);
  };
  reclaimer.discard(20 * MIB);
  reclaimer.collectSoon();
  reclaimer.collectSoon();
  for (note(); await time.step();) note();
  assertEquals(turns, [[0, 0, 0], [1, 0, 0], [1, 1, 0]]);
  assertEquals(reclaimer.garbageBytes, 0);
  turns.length = 0;
  reclaimer.rest();
  while (await time.step()) note();
  assertEquals(turns.slice(0, 4), [[1, 1, 0], [2, 1, 0], [2, 2, 0], [2, 2, 1]]);
  // Who has to know what is left does not wait.
  reclaimer.collect();
  assertEquals([process.collections, process.trims, process.drops], [3, 3, 2]);
});

Deno.test("createReclaimer() lets pages of the executable go at rest that a body has needed, if they are many", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = await startedReclaimer(time, { process, heap });
  const rest = async (pagesBytes: number): Promise<readonly number[]> => {
    process.drops = 0;
    process.pagesBytes = pagesBytes;
    reclaimer.rest();
    await pass(time, 10_000);
    return [process.drops, process.collections];
  };
  assertEquals(await rest(25 * MIB), [0, 0]);
  assertEquals(await rest(27 * MIB), [1, 0]);
  assertEquals(await rest(25 * MIB), [0, 0]);
});

Deno.test("createReclaimer() looks at the memory once a second, however many invocations there are", async () => {
  using time = installFakeTime();
  let looks = 0;
  const heap = {
    residentBytes: () => 60 * MIB,
    usedBytes: () => {
      looks++;
      return 60 * MIB;
    },
    collect: () => {},
    compact: () => {},
    trim: () => {},
    dropPages: () => {},
  };
  using reclaimer = createReclaimer({ heap });
  looks = 0;
  for (let index = 0; index < 100; index++) {
    reclaimer.invoked();
    await pass(time, 100);
  }
  assertEquals(looks, 9);
});

Deno.test("createReclaimer() compacts beside an invocation where no bodies come, as it takes twice as long", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = await startedReclaimer(time, { process, heap });
  const giveBack = async (): Promise<readonly number[]> => {
    process.usedBytes += 6 * MIB;
    process.garbageBytes += 6 * MIB;
    reclaimer.invoked();
    await pass(time, 10);
    return [process.collections, process.compactions];
  };
  await pass(time, 1_000);
  reclaimer.invoked();
  await pass(time, 1_000);
  assertEquals(await giveBack(), [0, 1]);
  reclaimer.work();
  await pass(time, 1_000);
  assertEquals(await giveBack(), [1, 1], "a body is under way");
  await pass(time, 500);
  reclaimer.rest();
  await pass(time, 500);
  assertEquals(await giveBack(), [2, 1], "the next body may come soon");
  await pass(time, 10_000);
  const [collections, compactions] = [process.collections, process.compactions];
  assertEquals(await giveBack(), [collections, compactions + 1]);
});

Deno.test("createReclaimer() gives back what a backlog has left that was leaving at the collection", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = createReclaimer({ heap, storedBytes: () => process.storedBytes });
  process.storedBytes = 8 * MIB;
  process.usedBytes += 14 * MIB;
  reclaimer.flushed();
  await pass(time, 1_000);
  reclaimer.invoked();
  // Sent, and not yet free: for this process it has become what it needs.
  process.storedBytes = 0;
  await pass(time, 1_000);
  reclaimer.invoked();
  await pass(time, 10);
  assertEquals([process.compactions, process.usedBytes], [1, 74 * MIB]);
  process.garbageBytes = 14 * MIB;
  reclaimer.flushed();
  await pass(time, 1_000);
  assertEquals([process.compactions, process.usedBytes], [1, 60 * MIB]);
});

/** Trims while this was stored, each time a flush was over a second after the one before, and in the end. */
async function trimsOver(storedMib: readonly number[]): Promise<readonly number[]> {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = await startedReclaimer(time, { process, heap });
  const seen: number[] = [];
  for (const mib of storedMib) {
    process.storedBytes = mib * MIB;
    reclaimer.flushed();
    await pass(time, 1_000);
    seen.push(process.trims);
  }
  await pass(time, 60_000);
  assertEquals([process.collections, process.compactions], [0, 0]);
  return [...seen, process.trims];
}

Deno.test("createReclaimer() trims soon after a backlog has left, and once more, and then no more", async () => {
  assertEquals(await trimsOver([1, 8, 8, 0.1, 0.1, 0.1]), [0, 0, 0, 1, 1, 1, 2]);
});

Deno.test("createReclaimer() trims not for what invocations store as a rule, nor while a backlog is there", async () => {
  assertEquals((await trimsOver([0.1, 1.9, 0, 1.9, 0, 1, 0])).at(-1), 0);
  assertEquals((await trimsOver([8, 7, 6, 5, 8])).at(-1), 0);
  assertEquals((await trimsOver([3, 8, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])).at(-1), 2, "what always is stored");
});

Deno.test("createReclaimer() trims after each backlog, and once more after the last", async () => {
  assertEquals(await trimsOver([8, 0, 8, 0, 8, 0]), [0, 1, 1, 2, 2, 3, 4]);
  assertEquals((await trimsOver([8, 0, 0, 0, 0, 0, 0, 0, 8, 0])).at(-1), 4);
});

Deno.test("createReclaimer() trims once for backlogs that follow each other closely", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = await startedReclaimer(time, { process, heap });
  for (let flush = 0; flush < 100; flush++) {
    process.storedBytes = flush % 2 === 0 ? 8 * MIB : 0;
    reclaimer.flushed();
    await pass(time, 100);
  }
  assertEquals(process.trims, 0);
  await pass(time, 60_000);
  assertEquals(process.trims, 2);
});

for (const monotonic of [true, false]) {
  const clock = monotonic ? "runs on" : "stands still";
  Deno.test(`createReclaimer() does once what was due when a freeze came whose clock ${clock}`, async () => {
    using time = installFakeTime();
    const { process, heap } = createProcess();
    using reclaimer = await startedReclaimer(time, { process, heap });
    process.storedBytes = 8 * MIB;
    reclaimer.flushed();
    process.storedBytes = 0;
    reclaimer.flushed();
    reclaimer.rest();
    await pass(time, 400);
    time.freeze();
    await pass(time, 3_600_000);
    assertEquals(process.trims, 0);
    process.usedBytes += 20 * MIB;
    process.garbageBytes += 20 * MIB;
    time.thaw({ monotonic, wallJumpMs: 3_600_000 });
    reclaimer.invoked();
    reclaimer.flushed();
    await pass(time, 60_000);
    // Two trims for the backlog, one with each collection: for the invocation after an hour, and the rest.
    assertEquals(process.usedBytes, 60 * MIB);
    assertEquals(process.trims, 2 + process.collections);
    assertEquals(time.timers, 0);
  });
}

Deno.test("createReclaimer() does nothing, and waits for nothing, once it is disposed of", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  const everything = async (reclaimer: Reclaimer): Promise<void> => {
    await pass(time, 1_000);
    reclaimer.invoked();
    process.usedBytes += 20 * MIB;
    await pass(time, 1_000);
    reclaimer.invoked();
    reclaimer.discard(20 * MIB);
    reclaimer.rest();
    process.storedBytes = 8 * MIB;
    reclaimer.flushed();
    process.storedBytes = 0;
    reclaimer.flushed();
  };
  const reclaimer = await startedReclaimer(time, { process, heap });
  await everything(reclaimer);
  assertEquals(time.timers, 3);
  reclaimer[Symbol.dispose]();
  assertEquals(time.timers, 0);
  // A request that is answered to its end, or the last flush.
  await everything(reclaimer);
  assertEquals(time.timers, 0);
  assertEquals([process.collections, process.trims], [0, 0]);
});
