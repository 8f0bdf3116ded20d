/**
 * Keys of points with what Dataway's rules make of them, encoded once for all the points that have them. What a
 * point's writer must know of a key while it writes (is it there already, where) is kept with the key: no point needs
 * a map of its own.
 */
import { type ByteTable, createByteTable } from "./byte_table.ts";
import { cleanKey } from "./clean_text.ts";
import type { Category } from "./point.ts";

/** A key as points have it. Keys that are written differently may become one by the rules. */
export interface Slot {
  /** After the rules. */
  readonly name: string;
  /** Whether points of the category may have it. */
  readonly isAllowed: boolean;
  /** The member `key` of a field. */
  readonly fieldHead: Uint8Array;
  /** The members `key` and `is_tag` of a tag. */
  readonly tagHead: Uint8Array;
  /** Its bit among the keys of common tags; 0: it is none of them. */
  readonly commonBit: number;

  /** The point that has it; the rest is of that point. */
  serial: number;
  isTag: boolean;
  /** Whether it was written as it is, not made so by the rules. */
  isExact: boolean;
  /** Its field's place in the point's bytes. */
  from: number;
  to: number;
}

/** A key as it is written. */
export interface Key {
  /** Before the rules. */
  readonly name: string;
  readonly slot: Slot;
  readonly isExact: boolean;
  /** The rules shortened it. */
  readonly isCut: boolean;
  /** Whether the table keeps it; one that it does not is of the point begun last, see {@link KeyTable.current}. */
  readonly isKept: boolean;
}

/** The keys of the categories that share rules. */
export interface KeyTable {
  /** Whether points take no text and keep the dots of their keys. */
  readonly isMetric: boolean;
  /** A key that the program itself knows: never forgotten. */
  define(name: string): Key;
  of(name: string): Key;
  /** The same if a point may have it by now; `undefined`: none has, and none is made. */
  known(name: string): Key | undefined;
  /** A key for the point begun last, which is another if it was not kept. */
  current(key: Key): Key;
  /** The key whose UTF-8 is `bytes[from, to)`. */
  ofBytes(bytes: Uint8Array, from: number, to: number): Key;
  /** Forgets the keys that were too many to be kept; called between points. */
  forgetOverflow(): void;
}

/**
 * Keys kept for each set of rules, and the length of each: customers' own keys are few and short, and what invents
 * keys must not fill the memory.
 */
const MAX_KEYS = 4096;
const MAX_LENGTH = 1024;
/** Of a longer key only the beginning is decoded: the rules leave less of it. In bytes. */
const LONGEST_BYTES = 4096;

const KEY = 0x0a;
const IS_TAG = 0x40;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What categories share: metrics keep dots, and logs and objects have names that are taken. */
type Rules = "metric" | "logging" | "object" | "other";

/** Gives each category its table. `commonBitOf` tells a name's bit among the keys of common tags. */
export function createKeyTables(commonBitOf: (name: string) => number): (category: Category) => KeyTable {
  const tables = new Map<Rules, KeyTable>();
  return (category) => {
    const rules = rulesOf(category);
    const found = tables.get(rules);
    if (found !== undefined) return found;
    const made = createKeyTable(rules, commonBitOf);
    tables.set(rules, made);
    return made;
  };
}

function createKeyTable(rules: Rules, commonBitOf: (name: string) => number): KeyTable {
  const isMetric = rules === "metric";
  const keys = new Map<string, Key>();
  const slots = new Map<string, Slot>();
  const overflow = new Map<string, Slot>();
  const byBytes: ByteTable<Key> = createByteTable();

  function of(name: string): Key {
    return keys.get(name) ?? make(name, keys.size < MAX_KEYS && name.length <= MAX_LENGTH);
  }

  function make(name: string, isKept: boolean): Key {
    let isCut = false;
    const own = isKept ? copyOf(name) : name;
    const clean = cleanKey(own, isMetric, () => void (isCut = true));
    const key: Key = { name: own, slot: slotOf(clean, isKept), isExact: clean === own, isCut, isKept };
    if (isKept) keys.set(own, key);
    return key;
  }

  /** One slot a name, also among those that are not kept: a key that comes twice must find itself. */
  function slotOf(name: string, isKept: boolean): Slot {
    const found = slots.get(name);
    if (found !== undefined) return found;
    const made = overflow.get(name) ?? createSlot(name, isAllowed(rules, name), commonBitOf(name));
    (isKept ? slots : overflow).set(name, made);
    return made;
  }

  return {
    isMetric,
    define: (name) => keys.get(name) ?? make(name, true),
    of,
    known: (name) => {
      const found = keys.get(name);
      if (found !== undefined) return found;
      const clean = cleanKey(name, isMetric);
      return slots.has(clean) || overflow.has(clean) ? of(name) : undefined;
    },
    current: (key) => key.isKept ? key : of(key.name),
    ofBytes: (bytes, from, to) => {
      const until = Math.min(to, from + LONGEST_BYTES);
      const found = byBytes.get(bytes, from, until);
      if (found !== undefined) return found;
      const slice = bytes.subarray(from, until);
      const key = of(decoder.decode(slice));
      if (key.isKept && byBytes.size < MAX_KEYS) byBytes.set(slice, key);
      return key;
    },
    forgetOverflow: () => {
      if (overflow.size > 0) overflow.clear();
    },
  };
}

/** The same text on its own: one cut out of a request's body would keep the whole body in memory. */
function copyOf(text: string): string {
  return text.isWellFormed() ? decoder.decode(encoder.encode(text)) : text;
}

function createSlot(name: string, allowed: boolean, commonBit: number): Slot {
  const text = encoder.encode(name);
  const { length } = text;
  // Two bytes hold the length of any key: at most 256.
  const size = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  const textAt = 1 + size.length;
  const tagHead = new Uint8Array(textAt + length + 2);
  tagHead[0] = KEY;
  tagHead.set(size, 1);
  tagHead.set(text, textAt);
  tagHead[textAt + length] = IS_TAG;
  tagHead[textAt + length + 1] = 1;
  return {
    name,
    isAllowed: allowed,
    fieldHead: tagHead.subarray(0, textAt + length),
    tagHead,
    commonBit,
    serial: 0,
    isTag: false,
    isExact: false,
    from: 0,
    to: 0,
  };
}

function rulesOf(category: Category): Rules {
  switch (category) {
    case "metric":
    case "logging":
    case "object":
      return category;
    case "custom_object":
      return "object";
    default:
      return "other";
  }
}

/** Dataway stores the measurement of logs and objects under these names, so no key of a point may have them. */
function isAllowed(rules: Rules, key: string): boolean {
  switch (rules) {
    case "logging":
      return key !== "" && key !== "source" && key !== "date";
    case "object":
      return key !== "" && key !== "class" && key !== "date";
    default:
      return key !== "";
  }
}
