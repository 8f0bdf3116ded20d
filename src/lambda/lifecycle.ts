import type { Logger } from "@std/log";
import type { BreakerState } from "../pipeline/circuit_breaker.ts";
import { createDeadline, MAX_TIMER_MS, settledBefore } from "../pipeline/deadline.ts";
import type { Flusher } from "../pipeline/flusher.ts";
import type { InvokeEvent, NextResult, ShutdownEvent, ShutdownReason } from "./extensions_api.ts";
import { decideFlush, type FlushPlan, HISTORY_LENGTH } from "./flush_policy.ts";
import type { OpenInvocation } from "./invocations.ts";

/** What the loop needs to know of invocations, and tells of them. */
export interface InvocationWatch {
  /** An INVOKE came. */
  invoked(event: InvokeEvent): OpenInvocation;
  /** Settles once the last invocation's report is in, or when the signal fires. */
  lastReported(signal: AbortSignal): Promise<unknown>;
  /** Gives every open invocation its outcome. */
  shutdown(reason: ShutdownReason): void;
  /** Telemetry POSTs taken so far, of whatever content. */
  readonly batches: number;
}

export interface LifecycleOptions {
  readonly next: () => Promise<NextResult>;
  readonly invocations: InvocationWatch;
  readonly flusher: Pick<Flusher, "flush" | "busy" | "lastFlushAt">;
  readonly breaker: () => BreakerState;
  readonly heldBytes: () => number;
  readonly plan: FlushPlan;
  /** Most billed time one invocation may spend on sending, in ms. */
  readonly budgetMs: number;
  /** Longest life of a flush that runs beside the function, in ms. */
  readonly exportTimeoutMs: number;
  /** Time between flushes inside a long invocation and on managed instances, in ms. */
  readonly flushIntervalMs: number;
  /** Whether `platform.runtimeDone` will come. */
  readonly telemetry: boolean;
  /** No INVOKE, no freeze: flush by timer. */
  readonly managedInstance: boolean;
  /** Hands out what to call when the store fills up: it is emptied at once if an invocation is open. */
  readonly onPressure?: (relieve: () => void) => void;
  /** Told of each event with the time since the last one ended, which may have been a freeze. In ms. */
  readonly onWake?: (sleptMs: number) => void;
  /** Told how long `next` was held after the runtime was done, in ms: billed time. */
  readonly onHeld?: (billedMs: number) => void;
  /**
   * Puts away what flushes left in memory, for about `maxMs`: before `next` is asked for, after each flush beside the
   * function, and (`last`) when nothing will be sent any more.
   */
  readonly stow?: (maxMs: number, last: boolean) => void;
  /** Time of the budget and of shutdown that is kept for {@link stow}, in ms. @default 0 */
  readonly stowMs?: number;
  /** Last thing before the final flush. */
  readonly onShutdown?: () => Promise<void> | void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** How the loop ended: the process exits with this code. */
export interface LifecycleEnd {
  readonly exitCode: number;
  readonly reason: string;
}

/** Kept back from the invocation's deadline, so that `next` is called before Lambda kills the sandbox. In ms. */
const MARGIN_MS = 200;
/** An end flush shorter than this cannot do a round trip: the data waits for the next one. In ms. */
const SHORTEST_FLUSH_MS = 10;
/** The last report comes with the SHUTDOWN event; this long it is waited for. In ms. */
const LAST_REPORT_MS = 300;
/** Sending ends this long after SHUTDOWN, whatever the deadline: the platform allows 2 s in all, the exit included. In ms. */
const SHUTDOWN_MS = 1_200;
/** Part of shutdown's time that a flush in flight may take: its connection may have died in the freeze. */
const BESIDE_SHARE = 0.4;
/** Putting away beside the function holds up its telemetry, at most so long. In ms. */
const STOW_BESIDE_MS = 100;
/** Shutdown keeps that much more time for it than an invocation: everything must go now. */
const LAST_STOW_FACTOR = 4;
/** Time for a last flush when Lambda refuses to serve us and tells no deadline. In ms. */
const REFUSED_FLUSH_MS = 1_000;
/** Waits between tries when `next` gets no answer, in ms. */
const NEXT_RETRY_MS: readonly number[] = [50, 200, 500];

/**
 * The loop: next, wait for the runtime, flush as the plan says, next. Ends with SHUTDOWN or when Lambda refuses to
 * serve us. Nothing of ours is pending at `next` but an `overlap` flush, which survives a freeze.
 * @see `spec/lambda.md` 5.1
 */
export async function runLifecycle(options: LifecycleOptions): Promise<LifecycleEnd> {
  const { flusher, invocations, log, now, stowMs = 0 } = options;
  const flushIntervalMs = Math.min(options.flushIntervalMs, MAX_TIMER_MS);
  const gapsMs: number[] = [];
  let invokedAt = 0;
  let sleptSince = now();
  /** Whether the sandbox cannot be frozen just now: an invocation waits for us, or there is no freeze. */
  let awake = options.managedInstance;
  let beside: { readonly flight: Promise<unknown>; readonly abort: AbortController } | undefined;

  options.onPressure?.(() => {
    if (awake) flushBeside();
  });
  const ticker = options.managedInstance ? setInterval(() => flushBeside(), flushIntervalMs) : undefined;
  try {
    return await loop();
  } finally {
    clearInterval(ticker);
  }

  async function loop(): Promise<LifecycleEnd> {
    for (let failures = 0;;) {
      const event = await options.next();
      const sleptMs = Math.max(0, now() - sleptSince);
      switch (event.type) {
        case "invoke":
          failures = 0;
          options.onWake?.(sleptMs);
          awake = true;
          await onInvoke(event);
          awake = options.managedInstance;
          break;
        case "shutdown":
          options.onWake?.(sleptMs);
          await onShutdown(event);
          return { exitCode: 0, reason: event.reason };
        case "unknown":
          log.warn("An event of an unknown type was ignored", { eventType: event.eventType });
          // A body that is no event at all, again and again, must not become a busy loop.
          if (event.eventType === "") await sleep(NEXT_RETRY_MS[0] ?? 0);
          break;
        case "transport_error": {
          const waitMs = NEXT_RETRY_MS[failures++];
          if (waitMs === undefined) return await onRefused(event.error);
          await sleep(waitMs);
          break;
        }
        case "refused":
          return await onRefused(event.error);
        default:
          event satisfies never;
      }
      sleptSince = now();
    }
  }

  async function onInvoke(event: InvokeEvent): Promise<void> {
    const startedAt = now();
    if (invokedAt > 0) {
      gapsMs.push(Math.max(0, startedAt - invokedAt));
      if (gapsMs.length > HISTORY_LENGTH) gapsMs.shift();
    }
    invokedAt = startedAt;
    const open = invocations.invoked(event);
    const breaker = options.breaker();
    const decision = decideFlush(options.plan, {
      gapsMs,
      sinceFlushMs: startedAt - flusher.lastFlushAt,
      heldBytes: options.heldBytes(),
      breaker,
      telemetry: options.telemetry,
    });
    if (decision === "overlap") flushBeside();
    if (!options.telemetry) return options.stow?.(STOW_BESIDE_MS, false);
    await runtimeDone(event, open);
    const doneAt = now();
    const endAt = Math.min(doneAt + options.budgetMs, event.deadlineAt - MARGIN_MS);
    if (decision === "end") await flushAtEnd(endAt);
    // A flush by timer that is still under way has no plan's leave to go on beyond `next`.
    else if (options.plan.kind === "periodic" && breaker === "closed") {
      await endBeside(endAt - now() - stowMs);
    }
    options.stow?.(Math.max(0, endAt - now()), false);
    options.onHeld?.(Math.max(0, now() - doneAt));
  }

  /** Waits for the runtime, and flushes by timer beside it when it takes long. */
  async function runtimeDone(event: InvokeEvent, open: OpenInvocation): Promise<void> {
    using deadline = createDeadline(event.deadlineAt - MARGIN_MS - now(), now);
    const timer = setInterval(() => flushBeside(), flushIntervalMs);
    try {
      await settledBefore(open.waitOver, deadline.signal);
    } finally {
      clearInterval(timer);
    }
  }

  async function flushAtEnd(endAt: number): Promise<void> {
    const budgetMs = endAt - now() - stowMs;
    if (budgetMs >= SHORTEST_FLUSH_MS) {
      using deadline = createDeadline(budgetMs, now);
      await flusher.flush(deadline.signal);
    }
    // A flush begun beside a long run may have outlived the budget: nothing unnamed is pending at `next`.
    await endBeside(0);
  }

  /** Starts a flush that nobody waits for; its own time limit knows freezes. One at a time. */
  function flushBeside(): void {
    if (flusher.busy) return;
    const abort = new AbortController();
    const deadline = createDeadline(options.exportTimeoutMs, now);
    const flight = flusher.flush(AbortSignal.any([abort.signal, deadline.signal])).finally(() => {
      deadline[Symbol.dispose]();
      if (beside === begun) beside = undefined;
      options.stow?.(STOW_BESIDE_MS, false);
    });
    const begun = { flight, abort };
    beside = begun;
  }

  /** Gives a flush beside the function that much time to end, then cuts it: its batch is put back. */
  async function endBeside(patienceMs: number): Promise<void> {
    if (beside === undefined) return;
    const { flight, abort } = beside;
    using patience = createDeadline(patienceMs, now);
    if (patienceMs <= 0 || !await settledBefore(flight, patience.signal)) abort.abort();
    await flight;
  }

  async function onShutdown(event: ShutdownEvent): Promise<void> {
    const endAt = Math.min(event.deadlineAt - MARGIN_MS, now() + SHUTDOWN_MS);
    if (options.telemetry) {
      using patience = createDeadline(Math.min(LAST_REPORT_MS, endAt - now()), now);
      await settledBefore(invocations.lastReported(patience.signal), patience.signal);
    }
    invocations.shutdown(event.reason);
    await finalFlush(endAt - now());
  }

  async function onRefused(error: string): Promise<LifecycleEnd> {
    log.error("The extension ends as Lambda does not serve it any more", { error });
    invocations.shutdown("unknown");
    await finalFlush(REFUSED_FLUSH_MS);
    return { exitCode: 1, reason: error };
  }

  async function finalFlush(budgetMs: number): Promise<void> {
    const endAt = now() + budgetMs;
    const flushMs = Math.max(0, budgetMs - stowMs * LAST_STOW_FACTOR);
    using deadline = createDeadline(flushMs, now);
    await settledBefore(Promise.resolve().then(() => options.onShutdown?.()), deadline.signal);
    await endBeside(flushMs * BESIDE_SHARE);
    await flusher.flush(deadline.signal, { newestFirst: true, force: true });
    await endBeside(0);
    options.stow?.(Math.max(stowMs, endAt - now()), true);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
