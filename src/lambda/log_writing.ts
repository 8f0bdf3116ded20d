/** Writes the logs that are complete, in their order, at once or in slices between which everything else runs. */
import { finish, type Steps } from "../bounded_pattern.ts";
import { type BatchSlice, createBatchSlice } from "./batch_slice.ts";
import type { AssembledLog, LineAssembler } from "./lines/assembler.ts";

export interface LogWriting {
  /**
   * Writes what is complete, and with `all` what may still go on. What the slice has no time for is written in further
   * slices; resolves when nothing is left. `undefined`: all is written. Without a slice the logs are written in one go,
   * but for one that takes long by itself.
   */
  write(all: boolean, slice?: BatchSlice): Promise<void> | undefined;
  /** Writes all of it at once, however long it takes. */
  now(): void;
}

/** A stack trace that the end of a batch cuts off goes on within this time, or not at all. In ms. */
const REST_OF_TRACE_MS = 50;
/** How long a log keeps the event loop at a time that is not written in the slices of its batch. In ms. */
const SLICE_MS = 5;

/** `write` writes one log; `undefined`: it was done at once. */
export function createLogWriting(
  assembler: Pick<LineAssembler, "take" | "holds">,
  write: (log: AssembledLog) => Steps<void> | undefined,
): LogWriting {
  const unwritten: AssembledLog[] = [];
  /** The rest of the log whose writing was interrupted. */
  let writing: Steps<void> | undefined;
  /** Until all is written, where it is written in slices. */
  let draining: Promise<void> | undefined;
  let restOfTrace: ReturnType<typeof setTimeout> | undefined;

  function gather(all: boolean): void {
    clearTimeout(restOfTrace);
    restOfTrace = undefined;
    unwritten.push(...assembler.take(all));
  }

  function waitForRest(): void {
    clearTimeout(restOfTrace);
    restOfTrace = assembler.holds ? setTimeout(() => void writeSlices(true), REST_OF_TRACE_MS) : undefined;
  }

  /** Goes on with the log that was begun, or begins the next one. */
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

  /** Whether all is written. `looksBetween`: the slice is looked at after each log, too. */
  function writeSome(slice: BatchSlice, looksBetween: boolean): boolean {
    while (writing !== undefined || unwritten.length > 0) {
      step(slice);
      if (writing !== undefined || looksBetween && slice.isOver()) break;
    }
    return writing === undefined && unwritten.length === 0;
  }

  async function drain(slice: BatchSlice): Promise<void> {
    do await slice.pause(); while (!writeSome(slice, true));
    draining = undefined;
    waitForRest();
  }

  function writeSlices(all: boolean, slice?: BatchSlice): Promise<void> | undefined {
    gather(all);
    if (draining !== undefined) return draining;
    const own = slice ?? createBatchSlice(SLICE_MS);
    if (!writeSome(own, slice !== undefined)) return draining = drain(own);
    waitForRest();
    return undefined;
  }

  return {
    write: writeSlices,
    now: () => {
      gather(true);
      if (writing !== undefined) finish(writing);
      writing = undefined;
      for (const log of unwritten.splice(0)) {
        const steps = write(log);
        if (steps !== undefined) finish(steps);
      }
    },
  };
}
