import { describeError, type Logger } from "@std/log";
import { CATEGORIES, type Category } from "../point/point.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import { createDeadline, linkSignals, settledBefore } from "./deadline.ts";
import type { Exporter } from "./exporter.ts";
import { FIGURES_MS, sendLastFigures } from "./last_figures.ts";
import type { Lease } from "./lease.ts";
import type { SelfMetrics } from "./self_metrics.ts";
import type { Spool } from "./spool.ts";
import type { PointStore } from "./store.ts";
import { newRound, type Round, type Uploads } from "./uploads.ts";

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

export interface FlusherOptions {
  readonly store: PointStore;
  /** What earlier flushes could not send; sent after all that the store holds, or beside it if that takes long. */
  readonly spool?: Pick<Spool, "take">;
  /** The extension's own figures; sent beside all else, at the end after it. */
  readonly figures?: Pick<SelfMetrics, "take">;
  readonly exporter: Pick<Exporter, "maxBatchBytes" | "pointOverheadBytes">;
  readonly uploads: Uploads;
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
  /** Unix time in ms. */
  readonly now: () => number;
}

/** How the uploads of one flush are begun. */
interface Pass {
  readonly round: Round;
  /** No more is begun when it has fired. */
  readonly signal: AbortSignal;
  /** Whether an upload is waited for, and the next one sent then. */
  readonly waits: boolean;
  /** Nobody waits for the flush. */
  readonly beside: boolean;
  readonly isLast: boolean;
}

/** A probe of a Dataway that was down carries little, as it is likely to fail. In bytes. */
const PROBE_BYTES = 16_384;
/**
 * Bodies stay below this but at the end, where round trips count more: encoding and compressing one holds up the
 * telemetry listener and `next`, on a 128 MB function ten times as long as on a whole CPU. In bytes.
 */
const BATCH_BYTES = 512 * 1024;
/** Longest wait for aggregates, in ms: they are at hand, or something is wrong with them. */
const COLLECT_MS = 100;
/** An upload that takes longer than this may be hanging: no invocation is held for others. In ms. */
const PATIENCE_MS = 250;
/** In the end a category's batches go side by side, and files too: order counts less than how much leaves. */
const LAST_LANES = 4;
/**
 * So long, in ms, do files wait for the answers to what the store held. A Dataway that is out of order has mostly said
 * so by then; behind one that is slower than the budget they would wait for ever.
 */
const HEAD_START_MS = 50;
/**
 * Part of the last flush's time that uploads of earlier ones get, as their connections may have died in a freeze; and
 * each Dataway that is not the only one.
 */
const EARLIER_SHARE = 0.4;
/** Part of it that the last figures may take. */
const FIGURES_SHARE = 0.2;
/** A last flush shorter than this cannot do a round trip, in ms. */
const SHORTEST_MS = 10;
/** Uploads that are cut are settled within this, in ms. */
const CUT_MS = 50;
/** Made once: each new one takes down where it was made. */
const OVER = new DOMException("The flush is over", "AbortError");
const SPOOL_LANE = "spool";
const FIGURES_LANE = "figures";

