/** What requests tell in detail, held until it is known how each ended, and sent only where that is worth it. */
import type { RecorderConfig } from "../config/recorder.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { PointStore } from "../pipeline/store.ts";
import type { LogStatus } from "../point/log_status.ts";
import type { PointDraft } from "../point/point.ts";
import { decodePoint } from "../point/point_range.ts";
import { createRings, type HeldKind, type Ring } from "./rings.ts";
import { type Cause, createVerdicts, type RequestOutcome } from "./verdicts.ts";

/** Why the sandbox ends. */
export type EndReason = "spindown" | "timeout" | "failure" | "unknown";

/** What is held, and the verdicts on it. */
export interface HeldRequests {
  /** Whether a log of this status is held. */
  isBelowLevel(status: string): boolean;
  /**
   * Holds `bytes[0, length)`, a point of a request, copied. What needs no waiting goes its way at once: into the store
   * where the request is known to be worth it.
   */
  place(
    requestId: string | undefined,
    held: HeldKind,
    bytes: Uint8Array,
    length: number,
    commonMask: number,
  ): void;
  /** A request begins; one of the same id that ended was another run of it. */
  invoked(requestId: string): void;
  /** What has been learnt of how a request ended. */
  ended(outcome: RequestOutcome): void;
  /** After the outcomes of all requests: nothing is held any more. */
  shutdown(reason: EndReason): void;
  /** The sandbox woke up from a snapshot: what was held belongs to who made it. */
  restored(): void;
  /** Gives up the oldest until at most `maxBytes` are held. */
  shed(maxBytes: number): void;
  /** Points held. */
  readonly held: number;
  /** Memory of what is held, in bytes. */
  readonly heldBytes: number;
}

