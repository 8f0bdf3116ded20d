/** The attributes of one message as places in the body, with what is known of each name. */
import { type ByteTable, createByteTable } from "../../point/byte_table.ts";
import { PAIR_PLACES as PLACES, readKeyValue } from "./key_value.ts";
import type { ProtoCursor } from "./proto_cursor.ts";

/** What a mapping knows of an attribute's name, and the place of the one that has it. */
export interface AttributeName<T> {
  readonly value: T;
  /** The message whose attribute it is. */
  serial: number;
  /** Its index among the attributes of that message. */
  index: number;
}

/**
 * Attributes of one message after the other: {@link beginAttributes}, then {@link readAttribute} for each. Of a name
 * that is given twice the last value counts, in the place of the first.
 */
export interface AttributeList<T> {
  /** How many there are. */
  count: number;
  /** By index. */
  readonly names: AttributeName<T>[];
  /** By index × {@link PLACES}: begin and end of the key, begin and end of the `AnyValue` (equal without one). */
  places: Int32Array;
  /** Counts messages. */
  serial: number;
  readonly table: NameTable<T>;
}

/** The names there were. */
interface NameTable<T> {
  readonly kept: ByteTable<AttributeName<T>>;
  /** Of this message only, as there were too many. */
  readonly overflow: Map<string, AttributeName<T>>;
  readonly learn: (name: string) => T;
  readonly mayKeep: (value: T) => boolean;
}

/** Numbers that an attribute takes in {@link AttributeList.places}. */
export { PLACES };

/** Names kept, and bytes of each; others are learnt anew with each message. */
const MAX_NAMES = 4096;
const MAX_NAME_BYTES = 256;
/** Of a longer name only the beginning is decoded: the rules leave less of it. */
const LONGEST_NAME_BYTES = 4096;
/** Learning a name takes as long as reading this many fields. */
const FIELDS_OF_NAME = 50;
/** Of a name that was never met. */
const NEVER = -1;
const INITIAL_PLACES = 64;
/** Room for more is given back after the message that needed it. */
const KEPT_PLACES = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A list over names. `learn` tells what is to be known of a name: once, if `mayKeep` says that it is the same for all
 * messages.
 */
export function createAttributeList<T>(
  learn: (name: string) => T,
  mayKeep: (value: T) => boolean = () => true,
): AttributeList<T> {
  const table: NameTable<T> = { kept: createByteTable(), overflow: new Map(), learn, mayKeep };
  return { count: 0, names: [], places: new Int32Array(INITIAL_PLACES * PLACES), serial: 0, table };
}

/** A name that the program itself looks for. */
export function defineName<T>(list: AttributeList<T>, name: string): AttributeName<T> {
  const bytes = encoder.encode(name);
  return nameOf(list.table, bytes, 0, bytes.length);
}

/** Begins the attributes of another message. */
export function beginAttributes<T>(list: AttributeList<T>): void {
  if (list.count > KEPT_PLACES) {
    list.places = new Int32Array(INITIAL_PLACES * PLACES);
    list.names.length = 0;
  }
  if (list.table.overflow.size > 0) list.table.overflow.clear();
  list.count = 0;
  list.serial++;
}

/** The index of the attribute that has a name, or -1. */
export function indexOfName<T>(list: AttributeList<T>, name: AttributeName<T>): number {
  return name.serial === list.serial ? name.index : -1;
}

/** Reads the `KeyValue` that the cursor stands before, its length first. Throws {@link ProtoError}. */
export function readAttribute<T>(list: AttributeList<T>, c: ProtoCursor): void {
  const { serial, count } = list;
  const at = count * PLACES;
  if (at + PLACES > list.places.length) grow(list);
  const { places } = list;
  readKeyValue(c, places, at);
  const name = nameOf(list.table, c.bytes, places[at] ?? 0, places[at + 1] ?? 0);
  if (name.serial === NEVER) c.fieldsLeft -= FIELDS_OF_NAME;
  if (name.serial === serial) {
    const known = name.index * PLACES;
    places[known + 2] = places[at + 2] ?? 0;
    places[known + 3] = places[at + 3] ?? 0;
    return;
  }
  name.serial = serial;
  name.index = count;
  list.names[count] = name;
  list.count = count + 1;
}

function nameOf<T>(table: NameTable<T>, bytes: Uint8Array, from: number, to: number): AttributeName<T> {
  const { kept, overflow } = table;
  const isShort = to - from <= MAX_NAME_BYTES;
  const known = isShort ? kept.get(bytes, from, to) : undefined;
  if (known !== undefined) return known;
  const slice = bytes.subarray(from, to);
  const text = decoder.decode(slice.subarray(0, LONGEST_NAME_BYTES));
  // Longer ones are told apart by their lengths, too.
  const id = slice.length > LONGEST_NAME_BYTES ? `${text}/${slice.length}` : text;
  const late = overflow.get(id);
  if (late !== undefined) return late;
  const value = table.learn(text);
  const isKept = isShort && kept.size < MAX_NAMES && table.mayKeep(value);
  const made: AttributeName<T> = { value, serial: NEVER, index: 0 };
  if (isKept) kept.set(slice, made);
  else overflow.set(id, made);
  return made;
}

function grow<T>(list: AttributeList<T>): void {
  const grown = new Int32Array(list.places.length * 2);
  grown.set(list.places);
  list.places = grown;
}
