/** Points with texts of megabytes: judged in steps, of which each takes some milliseconds at most. */
import { BoundedRegExp, MAX_TESTED, type Steps } from "../bounded_pattern.ts";
import type { Category, FieldValue, Point } from "../point/point.ts";
import { decodePoint } from "../point/point_range.ts";
import type { WantedKeys } from "../point/protobuf_decoder.ts";
import { createProtobufReader, nextField } from "../point/protobuf_reader.ts";
import type { Lookup, PatternTest } from "./evaluate.ts";

/** A tag or field of more bytes is read in steps. */
const LONG_BYTES = 16 * 1024;
/** Decoded between two steps, in bytes. */
const PIECE = 64 * 1024;
/** The members of a point and of its tags and fields. */
const MEMBER = 2;
const PART = { key: 1, bytes: 6, any: 7, string: 11 } as const;
const NO_BYTES = new Uint8Array(0);

/**
 * What is wanted of a point. Long texts have only as much as patterns see, which is more than any literal has; all that
 * conditions ask of a list or of bytes is whether there is one.
 */
export function* decodeLong(category: Category, bytes: Uint8Array, names: WantedKeys): Steps<Point> {
  const long: [string, FieldValue][] = [];
  const reader = createProtobufReader(bytes);
  while (nextField(reader)) {
    if (reader.field !== MEMBER || reader.wireType !== 2 || reader.bytes.length <= LONG_BYTES) continue;
    const found = yield* decodeMember(reader.bytes, names);
    if (found !== undefined) long.push(found);
  }
  const point = decodePoint(category, bytes, {
    get: (member, from, to) => member.length > LONG_BYTES ? undefined : names.get(member, from, to),
  });
  // A key is there once.
  return long.length === 0 ? point : { ...point, fields: new Map([...point.fields, ...long]) };
}

function* decodeMember(bytes: Uint8Array, names: WantedKeys): Steps<[string, FieldValue] | undefined> {
  const reader = createProtobufReader(bytes);
  let key: string | undefined;
  let value: FieldValue | undefined;
  while (nextField(reader)) {
    const { field, at } = reader;
    if (field === PART.key) {
      if (names.get(bytes, at - reader.bytes.length, at) === undefined) return undefined;
      key = new TextDecoder("utf-8", { ignoreBOM: true }).decode(reader.bytes);
    } else if (field === PART.string) value = yield* decodeBeginning(reader.bytes);
    else if (field === PART.any) value = [];
    else if (field === PART.bytes) value = NO_BYTES;
  }
  return key === undefined || value === undefined ? undefined : [key, value];
}

function* decodeBeginning(bytes: Uint8Array): Steps<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for (let at = 0; at < bytes.length && text.length < MAX_TESTED; at += PIECE) {
    if (at > 0) yield;
    text += decoder.decode(bytes.subarray(at, at + PIECE), { stream: true });
  }
  return text;
}

/** Looks for all patterns, by the name of what they are looked for in, before anything is judged. */
export function* testAhead(patterns: ReadonlyMap<RegExp, string>, lookup: Lookup): Steps<PatternTest> {
  const known = new Map<RegExp, boolean>();
  for (const [pattern, name] of patterns) {
    const value = lookup(name);
    if (typeof value !== "string" || !(pattern instanceof BoundedRegExp)) continue;
    known.set(pattern, yield* pattern.testSteps(value));
    yield;
  }
  return (pattern, text) => known.get(pattern) ?? pattern.test(text);
}
