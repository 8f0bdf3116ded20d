/**
 * Sandboxes at random over the intake, the outlet, the loop, the telemetry receiver and the exporter that ship, in a
 * world whose clock, network and Lambda are made up. `SIMULATION_SEED=<n>` runs one of them again and shows its story,
 * `SIMULATION_RUNS=<n>` runs more than usual. About half a minute here, several times that under `CI`.
 */
import { assert, AssertionError } from "@std/assert";
import { simulate } from "./simulate.ts";

const DEFAULT_RUNS = 1500;
const CI_RUNS = 6000;
/** Sandboxes beyond those of CI that once broke a promise. */
const FOUND_SEEDS: readonly number[] = [
  // A store that is full has a flush begun beside, which ends with its own time, before the budget, amid small uploads.
  8429,
  // A flush beside leaves an upload that is young, and nothing else waits to be sent.
  26389,
  // A flush beside leaves one that is old, of metrics: the logs are begun, and not waited for.
  14161,
  // A kill while the disk has no room for what is left of a file: the log says that a part of it would come again.
  19722,
  // Two flushes are under way in a freeze: one is answered late, the other one's connection is gone.
  59797,
  // The clock is set back before a retry, whose end overtakes its start and its INVOKE.
  71952,
  // An upload is young at its second Dataway and second try, and old as a whole: nobody waits for it.
  71549,
  // The clock is set back in a freeze by as much as that took, but for half a second.
  71412,
];
/** What must happen now and then, or the simulation proves nothing. */
const MUST_HAPPEN: readonly string[] = [
  "uploads cut",
  "uploads frozen",
  "flushes that failed",
  "flushes that went well",
  "invocations held by a flush",
  "invocations, breaker open",
  "invocations, breaker half_open",
  "retries",
  "sandboxes ended by a kill",
  "sandboxes that ended with data held",
  "points dropped: store_full",
  "points dropped: too_large",
  "points dropped: rejected",
  "points dropped: forbidden",
  "points dropped: quota",
  "points dropped: spool_full",
  "points that outlived a kill",
  "stored twice as the first answer was lost",
];
/** Of a broken promise's story the end tells most, in lines. */
const SHOWN_LINES = 80;

Deno.test("every sandbox at random keeps all promises", async () => {
  const one = setting("SIMULATION_SEED");
  const runs = setting("SIMULATION_RUNS") ?? (one !== undefined ? 1 : isCi() ? CI_RUNS : DEFAULT_RUNS);
  const counts = new Map<string, number>();
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const first = one ?? 1;
  const seeds = Array.from({ length: runs }, (_, n) => first + n);
  for (const seed of one === undefined ? [...FOUND_SEEDS, ...seeds] : seeds) {
    const { broken, story } = await simulate(seed, count);
    if (broken !== undefined) throw new AssertionError(describe(seed, broken, story));
  }
  if (runs < DEFAULT_RUNS) return;
  for (const what of MUST_HAPPEN) assert((counts.get(what) ?? 0) >= 10, `${what} hardly ever happens`);
});

Deno.test("a simulated sandbox does the same each time it is run", async () => {
  const [once, again] = [await simulate(42), await simulate(42)];
  assert(once.story.length > 20);
  assert(once.story.join("\n") === again.story.join("\n"));
});

function describe(seed: number, broken: string, story: readonly string[]): string {
  const shown = [...story.slice(0, 1), "...", ...story.slice(-SHOWN_LINES)].join("\n");
  return `${broken}\nTo run it again: SIMULATION_SEED=${seed}\n${shown}`;
}

function isCi(): boolean {
  return Deno.permissions.querySync({ name: "env" }).state === "granted" && Deno.env.get("CI") === "true";
}

/** A number from the environment, where it may be read. */
function setting(name: string): number | undefined {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  const text = Deno.env.get(name);
  return text === undefined || text === "" ? undefined : Number(text);
}
