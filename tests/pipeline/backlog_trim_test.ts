import { assertEquals } from "@std/assert";
import { createBacklogTrim } from "../../src/pipeline/backlog_trim.ts";
import { type FakeTime, installFakeTime } from "../support/fake_time.ts";

const MIB = 1024 * 1024;

async function pass(time: FakeTime, ms: number): Promise<void> {
  let over = false;
  time.outside(ms, () => void (over = true));
  while (!over) await time.step();
}

/** What was trimmed while a store held these, each looked at a second after the other. */
async function trimsOver(heldMib: readonly number[]): Promise<readonly number[]> {
  using time = installFakeTime();
  let trims = 0;
  const store = { heldBytes: 0 };
  const backlog = createBacklogTrim(store, { trim: () => void trims++ });
  const seen: number[] = [];
  for (const mib of heldMib) {
    store.heldBytes = mib * MIB;
    backlog.look();
    await pass(time, 1000);
    seen.push(trims);
  }
  await pass(time, 10_000);
  return [...seen, trims];
}

Deno.test("backlog trim gives memory back soon after a backlog has left, and once more, and then no more", async () => {
  assertEquals(await trimsOver([1, 8, 8, 0.1, 0.1, 0.1]), [0, 0, 0, 1, 1, 1, 2]);
});

Deno.test("backlog trim does nothing for what invocations hold as a rule, and while a backlog is there", async () => {
  assertEquals((await trimsOver([0.1, 1.9, 0, 1.9, 0, 1, 0])).at(-1), 0);
  assertEquals((await trimsOver([8, 7, 6, 5, 8])).at(-1), 0);
});

Deno.test("backlog trim looks at one backlog at a time, and at each", async () => {
  assertEquals((await trimsOver([8, 0, 8, 0, 8, 0])).at(-1), 2);
  assertEquals((await trimsOver([8, 0, 0, 0, 0, 0, 0, 0, 8, 0])).at(-1), 4);
});

Deno.test("backlog trim takes what is always held for no backlog", async () => {
  assertEquals((await trimsOver([3, 8, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])).at(-1), 2);
});
