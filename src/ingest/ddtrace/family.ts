/** Who is whose parent among the spans of a chunk, in a table of numbers. */

/** Numbers of a span: its place, the halves of 64-bit ids, a hash of its service, and flags. */
export const STRIDE = 9;
export const PLACE = 0;
export const TRACE_LOW = 1;
export const TRACE_HIGH = 2;
export const SPAN_LOW = 3;
export const SPAN_HIGH = 4;
export const PARENT_LOW = 5;
export const PARENT_HIGH = 6;
export const SERVICE = 7;
/** Bits that the chunk gives a meaning. */
export const FLAGS = 8;

/** An index over such a table. */
export interface Family {
  index(table: Int32Array, count: number): void;
  /** The last span with the id; -1 when there is none. */
  find(table: Int32Array, low: number, high: number): number;
  /** Whether a span has the id as its parent's. */
  isParent(table: Int32Array, low: number, high: number): boolean;
  /** Lets go of room. */
  release(): void;
}

const INITIAL_SLOTS = 256;
/** Odd and unpredictable: ids that all have one hash would take time that grows with the square of their number. */
const [MULTIPLIER = 1, OTHER_MULTIPLIER = 1] = crypto.getRandomValues(new Int32Array(2)).map((number) =>
  number | 1
);

/** An index of nothing. */
export function createFamily(): Family {
  /** Numbers of spans, from 1, by the hash of their id and of their parent's. */
  let byId = new Int32Array(INITIAL_SLOTS);
  let byParent = new Int32Array(INITIAL_SLOTS);

  /** Where the id is in `slots`, or would be; `column` tells which id of a span. */
  function slotOf(table: Int32Array, slots: Int32Array, column: number, low: number, high: number): number {
    const mask = slots.length - 1;
    let slot = Math.imul(low ^ Math.imul(high, OTHER_MULTIPLIER), MULTIPLIER);
    for (slot = (slot ^ (slot >>> 15)) & mask;; slot = (slot + 1) & mask) {
      const number = slots[slot] ?? 0;
      if (number === 0) return slot;
      const at = STRIDE * (number - 1) + column;
      if (table[at] === low && table[at + 1] === high) return slot;
    }
  }

  return {
    index: (table, count) => {
      let slots = INITIAL_SLOTS;
      while (slots < 2 * count) slots *= 2;
      if (byId.length === slots) {
        byId.fill(0);
        byParent.fill(0);
      } else {
        byId = new Int32Array(slots);
        byParent = new Int32Array(slots);
      }
      for (let i = 0; i < count; i++) {
        const at = STRIDE * i;
        byId[slotOf(table, byId, SPAN_LOW, table[at + SPAN_LOW] ?? 0, table[at + SPAN_HIGH] ?? 0)] = i + 1;
        byParent[
          slotOf(table, byParent, PARENT_LOW, table[at + PARENT_LOW] ?? 0, table[at + PARENT_HIGH] ?? 0)
        ] = i + 1;
      }
    },
    find: (table, low, high) => (byId[slotOf(table, byId, SPAN_LOW, low, high)] ?? 0) - 1,
    isParent: (table, low, high) => (byParent[slotOf(table, byParent, PARENT_LOW, low, high)] ?? 0) > 0,
    release: () => {
      byId = new Int32Array(INITIAL_SLOTS);
      byParent = new Int32Array(INITIAL_SLOTS);
    },
  };
}