/** A flusher over one store and the uploads to one Dataway. */
export function createFlusher(options: FlusherOptions): Flusher {
  const { store, spool, figures, exporter, uploads, breaker, collect, receiver = "Dataway", log, now } =
    options;
  let flushing: Promise<void> | undefined;
  let stopFlushing = (): void => {};
  let collecting: Promise<void> | undefined;
  /** Those whose uploads outlived them. */
  const unsettled = new Set<Pass>();
  let stuck = false;
  /** Of the last flush. */
  let lastRound: Round | undefined;
  let lastFlushAt = 0;

  async function flush(signal: AbortSignal, { beside = false }: FlushOptions = {}): Promise<void> {
    while (flushing !== undefined) {
      if (!beside && isHanging()) stopFlushing();
      if (!await settledBefore(flushing, signal)) return;
    }
    await make(signal, { waits: beside || !isHanging(), beside, isLast: false });
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
    how: Pick<Pass, "waits" | "beside" | "isLast">,
    patienceMs?: number,
  ): Promise<void> {
    const stop = new AbortController();
    stopFlushing = () => stop.abort(OVER);
    using over = linkSignals(signal, stop.signal);
    flushing = run({ round: newRound(over.signal, patienceMs), signal: over.signal, ...how });
    try {
      await flushing;
    } finally {
      flushing = undefined;
      // What is still under way makes no second try.
      stop.abort(OVER);
    }
  }

  async function run(pass: Pass): Promise<void> {
    const { round, signal, isLast } = pass;
    const startedAt = now();
    await gather(pass);
    const state = isLast ? "closed" : breaker.state();
    if (state === "open") {
      round.stopped = true;
      log.debug(`A flush sends nothing as ${receiver} did not answer lately`, {
        nextTryInMs: breaker.waitMs(),
      });
    } else if (state === "half_open") await probe(pass);
    if (!round.stopped) await sendAll(pass);
    const isLate = round.underway.size > 0;
    stuck = round.stopped || signal.aborted || isLate;
    lastRound = round;
    round.stopped = true;
    if (isLate) {
      log.debug(`A flush ends while ${receiver} has not answered: its uploads go on`, {
        uploads: round.underway.size,
        ms: Math.round(Math.max(0, now() - startedAt)),
      });
    }
    settle(pass, () => {
      if (isLate) learnLate(round);
      conclude(round, startedAt);
    });
  }

  /** Calls `settled` once nothing of the round is under way, at once if nothing is. */
  function settle(pass: Pass, settled: () => void): void {
    const { underway } = pass.round;
    if (underway.size === 0) return settled();
    unsettled.add(pass);
    void Promise.all(underway).then(() => {
      unsettled.delete(pass);
      settled();
    });
  }

  /** What answers tell that came after their flush: what is held since then only waits for the next, or has to. */
  function learnLate(round: Round): void {
    if (round.failed) stuck = true;
    else if (round === lastRound && !round.cut.signal.aborted) stuck = false;
  }

  /** A flush is one verdict, however many uploads it made side by side. */
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

  /** Waits for the aggregates of now; one collection at a time. */
  async function gather({ signal, waits }: Pass): Promise<void> {
    if (collecting !== undefined) return;
    collecting = collectSafely().finally(() => collecting = undefined);
    if (!waits) return;
    using deadline = createDeadline(COLLECT_MS, now);
    using either = linkSignals(signal, deadline.signal);
    await settledBefore(collecting, either.signal);
  }

  async function collectSafely(): Promise<void> {
    try {
      await collect();
    } catch (error) {
      log.error("Aggregates were lost as collecting them failed", { error: describeError(error) });
    }
  }

  /** Goes on only if Dataway takes a little. */
  async function probe(pass: Pass): Promise<void> {
    const { round, signal } = pass;
    // What is under way from before tells as much.
    if (signal.aborted || uploads.count > 0) return void (round.stopped = true);
    const [category] = store.categories();
    if (category === undefined) return await replay(SPOOL_LANE, pass, 1);
    const lease = store.take(category, { maxBytes: Math.min(PROBE_BYTES, uploads.learntBytes) });
    if (lease !== undefined && !await sent(category, lease, pass)) round.stopped = true;
  }

  async function sendAll(pass: Pass): Promise<void> {
    const { round, signal, isLast } = pass;
    for (;;) {
      // In the end also what earlier flushes have begun, and may yet be put back.
      const categories = isLast ? CATEGORIES : store.categories();
      const sends = categories.flatMap((category) =>
        inLanes(category, pass, (lane) => drain(category, lane, pass))
      );
      const sending = Promise.all(isLast ? sends : [...sends, sendFigures(pass)]);
      if (pass.waits && spool !== undefined) await headStart(sending, signal);
      await Promise.all([sending, ...replays(pass)]);
      // What was put back meanwhile.
      if (isLast) await Promise.all(replays(pass));
      // What came meanwhile has another flush to go with, unless this is the last.
      if (!isLast || round.stopped || signal.aborted || store.categories().length === 0) return;
    }
  }

  function inLanes<T>(name: string, { isLast }: Pass, work: (lane: string) => T): readonly T[] {
    return Array.from({ length: isLast ? LAST_LANES : 1 }, (_, n) => work(n === 0 ? name : `${name} ${n}`));
  }

  async function headStart(sending: Promise<unknown>, signal: AbortSignal): Promise<void> {
    using deadline = createDeadline(HEAD_START_MS, now);
    using either = linkSignals(signal, deadline.signal);
    await settledBefore(sending, either.signal);
  }

  /** Sends one category, batch after batch. The categories go side by side: their round trips overlap. */
  async function drain(category: Category, lane: string, pass: Pass): Promise<void> {
    while (await isFree(lane, pass)) {
      const pointOverheadBytes = exporter.pointOverheadBytes();
      const lease = store.take(category, {
        maxBytes: Math.min(
          exporter.maxBatchBytes,
          uploads.learntBytes,
          pass.isLast ? Infinity : BATCH_BYTES,
        ),
        pointOverheadBytes,
        newestFirst: pass.isLast,
      });
      if (lease === undefined || !await sent(lane, lease, pass)) return;
    }
  }

  /** Sends the spool: the newest data, which the store has, went first. */
  function replays(pass: Pass): readonly Promise<void>[] {
    return inLanes(SPOOL_LANE, pass, (lane) => replay(lane, pass, Infinity));
  }

  async function replay(lane: string, pass: Pass, files: number): Promise<void> {
    for (let n = 0; n < files && await isFree(lane, pass); n++) {
      const lease = spool?.take();
      if (lease === undefined || !await sent(lane, lease, pass)) return;
    }
  }

  /** In a round of their own, so that the next figures tell nothing of it. */
  async function sendFigures(pass: Pass): Promise<void> {
    if (!await isFree(FIGURES_LANE, pass)) return;
    const lease = figures?.take();
    if (lease === undefined) return;
    const round = newRound(pass.signal);
    const alone = { ...pass, round };
    await sent(FIGURES_LANE, lease, alone);
    round.stopped = true;
    settle(alone, () => {});
  }

  /** Whether something may be sent in a lane, after what is under way there from before. */
  async function isFree(lane: string, { round, signal, waits }: Pass): Promise<boolean> {
    for (;;) {
      if (round.stopped || signal.aborted) return false;
      const earlier = uploads.underway(lane);
      if (earlier === undefined) return true;
      if (!waits) return false;
      await settledBefore(earlier, signal);
    }
  }

  /** Begins an upload; whether it was waited for to its end. */
  async function sent(lane: string, lease: Lease, { round, signal, waits }: Pass): Promise<boolean> {
    const upload = uploads.send(lane, lease, round);
    return waits && await settledBefore(upload, signal);
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
      await make(deadline.signal, { waits: true, beside: false, isLast: true }, budgetMs * EARLIER_SHARE);
      // Only now is known what the figures have to tell.
      await cutAll();
      await tellAll(endAt);
      // What came while they were sent.
    } while (!stuck && !deadline.signal.aborted && store.categories().length > 0);
  }

  async function tellAll(endAt: number): Promise<void> {
    if (figures === undefined) return;
    using end = createDeadline(Math.max(0, endAt - now()), now);
    const { signal } = end;
    const round = newRound(signal);
    await sendLastFigures({ figures, uploads, lane: FIGURES_LANE, round, signal });
    settle({ round, signal, waits: true, beside: false, isLast: true }, () => {});
    await cutAll();
  }

  async function cutAll(): Promise<void> {
    if (unsettled.size === 0) return;
    const underway = Promise.all([...unsettled].flatMap(({ round }) => [...round.underway]));
    cut(unsettled);
    using patience = createDeadline(CUT_MS, now);
    if (await settledBefore(underway, patience.signal)) return;
    log.error("An upload goes on although its time is over");
  }

  function cut(passes: Iterable<Pass>): void {
    for (const { round } of passes) round.cut.abort(new DOMException("Time is over", "TimeoutError"));
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
