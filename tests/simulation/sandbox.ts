import type { LifecycleEnd } from "../../src/lambda/lifecycle.ts";
import type { PointStore, StoreLease } from "../../src/pipeline/store.ts";
import {
  checkFigures,
  checkRefusal,
  checkRows,
  checkTotals,
  createRegister,
  type Register,
} from "./checks.ts";
import { createFakeDataway, type FakeDataway } from "./dataway.ts";
import { type Mutation, replaceIn, type SimulatedExtension, startExtension } from "./extension.ts";
import { createFakeDisk, type FakeDisk } from "../pipeline/fake_files.ts";
import { createFakePlatform } from "./platform.ts";
import { revive } from "./revive.ts";
import { createWatch, TICK_MS, type Watch } from "./watch.ts";
import type { World } from "./world.ts";
import { pointsOf } from "../support/points.ts";

/** A sandbox with everything in and around it. */
interface Sandbox {
  readonly world: World;
  readonly register: Register;
  readonly dataway: FakeDataway;
  readonly watch: Watch;
  readonly extension: SimulatedExtension;
  readonly disk: FakeDisk;
  /** Invocations that must be, and that may be counted. */
  readonly requests: () => { readonly atLeast: number; readonly atMost: number };
  /** The platform has done its part. */
  readonly isOver: () => boolean;
  readonly end: () => LifecycleEnd | undefined;
}

/** A last flush that ends so long before the limit had the time it wanted. In ms. */
const SPARE_MS = 150;
/** Kept free for the spool at the end, in ms. */
const SPOOL_SPARE_MS = 200;
const MAX_STEPS = 50_000;

/** Runs until SHUTDOWN is handled, the sandbox is killed, or a promise is broken; checks after each step. */
export async function runSandbox(world: World, mutation: Mutation, isBroken: () => boolean): Promise<void> {
  const { time, schedule, fail, tell } = world;
  const sandbox = begin(world, mutation);
  const { extension, watch } = sandbox;
  await time.settle();
  for (let steps = 0; sandbox.end() === undefined; steps++) {
    if (sandbox.isOver() && schedule.ending === "kill" && !watch.shuttingDown) {
      return await checkKill(sandbox);
    }
    if (steps > MAX_STEPS) fail("The sandbox ends");
    if (!await time.step()) fail("Something goes on until the end");
    checkTotals(extension, schedule.storeMaxBytes, fail);
    const late = time.now() > watch.shutdownLimitAt + TICK_MS;
    if (late && sandbox.end() === undefined) fail("SHUTDOWN is handled in time");
    if (isBroken()) return;
  }
  tell(`the extension ends: ${JSON.stringify(sandbox.end())}`);
  await checkEnd(sandbox);
}

function begin(world: World, mutation: Mutation): Sandbox {
  const { time, fail } = world;
  const register = createRegister(() => time.elapsedMs);
  let last = false;
  let atLeast = 0;
  let end: LifecycleEnd | undefined;
  let isOver = false;
  const dataway = createFakeDataway({
    world,
    ordered: () => !last,
  });
  // The platform, the watch and the extension know of each other.
  const running: { extension?: SimulatedExtension } = {};
  const watch = createWatch({ world, register, dataway, extension: () => running.extension });
  const platform = createFakePlatform({
    world,
    post: async (body, sequenceId) => await running.extension?.post(body, sequenceId),
    watch,
  });
  const watchDrops = (store: PointStore): PointStore =>
    replaceIn(store, {
      take: (category, limit) => {
        const lease = store.take(category, limit);
        return lease === undefined ? undefined : watchLease(lease);
      },
    });
  const watchLease = (lease: StoreLease): StoreLease => ({
    ...lease,
    split: () => {
      const [first, second] = lease.split();
      return [watchLease(first), watchLease(second)];
    },
    drop: (reason) => {
      for (const point of pointsOf(lease)) checkRefusal(point, reason, dataway, fail);
      lease.drop(reason);
    },
  });
  const disk = createFakeDisk();
  disk.capacity = world.schedule.diskBytes;
  disk.readOnly = world.schedule.diskBytes === 0;
  const extension = startExtension({
    world,
    disk,
    dataway,
    mutation: { ...mutation, store: (store) => watchDrops(mutation.store?.(store) ?? store) },
    send: platform.send,
    onPoints: register.arrived,
    onFlushed: watch.flushed,
    onShutdown: () => {
      last = true;
      atLeast = platform.known.size;
    },
  });
  running.extension = extension;
  void extension.end.then((how) => void (end = how));
  void platform.run().then(() => void (isOver = true));
  return {
    world,
    register,
    dataway,
    watch,
    extension,
    disk,
    requests: () => ({ atLeast, atMost: platform.known.size }),
    isOver: () => isOver,
    end: () => end,
  };
}

