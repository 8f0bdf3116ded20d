/**
 * The members of the JSON objects that are open, where they are written as msgpack: of equal keys the last value
 * counts, in the place of the first. That is what `JSON.parse` makes of them.
 */

/** What was written so far: `bytes[0, at)`. */
export interface MsgpackOutput {
  readonly bytes: Uint8Array<ArrayBuffer>;
  at: number;
}

export interface JsonMembers {
  /** Members of all open objects: that of the next one to be opened begins here. */
  readonly count: number;
  /** Adds a member to the innermost object, whose first one is `first`: its key was just written, from `start` on. */
  add(first: number, start: number): void;
  /** Ends the innermost object. Returns how many members it has; what does not count is taken out by {@link settle}. */
  close(first: number): number;
  /** Goes on with what {@link close} has left to do; `true`: nothing is left. */
  settle(): boolean;
}

/** Bytes before a text: its head and its length. */
export const TEXT_HEAD = 5;
const INITIAL_MEMBERS = 64;
/** Members that are written anew in one go. */
const STEP = 4096;
/** Below this many bytes a loop beats a call. */
const SHORT = 48;
/** Keys that share their hash would make a long list of each look. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

/** An object that is written anew. */
interface Rewriting {
  /** Its members as they were, which were `size` bytes from `from` on. */
  readonly old: Uint8Array;
  readonly size: number;
  readonly from: number;
  next: number;
  readonly end: number;
}

/** No members, of what is written to `out`. */
export function createJsonMembers(out: MsgpackOutput): JsonMembers {
  const { bytes } = out;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Of each member: where its key begins, the key's hash. */
  let starts = new Int32Array(INITIAL_MEMBERS);
  let hashes = new Int32Array(INITIAL_MEMBERS);
  /** Where it is in the table; -1: its key came before. */
  let slots = new Int32Array(INITIAL_MEMBERS);
  /** The last member with the same key. */
  let lasts = new Int32Array(INITIAL_MEMBERS);
  /** Members by hash, plus one. They leave in the reverse order, so none is ever missed for a gap. */
  let table = new Int32Array(2 * INITIAL_MEMBERS);
  let rewriting: Rewriting | undefined;
  let scratch = new Uint8Array(0);
  const members = { count: 0, add, close, settle };

  function add(first: number, start: number): void {
    const index = members.count;
    if (index === starts.length) grow();
    const hash = hashOf(start, first);
    const slot = slotOf(hash, start, first);
    const found = (table[slot] ?? 0) - 1;
    starts[index] = start;
    hashes[index] = hash;
    lasts[index] = index;
    if (found >= 0) {
      lasts[found] = index;
      slots[index] = -1;
    } else {
      slots[index] = slot;
      table[slot] = index + 1;
    }
    members.count++;
  }

  /** Where a key is in the table, or may be put. */
  function slotOf(hash: number, start: number, first: number): number {
    const mask = table.length - 1;
    let slot = hash & mask;
    for (let index = table[slot] ?? 0; index > 0; index = table[slot] ?? 0) {
      if (index > first && hashes[index - 1] === hash && isSameKey(starts[index - 1] ?? 0, start)) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  function isSameKey(a: number, b: number): boolean {
    const length = view.getUint32(a + 1);
    if (length !== view.getUint32(b + 1)) return false;
    for (let i = TEXT_HEAD; i < TEXT_HEAD + length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  function hashOf(start: number, first: number): number {
    let hash = SEED ^ Math.imul(first, 0x9e37_79b1);
    for (let at = start + TEXT_HEAD; at < out.at; at++) {
      hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x85eb_ca6b);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  function grow(): void {
    const length = 2 * starts.length;
    starts = enlarged(starts, length);
    hashes = enlarged(hashes, length);
    slots = enlarged(slots, length);
    lasts = enlarged(lasts, length);
    table = new Int32Array(2 * length);
    const mask = table.length - 1;
    for (let i = 0; i < members.count; i++) {
      if ((slots[i] ?? 0) < 0) continue;
      let slot = (hashes[i] ?? 0) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = i + 1;
      slots[i] = slot;
    }
  }

  function close(first: number): number {
    const end = members.count;
    let kept = 0;
    for (let i = end - 1; i >= first; i--) {
      const slot = slots[i] ?? 0;
      if (slot < 0) continue;
      table[slot] = 0;
      kept++;
    }
    if (kept < end - first) {
      const from = starts[first] ?? 0;
      const size = out.at - from;
      // One room for all of them: an object in another in another may each have its keys twice.
      if (scratch.length < size) scratch = new Uint8Array(size);
      scratch.set(bytes.subarray(from, out.at));
      rewriting = { old: scratch, size, from, next: first, end };
      out.at = from;
    }
    members.count = first;
    return kept;
  }

  /** Writes the members anew without those whose keys came before, whose values go there. */
  function settle(): boolean {
    if (rewriting === undefined) return true;
    const { old, size, from, next, end } = rewriting;
    const stop = Math.min(next + STEP, end);
    const endOf = (index: number): number => index + 1 < end ? (starts[index + 1] ?? 0) - from : size;
    for (let i = next; i < stop; i++) {
      if ((slots[i] ?? 0) < 0) continue;
      const start = (starts[i] ?? 0) - from;
      const last = lasts[i] ?? i;
      if (last === i) put(old, start, endOf(i));
      else {
        put(old, start, valueOf(old, start));
        put(old, valueOf(old, (starts[last] ?? 0) - from), endOf(last));
      }
    }
    rewriting.next = stop;
    if (stop < end) return false;
    rewriting = undefined;
    return true;
  }

  function put(old: Uint8Array, from: number, to: number): void {
    const { at } = out;
    if (to - from < SHORT) { for (let i = from; i < to; i++) bytes[at + i - from] = old[i] ?? 0; }
    else bytes.set(old.subarray(from, to), at);
    out.at = at + to - from;
  }

  return members;
}

/** Where the value begins whose key begins at `start`. */
function valueOf(bytes: Uint8Array, start: number): number {
  let length = 0;
  for (let i = 1; i < TEXT_HEAD; i++) length = length * 256 + (bytes[start + i] ?? 0);
  return start + TEXT_HEAD + length;
}

function enlarged(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}
