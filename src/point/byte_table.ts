/**
 * Values by keys that are slices of a larger buffer: a body's attribute names are looked up where they lie, without
 * making strings of them. Keys are copied when they are set; nothing is ever removed.
 */
export interface ByteTable<T> {
  /** The value of the key `bytes[from, to)`. */
  get(bytes: Uint8Array, from: number, to: number): T | undefined;
  /** Sets a key, or gives a known one another value. */
  set(key: Uint8Array, value: T): void;
  readonly size: number;
}

interface Entry<T> {
  readonly hash: number;
  readonly key: Uint8Array;
  value: T;
}

const INITIAL_SLOTS = 64;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A table with `entries`, names taken as UTF-8. */
export function createByteTable<T>(entries: Iterable<readonly [string, T]> = []): ByteTable<T> {
  let slots: (Entry<T> | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined);
  let size = 0;
  /** Length of the longest key: what is longer is not even hashed. */
  let longest = 0;

  /** Where the key is, or would be: open addressing, one step at a time. */
  function find(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const mask = slots.length - 1;
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const entry = slots[at];
      if (entry === undefined) return at;
      if (entry.hash === hash && isEqual(entry.key, bytes, from, to)) return at;
    }
  }

  function grow(): void {
    const old = slots;
    slots = new Array(old.length * 2).fill(undefined);
    for (const entry of old) {
      if (entry !== undefined) slots[find(entry.hash, entry.key, 0, entry.key.length)] = entry;
    }
  }

  function set(key: Uint8Array, value: T): void {
    const hash = hashOf(key, 0, key.length);
    const at = find(hash, key, 0, key.length);
    const found = slots[at];
    if (found !== undefined) {
      found.value = value;
      return;
    }
    // Not slice(): of a Node.js buffer, which some bodies are, that is no copy.
    slots[at] = { hash, key: new Uint8Array(key), value };
    longest = Math.max(longest, key.length);
    if (++size * 2 > slots.length) grow();
  }

  const encoder = new TextEncoder();
  for (const [name, value] of entries) set(encoder.encode(name), value);

  return {
    get: (bytes, from, to) =>
      to - from > longest ? undefined : slots[find(hashOf(bytes, from, to), bytes, from, to)]?.value,
    set,
    get size(): number {
      return size;
    },
  };
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = FNV_OFFSET;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
  // The low bits choose the slot; those of FNV alone are weak for short keys.
  return hash ^ (hash >>> 15);
}

function isEqual(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const { length } = key;
  if (length !== to - from) return false;
  for (let i = 0; i < length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}
