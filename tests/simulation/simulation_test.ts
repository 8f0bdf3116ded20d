/**
 * Random sandbox lives against the real store, flusher, breaker, loop, telemetry receiver and exporter, in a world
 * whose clock, network and Lambda are made up. `SIMULATION_SEED=<n>` lives one of them again and shows its story,
 * `SIMULATION_RUNS=<n>` lives more than usual.
 */
import { assert, AssertionError } from "@std/assert";
import { simulate } from "./simulate.ts";

const DEFAULT_RUNS = 2000;
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
  "lives ended by a kill",
  "lives that ended with data held",
  "points dropped: store_full",
  "points dropped: too_large",
  "points dropped: rejected",
  "points dropped: forbidden",
  "points dropped: quota",
  "points dropped: spool_full",
  "points that outlived a kill",
  "stored twice as the first answer was lost",
];
/** Of a broken life's story the end tells most, in lines. */
const SHOWN_LINES = 80;

Deno.test("every random life of a sandbox keeps all promises", async () => {
  const one = setting("SIMULATION_SEED");
  const runs = setting("SIMULATION_RUNS") ?? (one === undefined ? DEFAULT_RUNS : 1);
  const counts = new Map<string, number>();
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const first = one ?? 1;
  for (let seed = first; seed < first + runs; seed++) {
    const { broken, story } = await simulate(seed, count);
    if (broken !== undefined) throw new AssertionError(describe(seed, broken, story));
  }
  if (runs < DEFAULT_RUNS) return;
  for (const what of MUST_HAPPEN) assert((counts.get(what) ?? 0) >= 10, `${what} hardly ever happens`);
});

Deno.test("a life is the same each time it is lived", async () => {
  const [once, again] = [await simulate(42), await simulate(42)];
  assert(once.story.length > 20);
  assert(once.story.join("\n") === again.story.join("\n"));
});

function describe(seed: number, broken: string, story: readonly string[]): string {
  const shown = [...story.slice(0, 1), "...", ...story.slice(-SHOWN_LINES)].join("\n");
  return `${broken}\nTo live it again: SIMULATION_SEED=${seed}\n${shown}`;
}

/** A number from the environment, where it may be read. */
function setting(name: string): number | undefined {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  const text = Deno.env.get(name);
  return text === undefined || text === "" ? undefined : Number(text);
}
