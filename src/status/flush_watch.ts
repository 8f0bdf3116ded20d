/** What became of the latest flush. */
import type { Logger } from "@std/log";
import type { FlushReport } from "../pipeline/flusher.ts";

/** In one word. `partly sent`: the rest is held or was dropped. */
export type FlushResult = "sent" | "partly sent" | "held" | "dropped";

/** A flush that is over. */
export interface LastFlush extends FlushReport {
  /** Unix time in ms. */
  readonly at: number;
  readonly result: FlushResult;
}

export interface FlushWatch {
  flushed(report: FlushReport): void;
  /** `undefined`: nothing was tried yet. */
  readonly last: LastFlush | undefined;
}

/** Keeps the latest flush, and tells of each one at the level `debug`. */
export function createFlushWatch(
  { log, now }: { readonly log: Logger; readonly now: () => number },
): FlushWatch {
  let last: LastFlush | undefined;
  return {
    flushed: (report) => {
      last = { ...report, at: now(), result: resultOf(report) };
      const { exported, restored, dropped, bytes, durationMs, error } = report;
      log.debug("A flush is over", {
        points: exported,
        bytes,
        ms: Math.round(durationMs),
        result: last.result,
        ...(restored > 0 ? { held: restored } : {}),
        ...(dropped > 0 ? { dropped } : {}),
        ...(error === undefined ? {} : { error }),
      });
    },
    get last() {
      return last;
    },
  };
}

function resultOf({ exported, restored, dropped }: FlushReport): FlushResult {
  if (restored + dropped === 0) return "sent";
  if (exported > 0) return "partly sent";
  return restored > 0 ? "held" : "dropped";
}
