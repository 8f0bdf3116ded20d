/**
 * What the sandbox used during an invocation: CPU, memory, `/tmp`. The figures are the whole sandbox's (function,
 * runtime and extensions), as the system's counters are. One sample an invocation and no timer: the end of one is the
 * begin of the next, so that sums are whole, and what comes between them is what extensions do.
 */
import type { Figure } from "../metric_fields.ts";

/** The system's counters; each call may throw, and then its figures are left out. */
export interface SystemCalls {
  readonly cpus: () => readonly { readonly times: CoreTimes }[];
  /** In bytes. */
  readonly memory: () => { readonly total: number; readonly available: number };
  /** Of `/tmp`, in blocks of `bsize` bytes. */
  readonly disk: () => { readonly bsize: number; readonly blocks: number; readonly bavail: number };
}

/** Of one core since boot, in ms. */
export interface CoreTimes {
  readonly user: number;
  readonly nice: number;
  readonly sys: number;
  readonly irq: number;
}

/** Measures up to the end of each runtime, of which a late event may tell only during the next invocation. */
export interface UsageMeter {
  /** An INVOKE came; an invocation whose end was not told yet is over. */
  begin(requestId: string): void;
  /** The end of its runtime was told, after `runtimeMs`: what was used; nothing where it never began. */
  end(requestId: string, runtimeMs: number | undefined): readonly Figure[];
}

/** All cores together, since boot. */
interface Counters {
  readonly userMs: number;
  readonly systemMs: number;
  readonly cores: number;
}

/** What was read when an invocation was over. */
interface Spent {
  readonly from: Counters | undefined;
  readonly to: Counters | undefined;
  readonly levels: readonly Figure[];
}

const MIB = 1024 * 1024;
/** Ends that have not been told; more are lost ones. */
const MAX_UNTOLD = 8;
/** Levels change slowly, and reading them takes as long as the counters. In ms. */
const LEVELS_EVERY_MS = 10_000;
const NONE: readonly Figure[] = [];

/** A meter over the system's calls. `now`: a clock in ms that may stand still while the sandbox sleeps. */
export function createUsageMeter(
  calls: SystemCalls,
  now: () => number = () => performance.now(),
): UsageMeter {
  let last: Counters | undefined;
  let open: string | undefined;
  let levelsAt = -Infinity;
  const untold = new Map<string, Spent>();

  /** What was used since the last sample, and that this is the last one now. */
  function spend(): Spent {
    const from = last;
    last = readCounters(calls);
    const isDue = now() - levelsAt >= LEVELS_EVERY_MS;
    if (isDue) levelsAt = now();
    return { from, to: last, levels: isDue ? readLevels(calls) : NONE };
  }

  return {
    begin: (requestId) => {
      if (open !== undefined) {
        // The sandbox slept meanwhile: what it has used by now is what that invocation used.
        untold.set(open, spend());
        if (untold.size > MAX_UNTOLD) untold.delete(untold.keys().next().value ?? "");
      }
      last ??= readCounters(calls);
      open = requestId;
    },
    end: (requestId, runtimeMs) => {
      const late = untold.get(requestId);
      if (late !== undefined) {
        untold.delete(requestId);
        return figuresOf(late, runtimeMs);
      }
      if (open !== requestId) return NONE;
      open = undefined;
      return figuresOf(spend(), runtimeMs);
    },
  };
}

function figuresOf({ from, to, levels }: Spent, runtimeMs: number | undefined): readonly Figure[] {
  return [...cpuBetween(from, to, runtimeMs), ...levels];
}

/** Counters that went back, as after a snapshot, say nothing. */
function cpuBetween(
  from: Counters | undefined,
  to: Counters | undefined,
  runtimeMs: number | undefined,
): readonly Figure[] {
  if (from === undefined || to === undefined || from.cores !== to.cores) return [];
  const userMs = to.userMs - from.userMs;
  const systemMs = to.systemMs - from.systemMs;
  if (userMs < 0 || systemMs < 0) return [];
  const totalMs = userMs + systemMs;
  const figures: Figure[] = [["cpu_user_ms", userMs], ["cpu_system_ms", systemMs], ["cpu_total_ms", totalMs]];
  // By the platform's own measure of the time: the sandbox's clock may have run on while it slept.
  if (runtimeMs !== undefined && runtimeMs > 0) {
    figures.push(["cpu_utilization_pct", Math.min(100, 100 * totalMs / (runtimeMs * to.cores))]);
  }
  return figures;
}

function readCounters({ cpus }: SystemCalls): Counters | undefined {
  const cores = tried(cpus);
  if (cores === undefined || cores.length === 0) return undefined;
  let [userMs, systemMs] = [0, 0];
  for (const { times } of cores) {
    userMs += times.user + times.nice;
    systemMs += times.sys + times.irq;
  }
  return { userMs, systemMs, cores: cores.length };
}

/** What is in use at this moment. */
function readLevels({ memory, disk }: SystemCalls): readonly Figure[] {
  const figures: Figure[] = [];
  const ram = tried(memory);
  if (ram !== undefined && ram.total > 0) {
    figures.push(["sandbox_memory_used_mb", (ram.total - ram.available) / MIB]);
    figures.push(["sandbox_memory_total_mb", ram.total / MIB]);
  }
  const tmp = tried(disk);
  if (tmp !== undefined && tmp.blocks > 0) {
    figures.push(["tmp_used_bytes", tmp.bsize * (tmp.blocks - tmp.bavail)]);
    figures.push(["tmp_free_bytes", tmp.bsize * tmp.bavail]);
  }
  return figures;
}

function tried<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
