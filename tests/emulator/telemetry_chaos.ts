/**
 * Ways in which the platform misdelivers telemetry. AWS promises neither order nor once-only delivery nor a time.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html
 */

/** What is done to each batch; the parts combine. */
export interface TelemetryChaos {
  /** It comes this much later, in ms. */
  readonly delayMs?: number;
  /** It comes twice: marked as the same by an equal `Sequence-Id`, or not. */
  readonly repeat?: "same-id" | "no-id";
  /** It comes in POSTs of at most this many events. */
  readonly splitAt?: number;
  /** Its events come in the opposite order, and its parts too. */
  readonly reversed?: boolean;
  /** The log lines of each n-th batch never come; the platform says so with `platform.logsDropped`. */
  readonly dropEach?: number;
  /**
   * What never comes: each `platform.runtimeDone`, of which `platform.logsDropped` tells; each of them without a word;
   * or all, without a word.
   */
  readonly lose?: "ends" | "ends-untold" | "everything";
}

/** One POST. */
export interface Posting {
  readonly items: readonly string[];
  readonly withId: boolean;
}

/** The POSTs a batch becomes. */
export function toPostings(items: readonly string[], chaos: TelemetryChaos): readonly Posting[] {
  const ordered = chaos.reversed ? items.toReversed() : items;
  const size = chaos.splitAt ?? Math.max(1, ordered.length);
  const parts: string[][] = [];
  for (let at = 0; at < ordered.length; at += size) parts.push(ordered.slice(at, at + size));
  const postings = parts.map((part): Posting => ({ items: part, withId: chaos.repeat !== "no-id" }));
  return chaos.repeat === undefined ? postings : postings.flatMap((posting) => [posting, posting]);
}