export interface HeldRequestsOptions {
  readonly config: Omit<RecorderConfig, "parts">;
  /** Where what is sent goes. */
  readonly store: Pick<PointStore, "append">;
  /** Writes a log of the recorder's own. */
  readonly write: (draft: PointDraft) => void;
  readonly ledger: Pick<Ledger, "refused">;
  /** Requests run side by side: a line that names no request belongs to none. */
  readonly managedInstance: boolean;
  readonly schema: "documented" | "datakit";
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Bound of what is held of one request, and of all, in bytes. */
const RING_BYTES = 256 * 1024;
const TOTAL_BYTES = 1024 * 1024;
/** This many requests after its end one may turn out to have failed after all: a later record tells of a timeout. */
const KEPT_AFTER_END = 2;
/** Side by side run very many. */
const KEPT_AFTER_END_MANAGED = 32;
/** Requests remembered whose end is never told. */
const MAX_REQUESTS = 2_000;
/** From the most to the least serious. */
const SCALE: readonly LogStatus[] = [
  "emerg",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "OK",
  "debug",
];

/** One run of a request, or the time before the first one. */
interface Run {
  readonly requestId: string | undefined;
  readonly ring: Ring;
  /** `undefined`: nothing is known of its end. */
  verdict: "kept" | "well" | undefined;
  /** Its INVOKE came. */
  isInvoked: boolean;
  /** What did not fit and was not told yet. */
  evicted: number;
}

/** Nothing is held yet. */
export function createHeldRequests(options: HeldRequestsOptions): HeldRequests {
  const { config, store, ledger, managedInstance } = options;
  const rings = createRings({ ringBytes: RING_BYTES, totalBytes: TOTAL_BYTES });
  const verdicts = createVerdicts(config);
  const below = new Set<string>(SCALE.slice(SCALE.indexOf(config.level) + 1));
  if (config.level === "info") below.delete("OK");
  const runs = new Map<string | undefined, Run>();
  const endedRuns: Run[] = [];
  const keptAfterEnd = managedInstance ? KEPT_AFTER_END_MANAGED : KEPT_AFTER_END;
  /** What becomes of runs that are first heard of after the end. */
  let lastVerdict: Run["verdict"];

  function runOf(requestId: string | undefined): Run {
    const found = runs.get(requestId);
    if (found !== undefined) return found;
    const run: Run = {
      requestId,
      verdict: lastVerdict,
      isInvoked: false,
      evicted: 0,
      ring: rings.open((held, count) => {
        run.evicted += count;
        if (run.verdict === "well") return discard(held, count);
        ledger.refused(held.source, "recorder_evicted", count);
      }),
    };
    runs.set(requestId, run);
    if (runs.size > MAX_REQUESTS) forget(runs.values().next().value);
    return run;
  }

  function discard({ source, reason }: HeldKind, count: number): void {
    ledger.refused(source, reason === "sampled" ? "sampled_out" : "recorder_discarded", count);
  }

  /** What was held of it is not needed. */
  function forget(run: Run | undefined): void {
    if (run === undefined) return;
    run.ring.clear(discard);
    if (runs.get(run.requestId) === run) runs.delete(run.requestId);
  }

  function keep(run: Run, cause: Cause): void {
    run.verdict = "kept";
    if (run.evicted > 0) tellEvicted(run, cause);
    run.ring.drain(({ source, category }, bytes, mask) =>
      store.append(source, category, bytes, bytes.length, mask)
    );
  }

  /** Just before the first that is left. */
  function tellEvicted(run: Run, cause: Cause): void {
    let timeNs = BigInt(Math.floor(options.now())) * 1_000_000n;
    run.ring.oldest(({ category }, bytes) => void (timeNs = decodePoint(category, bytes).timeNs));
    options.write({
      category: "logging",
      measurement: options.schema === "datakit" ? "awslambda" : "awslambda-logging",
      tags: [["aws_log_from", "extension"]],
      fields: [
        ["message", `${run.evicted} earlier lines or spans of this request did not fit into the recorder`],
        ["status", "warning"],
        ["aws_request_id", run.requestId],
        ["recorder_cause", cause],
        ["recorder_evicted", BigInt(run.evicted)],
      ],
      timeNs,
    });
    run.evicted = 0;
  }

  function judge(run: Run, cause: Cause | undefined): void {
    if (cause !== undefined) return keep(run, cause);
    if (run.verdict !== undefined) return;
    run.verdict = "well";
    run.ring.yield();
  }

  /** Ended runs are remembered for a while; the oldest of too many is forgotten. */
  function remember(run: Run): void {
    endedRuns.push(run);
    while (endedRuns.length > keptAfterEnd) forget(endedRuns.shift());
  }

  function place(
    requestId: string | undefined,
    held: HeldKind,
    bytes: Uint8Array,
    length: number,
    mask: number,
  ): void {
    // Side by side a line that names no request cannot wait for any.
    if (requestId === undefined && managedInstance) {
      if (held.reason === "sampled") return discard(held, 1);
      return store.append(held.source, held.category, bytes, length, mask);
    }
    const run = runOf(requestId);
    if (run.verdict === "kept") return store.append(held.source, held.category, bytes, length, mask);
    if (lastVerdict !== undefined) return discard(held, 1);
    if (run.ring.add(held, bytes, length, mask)) return;
    run.evicted++;
    ledger.refused(held.source, "recorder_evicted");
  }

  return {
    isBelowLevel: (status) => below.has(status),
    place,
    invoked: (requestId) => {
      const found = runs.get(requestId);
      // Telemetry may be faster than INVOKE.
      if (found?.isInvoked === true && found.verdict !== undefined) runs.delete(requestId);
      runOf(requestId).isInvoked = true;
    },
    ended: (outcome) => {
      const cause = verdicts.causeOf(outcome);
      const run = runOf(outcome.requestId);
      const isFirst = outcome.finished !== undefined;
      // What was written before any request has the verdict of the first.
      const before = isFirst ? runs.get(undefined) : undefined;
      for (const each of before?.verdict === undefined && before !== undefined ? [before, run] : [run]) {
        judge(each, cause);
        if (isFirst) remember(each);
      }
    },
    shutdown: (reason) => {
      lastVerdict = reason === "timeout" || reason === "failure" ? "kept" : "well";
      for (const run of [...runs.values(), ...endedRuns]) {
        if (run.verdict === undefined && lastVerdict === "kept") {
          keep(run, reason === "timeout" ? "timeout" : "error");
        }
        run.ring.clear(discard);
      }
    },
    restored: () => forget(runs.get(undefined)),
    shed: rings.shed,
    get held() {
      return rings.held;
    },
    get heldBytes() {
      return rings.heldBytes;
    },
  };
}
