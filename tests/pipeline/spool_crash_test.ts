/** Any sequence of writes, replays and crashes in the middle of either, over several processes on one disk. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import type { Category } from "../../src/point/point.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { messagesOf, pointsOf } from "../support/points.ts";
import { type SpoolProcess, startSpoolProcess } from "./spool_process.ts";

type Answer = "taken" | "refused" | "busy" | "half" | "halves";

type Step =
  | { readonly do: "add"; readonly count: number; readonly category: Category }
  | { readonly do: "stow" }
  | { readonly do: "send"; readonly answer: Answer }
  | { readonly do: "die" };

const add = fc.record({
  do: fc.constant("add" as const),
  count: fc.integer({ min: 1, max: 12 }),
  category: fc.constantFrom("metric" as const, "logging" as const),
});
const send = fc.record({
  do: fc.constant("send" as const),
  answer: fc.constantFrom<Answer[]>("taken", "refused", "busy", "half", "halves"),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: add },
  { weight: 4, arbitrary: fc.constant({ do: "stow" } as const) },
  { weight: 3, arbitrary: send },
  { weight: 1, arbitrary: fc.constant({ do: "die" } as const) },
);
/** `crashIn`: the process dies in that many disk operations of this step. */
const steps = fc.array(
  fc.record({
    step,
    crashIn: fc.oneof(
      { weight: 4, arbitrary: fc.constant(Infinity) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 }) },
    ),
  }),
  { maxLength: 60 },
);

/** What the outside saw. */
interface World {
  readonly disk: FakeDisk;
  /** In a file, as far as a step that ended without a crash tells, and not settled since. */
  readonly safe: Set<unknown>;
  /** How often Dataway took each point. */
  readonly taken: Map<unknown, number>;
  /** Settled by a step that ended without a crash: must never be sent again. */
  readonly settled: Set<unknown>;
  /** A process died while it settled them: Dataway may get them twice. */
  readonly doubtful: Set<unknown>;
}

/** Each file is sent at most once a step. */
function sendFile({ spool }: SpoolProcess, world: World, answer: Answer): void {
  const lease = spool.take();
  if (lease === undefined) return;
  const take = (part: typeof lease): void => {
    const names = messagesOf(pointsOf(part));
    for (const name of names) {
      assert(!world.settled.has(name), `${name} was sent after it was settled`);
      world.taken.set(name, (world.taken.get(name) ?? 0) + 1);
    }
    part.exported();
    settle(world, names);
  };
  if (answer === "taken") return take(lease);
  if (answer === "busy") return lease.putBack();
  if (answer === "refused") {
    const names = messagesOf(pointsOf(lease));
    lease.drop("rejected");
    settle(world, names);
    return;
  }
  if (lease.batch.count < 2) return lease.putBack();
  const [first, second] = lease.split();
  take(first);
  if (answer === "halves") take(second);
  else second.putBack();
}

function settle(world: World, names: readonly unknown[]): void {
  for (const name of names) {
    world.safe.delete(name);
    (died(world.disk) ? world.doubtful : world.settled).add(name);
  }
}

/** Whether the process died in this step; the spool's own care may have swallowed the error. */
function died(disk: FakeDisk): boolean {
  return disk.crashIn < 0;
}

Deno.test("spool loses no point that it holds and sends none again that was settled, through any crashes", () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const world: World = {
        disk: createFakeDisk(),
        safe: new Set(),
        taken: new Map(),
        settled: new Set(),
        doubtful: new Set(),
      };
      const { disk } = world;
      let run = startSpoolProcess(disk, { maxBatchBytes: 1200 });
      let names = 0;
      /** In memory of this run. */
      let waiting: string[] = [];
      for (const { step, crashIn } of plan) {
        run.now += 1;
        disk.crashIn = crashIn;
        try {
          if (step.do === "add") {
            const added = Array.from({ length: step.count }, () => `n${names++}`);
            run.addFrom("otlp", step.category, ...added);
            waiting.push(...added);
          } else if (step.do === "stow") run.spool.spill(1);
          else if (step.do === "send") sendFile(run, world, step.answer);
        } catch (error) {
          if (!died(disk)) throw error;
        }
        if (!died(disk) && step.do === "stow") {
          assertEquals(run.store.held(), 0);
          for (const name of waiting) world.safe.add(name);
          waiting = [];
        }
        if (died(disk) || step.do === "die") {
          disk.restart();
          waiting = [];
          run = startSpoolProcess(disk, { maxBatchBytes: 1200, now: run.now });
        } else run.checkAccount();
        disk.crashIn = Infinity;
      }
      const rest = startSpoolProcess(disk, { now: run.now }).replay();
      for (const name of rest) {
        assert(!world.settled.has(name), `${name} was sent after it was settled`);
        world.taken.set(name, (world.taken.get(name) ?? 0) + 1);
      }
      assertEquals(new Set(rest).size, rest.length);
      for (const name of world.safe) {
        assert(world.taken.has(name) || world.doubtful.has(name), `${name} was spooled, and is lost`);
      }
      for (const [name, count] of world.taken) {
        if (!world.doubtful.has(name)) assertEquals(count, 1, `${name} was taken ${count} times`);
      }
      assertEquals(disk.contents.size, 0);
    }),
    { numRuns: 500 },
  );
});

Deno.test("spool never takes more of the disk than it may, and counts all it gives up", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.boolean()), { maxLength: 30 }),
    fc.integer({ min: 300, max: 6000 }),
    (plan, maxBytes) => {
      const disk = createFakeDisk();
      let run = startSpoolProcess(disk, { maxBytes, maxBatchBytes: 1200 });
      for (const [count, restart] of plan) {
        if (restart) run = startSpoolProcess(disk, { maxBytes, maxBatchBytes: 1200, now: run.now });
        run.now += 1;
        run.add(...Array.from({ length: count }, (_, n) => `n${n}`));
        run.spool.spill(1);
        assertLessOrEqual(disk.used(), maxBytes);
        run.checkAccount();
      }
    },
  ));
});