/**
 * What a killed process had in files, its sandbox's next one sends, and nothing twice but what it was told of: a file of
 * which a part was taken is written anew, and where the disk has no room for that the whole of it stays.
 */
async function checkKill({ world, dataway, extension, disk }: Sandbox): Promise<void> {
  const { time, schedule, fail, count } = world;
  count("sandboxes ended by a kill");
  const spooled = extension.spool?.held() ?? 0;
  // In a flush an answer may have been read and not yet booked: nobody can tell it from one that never came.
  if (!schedule.spool || extension.uploading()) return;
  time.kill();
  dataway.moods = Array.from({ length: schedule.endpoints }, () => ({ kind: "healthy", latencyMs: 1 }));
  const mayRepeat = extension.toldOfRepeats();
  dataway.mayRepeat = mayRepeat;
  const { received, sent, left } = await revive(world, dataway, disk);
  const repeated = dataway.repeated.size;
  if (repeated > 0) count("points sent again as a file could not be rewritten", repeated);
  // What was refused for good comes again, too.
  const isAll = mayRepeat ? received >= spooled + repeated : received === spooled;
  if (!isAll || sent !== received || left !== 0) {
    fail(`The next process sends what was spooled: ${sent} of ${spooled}, ${received} found, ${left} left`);
  }
  count("points that outlived a kill", spooled);
}

async function checkEnd(
  { world, register, dataway, watch, extension, requests, end }: Sandbox,
): Promise<void> {
  const { time, schedule, fail, count } = world;
  const { exitCode, reason } = end() ?? { exitCode: 1, reason: "none" };
  if (exitCode !== 0) fail(`The extension ends well: ${reason}`);
  const spareMs = SPARE_MS + (schedule.spool ? SPOOL_SPARE_MS : 0);
  const hadTime = time.now() < watch.shutdownLimitAt - spareMs;
  await extension.dispose();
  if (time.timers > 0) fail(`No timer is left at the end: ${time.timers}`);
  if (dataway.underway > 0) fail("No upload is under way at the end");
  checkRows(extension, register, dataway, fail);
  checkFigures(extension.ledger, dataway.figures, extension.untold(), fail);
  const held = extension.store.held() + (extension.spool?.held() ?? 0);
  if (held > 0) count("sandboxes that ended with data held");
  if (held > 0 && hadTime && dataway.failed === 0 && schedule.collect !== "hangs") {
    fail(`With a Dataway that is well nothing is held at the end: ${held}`);
  }
  const { atLeast, atMost } = requests();
  checkVerdicts(register, atLeast, atMost, fail);
  for (const [reason, points] of extension.ledger.totalDropped()) count(`points dropped: ${reason}`, points);
}

/** Each invocation is counted once, whatever its telemetry looked like; one heard of too late may be left out. */
function checkVerdicts({ points }: Register, atLeast: number, atMost: number, fail: World["fail"]): void {
  let invocations = 0;
  for (const { point } of points) invocations += Number(point.fields.get("invocations") ?? 0);
  if (invocations < atLeast || invocations > atMost) {
    fail(`Each invocation is counted once: ${invocations} of ${atLeast} to ${atMost}`);
  }
}
