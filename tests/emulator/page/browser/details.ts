/** What is known of single invocations: fetched when one is looked at, and again when it has changed. */
import type { InvocationDetail } from "../state.ts";

export interface DetailCache {
  /** What is known now; asks for it when that is nothing, or old. */
  get(n: number): InvocationDetail | undefined;
  /** It has changed. */
  outdate(n: number): void;
  clear(): void;
}

export interface DetailCacheOptions {
  readonly fetch: (n: number) => Promise<InvocationDetail>;
  readonly onArrival: (n: number) => void;
}

const KEPT = 50;

/** Knows nothing yet. */
export function createDetailCache({ fetch, onArrival }: DetailCacheOptions): DetailCache {
  const known = new Map<number, InvocationDetail>();
  const outdated = new Set<number>();
  const asked = new Set<number>();
  let generation = 0;

  async function ask(n: number): Promise<void> {
    if (asked.has(n)) return;
    asked.add(n);
    const asking = generation;
    outdated.delete(n);
    try {
      const detail = await fetch(n);
      if (asking !== generation) return;
      known.delete(n);
      known.set(n, detail);
      const oldest = known.keys().next().value;
      if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    } catch {
      // Gone or out of reach: the next look asks again.
      return;
    } finally {
      asked.delete(n);
    }
    onArrival(n);
  }

  return {
    get: (n) => {
      const detail = known.get(n);
      if (detail === undefined || outdated.has(n)) void ask(n);
      return detail;
    },
    outdate: (n) => void outdated.add(n),
    clear: () => {
      generation++;
      known.clear();
      outdated.clear();
    },
  };
}
