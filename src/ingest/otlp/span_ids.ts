/**
 * The span ids of a request, and those that are parents: by them a span is where its service is entered, left, or in
 * between. Eight bytes an id, not an object.
 */

/** Ids of {@link SPAN_ID_BYTES}. */
export interface SpanIds {
  /** Adds the id `bytes[at, at + 8)`. */
  add(bytes: Uint8Array, at: number): void;
  has(bytes: Uint8Array, at: number): boolean;
}

export const SPAN_ID_BYTES = 8;
const INITIAL_SLOTS = 256;

/** No ids. */
export function createSpanIds(): SpanIds {
  /** Two halves a slot; both 0 is an empty one, as no span has that id. */
  let slots = new Uint32Array(INITIAL_SLOTS * 2);
  let size = 0;

  function find(first: number, second: number): number {
    const mask = slots.length / 2 - 1;
    for (let at = hashOf(first, second) & mask;; at = (at + 1) & mask) {
      const a = slots[at * 2] ?? 0;
      const b = slots[at * 2 + 1] ?? 0;
      if ((a === first && b === second) || (a === 0 && b === 0)) return at * 2;
    }
  }

  function grow(): void {
    const old = slots;
    slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const first = old[at] ?? 0;
      const second = old[at + 1] ?? 0;
      if (first === 0 && second === 0) continue;
      const place = find(first, second);
      slots[place] = first;
      slots[place + 1] = second;
    }
  }

  return {
    add: (bytes, at) => {
      const first = uint32At(bytes, at);
      const second = uint32At(bytes, at + 4);
      if (first === 0 && second === 0) return;
      const place = find(first, second);
      if (slots[place] === first && slots[place + 1] === second) return;
      slots[place] = first;
      slots[place + 1] = second;
      if (++size * 4 > slots.length) grow();
    },
    has: (bytes, at) => {
      const first = uint32At(bytes, at);
      const second = uint32At(bytes, at + 4);
      if (first === 0 && second === 0) return false;
      const place = find(first, second);
      return slots[place] === first && slots[place + 1] === second;
    },
  };
}

/** Odd numbers of this process: a sender cannot choose ids that collide. */
const [FACTOR_1 = 1, FACTOR_2 = 1] = crypto.getRandomValues(new Uint32Array(2)).map((number) => number | 1);

/** Mixes both halves: ids may count up in either. */
function hashOf(first: number, second: number): number {
  const mixed = Math.imul(first ^ (second >>> 15), FACTOR_1) ^ Math.imul(second ^ (first >>> 13), FACTOR_2);
  return mixed ^ (mixed >>> 15);
}

function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0) << 16 |
    (bytes[at + 3] ?? 0) << 24) >>> 0;
}
