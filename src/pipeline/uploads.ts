import { describeError, type Logger } from "@std/log";
import type { Batch, Exporter, ExportResult } from "./exporter.ts";
import { takeOut } from "./few.ts";
import type { GroupOf, Lease } from "./lease.ts";
import type { Retry } from "./retry.ts";
import { inSlices } from "./turns.ts";
import type { PointRange } from "../point/point_range.ts";

/** Uploads that one flush has begun, and what came of them, in points. */
export interface Round {
  exported: number;
  /** Put back for later. */
  restored: number;
  /** Refused for good, or too large: counted in the ledger. */
  dropped: number;
  /** Size of the points that were taken, before compression. */
  exportedBytes: number;
  /** Why the latest batch was not taken. */
  error: string | undefined;
  /** No more is begun: Dataway did not take a batch, or the flush is over. */
  stopped: boolean;
  /** Dataway is not well. */
  failed: boolean;
  /** Dataway answered. */
  answered: boolean;
  /** The longest wait that it asked for, in ms. */
  retryAfterMs: number | undefined;
  readonly underway: Promise<void>[];
  /** The flush is over: what is under way goes on, but no second try is made. */
  readonly over: AbortSignal;
  /** Of several Dataways the next is asked after this time at the latest, in ms. @default as the exporter does */
  readonly patienceMs: number | undefined;
  /** Ends what is under way: the batches are put back. */
  readonly cut: AbortController;
}

/** A round without uploads, of a flush that is over with `over`. `cut`: of another round that is cut with it. */
export function newRound(over: AbortSignal, patienceMs?: number, cut = new AbortController()): Round {
  return {
    exported: 0,
    restored: 0,
    dropped: 0,
    exportedBytes: 0,
    error: undefined,
    stopped: false,
    failed: false,
    answered: false,
    retryAfterMs: undefined,
    underway: [],
    over,
    patienceMs,
    cut,
  };
}

/**
 * Uploads under way. Each lives on the exporter's own time limit, whoever waits for it: one that is cut while Dataway
 * takes it comes twice.
 */
export interface Uploads {
  /** Sends a batch; resolves once all of it is settled, halves included. Never rejects. One at a time in each lane. */
  send(lane: string, lease: Lease, round: Round): Promise<void>;
  /** The upload under way in a lane. */
  underway(lane: string): Promise<void> | undefined;
  /** Uploads under way. */
  readonly count: number;
  /** Longest time that one of them has been under way, in ms; 0 without any. */
  readonly longestMs: number;
  /** Replaces the leases of what is under way. */
  replaceLeases(replace: (lease: Lease) => Lease): void;
  /** Half of what Dataway found too large: halving anew in each flush would use up its time. In bytes. */
  readonly learntBytes: number;
}

/** One upload, and what it settles. */
interface Upload {
  lease: Lease;
  readonly round: Round;
  /** Unix time in ms. */
  readonly begunAt: number;
}

