import { assert, assertEquals } from "@std/assert";
import { type ConnectionGroup, type Lease, TICK_MS } from "../../src/net/connection_pool.ts";
import { testPool } from "../support/connection_pool.ts";
import { type FakeTime, installFakeTime } from "../support/fake_time.ts";

/** Connections by name, and the names of those that the pool has closed, in order. */
function members(group: ConnectionGroup): {
  admit(name: string): Lease;
  readonly closed: readonly string[];
} {
  const closed: string[] = [];
  return { admit: (name) => group.admit(() => closed.push(name)), closed };
}

async function pass(time: FakeTime, ms: number): Promise<void> {
  let over = false;
  time.outside(ms, () => void (over = true));
  while (!over) await time.step();
}

function emfile(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

Deno.test("pool gives a newcomer the place of who was silent for longest, of those that never sent anything first", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const { admit, closed } = members(pool.group({ name: "g", max: 3 }));
  const proven = admit("proven");
  proven.prove();
  await pass(time, 10);
  admit("older");
  await pass(time, 10);
  admit("younger");
  for (const name of ["a", "b", "c"]) {
    await pass(time, 30);
    admit(name);
  }
  assertEquals(closed, ["older", "younger", "a"]);
  assertEquals(pool.counts.evicted, 3);
});

Deno.test("pool never gives up a connection that we are at work for, nor a transfer that moves", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const group = pool.group({ name: "g", max: 2 });
  const { admit, closed } = members(group);
  const working = admit("working");
  working.enter("working");
  const transfer = admit("transfer");
  transfer.enter("transfer");
  assertEquals(group.hasVacancy(), false);
  await pass(time, 900);
  transfer.touch();
  await pass(time, 900);
  assertEquals(group.hasVacancy(), false);
  // One that has stood still for a second is as good as idle.
  await pass(time, 200);
  assertEquals(group.hasVacancy(), true);
  admit("newcomer").enter("working");
  assertEquals(closed, ["transfer"]);
  assertEquals(group.hasVacancy(), false);
  working.enter("idle");
  // Its client may be about to ask again.
  assertEquals(group.hasVacancy(), false);
  await pass(time, 25);
  assertEquals(group.hasVacancy(), true);
});

Deno.test("pool leaves connections alone that were just opened, and lets newcomers wait instead", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const group = pool.group({ name: "g", max: 2 });
  const { admit, closed } = members(group);
  for (const name of ["a", "b"]) admit(name);
  assertEquals(group.hasVacancy(), false);
  group.acceptFailed(emfile());
  assertEquals(closed, []);
  await pass(time, 25);
  assertEquals(group.hasVacancy(), true);
  group.acceptFailed(emfile());
  assertEquals(closed, ["a"]);
});

Deno.test("pool wakes who waits for a place when one is free", async () => {
  using pool = testPool();
  const group = pool.group({ name: "g", max: 1 });
  const only = group.admit(() => {});
  only.enter("working");
  const startedAt = performance.now();
  const waiting = group.change();
  only.release();
  await waiting;
  assert(performance.now() - startedAt < 200);
  assertEquals([group.hasVacancy(), group.open], [true, 0]);
});

Deno.test("pool ends connections after their ticks, and the time of a freeze is none", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const { admit, closed } = members(pool.group({ name: "g", max: 9 }));
  admit("idle").enter("idle", 3);
  const touched = admit("touched");
  touched.enter("transfer", 3);
  admit("patient").enter("idle");
  await pass(time, TICK_MS + 1);
  time.freeze();
  time.outside(3_600_000, () => time.thaw({ monotonic: true, wallJumpMs: 0 }));
  await pass(time, 3_600_000 + 1);
  assertEquals(closed, []);
  touched.touch();
  await pass(time, TICK_MS);
  assertEquals(closed, ["idle"]);
  await pass(time, 2 * TICK_MS);
  assertEquals(closed, ["idle", "touched"]);
  await pass(time, 100 * TICK_MS);
  assertEquals([closed.length, pool.counts.timedOut], [2, 2]);
});

Deno.test("pool keeps the platform's connections, but no more than it can have", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const group = pool.group({ name: "g", max: 10 });
  const { admit, closed } = members(group);
  for (let index = 0; index < 10; index++) {
    const lease = admit(`${index}`);
    lease.enter("idle", 1);
    lease.keep();
    await pass(time, 1);
  }
  await pass(time, 25);
  // Two look as if they were the platform's only because others do: they are dispensable again.
  assertEquals(group.hasVacancy(), true);
  admit("newcomer").enter("working");
  assertEquals(closed, ["0"]);
  await pass(time, 2 * TICK_MS);
  assertEquals(closed, ["0", "1"]);
  assertEquals(group.open, 9);
});

Deno.test("pool lets local clients pay when descriptors run out, and the main listener in", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const main = pool.group({ name: "main", max: 100, privileged: true });
  const local = pool.group({ name: "local", max: 100 });
  const { admit, closed } = members(local);
  for (let index = 0; index < 64; index++) admit(`${index}`);
  await pass(time, 25);
  main.acceptFailed(emfile());
  assertEquals(closed.length, 8);
  assertEquals(main.hasVacancy(), true);
  // No more of them than there were is taken any more: one has to go for each that comes.
  admit("newcomer");
  assertEquals(closed.length, 9);
  assertEquals(local.open, 56);
  assertEquals(pool.counts.acceptFailures, 1);
});

Deno.test("pool tries more connections again some time after descriptors were short", async () => {
  using time = installFakeTime();
  using pool = testPool();
  const local = pool.group({ name: "local", max: 100 });
  const { admit, closed } = members(local);
  for (let index = 0; index < 32; index++) admit(`${index}`).enter("working");
  local.acceptFailed(emfile());
  assertEquals([closed.length, local.hasVacancy()], [0, false]);
  await pass(time, TICK_MS + 1);
  assertEquals(local.hasVacancy(), true);
});

Deno.test("pool gives up nothing for an error that has nothing to do with descriptors", () => {
  using pool = testPool();
  const group = pool.group({ name: "g", max: 9 });
  const { admit, closed } = members(group);
  admit("idle");
  group.acceptFailed(Object.assign(new Error("aborted"), { code: "ECONNABORTED" }));
  assertEquals([closed.length, pool.counts.acceptFailures], [0, 1]);
});

Deno.test("pool says once what it does, and counts each time", async () => {
  const lines: string[] = [];
  using time = installFakeTime();
  using pool = testPool(lines);
  const group = pool.group({ name: "the agent", max: 1 });
  for (let index = 0; index < 5; index++) {
    group.admit(() => {});
    await pass(time, 25);
  }
  for (let index = 0; index < 5; index++) group.acceptFailed(emfile());
  assertEquals(lines.length, 2);
  assert(lines.every((line) => line.includes("the agent")));
  assertEquals([pool.counts.evicted > 3, pool.counts.acceptFailures], [true, 5]);
});

Deno.test("pool asks clients to leave once three quarters of the places are taken", () => {
  using pool = testPool();
  const group = pool.group({ name: "g", max: 4 });
  const leases = ["a", "b", "c"].map(() => group.admit(() => {}));
  assertEquals(leases.map(({ isCrowded }) => isCrowded), [true, true, true]);
  leases.pop()?.release();
  assertEquals(leases.map(({ isCrowded }) => isCrowded), [false, false]);
});
