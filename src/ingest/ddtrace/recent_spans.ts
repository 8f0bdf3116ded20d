/** What tells a span from every other: its ids and its start, as two halves each. */
export interface SpanMark {
  readonly traceLow: number;
  readonly traceHigh: number;
  readonly spanLow: number;
  readonly spanHigh: number;
  readonly startLow: number;
  readonly startHigh: number;
}

/** Spans kept in mind: 0.8 MB when full, several invocations of most functions. */
const MAX_SPANS = 16_384;
const INITIAL_SLOTS = 1024;
/** Numbers of a span. */
const STRIDE = 6;

/**
 * Knows spans sent again: clients repeat a request whose answer a freeze or a short timeout has cost them. Returns
 * whether this span came before, and remembers it: at least the last half of `maxSpans`.
 */
export function createRecentSpans(maxSpans = MAX_SPANS): (span: SpanMark) => boolean {
  // Two generations: when one is full the older one is forgotten as a whole.
  let current = createMarks();
  let previous: Marks | undefined;
  const capacity = Math.max(1, Math.floor(maxSpans / 2));

  return (span) => {
    if (previous?.has(span) === true) return true;
    if (current.count === capacity && !current.has(span)) {
      const older = previous ?? createMarks();
      older.clear();
      previous = current;
      current = older;
    }
    return !current.add(span);
  };
}

interface Marks {
  readonly count: number;
  has(span: SpanMark): boolean;
  /** False when it is there already. */
  add(span: SpanMark): boolean;
  clear(): void;
}

function createMarks(): Marks {
  let slots = INITIAL_SLOTS;
  let numbers = new Int32Array(STRIDE * slots);
  let count = 0;

  /** Where the span is, or would be: no span has the id 0. */
  function placeOf({ traceLow, traceHigh, spanLow, spanHigh, startLow, startHigh }: SpanMark): number {
    const mask = slots - 1;
    let slot = Math.imul(spanLow ^ Math.imul(spanHigh, OTHER_MULTIPLIER), MULTIPLIER);
    for (slot = (slot ^ (slot >>> 15)) & mask;; slot = (slot + 1) & mask) {
      const at = STRIDE * slot;
      const low = numbers[at];
      const high = numbers[at + 1];
      if (low === 0 && high === 0) return at;
      if (
        low === (spanLow | 0) && high === (spanHigh | 0) &&
        numbers[at + 2] === (traceLow | 0) && numbers[at + 3] === (traceHigh | 0) &&
        numbers[at + 4] === (startLow | 0) && numbers[at + 5] === (startHigh | 0)
      ) return at;
    }
  }

  function isFree(at: number): boolean {
    return numbers[at] === 0 && numbers[at + 1] === 0;
  }

  function put(at: number, span: SpanMark): void {
    numbers[at] = span.spanLow;
    numbers[at + 1] = span.spanHigh;
    numbers[at + 2] = span.traceLow;
    numbers[at + 3] = span.traceHigh;
    numbers[at + 4] = span.startLow;
    numbers[at + 5] = span.startHigh;
  }

  function grow(): void {
    const old = numbers;
    slots *= 2;
    numbers = new Int32Array(STRIDE * slots);
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] === 0 && old[at + 1] === 0) continue;
      const [spanLow = 0, spanHigh = 0, traceLow = 0, traceHigh = 0, startLow = 0, startHigh = 0] = old
        .subarray(at);
      const span = { spanLow, spanHigh, traceLow, traceHigh, startLow, startHigh };
      put(placeOf(span), span);
    }
  }

  return {
    get count(): number {
      return count;
    },
    has: (span) => !isFree(placeOf(span)),
    add: (span) => {
      const at = placeOf(span);
      if (!isFree(at)) return false;
      put(at, span);
      if (2 * ++count > slots) grow();
      return true;
    },
    clear: () => {
      numbers.fill(0);
      count = 0;
    },
  };
}

/** Odd and unpredictable: ids that all have one hash would be searched one by one. */
const [MULTIPLIER = 1, OTHER_MULTIPLIER = 1] = crypto.getRandomValues(new Int32Array(2)).map((number) =>
  number | 1
);