export interface UploadsOptions {
  readonly exporter: Pick<Exporter, "export">;
  /** Whom it sends to, for the log. @default Dataway */
  readonly receiver?: string;
  /** Points of different groups never share an upload. @default all are of one group */
  readonly groupOf?: GroupOf | undefined;
  readonly retry: Retry;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** What is larger than was learnt by this is halved without asking: halves are not exactly that. */
const LEARNT_SLACK = 1.5;

/** Of more points the groups are found in slices of time. */
const AT_ONCE_POINTS = 256;
/** Points that are looked at between two looks at the clock. */
const STEP_POINTS = 32;

/** Nothing under way. */
export function createUploads(options: UploadsOptions): Uploads {
  const { exporter, receiver = "Dataway", groupOf, retry, log, now } = options;
  /** The upload under way in each lane there ever was: there are few names. */
  const lanes = new Map<string, Promise<void> | undefined>();
  const uploads: Upload[] = [];
  let count = 0;
  let learntBytes = Infinity;

  function send(lane: string, lease: Lease, round: Round): Promise<void> {
    const work = uploadGroups(lease, round).finally(() => {
      lanes.set(lane, undefined);
      count--;
      takeOut(round.underway, work);
    });
    lanes.set(lane, work);
    count++;
    round.underway.push(work);
    return work;
  }

  async function uploadGroups(lease: Lease, round: Round): Promise<void> {
    if (groupOf === undefined) return await uploadParts([lease], round);
    // Under way meanwhile: it may have to be put away.
    const one: Upload = { lease, round, begunAt: now() };
    uploads.push(one);
    const parts = await divided(one, groupOf);
    takeOut(uploads, one);
    if (parts !== undefined) return await uploadParts(parts, round);
    round.restored += one.lease.batch.count;
    one.lease.putBack();
  }

  /** Groups are found without an error; if there is one all the same, the batch must not be lost, nor sent as another's. */
  async function divided(one: Upload, groupOf: GroupOf): Promise<readonly Lease[] | undefined> {
    const { round, lease: { batch } } = one;
    try {
      if (batch.count <= AT_ONCE_POINTS) return one.lease.divide(groupOf);
      const known = await inSlices(groupsOfAll(batch, groupOf), round.cut.signal);
      return known === undefined ? undefined : one.lease.divide(known);
    } catch (error) {
      round.error = describeError(error);
      round.stopped = true;
      log.warn("Data is held as its groups cannot be found", { error: round.error });
      return undefined;
    }
  }

  async function upload(one: Upload): Promise<void> {
    const { round } = one;
    const { signal } = round.cut;
    const { batch } = one.lease;
    // A file of the spool, or a half: to send it would only be to hear again that it is too large.
    if (batch.count > 1 && batch.sizeBytes > learntBytes * LEARNT_SLACK) {
      return await uploadParts(one.lease.split(), round);
    }
    uploads.push(one);
    const result = await retry(() => exported(one.lease.batch, round), round.over);
    takeOut(uploads, one);
    const { lease } = one;
    const { count, category, data: points = count } = lease.batch;
    learn(result, round);
    switch (result.status) {
      case "success":
        round.exported += count;
        round.exportedBytes += lease.batch.sizeBytes;
        lease.exported(result.rejected);
        if (result.rejected === undefined) return;
        round.error = result.error;
        log.error(`Data was dropped as ${receiver} refused a part of it`, {
          points: result.rejected,
          category,
          error: result.error,
        });
        return;
      case "retryable":
        round.restored += count;
        round.error = result.error;
        round.stopped = true;
        if (!signal.aborted) log.warn(`Data is held as ${receiver} did not take it`, { error: result.error });
        return lease.putBack();
      case "too_large":
        if (count > 1) return await halve(lease, round);
        lease.drop("too_large");
        break;
      case "failure":
        lease.drop(result.reason);
        break;
      default:
        result satisfies never;
    }
    round.dropped += count;
    round.error = result.error;
    log.error(`Data was dropped as ${receiver} refused it`, { points, category, error: result.error });
  }

  async function halve(lease: Lease, round: Round): Promise<void> {
    const { sizeBytes } = lease.batch;
    await uploadParts(lease.split(), round);
    learntBytes = Math.min(learntBytes, sizeBytes / 2);
  }

  /** One after the other; what is left when no more is begun goes back. */
  async function uploadParts(parts: readonly Lease[], round: Round): Promise<void> {
    for (const [index, lease] of parts.entries()) {
      if (index > 0 && (round.stopped || round.cut.signal.aborted)) {
        round.restored += lease.batch.count;
        lease.putBack();
      } else await upload({ lease, round, begunAt: now() });
    }
  }

  /** Exporters do not throw; if one does all the same, its batch must not be lost. */
  async function exported(batch: Batch, { cut, patienceMs }: Round): Promise<ExportResult> {
    try {
      return await exporter.export(batch, cut.signal, patienceMs);
    } catch (error) {
      return { status: "retryable", error: describeError(error) };
    }
  }

  return {
    send,
    underway: (lane) => lanes.get(lane),
    get count() {
      return count;
    },
    get longestMs() {
      let longestMs = 0;
      // A clock set back must not make a hanging one young.
      for (const { begunAt } of uploads) longestMs = Math.max(longestMs, Math.abs(now() - begunAt));
      return longestMs;
    },
    replaceLeases: (replace) => {
      for (const one of uploads) one.lease = replace(one.lease);
    },
    get learntBytes() {
      return learntBytes;
    },
  };
}

/** Learns from an upload how Dataway is; one that was cut tells nothing. */
function learn(result: ExportResult, round: Round): void {
  if (result.status !== "retryable") {
    round.answered = true;
    return;
  }
  if (round.cut.signal.aborted) return;
  round.failed = true;
  if (result.retryAfterMs === undefined) return;
  round.retryAfterMs = Math.max(round.retryAfterMs ?? 0, result.retryAfterMs);
}

/** Finds the group of each point, which is then known. */
function* groupsOfAll({ category, ranges }: Batch, groupOf: GroupOf): Generator<undefined, GroupOf> {
  /** Each name once, however many points have it. */
  const names = new Map<string, string>();
  const found = new Map<PointRange, string[]>();
  let before = "";
  for (const range of ranges) {
    const groups: string[] = [];
    found.set(range, groups);
    for (let index = range.from; index < range.to; index++) {
      const name = groupOf(category, range, index);
      if (name !== before) {
        before = names.get(name) ?? name;
        names.set(before, before);
      }
      groups.push(before);
      if (index % STEP_POINTS === 0) yield;
    }
  }
  let last: PointRange | undefined;
  let groups: readonly string[] | undefined;
  return (of, range, index) => {
    if (range !== last) {
      last = range;
      groups = found.get(range);
    }
    return groups?.[index - range.from] ?? groupOf(of, range, index);
  };
}
