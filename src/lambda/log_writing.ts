/** Writes the logs that are complete, at once or in slices: whatever must not wait for the rest of them writes it. */
import { finish, type Steps } from "../bounded_pattern.ts";
import type { BatchSlice } from "./batch_slice.ts";
import type { AssembledLog, LineAssembler } from "./lines/assembler.ts";

export interface LogWriting {
  /** Writes what is complete; `all`: also what may still go on. */
  now(all: boolean): void;
  /** The same in slices, but for what may go on. */
  inSlices(slice: BatchSlice): Promise<void>;
  /** Whether a log's writing was interrupted: what is written now would take as long as the rest of it does. */
  readonly isInterrupted: boolean;
}

/** A stack trace that the end of a batch cuts off goes on within this time, or not at all. In ms. */
const REST_OF_TRACE_MS = 50;

/** `write` writes one log; `undefined`: it was done at once. */
export function createLogWriting(
  assembler: Pick<LineAssembler, "take" | "holds">,
  write: (log: AssembledLog) => Steps<void> | undefined,
): LogWriting {
  const unwritten: AssembledLog[] = [];
  /** The rest of the log whose writing was interrupted. */
  let writing: Steps<void> | undefined;
  let restOfTrace: ReturnType<typeof setTimeout> | undefined;

  function finishWriting(): void {
    const rest = writing;
    writing = undefined;
    if (rest !== undefined) finish(rest);
  }

  function writeAtOnce(log: AssembledLog): void {
    const steps = write(log);
    if (steps !== undefined) finish(steps);
  }

  function now(all: boolean): void {
    clearTimeout(restOfTrace);
    restOfTrace = undefined;
    finishWriting();
    for (const log of unwritten.splice(0)) writeAtOnce(log);
    for (const log of assembler.take(all)) writeAtOnce(log);
    if (assembler.holds) restOfTrace = setTimeout(() => now(true), REST_OF_TRACE_MS);
  }

  /** Writes the first log, or as much of it as the slice has time for. */
  function step(slice: BatchSlice): void {
    const next = writing === undefined ? unwritten.shift() : undefined;
    const steps = writing ?? (next && write(next));
    writing = undefined;
    while (steps?.next().done === false) {
      if (!slice.isOver()) continue;
      writing = steps;
      return;
    }
  }

  return {
    now,
    get isInterrupted() {
      return writing !== undefined;
    },
    inSlices: async (slice) => {
      unwritten.push(...assembler.take(false));
      while (writing !== undefined || unwritten.length > 0) {
        step(slice);
        if (slice.isOver()) await slice.pause();
      }
      now(false);
    },
  };
}
