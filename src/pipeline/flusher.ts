import { describeError, type Logger } from "@std/log";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import { createDeadline, linkSignals, settledBefore } from "./deadline.ts";
import { createPassSender, type Pass, type PassSenderOptions } from "./flush_pass.ts";
import { newRound, type Round } from "./uploads.ts";

/** What came of one flush, in points. */
export interface FlushReport {
  readonly exported: number;
  /** Put back for later. */
  readonly restored: number;
  /** Refused for good, or too large: counted in the ledger. */
  readonly dropped: number;
  /** Size of what was exported, before compression. */
  readonly bytes: number;
  readonly durationMs: number;
  /** Why the latest batch was not taken; missing when all were. */
  readonly error?: string;
}

/** How a flush is made. */
export interface FlushOptions {
  /** Nobody waits for it: it may take its time with a Dataway that does not answer. @default false */
  readonly beside?: boolean;
}

/** Empties the store into Dataway. */
export interface Flusher {
  /**
   * Collects aggregates and sends what is held until nothing is left, Dataway refuses, or `signal` fires. Resolves with
   * the signal at the latest, and never rejects; uploads under way then go on, and are settled when they are answered.
   * While Dataway is slower than can be waited for, others are begun and not waited for, unless `beside`. A second
   * flush waits for the first one, or ends it if that hangs.
   */
  flush(signal: AbortSignal, options?: FlushOptions): Promise<void>;
  /**
   * The last flush, of about `budgetMs` at most: whatever the breaker says, newest data first, then the spool, then
   * the figures that tell what all that came to. Nothing is under way when it resolves.
   */
  last(budgetMs: number): Promise<void>;
  /** Whether a flush is being made. */
  readonly busy: boolean;
  /** Whether data has to wait: Dataway did not take it, or time was over. */
  readonly stuck: boolean;
  /** When the last flush that sent something was settled, Unix ms; 0 before. */
  readonly lastFlushAt: number;
}

export interface FlusherOptions extends PassSenderOptions {
  readonly breaker: CircuitBreaker;
  /**
   * Hands on aggregates (StatsD). A failure costs only that aggregate. What takes too long is not waited for and goes
   * with a later flush.
   */
  readonly collect: () => Promise<void> | void;
  /** Told of each flush that tried to send something, once all that it began is settled. */
  readonly onFlushed?: (report: FlushReport) => void;
  /** Who takes the uploads, as the log calls it. @default "Dataway" */
  readonly receiver?: string;
  readonly log: Logger;
}

/** A round whose uploads outlived its flush. */
interface Unsettled {
  readonly round: Round;
  /** Nobody waited for the flush. */
  readonly beside: boolean;
}

/** Longest wait for aggregates, in ms: they are at hand, or something is wrong with them. */
const COLLECT_MS = 100;
/** An upload that takes longer than this may be hanging: no invocation is held for others. In ms. */
const PATIENCE_MS = 250;
/**
 * Part of the last flush's time that uploads of earlier ones get, as their connections may have died in a freeze; and
 * each Dataway that is not the only one.
 */
const EARLIER_SHARE = 0.4;
/** Part of it that the last figures may take, … */
const FIGURES_SHARE = 0.2;
/** … and most ms of it: they are few and small, and a Dataway that is well takes them in this time. */
const FIGURES_MS = 150;
/** A last flush shorter than this cannot do a round trip, in ms. */
const SHORTEST_MS = 10;
/** Uploads that are cut are settled within this, in ms. */
const CUT_MS = 50;
/** Made once: each new one takes down where it was made. */
const OVER = new DOMException("The flush is over", "AbortError");

