/**
 * Which connections of local clients may stay open. A process has 1024 descriptors here, and the platform's
 * telemetry, the long poll for the next event and the uploads need theirs whatever a client does: every listener has
 * a bound of its own, a newcomer takes the place of who has been silent for longest, and when descriptors run out all
 * the same, local clients pay.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
import { describeError, type Logger } from "@std/log";

/**
 * What a connection does. `idle`: nothing was asked. `transfer`: a request comes in or an answer goes out, and the
 * client sets the pace. `working`: we do, for a request that is there as a whole.
 */
export type Activity = "idle" | "transfer" | "working";

/** One connection's place. */
export interface Lease {
  /** Tells what the connection does from now on, and how many {@link TICK_MS} it may do so without a touch. */
  enter(activity: Activity, maxTicks?: number): void;
  /** Bytes have moved. */
  touch(): void;
  /** It has sent something whole: those that never did are given up first. */
  prove(): void;
  /** It is the platform's: it may be silent for as long as it likes, and is never given up for another. */
  keep(): void;
  /** From now on the pool ends the connection by `end`, not as it was told at admission. `end` must not throw. */
  closeWith(end: () => void): void;
  /** Ends the connection at once. */
  close(): void;
  /** Its client asks for much and does little: nobody else is let into the group for {@link PUNISHED_MS}. */
  punish(): void;
  /** Counts a request that could not be understood. */
  malformed(): void;
  /** Whether places are short, so that a connection had better end with its answer. */
  readonly isCrowded: boolean;
  /** Gives the place back. May be called twice. */
  release(): void;
}

/** The places of one listener, or of several that serve the same. */
export interface ConnectionGroup {
  /** Whether another connection may be accepted, be it in the place of one that is open. */
  hasVacancy(): boolean;
  /** Resolves when a place has become free, and after {@link RECHECK_MS} in any case: a transfer may have stalled. */
  change(): Promise<void>;
  /** Takes a connection in, in the place of another one if need be. `close` ends it; must not throw. */
  admit(close: () => void): Lease;
  /** Counts a connection that could not be accepted, and makes room if descriptors had run out. */
  acceptFailed(error: unknown): void;
  /** Connections open now. */
  readonly open: number;
}

/** What became of connections that we did not want to end. Counters only grow. */
export interface ConnectionCounts {
  /** Ended so that another one could come in. */
  readonly evicted: number;
  /** Ended as nothing was heard of them. */
  readonly timedOut: number;
  /** Requests whose heads could not be understood, and clients that were sent away as they did nothing but ask. */
  readonly malformed: number;
  /** Times that a connection could not be accepted; it waits in the kernel and is tried again. */
  readonly acceptFailures: number;
}

export interface ConnectionPool extends Disposable {
  /** Ends all connections that nothing was asked on. */
  endIdle(): void;
  /** A group of at most `max` connections. A `privileged` one gets in when descriptors are short. */
  group(
    options: { readonly name: string; readonly max: number; readonly privileged?: boolean },
  ): ConnectionGroup;
  readonly counts: ConnectionCounts;
}

/**
 * Silence is measured in ticks, not in time: a sandbox that slept for an hour has not waited for anybody, and a
 * connection closed at the moment of waking up would meet the very request that woke us. In ms.
 */
export const TICK_MS = 5_000;

/** A transfer that has stood still for this long may be given up for another connection, in ms. */
const STALLED_MS = 1_000;
/** A connection that was just opened or answered may have its next request on the way: it is left alone this long, in ms. */
const GRACE_MS = 20;
/** Longest wait for a place before it is looked again whether one can be made, in ms. */
const RECHECK_MS = 25;
/** How long a group lets nobody in after a client that only makes work. In ms. */
const PUNISHED_MS = 500;
/** From this part of its places on, a group asks clients not to come back on the same connection. */
const CROWDED_SHARE = 0.75;
/** More connections of the platform than it has ever had. */
const MAX_KEPT = 8;
/** Part of the open connections that is ended when there is no descriptor left. */
const RELIEF_SHARE = 1 / 8;
/** However few descriptors there are, this many connections of local clients are tried. */
const LEAST_CEILING = 8;
/** The ceiling rises by this many with each tick: the descriptors may have been short for another reason. */
const CEILING_STEP = 4;

interface Entry {
  readonly group: Group;
  /** Ends the connection, in order where its protocol has one. */
  end: () => void;
  activity: Activity;
  ticksLeft: number;
  maxTicks: number;
  activeAt: number;
  proven: boolean;
  kept: boolean;
}

interface Group {
  readonly name: string;
  readonly max: number;
  readonly privileged: boolean;
  readonly entries: Set<Entry>;
  /** `performance.now()` until which nobody is let in. */
  closedUntil: number;
}

