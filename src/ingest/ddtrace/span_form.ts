import { createMsgpackCursor, type MsgpackCursor, skipSome, sliceText } from "./msgpack_cursor.ts";
import type { Json, ValueBudget } from "./msgpack_value.ts";
import { MAX_TAGS_READ, type WireSpan } from "./wire_span.ts";

/**
 * Decodes the spans of one wire form, one at a time and a span in as many steps as it takes: a client that
 * sends a million tags on one span must not block the event loop.
 */
export interface SpanForm {
  /** Begins the span that is next at the cursor; `false`: that is no span, and is left. */
  begin(span: WireSpan): boolean;
  /** Decodes on; true when the span is whole. Throws DecodeError when the bytes end early. */
  readSome(): boolean;
  /** What is rare is decoded once it is written. Both throw TooLargeError for more than the budget. */
  linksOf(span: WireSpan, budget: ValueBudget): readonly SpanLink[] | undefined;
  eventsOf(span: WireSpan, budget: ValueBudget): readonly SpanEvent[] | undefined;
}

/** A reference to a span of this or another trace. */
export interface SpanLink {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly attributes: ReadonlyMap<string, Json>;
  readonly tracestate: string;
  /** W3C trace flags; bit 31 says that they are set. */
  readonly flags: number;
}

/** Something that happened within a span. */
export interface SpanEvent {
  readonly name: string;
  readonly timeNs: bigint;
  readonly attributes: ReadonlyMap<string, Json>;
}

/** Values decoded in one step: some 0.2 ms. */
export const STEP = 4096;

/** A span half decoded, and what goes on with it. */
export interface Progress {
  /** Values to be decoded in this step. A take that costs far more than others ends it: `left = 0`. */
  left: number;
  /** Members to be taken. */
  members: number;
  /** Pairs to be taken of the map that is being read. */
  pairs: number;
  /** Pairs after them that are too many. */
  excess: number;
  readonly takeMember: () => void;
  readonly takePair: () => void;
  readonly passExcess: (pairs: number) => void;
  /** Passes over what a take has left, if anything; true when nothing is left of it. */
  readonly passSome: () => boolean;
}

/** Decodes on until the span is whole (true) or the step is over. */
export function advance(progress: Progress): boolean {
  for (progress.left = STEP; progress.left > 0; progress.left--) {
    if (!progress.passSome()) return false;
    if (progress.pairs > 0) {
      progress.pairs--;
      progress.takePair();
    } else if (progress.excess > 0) {
      const { excess } = progress;
      progress.excess = 0;
      progress.passExcess(excess);
    } else if (progress.members > 0) {
      progress.members--;
      progress.takeMember();
    } else return true;
  }
  return false;
}

/** Begins to take a map with this many pairs. */
export function beginPairs(progress: Progress, span: WireSpan, count: number): void {
  progress.pairs = Math.min(count, MAX_TAGS_READ);
  progress.excess = count - progress.pairs;
  if (progress.excess > 0) span.isTrimmed = true;
}

/** The way of forms whose values are plain msgpack. */
export function plainProgress(cursor: MsgpackCursor, takeMember: () => void, takePair: () => void): Progress {
  return {
    left: 0,
    members: 0,
    pairs: 0,
    excess: 0,
    takeMember,
    takePair,
    passExcess: (pairs) => void (cursor.pending = 2 * pairs),
    passSome: () => cursor.pending === 0 || skipSome(cursor, STEP),
  };
}

/** A cursor of its own, for a value that was passed over. */
export function cursorAt(bytes: Uint8Array, place: number): MsgpackCursor {
  const cursor = createMsgpackCursor(bytes);
  cursor.at = place;
  return cursor;
}

/** Longest message, in bytes: texts sent once may be used often, so it could become far larger than its payload. */
export const MAX_MESSAGE_BYTES = 262_144;

/** A tag's name of `bytes[from, to)`, as far as it matters: there is no room for one that is longer than a message. */
export function keyText(bytes: Uint8Array, from: number, to: number): string {
  return sliceText(bytes, from, Math.min(to, from + MAX_MESSAGE_BYTES + 1));
}

/** A 64-bit integer of two halves as 16 hexadecimal digits. */
export function hexOf(low: number, high: number): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
