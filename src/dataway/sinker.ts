/**
 * Dataway's sinker: uploads tell which tags their points have, and Dataway chooses the workspace by them.
 * @see https://docs.guance.com/deployment/dataway-sink/
 */
import type { Batch } from "../pipeline/exporter.ts";
import { createByteTable } from "../point/byte_table.ts";
import { measurementKey } from "../point/measurement_key.ts";
import type { Category } from "../point/point.ts";
import { contentOf, decodePoint, type PointRange } from "../point/point_range.ts";

export interface SinkerOptions {
  /** Keys that count, of tags and text fields. */
  readonly keys: Iterable<string>;
  /** What is common to all points, as known now. */
  readonly commonTags: () => ReadonlyMap<string, string>;
}

/** Tells points by what the sinker is told of them. */
export interface Sinker {
  /** The header's text for one point of a range. Points of the same text may travel together. */
  groupOf(category: Category, range: PointRange, index: number): string;
  /** The headers of an upload whose points are of one group. */
  headersOf(batch: Batch): Readonly<Record<string, string>>;
  /** The headers of what is asked of Dataway for all points. */
  commonHeaders(): Readonly<Record<string, string>>;
}

/** A sinker over these keys. */
export function createSinker(options: SinkerOptions): Sinker {
  const keys = new Set(options.keys);
  const wanted = createByteTable(Array.from(keys, (key) => [key, true]));

  /** As DataKit writes it: in the point's order, then what it makes keys of; nothing is escaped. */
  function groupOf(category: Category, range: PointRange, index: number): string {
    const point = decodePoint(category, contentOf(range, index), wanted);
    const pairs: string[] = [];
    const add = (key: string, value: unknown): void => {
      if (typeof value === "string" && keys.has(key)) pairs.push(`${key}=${value}`);
    };
    for (const [key, value] of point.tags) add(key, value);
    for (const [key, value] of point.fields) add(key, value);
    for (const [key, value] of point.ownTagsOnly ? [] : options.commonTags()) {
      if (!point.tags.has(key) && !point.fields.has(key)) add(key, value);
    }
    add("category", category);
    const key = measurementKey(category);
    if (key !== undefined) add(key, point.measurement);
    return toHeader(pairs);
  }

  return {
    groupOf,
    headersOf: ({ category, ranges: [first] }) => {
      return first === undefined ? {} : headers(groupOf(category, first, first.from));
    },
    commonHeaders: () => {
      const pairs = [...options.commonTags()].filter(([key]) => keys.has(key));
      return headers(toHeader(pairs.map(([key, value]) => `${key}=${value}`)));
    },
  };
}

function headers(text: string): Readonly<Record<string, string>> {
  return text === "" ? {} : { "x-global-tags": text };
}

/** A line's end in a value would end the header. */
function toHeader(pairs: readonly string[]): string {
  // deno-lint-ignore no-control-regex
  return pairs.join(",").replace(/[\x00-\x1f\x7f]/g, " ").trim();
}
