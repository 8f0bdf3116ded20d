import { setImmediate } from "node:timers";

/**
 * Time that passes only in {@link FakeTime.step}. While it is installed, timers and clocks of the whole process are
 * its own, so that hours of a sandbox take milliseconds and every race has one outcome.
 */
export interface FakeTime extends Disposable {
  /** Unix time in ms as the program sees it. */
  now(): number;
  /** Time passed in the world since the start, freezes included, in ms. */
  readonly elapsedMs: number;
  readonly frozen: boolean;
  /** Timers of the program that are still to fire. */
  readonly timers: number;
  /** Something outside of the program, which a freeze does not stop. */
  outside(delayMs: number, action: () => void): void;
  /** Something that reaches the program: in a freeze it waits, and is seen after the timers that are due by then. */
  inbound(delayMs: number, action: () => void): void;
  /** Stops the program: no timer fires, nothing reaches it. */
  freeze(): void;
  /** Goes on. Timers due meanwhile fire at once if the monotonic clock ran on, else they keep what was left. */
  thaw(options: { readonly monotonic: boolean; readonly wallJumpMs: number }): void;
  /** The program and its world are gone: nothing that was to happen does. */
  kill(): void;
  /** Runs what is due next and everything that follows from it; `false` when nothing is left. */
  step(): Promise<boolean>;
  /** Runs what follows from what was done so far, without any time passing. */
  settle(): Promise<void>;
}

interface Due {
  at: number;
  /** Order of what is due at the same time. */
  order: number;
  readonly kind: "timer" | "inbound" | "outside";
  readonly run: () => void;
  /** Of an interval, in ms. */
  readonly everyMs?: number;
}

/** Deno fires at once what is further away than this, in ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Installs it until it is disposed of. The wall clock starts at `startAt`, Unix time in ms. */
export function installFakeTime(startAt = 1_789_043_400_000): FakeTime {
  const due = new Map<number, Due>();
  let elapsedMs = 0;
  let wallOffsetMs = startAt;
  let order = 0;
  let frozenAt: number | undefined;
  /** Time that the monotonic clock stood still in freezes. */
  let stoodMs = 0;

  function schedule(kind: Due["kind"], delayMs: number, run: () => void, everyMs?: number): number {
    const id = ++order;
    due.set(id, { at: elapsedMs + delayMs, order, kind, run, ...(everyMs === undefined ? {} : { everyMs }) });
    return id;
  }

  function earliest(): readonly [number, Due] | undefined {
    let best: readonly [number, Due] | undefined;
    for (const entry of due) {
      const [, { kind, at, order }] = entry;
      if (frozenAt !== undefined && kind !== "outside") continue;
      if (best === undefined || at < best[1].at || (at === best[1].at && order < best[1].order)) best = entry;
    }
    return best;
  }

  const startTimer = (repeat: boolean) => (callback: () => void, delay: number | undefined): number => {
    const delayMs = toDelay(delay);
    return schedule("timer", delayMs, callback, repeat ? Math.max(1, delayMs) : undefined);
  };
  const stopTimer = (id: number | undefined): void => void due.delete(id ?? 0);
  const restore = replace([
    [globalThis, "setTimeout", startTimer(false)],
    [globalThis, "setInterval", startTimer(true)],
    [globalThis, "clearTimeout", stopTimer],
    [globalThis, "clearInterval", stopTimer],
    [Date, "now", () => Math.floor(wallOffsetMs + elapsedMs)],
    [performance, "now", () => elapsedMs - stoodMs],
    [AbortSignal, "timeout", (delayMs: number) => {
      const controller = new AbortController();
      schedule(
        "timer",
        toDelay(delayMs),
        () => controller.abort(new DOMException("Timed out", "TimeoutError")),
      );
      return controller.signal;
    }],
  ]);

  return {
    now: () => Math.floor(wallOffsetMs + elapsedMs),
    get elapsedMs() {
      return elapsedMs;
    },
    get frozen() {
      return frozenAt !== undefined;
    },
    get timers() {
      return [...due.values()].filter(({ kind }) => kind === "timer").length;
    },
    outside: (delayMs, action) => void schedule("outside", delayMs, action),
    inbound: (delayMs, action) => void schedule("inbound", delayMs, action),
    freeze: () => void (frozenAt ??= elapsedMs),
    thaw: ({ monotonic, wallJumpMs }) => {
      if (frozenAt === undefined) return;
      for (const entry of due.values()) {
        if (entry.kind === "timer" && !monotonic) entry.at += elapsedMs - frozenAt;
        if (entry.kind !== "inbound" || entry.at > elapsedMs) continue;
        entry.at = elapsedMs;
        entry.order = ++order;
      }
      if (!monotonic) stoodMs += elapsedMs - frozenAt;
      wallOffsetMs += wallJumpMs;
      frozenAt = undefined;
    },
    kill: () => {
      frozenAt = undefined;
      due.clear();
    },
    step: async () => {
      const next = earliest();
      if (next === undefined) return false;
      const [id, { at, kind, run, everyMs }] = next;
      due.delete(id);
      elapsedMs = Math.max(elapsedMs, at);
      // An interval keeps its id, by which it may be cleared from within.
      if (everyMs !== undefined) due.set(id, { at: elapsedMs + everyMs, order: ++order, kind, run, everyMs });
      run();
      await settle();
      return true;
    },
    settle,
    [Symbol.dispose]: restore,
  };
}

/** Resolves when all microtasks are done: they go before the next turn of the event loop. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(() => resolve()));
}

function toDelay(delay: number | undefined): number {
  const delayMs = Math.trunc(delay ?? 0);
  return delayMs > 0 && delayMs <= MAX_DELAY_MS ? delayMs : 0;
}

/** Replaces properties; the result puts the old ones back. */
function replace(
  properties: readonly (readonly [target: object, name: string, value: unknown])[],
): () => void {
  const old = properties.map(([target, name, value]) => {
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    return [target, name, descriptor] as const;
  });
  return () => {
    for (const [target, name, descriptor] of old) {
      Reflect.deleteProperty(target, name);
      if (descriptor !== undefined) Object.defineProperty(target, name, descriptor);
    }
  };
}
