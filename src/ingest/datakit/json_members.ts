/** Members of an object in the order that JavaScript's objects have them, however many there are. */

/** Members between two stops. */
const STEP = 512;
/** Names that are integers come first, by their size. */
const INTEGER = /^(?:0|[1-9]\d{0,9})$/;
const MAX_INDEX = 4_294_967_294;

/** Whether an object's members of such names come first. */
export function isIndex(name: string): boolean {
  return INTEGER.test(name) && Number(name) <= MAX_INDEX;
}

/** Members by name; of one that comes twice the last value counts, at the first's place. */
export interface Members<T> {
  has(name: string): boolean;
  set(name: string, value: T): void;
  readonly size: number;
  /** Whether the members came in their order, each once. */
  readonly isAsItCame: boolean;
  /** Gives the members in their order, and stops now and then. */
  each(take: (name: string, value: T) => void): Generator<undefined, void, undefined>;
}

export function createMembers<T>(): Members<T> {
  const members = new Map<string, { value: T }>();
  const integers: number[] = [];
  let isAsItCame = true;

  function set(name: string, value: T): void {
    if (members.has(name)) isAsItCame = false;
    else if (isIndex(name)) {
      integers.push(Number(name));
      // Told more often than it is so, which costs no more than being looked at.
      if (members.size > 0) isAsItCame = false;
    }
    const member = members.get(name);
    if (member === undefined) members.set(name, { value });
    else member.value = value;
  }

  function* each(take: (name: string, value: T) => void): Generator<undefined, void, undefined> {
    let count = 0;
    const first = new Set<string>();
    // Of numbers of 32 bits: sorted in native code.
    for (const integer of Uint32Array.from(integers).sort()) {
      const name = String(integer);
      first.add(name);
      const member = members.get(name);
      if (member !== undefined) take(name, member.value);
      if (++count % STEP === 0) yield;
    }
    for (const [name, { value }] of members) {
      if (!first.has(name)) take(name, value);
      if (++count % STEP === 0) yield;
    }
  }

  return {
    has: (name) => members.has(name),
    set,
    get size() {
      return members.size;
    },
    get isAsItCame() {
      return isAsItCame;
    },
    each,
  };
}
