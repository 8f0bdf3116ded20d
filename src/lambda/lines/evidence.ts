/**
 * What lines tell of how an invocation goes, beside handlers' exceptions: memory that ran out, the platform's word on a
 * timeout. Only forms that runtimes and the platform write are read, so that no prose is taken for a fact.
 */
import type { Line } from "./line.ts";

export interface LineEvidence {
  readonly outOfMemory: boolean;
  /** The request the platform says timed out. */
  readonly timedOutRequestId: string | undefined;
}

const NOTHING: LineEvidence = { outOfMemory: false, timedOutRequestId: undefined };

/** A cheap test that nearly every line fails, before the exact ones. */
const SUSPICIOUS = /emory|signal: killed|timed out/;
const OUT_OF_MEMORY =
  /JavaScript heap out of memory|Runtime exited with error: signal: killed|\bjava\.lang\.OutOfMemoryError\b|(?<![\w.])MemoryError\b|failed to allocate memory \(NoMemoryError\)|\bSystem\.OutOfMemoryException\b|fatal error: runtime: out of memory/;
const TIMED_OUT = /^\S{1,40} ([\w-]{1,64}) Task timed out after \d+\.\d+ seconds\s*$/;

/** What a function's line tells about its invocation. */
export function readEvidence({ text, message, record }: Line): LineEvidence {
  const told = text ?? message;
  const isSuspicious = SUSPICIOUS.test(told);
  if (record === undefined && !isSuspicious) return NOTHING;
  const inParts = record !== undefined &&
    [record["errorType"], record["errorMessage"]].some((part) =>
      typeof part === "string" && isOutOfMemory(part)
    );
  if (!isSuspicious && !inParts) return NOTHING;
  return {
    outOfMemory: inParts || (isSuspicious && OUT_OF_MEMORY.test(told)),
    timedOutRequestId: isSuspicious && text !== undefined ? TIMED_OUT.exec(text)?.[1] : undefined,
  };
}

/** Whether a text names memory that ran out, in a runtime's own words. */
export function isOutOfMemory(text: string): boolean {
  return SUSPICIOUS.test(text) && OUT_OF_MEMORY.test(text);
}