/** A flusher over one store and the uploads to one Dataway. */
export function createFlusher(options: FlusherOptions): Flusher {
  const { store, figures, uploads, breaker, collect, receiver = "Dataway", log, now } = options;
  const sender = createPassSender(options);
  let flushing: Promise<void> | undefined;
  let stopFlushing = (): void => {};
  let collecting: Promise<void> | undefined;
  const unsettled = new Set<Unsettled>();
  let stuck = false;
  /** Of the last flush. */
  let lastRound: Round | undefined;
  let lastFlushAt = 0;

  async function flush(signal: AbortSignal, { beside = false }: FlushOptions = {}): Promise<void> {
    while (flushing !== undefined) {
      if (!beside && isHanging()) stopFlushing();
      if (!await settledBefore(flushing, signal)) return;
    }
    await make(signal, { waits: beside || !isHanging(), isLast: false }, beside);
  }

  /**
   * Whether Dataway has not answered for long: an upload outlived a flush that was waited for, or a freeze. One that
   * outlived a flush beside may have been begun at its end, by a Dataway that answers each in no time.
   */
  function isHanging(): boolean {
    return uploads.longestMs > PATIENCE_MS || [...unsettled].some(({ beside }) => !beside);
  }

  async function make(
    signal: AbortSignal,
    how: Pick<Pass, "waits" | "isLast">,
    beside: boolean,
    patienceMs?: number,
  ): Promise<void> {
    using over = linkSignals(signal);
    stopFlushing = () => over.abort(OVER);
    const round = newRound(over.signal, patienceMs);
    const figuresRound = newRound(over.signal, undefined, round.cut);
    flushing = run({ round, figuresRound, signal: over.signal, ...how }, beside);
    try {
      await flushing;
    } finally {
      flushing = undefined;
      // What is still under way makes no second try.
      over.abort(OVER);
    }
  }

  async function run(pass: Pass, beside: boolean): Promise<void> {
    const { round, figuresRound, signal, isLast } = pass;
    const startedAt = now();
    await gather(pass);
    const state = isLast ? "closed" : breaker.state();
    if (state === "open") {
      round.stopped = true;
      log.debug(`A flush sends nothing as ${receiver} did not answer lately`, {
        nextTryInMs: breaker.waitMs(),
      });
    } else if (state === "half_open") await sender.probe(pass);
    if (!round.stopped) await sender.sendAll(pass);
    // What flushes beside have left is waited for like what this one has begun.
    if (pass.waits && !beside && !isLast) await settledBefore(earlierUploads(), signal);
    const isLate = round.underway.length > 0;
    stuck = round.stopped || signal.aborted || isLate;
    lastRound = round;
    round.stopped = figuresRound.stopped = true;
    if (isLate) {
      log.debug(`A flush ends while ${receiver} has not answered: its uploads go on`, {
        uploads: round.underway.length,
        ms: Math.round(Math.max(0, now() - startedAt)),
      });
    }
    settle(round, beside, () => {
      if (isLate) learnLate(round);
      conclude(round, startedAt);
    });
    settle(figuresRound, beside);
  }

  /** Calls `settled` once nothing of the round is under way, at once if nothing is. */
  function settle(round: Round, beside: boolean, settled = (): void => {}): void {
    if (round.underway.length === 0) return settled();
    const left: Unsettled = { round, beside };
    unsettled.add(left);
    void Promise.all(round.underway).then(() => {
      unsettled.delete(left);
      settled();
    });
  }

  /** Settles once nothing is under way that outlived its flush. */
  function earlierUploads(): Promise<unknown> {
    return Promise.all(Array.from(unsettled, ({ round }) => Promise.all(round.underway)));
  }

  /** What answers tell that came after their flush: what is held since then only waits for the next, or has to. */
  function learnLate(round: Round): void {
    if (round.failed) stuck = true;
    else if (round === lastRound && !round.cut.signal.aborted) stuck = false;
  }

  /** A flush is one success or one failure for the breaker, however many uploads it made side by side. */
  function conclude(round: Round, startedAt: number): void {
    if (round.failed) breaker.failed(round.retryAfterMs);
    else if (round.answered) breaker.succeeded();
    const { exported, restored, dropped, exportedBytes: bytes, error } = round;
    if (exported > 0) lastFlushAt = now();
    if (exported + restored + dropped === 0) return;
    const durationMs = Math.max(0, now() - startedAt);
    options.onFlushed?.({
      exported,
      restored,
      dropped,
      bytes,
      durationMs,
      ...(error === undefined ? {} : { error }),
    });
  }

  /** Waits for the aggregates of now, if there are any that take time; one collection at a time. */
  async function gather({ signal, waits }: Pass): Promise<void> {
    if (collecting !== undefined) return;
    const gathered = collectSafely();
    if (gathered === undefined) return;
    collecting = gathered.finally(() => collecting = undefined);
    if (!waits) return;
    using deadline = createDeadline(COLLECT_MS, now, undefined, [signal]);
    await settledBefore(collecting, deadline.signal);
  }

  function collectSafely(): Promise<void> | undefined {
    try {
      const gathered = collect();
      return gathered instanceof Promise ? gathered.catch(tellLost) : undefined;
    } catch (error) {
      tellLost(error);
      return undefined;
    }
  }

  function tellLost(error: unknown): void {
    log.error("Aggregates were lost as collecting them failed", { error: describeError(error) });
  }

  async function last(budgetMs: number): Promise<void> {
    const endAt = now() + budgetMs;
    const figuresMs = Math.min(FIGURES_MS, budgetMs * FIGURES_SHARE);
    stopFlushing();
    await flushing;
    if (budgetMs < SHORTEST_MS) return await cutAll();
    const earlier = [...unsettled];
    using patience = createDeadline(budgetMs * EARLIER_SHARE, now);
    patience.signal.addEventListener("abort", () => cut(earlier));
    using deadline = createDeadline(budgetMs - figuresMs, now);
    do {
      await make(deadline.signal, { waits: true, isLast: true }, false, budgetMs * EARLIER_SHARE);
      // Only now is known what the figures have to tell.
      await cutAll();
      await sendFigures(endAt);
      // What came while they were sent.
    } while (!stuck && !deadline.signal.aborted && store.categories().length > 0);
  }

  async function sendFigures(endAt: number): Promise<void> {
    if (figures === undefined) return;
    using end = createDeadline(Math.max(0, endAt - now()), now);
    const round = newRound(end.signal);
    await sender.sendLastFigures(round, end.signal);
    settle(round, false);
    await cutAll();
  }

  async function cutAll(): Promise<void> {
    if (unsettled.size === 0) return;
    const underway = earlierUploads();
    cut(unsettled);
    using patience = createDeadline(CUT_MS, now);
    if (await settledBefore(underway, patience.signal)) return;
    log.error("An upload goes on although its time is over");
  }

  function cut(rounds: Iterable<Unsettled>): void {
    for (const { round } of rounds) round.cut.abort(new DOMException("Time is over", "TimeoutError"));
  }

  return {
    flush,
    last,
    get busy() {
      return flushing !== undefined;
    },
    get stuck() {
      return stuck || uploads.count > 0;
    },
    get lastFlushAt() {
      return lastFlushAt;
    },
  };
}
