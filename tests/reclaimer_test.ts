import { assertEquals } from "@std/assert";
import type { Heap } from "../src/heap.ts";
import { createReclaimer } from "../src/reclaimer.ts";
import { type FakeTime, installFakeTime } from "./support/fake_time.ts";

const MIB = 1_048_576;

interface Process {
  usedBytes: number;
  /** Of what is used. */
  garbageBytes: number;
  storedBytes: number;
  collections: number;
}

/** A process whose memory is what the test says; a collection gives its garbage back. */
function createProcess(): { readonly process: Process; readonly heap: Heap } {
  const process: Process = { usedBytes: 60 * MIB, garbageBytes: 0, storedBytes: 0, collections: 0 };
  const heap = {
    usedBytes: () => process.usedBytes,
    collect: () => void process.collections++,
    trim: () => {
      process.usedBytes -= process.garbageBytes;
      process.garbageBytes = 0;
    },
  };
  return { process, heap };
}

async function pass(time: FakeTime, ms: number): Promise<void> {
  const until = time.elapsedMs + ms;
  time.outside(ms, () => {});
  while (time.elapsedMs < until && await time.step());
}

Deno.test("createReclaimer() gives back what invocations have left, beside one that has begun", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  using reclaimer = createReclaimer({ heap, storedBytes: () => process.storedBytes });
  const invoke = async (): Promise<number> => {
    const before = process.collections;
    reclaimer.invoked();
    assertEquals(process.collections, before, "not before `next` is asked for");
    await pass(time, 1_000);
    return process.collections - before;
  };
  const grow = (kept: number, garbage = 0): void => {
    process.usedBytes += (kept + garbage) * MIB;
    process.garbageBytes += garbage * MIB;
  };

  // What a process needs that has come to run is not given back in vain.
  grow(20);
  await pass(time, 1_000);
  assertEquals(await invoke(), 0);
  grow(1, 2);
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

Deno.test("createReclaimer() looks at the memory once a second, however many invocations there are", async () => {
  using time = installFakeTime();
  let looks = 0;
  const heap = {
    usedBytes: () => {
      looks++;
      return 60 * MIB;
    },
    collect: () => {},
    trim: () => {},
  };
  using reclaimer = createReclaimer({ heap });
  looks = 0;
  for (let index = 0; index < 100; index++) {
    reclaimer.invoked();
    await pass(time, 100);
  }
  assertEquals(looks, 9);
});

Deno.test("createReclaimer() collects for nobody who is gone", async () => {
  using time = installFakeTime();
  const { process, heap } = createProcess();
  {
    using reclaimer = createReclaimer({ heap });
    await pass(time, 1_000);
    reclaimer.invoked();
    process.usedBytes += 20 * MIB;
    await pass(time, 1_000);
    reclaimer.invoked();
    reclaimer.discard(20 * MIB);
    reclaimer.rest();
  }
  await pass(time, 10_000);
  assertEquals(process.collections, 0);
});
