import { describeError } from "@std/log";
import { createDeadline, MAX_TIMER_MS, settledBefore, settledWithin } from "../pipeline/deadline.ts";
import type { InvokeEvent, NextResult, ShutdownEvent, ShutdownReason } from "./extensions_api.ts";
import { createFlushes, type FlushesOptions, type FlushTarget, joinFlushes } from "./flushes.ts";
import type { OpenInvocation } from "./invocations.ts";
import { createSpillBeside, type Spill } from "./spill_beside.ts";
import { createTelemetryFuse } from "./telemetry_fuse.ts";

/** What the loop needs to know of invocations, and tells of them. */
export interface InvocationWatch {
  /** An INVOKE came. */
  invoked(event: InvokeEvent): OpenInvocation;
  /** Settles once the last invocation's report is in, or when the signal fires. */
  lastReported(signal: AbortSignal): Promise<unknown>;
  /** Gives every open invocation its outcome, behind the last logs. */
  shutdown(reason: ShutdownReason): Promise<void> | void;
  /** Telemetry POSTs taken so far, of whatever content. */
  readonly batches: number;
}

export interface LifecycleOptions extends Omit<FlushesOptions, "onFlushedBeside"> {
  readonly next: () => Promise<NextResult>;
  /** Whom is sent to besides. @default nobody */
  readonly others?: readonly FlushTarget[];
  readonly invocations: InvocationWatch;
  /** Most billed time one invocation may spend on sending, in ms. */
  readonly budgetMs: number;
  /** Time between flushes inside a long invocation and on managed instances, in ms. */
  readonly flushIntervalMs: number;
  /** No INVOKE, no freeze: flush by timer. */
  readonly managedInstance: boolean;
  /** Told of each event with the time since the last one ended, which may have been a freeze. In ms. */
  readonly onWake?: (sleptMs: number) => void;
  /** Told how long `next` was held after the runtime was done with this request, in ms: billed time. */
  readonly onHeld?: (billedMs: number, requestId: string) => void;
  /** Told that the function runs, of each invocation and by timer on managed instances: what takes CPU may begin. */
  readonly onRunning?: () => void;
  /**
   * Puts away what flushes left in memory, for about `maxMs`: before `next` is asked for after a flush at the end,
   * beside the function, in steps, and (`last`) when nothing will be sent any more.
   */
  readonly spill?: Spill;
  /** Time of the budget and of shutdown that is kept for {@link spill}, in ms. @default 0 */
  readonly spillMs?: number;
}

/** How the loop ended: the process exits with this code. */
export interface LifecycleEnd {
  readonly exitCode: number;
  readonly reason: string;
}

/** The loop over Lambda's events. */
export interface Lifecycle {
  /**
   * Runs until SHUTDOWN or until Lambda refuses to serve us. `telemetry`: `platform.runtimeDone` will come. Never
   * rejects: what goes wrong with an event is logged, and the next one asked for.
   */
  run(telemetry: boolean): Promise<LifecycleEnd>;
  /** There is much to send: it goes at once if the sandbox is awake, else with the next event. */
  requestFlush(): void;
}

/** Kept back from the invocation's deadline, so that `next` is called before Lambda kills the sandbox. In ms. */
const MARGIN_MS = 200;
/** The last report comes with the SHUTDOWN event; this long it is waited for, and as long again after each POST. In ms. */
const LAST_REPORT_MS = 300;
/** A platform that is far behind delivers to the end: by then the wait for it is over, so that there is time to send. */
const LAST_TELEMETRY_MS = 700;
/** Sending ends this long after SHUTDOWN, whatever the deadline: the platform allows 2 s in all, the exit included. In ms. */
const SHUTDOWN_MS = 1_200;
/** By then `next` is on its way, in ms. */
const AFTER_NEXT_MS = 5;
/** Shutdown keeps that much more time for it than an invocation: everything must go now. */
const LAST_SPILL_FACTOR = 4;
/** Time for a last flush when Lambda refuses to serve us and tells no deadline. In ms. */
const REFUSED_FLUSH_MS = 1_000;
/** Waits between tries when `next` gets no answer, in ms. */
const NEXT_RETRY_MS: readonly number[] = [50, 200, 500];

