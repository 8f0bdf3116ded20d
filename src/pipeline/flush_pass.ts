/** What one flush sends, and in which order: a probe, what the store holds, the spool's files, the own figures. */
import { CATEGORIES, type Category } from "../point/point.ts";
import { createDeadline, settledBefore } from "./deadline.ts";
import type { Exporter } from "./exporter.ts";
import type { Lease } from "./lease.ts";
import type { SelfMetrics } from "./self_metrics.ts";
import type { Spool } from "./spool.ts";
import type { PointStore } from "./store.ts";
import type { Round, Uploads } from "./uploads.ts";

/** How the uploads of one flush are begun. */
export interface Pass {
  readonly round: Round;
  /** The own figures have a round of their own, so that the next ones tell nothing of it. */
  readonly figuresRound: Round;
  /** No more is begun when it has fired. */
  readonly signal: AbortSignal;
  /** Whether an upload is waited for, and the next one sent then. */
  readonly waits: boolean;
  readonly isLast: boolean;
}

/** Begins the uploads of passes. Whatever it waits for ends with the pass's signal. */
export interface PassSender {
  /** Sends a little; the round is stopped if that is not taken. */
  probe(pass: Pass): Promise<void>;
  /** Sends what waits. Of what comes meanwhile only the last flush takes everything along. */
  sendAll(pass: Pass): Promise<void>;
  /** Sends what the own figures have to tell at the end, until all is told. */
  sendLastFigures(round: Round, signal: AbortSignal): Promise<void>;
}

export interface PassSenderOptions {
  readonly store: Pick<PointStore, "take" | "categories">;
  /** What earlier flushes could not send; sent after all that the store holds, or beside it if that takes long. */
  readonly spool?: Pick<Spool, "take">;
  /** The extension's own figures; sent beside all else, at the end after it. */
  readonly figures?: Pick<SelfMetrics, "take">;
  readonly exporter: Pick<Exporter, "maxBatchBytes" | "pointOverheadBytes">;
  readonly uploads: Uploads;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** A probe of a Dataway that was down carries little, as it is likely to fail. In bytes. */
const PROBE_BYTES = 16_384;
/**
 * Bodies stay below this but at the end, where round trips count more: encoding and compressing one takes CPU from the
 * telemetry listener and `next`, on a 128 MB function ten times as long as on a whole CPU. In bytes.
 */
const BATCH_BYTES = 512 * 1024;
/** In the end a category's batches go side by side, and files too: order counts less than how much leaves. */
const LAST_LANES = 4;
/**
 * So long, in ms, do files wait for the answers to what the store held. A Dataway that is out of order has mostly said
 * so by then; behind one that is slower than the budget they would wait for ever.
 */
const HEAD_START_MS = 50;
/** How often the last figures are sent when Dataway refuses them: nothing is left to tell of them afterwards. */
const MAX_REFUSALS = 3;
const SPOOL_LANE = "spool";
const FIGURES_LANE = "figures";

/** A sender that has begun nothing. */
export function createPassSender(options: PassSenderOptions): PassSender {
  const { store, spool, figures, exporter, uploads, now } = options;

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
    using deadline = createDeadline(HEAD_START_MS, now, undefined, [signal]);
    await settledBefore(sending, deadline.signal);
  }

  /** Sends one category, batch after batch. The categories go side by side: their round trips overlap. */
  async function drain(category: Category, lane: string, pass: Pass): Promise<void> {
    while (await isFree(lane, pass)) {
      const lease = store.take(category, {
        maxBytes: Math.min(
          exporter.maxBatchBytes,
          uploads.learntBytes,
          pass.isLast ? Infinity : BATCH_BYTES,
        ),
        pointOverheadBytes: exporter.pointOverheadBytes(),
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

  async function sendFigures(pass: Pass): Promise<void> {
    if (!await isFree(FIGURES_LANE, pass)) return;
    const lease = figures?.take();
    if (lease === undefined) return;
    await sent(FIGURES_LANE, lease, { ...pass, round: pass.figuresRound });
  }

  async function sendLastFigures(round: Round, signal: AbortSignal): Promise<void> {
    for (let refusals = 0; refusals < MAX_REFUSALS && !signal.aborted && !round.stopped;) {
      const lease = figures?.take(true);
      if (lease === undefined) return;
      const { dropped } = round;
      if (!await settledBefore(uploads.send(FIGURES_LANE, lease, round), signal)) return;
      if (round.dropped > dropped) refusals++;
    }
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

  return { probe, sendAll, sendLastFigures };
}
