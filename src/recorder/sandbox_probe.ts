/**
 * What the whole sandbox (function, runtime, extensions) does in a stretch of time, by the system's counters. Time that
 * no core was idle is time that somebody wanted to run: a small function's share of a core is too small to tell a busy
 * loop by the CPU time that it got.
 */

/** The system's counters. Each call may throw, and then its figure is left out. */
export interface SystemCounters {
  /** Of each core since boot, in ms. */
  readonly cpus: () => readonly { readonly times: { readonly idle: number } }[];
  /** In bytes. */
  readonly memory: () => { readonly total: number; readonly available: number };
  /** Monotonic, in ms. */
  readonly elapsedMs: () => number;
}

/** What was seen; what could not be read is left out. */
export interface SandboxUsage {
  /** In percent of one core: two busy ones are 200. */
  readonly cpuPct?: number;
  /** In use at the end, in MB. */
  readonly memoryUsedMb?: number;
}

/** Looks from {@link begin} to {@link end}. */
export interface SandboxProbe {
  begin(): void;
  end(): SandboxUsage;
}

interface Sample {
  readonly idleMs: number;
  readonly cores: number;
  readonly atMs: number;
}

const MIB = 1024 * 1024;

/** A probe that has not begun. */
export function createSandboxProbe(counters: SystemCounters): SandboxProbe {
  let from: Sample | undefined;

  function sample(): Sample | undefined {
    const cores = tried(counters.cpus) ?? [];
    if (cores.length === 0) return undefined;
    const idleMs = cores.reduce((sum, { times }) => sum + times.idle, 0);
    return { idleMs, cores: cores.length, atMs: counters.elapsedMs() };
  }

  return {
    begin: () => void (from = sample()),
    end: () => {
      const cpuPct = busyBetween(from, sample());
      const memory = tried(counters.memory);
      return {
        ...(cpuPct === undefined ? {} : { cpuPct }),
        ...(memory === undefined || memory.total <= 0
          ? {}
          : { memoryUsedMb: (memory.total - memory.available) / MIB }),
      };
    },
  };
}

/** Counters that went back, as after a snapshot, say nothing. */
function busyBetween(from: Sample | undefined, to: Sample | undefined): number | undefined {
  if (from === undefined || to === undefined || from.cores !== to.cores) return undefined;
  const passedMs = to.atMs - from.atMs;
  const idleMs = to.idleMs - from.idleMs;
  if (passedMs <= 0 || idleMs < 0) return undefined;
  return Math.max(0, 100 * (passedMs * to.cores - idleMs) / passedMs);
}

function tried<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
