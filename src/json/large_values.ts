/** Objects and lists that are large, which `steps_json.ts` reads: what is done with all of one is done in steps. */
import type { JsonObject } from "./exact_json.ts";

/** Of an object its keys in their order, which takes milliseconds to ask of one of very many. */
const keysOfLarge = new WeakMap<object, readonly string[]>();

/** Tells that an object is large, and what its keys are. Of a list there are none. */
export function markLarge(value: object, keys: readonly string[] = []): void {
  keysOfLarge.set(value, keys);
}

/** Whether a value is, or holds, more than can be gone through at once. */
export function isLarge(value: unknown): boolean {
  return typeof value === "object" && value !== null && keysOfLarge.has(value);
}

/** An object's own keys, as `Object.keys` gives them. */
export function keysOf(object: JsonObject): readonly string[] {
  return keysOfLarge.get(object) ?? Object.keys(object);
}

/** Whether an object has no other keys than such. */
export function onlyHas(object: JsonObject, isOne: (key: string) => boolean): boolean {
  if (isLarge(object)) return keysOf(object).every(isOne);
  // Nothing is made for it: nearly every record is asked.
  for (const key in object) if (!isOne(key)) return false;
  return true;
}

/** Keys of an object that is being made, in the order that `Object.keys` gives: indexes come first, by their size. */
export interface KeyOrder {
  /** A key that was not there before. */
  add(key: string): void;
  /** All of them. Of very many indexes in steps. */
  done(): Generator<undefined, readonly string[]>;
}

/** The largest index that an object sorts. */
const MAX_INDEX = 2 ** 32 - 2;

/** Indexes that are written at once. */
const MAX_WRITTEN = 4096;

export function createKeyOrder(): KeyOrder {
  const names: string[] = [];
  const indexes: number[] = [];
  return {
    add: (key) => {
      const index = indexOf(key);
      if (index === undefined) names.push(key);
      else indexes.push(index);
    },
    *done(): Generator<undefined, readonly string[]> {
      if (indexes.length === 0) return names;
      const keys: string[] = [];
      for (const index of Uint32Array.from(indexes).sort()) {
        if (keys.push(String(index)) % MAX_WRITTEN === 0) yield;
      }
      return keys.concat(names);
    },
  };
}

/** The index that a key is, written as numbers are. */
function indexOf(key: string): number | undefined {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39) || key.length > 10) return undefined;
  const index = Number(key);
  return index <= MAX_INDEX && String(index) === key ? index : undefined;
}
