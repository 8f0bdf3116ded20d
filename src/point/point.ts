/**
 * The model every signal is turned into: a Guance point (measurement, tags, fields, time) of one category.
 * @see `tests/spec/datakit.md` 3.6 and 3.7 for what Dataway stores and where it cuts.
 */

/** Dataway's category. The literal is the last segment of the upload path (`/v1/write/<category>`). */
export type Category = (typeof CATEGORIES)[number];

/** All categories, in the order in which a flush sends them: figures first, then what explains them. */
export const CATEGORIES = [
  "metric",
  "logging",
  "tracing",
  "custom_object",
  "object",
  "keyevent",
  "network",
  "rum",
  "security",
  "profiling",
] as const;

/** Which part of the extension took a point in. The ledger counts per source. */
export type Source = (typeof SOURCES)[number];
export const SOURCES = ["telemetry", "otlp", "ddtrace", "statsd", "datakit", "self"] as const;

/** An unsigned 64-bit integer, which Dataway keeps apart from signed ones (`10u` in line protocol). */
export interface Unsigned {
  readonly unsigned: bigint;
}

/** One scalar: `number` is a float, `bigint` a signed 64-bit integer. */
export type Scalar = string | number | bigint | boolean | Unsigned | Uint8Array;

/** A field's value: a scalar, or an array of scalars of one type. */
export type FieldValue = Scalar | readonly Scalar[];

/**
 * One measured fact. Maps, not objects: keys come from customers' data and may be `__proto__`.
 * Points are read of what the writer wrote, so a point that exists obeys Dataway's rules.
 */
export interface Point {
  readonly category: Category;
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Unix time in nanoseconds. */
  readonly timeNs: bigint;
  /** Sent without the tags that are common to all points: its client asked for that. */
  readonly ownTagsOnly?: true;
}

/** What a mapping hands to the writer: the same as a point, before the rules were applied. */
export interface PointDraft {
  readonly category: Category;
  readonly measurement: string;
  readonly tags: Iterable<readonly [string, string]>;
  /** `undefined` and NaN values are left out; `±Infinity` too. */
  readonly fields: Iterable<readonly [string, FieldValue | undefined]>;
  /** Unix time in nanoseconds. */
  readonly timeNs: bigint;
  /** See {@link Point.ownTagsOnly}. @default false */
  readonly ownTagsOnly?: boolean;
}

/** What a rule did to a draft. */
export type PointChange =
  | "no_field"
  | "key_cut"
  | "key_dropped"
  | "value_cut"
  | "value_dropped"
  | "too_many_keys";