/** An empty pool. Its timer runs only while connections are open. */
export function createConnectionPool(log: Logger): ConnectionPool {
  const groups: Group[] = [];
  const counts = { evicted: 0, timedOut: 0, malformed: 0, acceptFailures: 0 };
  const said = new Set<string>();
  /** Most connections of unprivileged groups: unknown until descriptors have run out once. */
  let ceiling = Infinity;
  let ticker: ReturnType<typeof setInterval> | undefined;
  const waiting = new Set<() => void>();

  function tick(): void {
    ceiling += CEILING_STEP;
    for (const { entries } of groups) {
      for (const entry of entries) {
        if (entry.kept || --entry.ticksLeft > 0) continue;
        counts.timedOut++;
        end(entry);
      }
    }
  }

  function end(entry: Entry): void {
    forget(entry);
    entry.end();
  }

  function forget(entry: Entry): void {
    if (!entry.group.entries.delete(entry)) return;
    for (const wake of waiting) wake();
    if (groups.every(({ entries }) => entries.size === 0)) rest();
  }

  /** Without connections there is nothing to watch, and nothing known of descriptors either. */
  function rest(): void {
    clearInterval(ticker);
    ticker = undefined;
    ceiling = Infinity;
  }

  /** Resolves when a place is free, or when it is time to look whether one can be made. */
  function change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, RECHECK_MS);
      waiting.add(wake);
    });
  }

  function isFull(group: Group): boolean {
    return group.entries.size >= group.max || !group.privileged && unprivileged() >= ceiling;
  }

  function isCrowded(group: Group): boolean {
    return group.entries.size >= group.max * CROWDED_SHARE || unprivileged() >= ceiling * CROWDED_SHARE;
  }

  function unprivileged(): number {
    return groups.reduce((sum, { privileged, entries }) => sum + (privileged ? 0 : entries.size), 0);
  }

  /** Who would have to go for a newcomer of `group`: of its own connections if it is full, else of all. */
  function candidates(group: Group): Entry[] {
    const from = group.entries.size >= group.max ? [group] : groups;
    const now = performance.now();
    return from
      .flatMap(({ entries }) => [...entries])
      .filter((entry) => isDispensable(entry, now))
      .sort((a, b) => rank(a) - rank(b) || a.activeAt - b.activeAt);
  }

  function sayOnce(what: string, fields: Record<string, unknown>): void {
    if (said.has(what)) return;
    said.add(what);
    log.warn(what, fields);
  }

  function evict(entry: Entry): void {
    counts.evicted++;
    end(entry);
  }

  function admit(group: Group, close: () => void): Lease {
    if (isFull(group)) {
      const [victim] = candidates(group);
      sayOnce("Idle connections of local clients are closed as no more may be open", {
        listener: group.name,
        open: group.entries.size,
      });
      if (victim !== undefined) evict(victim);
    }
    const entry: Entry = {
      group,
      end: close,
      activity: "idle",
      ticksLeft: Infinity,
      maxTicks: Infinity,
      activeAt: performance.now(),
      proven: false,
      kept: false,
    };
    group.entries.add(entry);
    ticker ??= setInterval(tick, TICK_MS);
    return createLease(entry, close);
  }

  function createLease(entry: Entry, close: () => void): Lease {
    return {
      enter: (activity, maxTicks = Infinity) => {
        Object.assign(entry, { activity, maxTicks, ticksLeft: maxTicks, activeAt: performance.now() });
      },
      touch: () => {
        Object.assign(entry, { ticksLeft: entry.maxTicks, activeAt: performance.now() });
      },
      prove: () => void (entry.proven = true),
      keep: () => keep(entry),
      closeWith: (end) => void (entry.end = end),
      close,
      punish: () => {
        counts.malformed++;
        if (!entry.group.privileged) entry.group.closedUntil = performance.now() + PUNISHED_MS;
      },
      malformed: () => {
        counts.malformed++;
        log.debug("A request was refused as its head cannot be understood", { listener: entry.group.name });
      },
      get isCrowded() {
        return !entry.kept && isCrowded(entry.group);
      },
      release: () => forget(entry),
    };
  }

  /** Anybody may look like the platform: the one that was silent for longest is one of many again. */
  function keep(entry: Entry): void {
    if (entry.kept) return;
    entry.kept = true;
    const kept = [...entry.group.entries].filter((other) => other.kept);
    if (kept.length <= MAX_KEPT) return;
    kept.reduce((a, b) => a.activeAt <= b.activeAt ? a : b).kept = false;
  }

  function acceptFailed(group: Group, error: unknown): void {
    counts.acceptFailures++;
    sayOnce("A connection could not be accepted, and waits", {
      listener: group.name,
      error: describeError(error),
    });
    if (!isOutOfDescriptors(error)) return;
    const open = groups.reduce((sum, { entries }) => sum + entries.size, 0);
    candidates(group).slice(0, Math.ceil(open * RELIEF_SHARE)).forEach(evict);
    ceiling = Math.max(LEAST_CEILING, Math.min(ceiling, unprivileged()));
  }

  return {
    group: ({ name, max, privileged = false }) => {
      const group: Group = { name, max, privileged, entries: new Set(), closedUntil: 0 };
      groups.push(group);
      return {
        hasVacancy: () =>
          performance.now() >= group.closedUntil && (!isFull(group) || candidates(group).length > 0),
        change,
        admit: (close) => admit(group, close),
        acceptFailed: (error) => acceptFailed(group, error),
        get open() {
          return group.entries.size;
        },
      };
    },
    endIdle: () => {
      for (const { entries } of groups) {
        for (const entry of entries) if (entry.activity === "idle") end(entry);
      }
    },
    counts,
    [Symbol.dispose]: () => {
      rest();
      for (const wake of waiting) wake();
    },
  };
}

/** Nothing is lost with it: no request of it is being worked on, and none is on its way as far as we see. */
function isDispensable({ activity, activeAt, kept }: Entry, now: number): boolean {
  if (kept || activity === "working") return false;
  return now - activeAt >= (activity === "idle" ? GRACE_MS : STALLED_MS);
}

function rank({ activity, proven }: Entry): number {
  return (activity === "idle" ? 0 : 2) + (proven ? 1 : 0);
}

/** EMFILE and ENFILE; the kernel's memory for sockets counts as well. */
function isOutOfDescriptors(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE" || code === "ENOBUFS" || code === "ENOMEM" ||
    /os error (?:24|23|105|12)\)/.test(String(error));
}