/**
 * The loop: next, flush as the plan says, next. Only where a flush at the end is due does it wait for the runtime
 * first. Nothing of ours is pending at `next` but a flush beside the function, which survives a freeze.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { invocations, log, now, spillMs = 0 } = options;
  const flushIntervalMs = Math.min(options.flushIntervalMs, MAX_TIMER_MS);
  const fuse = createTelemetryFuse(log);
  const beside = createSpillBeside((...all) => options.spill?.(...all), now);
  const main = createFlushes({ ...options, onFlushedBeside: () => beside.start() });
  // Only what Dataway did not take is ever put away.
  const others = (options.others ?? []).map((other) =>
    createFlushes({ ...other, plan: options.plan, onFlushedBeside: () => {}, log, now })
  );
  const flushes = others.length === 0 ? main : joinFlushes([main, ...others]);
  let hasTelemetry = false;
  let sleptSince = now();
  /** Whether the sandbox cannot be frozen just now: the function runs, or there is no freeze. */
  let awake = options.managedInstance;
  /** Of the invocation before. */
  let lastEnd: OpenInvocation["runtimeEnd"] | undefined;
  /** Ends what goes on while the latest invocation does. */
  let closeInvocation = (): void => {};

  return {
    run: async (telemetry) => {
      hasTelemetry = telemetry;
      const ticker = options.managedInstance ? setInterval(onTick, flushIntervalMs) : undefined;
      try {
        return await loop();
      } finally {
        clearInterval(ticker);
        closeInvocation();
        beside.stop();
      }
    },
    requestFlush: () => {
      if (awake) flushes.startBeside();
    },
  };

  function onTick(): void {
    options.onRunning?.();
    flushes.startBeside();
  }

  async function loop(): Promise<LifecycleEnd> {
    for (let failures = 0;;) {
      const event = await nextEvent();
      const sleptMs = Math.max(0, now() - sleptSince);
      switch (event.type) {
        case "invoke":
          failures = 0;
          closeInvocation();
          await contained("An invocation", () => {
            options.onWake?.(sleptMs);
            return onInvoke(event);
          });
          break;
        case "shutdown":
          closeInvocation();
          await contained("The time asleep", () => options.onWake?.(sleptMs));
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

  async function nextEvent(): Promise<NextResult> {
    try {
      return await options.next();
    } catch (error) {
      return { type: "transport_error", error: describeError(error) };
    }
  }

  async function onInvoke(event: InvokeEvent): Promise<void> {
    const invokedAt = now();
    awake = true;
    const invocation = invocations.invoked(event);
    const waits = hasTelemetry && fuse.whole;
    const decision = flushes.decide(waits);
    flushes.begin();
    options.onRunning?.();
    // What the last one told may only be on its way: `next` was asked for before its end.
    if (decision === "overlap") sendAfter(lastEnd, invocation);
    lastEnd = invocation.runtimeEnd;
    const flushesAtEnd = decision === "end" || decision === "probe";
    // In an outage the spool is to have what this invocation tells, before anything can end the process.
    const spillsAtEnd = decision === "defer" && waits && spillMs > 0 && options.breaker() === "open";
    keepOpen(event, invocation, flushesAtEnd || spillsAtEnd);
    if (flushesAtEnd || spillsAtEnd) {
      const doneAt = await runtimeEnd(event, invocation);
      const endAt = Math.min(doneAt + options.budgetMs, event.deadlineAt - MARGIN_MS);
      if (flushes.endIsDue) await flushes.atEnd(endAt - now() - spillMs);
      spill(Math.max(0, endAt - now()));
    }
    const askedAt = now();
    void invocation.runtimeEnd.then((end) => {
      if (end?.doneAt === undefined) return;
      fuse.told();
      const billedMs = Math.min(Math.max(0, askedAt - end.doneAt), askedAt - invokedAt);
      options.onHeld?.(billedMs, event.requestId);
    });
  }

  /** Sends beside the function what the end of the invocation before brings, if this one still goes on then. */
  function sendAfter(end: OpenInvocation["runtimeEnd"] | undefined, { runtimeEnd }: OpenInvocation): void {
    let isOver = false;
    let isKnown = false;
    void runtimeEnd.then(() => isOver = true);
    void end?.then(() => isKnown = true);
    void Promise.resolve().then(() => {
      if (end !== undefined && !isKnown) void end.then(() => isOver || flushes.startBeside());
    });
  }

  /**
   * While the function runs: what takes long is flushed by timer, and what cannot be sent is put away, if it is not at
   * the end.
   */
  function keepOpen(event: InvokeEvent, invocation: OpenInvocation, flushesAtEnd: boolean): void {
    let open = true;
    // Not before `next`: a function that is done by then would have to pay for it.
    const putAway = flushesAtEnd ? undefined : setTimeout(beside.start, AFTER_NEXT_MS);
    // One timer for the flushes and the end: the runtime keeps what each of them leaves beyond the invocation.
    let leftMs = Math.min(Math.max(0, Math.ceil(event.deadlineAt - now())), MAX_TIMER_MS);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const close = (): void => {
      open = false;
      clearTimeout(putAway);
      clearTimeout(timer);
      awake = options.managedInstance;
    };
    const wait = (): void => {
      const waitMs = Math.min(flushIntervalMs, leftMs);
      leftMs -= waitMs;
      timer = setTimeout(() => {
        if (leftMs === 0) return close();
        flushes.startBeside();
        wait();
      }, waitMs);
    };
    wait();
    closeInvocation = close;
    void invocation.runtimeEnd.then(() => {
      if (!open) return;
      close();
      if (!flushesAtEnd) beside.start();
    });
  }

  /** Waits for the runtime's end, as long as it may be told. Resolves to when that wait was over. */
  async function runtimeEnd(event: InvokeEvent, invocation: OpenInvocation): Promise<number> {
    const waitMs = event.deadlineAt - MARGIN_MS - now();
    fuse.waited(!await settledWithin(invocation.waitOver, waitMs, now));
    return now();
  }

  async function onShutdown(event: ShutdownEvent): Promise<void> {
    const endAt = Math.min(event.deadlineAt - MARGIN_MS, now() + SHUTDOWN_MS);
    if (hasTelemetry) await lastTelemetry(Math.min(endAt, now() + LAST_TELEMETRY_MS));
    await contained("The end of the last invocations", () => invocations.shutdown(event.reason));
    await lastFlush(endAt - now());
  }

  /** What the platform has not delivered by now comes in order, the last report at its end. */
  async function lastTelemetry(endAt: number): Promise<void> {
    let heard: number;
    do {
      heard = invocations.batches;
      using patience = createDeadline(Math.min(LAST_REPORT_MS, endAt - now()), now);
      await settledBefore(invocations.lastReported(patience.signal), patience.signal);
      if (!patience.signal.aborted) return;
    } while (invocations.batches !== heard && now() < endAt);
  }

  async function onRefused(error: string): Promise<LifecycleEnd> {
    log.error("The extension ends as Lambda does not serve it any more", { error });
    await contained("The end of the last invocations", () => invocations.shutdown("unknown"));
    await lastFlush(REFUSED_FLUSH_MS);
    return { exitCode: 1, reason: error };
  }

  async function lastFlush(budgetMs: number): Promise<void> {
    const endAt = now() + budgetMs;
    const flushMs = Math.max(0, budgetMs - spillMs * LAST_SPILL_FACTOR);
    await contained("The last flush", () => flushes.last(flushMs));
    spill(Math.max(spillMs, endAt - now()), true);
  }

  /** At once: what comes next waits for it. */
  function spill(maxMs: number, last = false): void {
    beside.stop();
    options.spill?.(maxMs, last, false);
  }

  /** One event that goes wrong must not end the loop. */
  async function contained(what: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error(`${what} could not be handled`, { error: describeError(error) });
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
