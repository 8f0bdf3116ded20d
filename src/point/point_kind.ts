import { type ByteTable, createByteTable } from "./byte_table.ts";
import { cleanMeasurement, cleanTagValue } from "./clean_text.ts";
import { POINT } from "./point_bytes.ts";
import type { Category } from "./point.ts";
import type { Key, KeyTable } from "./point_keys.ts";
import { encodeFieldValue, encodeTag } from "./protobuf.ts";

/** Category and measurement of a point, encoded once. */
export interface PointKind {
  readonly category: Category;
  readonly keys: KeyTable;
  /** The member `name` of the point. */
  readonly head: Uint8Array;
  /** The rules shortened the measurement. */
  readonly isCut: boolean;
  /** What a point of the category must have: the key, and the whole field to write where it is missing. */
  readonly required: Constant | undefined;
}

/** A tag or field that is the same for many points: its key and its whole encoding. */
export interface Constant {
  readonly key: Key;
  readonly isTag: boolean;
  readonly bytes: Uint8Array;
}

/** What is made once for many points. */
export interface PointKinds {
  readonly kind: (category: Category, measurement: string) => PointKind;
  /** The kind whose measurement's UTF-8 is `bytes[from, to)`. */
  readonly kindOfBytes: (category: Category, bytes: Uint8Array, from: number, to: number) => PointKind;
  /** `undefined` if the rules leave nothing of the tag. */
  readonly constantTag: (category: Category, name: string, value: string) => Constant | undefined;
}

/** Kinds kept, and the length of each one's measurement: measurements may be invented, too. */
const MAX_KINDS = 1024;
const MAX_KIND_LENGTH = 1024;
/** Of a longer measurement only the beginning is decoded: the rules leave less of it. */
const LONGEST_BYTES = 4096;

/** The kinds of one writer, over its tables of keys. */
export function createPointKinds(tableOf: (category: Category) => KeyTable): PointKinds {
  const kinds = new Map<string, PointKind>();
  const byBytes = new Map<Category, ByteTable<PointKind>>();
  const required = new Map<Category, Constant | undefined>();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  function kind(category: Category, measurement: string): PointKind {
    const id = `${category}/${measurement}`;
    const found = kinds.get(id);
    if (found !== undefined) return found;
    let isCut = false;
    const name = encoder.encode(cleanMeasurement(measurement, () => void (isCut = true)));
    const size = name.length < 0x80 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
    const made: PointKind = {
      category,
      keys: tableOf(category),
      head: Uint8Array.from([POINT.name, ...size, ...name]),
      isCut,
      required: requiredOf(category),
    };
    if (kinds.size < MAX_KINDS && measurement.length <= MAX_KIND_LENGTH) kinds.set(id, made);
    return made;
  }

  function kindOfBytes(category: Category, bytes: Uint8Array, from: number, to: number): PointKind {
    const until = Math.min(to, from + LONGEST_BYTES);
    const table = tableOfBytes(category);
    const found = table.get(bytes, from, until);
    if (found !== undefined) return found;
    const slice = bytes.subarray(from, until);
    const made = kind(category, decoder.decode(slice));
    if (table.size < MAX_KINDS && slice.length <= MAX_KIND_LENGTH) table.set(slice, made);
    return made;
  }

  function tableOfBytes(category: Category): ByteTable<PointKind> {
    const found = byBytes.get(category);
    if (found !== undefined) return found;
    const made: ByteTable<PointKind> = createByteTable();
    byBytes.set(category, made);
    return made;
  }

  function requiredOf(category: Category): Constant | undefined {
    if (!required.has(category)) required.set(category, makeRequired(category));
    return required.get(category);
  }

  function makeRequired(category: Category): Constant | undefined {
    const isObject = category === "object" || category === "custom_object";
    if (!isObject && category !== "logging") return undefined;
    const name = isObject ? "name" : "status";
    const key = tableOf(category).define(name);
    return { key, isTag: false, bytes: encodeFieldValue(name, isObject ? "default" : "info") };
  }

  function constantTag(category: Category, name: string, value: string): Constant | undefined {
    const key = tableOf(category).define(name);
    const clean = cleanTagValue(value);
    if (clean === "") return undefined;
    return { key, isTag: true, bytes: encodeTag(key.slot.name, clean) };
  }

  return { kind, kindOfBytes, constantTag };
}
