/** An abort signal with an owner: it fires once `budgetMs` is over and must be disposed of. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Longest delay of a timer, in ms; one that is longer fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A timer this late means that the sandbox was frozen, not that the machine was slow. In ms. */
const FROZEN_IF_LATE_MS = 500;
/** After a thaw a pending answer may already sit in the socket; this long it may still be read. In ms. */
const GRACE_AFTER_THAW_MS = 100;

/**
 * A deadline that survives a freeze, and fires with the first of `signals` if that is earlier, for its reason. On thaw all elapsed timers fire before any socket is read, so a plain
 * timeout would abort a request whose answer is already here, and the data would be sent twice. It fires with a
 * `TimeoutError` of that message.
 * @see `tests/spec/deno.md` 8, freeze and thaw
 */
export function createDeadline(
  budgetMs: number,
  now: () => number = Date.now,
  message = "Time is over",
  signals: readonly AbortSignal[] = [],
): Deadline {
  const controller = new AbortController();
  const letGo = follow(controller, signals);
  const expire = (): void => controller.abort(new DOMException(message, "TimeoutError"));
  const stop = controller.signal.aborted ? undefined : after(budgetMs, now, expire);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      stop?.();
      letGo();
    },
  };
}

/** Calls `expire` once `budgetMs` is over, as a deadline does. What is returned stops it. */
function after(budgetMs: number, now: () => number, expire: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The moment of grace may itself be cut by a freeze.
  const wait = (waitMs: number): void => {
    const dueAt = now() + waitMs;
    const dueTicks = performance.now() + waitMs;
    timer = setTimeout(() => {
      // Set back meanwhile the clock shows it too, unless by just as much: timers have a clock that is not set.
      const lateMs = Math.max(Math.abs(now() - dueAt), performance.now() - dueTicks);
      if (lateMs < FROZEN_IF_LATE_MS) expire();
      else wait(GRACE_AFTER_THAW_MS);
    }, waitMs);
  };
  wait(Math.min(Math.max(0, budgetMs), MAX_TIMER_MS));
  return () => clearTimeout(timer);
}

/** A signal with an owner: disposing it lets go of what it listens to. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Has it fire at once, whatever it listens to. */
  abort(reason: unknown): void;
}

/**
 * A signal that fires with the first of `signals`, for its reason. In place of `AbortSignal.any`: what waits for one of
 * Deno 2.7's is collected as garbage with it, and never told.
 */
export function linkSignals(...signals: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: follow(controller, signals),
  };
}

/** Aborts with the first of `signals`, for its reason. What is returned lets go of them. */
function follow(controller: AbortController, signals: readonly AbortSignal[]): () => void {
  const cut = (event: Event): void => {
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", cut, { once: true });
  }
  return () => {
    for (const signal of signals) signal.removeEventListener("abort", cut);
  };
}

/** Resolves `true` when `work` is settled, `false` when `signal` fires first. Never rejects. */
export function settledBefore(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = (): void => resolve(false);
    const settle = (): void => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    };
    signal.addEventListener("abort", stop, { once: true });
    work.then(settle, settle);
  });
}

/**
 * Resolves `true` when `work` is settled, `false` when `budgetMs` is over first, which survives a freeze as
 * {@link createDeadline} does. Never rejects.
 */
export function settledWithin(
  work: Promise<unknown>,
  budgetMs: number,
  now: () => number = Date.now,
): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = after(budgetMs, now, () => resolve(false));
    const settle = (): void => {
      stop();
      resolve(true);
    };
    work.then(settle, settle);
  });
}
