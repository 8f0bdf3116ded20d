/**
 * Writes points straight into the bytes that Dataway takes (`PBPoint`), under Dataway's rules: no maps, no drafts, no
 * second walk. Keys come prepared ({@link KeyTable}), text as a string or as a slice of the request's own body.
 * What is rare (a key that comes twice, a value to shorten, invalid UTF-8) takes longer for that point only.
 *
 * Of equal keys the last one wins, and a tag wins over a field. A key that only becomes equal by the rules (a dot
 * turned into `_`, a cut) never replaces one that was written so.
 */
import type { CommonKeys } from "./common_tags.ts";
import type { Category, FieldValue, PointDraft, Source } from "./point.ts";
import type { Key } from "./point_keys.ts";
import type { LongContent, LongText } from "./long_text.ts";
import type { Constant, PointKind } from "./point_kind.ts";
import type { SplitLog } from "./split_message.ts";

/**
 * Takes a finished point: a `PBPoint` without the common tags in `bytes[0, length)`, valid for the time of the call.
 * `commonMask` has the bits of the common tags' keys that the point has itself, or tells that it gets none of them.
 */
export type CommitPoint = (
  kind: PointKind,
  source: Source,
  bytes: Uint8Array,
  length: number,
  commonMask: number,
) => void;

/** Writes a text's bytes into `buffer` from `at` on, and returns how many. */
export type FillText = (buffer: Uint8Array, at: number) => number;

/**
 * The writer of one point after the other: {@link begin}, its tags and fields in any order, one of the ends.
 * Nothing may wait in between.
 */
export interface PointWriter {
  readonly kind: (category: Category, measurement: string) => PointKind;
  /** The kind whose measurement's UTF-8 is `bytes[from, to)`. */
  readonly kindOfBytes: (category: Category, bytes: Uint8Array, from: number, to: number) => PointKind;
  /** A key that the program itself knows, prepared for a category's points. */
  readonly key: (category: Category, name: string) => Key;
  /** A tag that is the same for many points of a category; `undefined` if the rules leave nothing of it. */
  readonly constantTag: (category: Category, name: string, value: string) => Constant | undefined;

  readonly begin: (kind: PointKind, source: Source) => void;
  /** Whether the point has the key already, as tag or field. */
  readonly has: (key: Key) => boolean;
  /** Whether the point may have another tag or field, of a key that it does not have. */
  readonly hasRoom: (isTag: boolean) => boolean;
  readonly constant: (constant: Constant | undefined) => void;
  readonly tag: (key: Key, value: string) => void;
  /** A tag whose value is the UTF-8 in `bytes[from, to)`, which is copied. */
  readonly tagBytes: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  readonly text: (key: Key, value: string) => void;
  /** A string field that is the UTF-8 in `bytes[from, to)`, which is copied. */
  readonly textBytes: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  /** A string field that `fill` writes as UTF-8, of at most `maxBytes`. */
  readonly textOf: (key: Key, maxBytes: number, fill: FillText) => void;
  /**
   * A string field that may be of megabytes. What its pieces lie in must stay as it is until {@link finishLong} is done,
   * which is to be awaited before anything else is decoded of the same request.
   */
  readonly longText: (key: Key, text: LongText) => void;
  /** The same for bytes, and for lists of texts or bytes. */
  readonly long: (key: Key, content: LongContent) => void;
  /** Whether a text of so many bytes should be written by {@link longText}, as far as the caller can. */
  readonly isLong: (bytes: number) => boolean;
  /** A string field: `bytes[from, to)` in hexadecimal. */
  readonly hex: (key: Key, bytes: Uint8Array, from: number, to: number) => void;
  /** A signed 64-bit field, as the two halves of its two's complement. */
  readonly int: (key: Key, low: number, high: number) => void;
  /** An unsigned 64-bit field, as two halves. */
  readonly uint: (key: Key, low: number, high: number) => void;
  /** A signed 64-bit field of a safe integer. */
  readonly integer: (key: Key, value: number) => void;
  readonly float: (key: Key, value: number) => void;
  readonly bool: (key: Key, value: boolean) => void;
  /** A field of any type; `undefined` says nothing. */
  readonly field: (key: Key, value: FieldValue | undefined) => void;
  /** The point gets no common tags when it is sent. */
  readonly ownTagsOnly: () => void;
  /** Counts the point as trimmed: a part of it was left out before it came to the writer. */
  readonly trim: () => void;

  /** Ends the point of this Unix time in ns, two halves of a signed integer. `false`: no field is left, no point is. */
  readonly end: (timeLow: number, timeHigh: number) => boolean;
  /** The same for any integer; instants beyond what Dataway's parsers take are moved to the last they do. */
  readonly endAt: (timeNs: bigint) => boolean;
  /** Whether points with long texts were ended that are still to be finished. */
  readonly hasUnfinished: boolean;
  /** Finishes those points and hands them on; `pause` is awaited whenever the rest of the program should run. */
  readonly finishLong: (slice: WorkSlice) => Promise<void>;
  /** A whole point. */
  readonly write: (draft: PointDraft, source: Source) => boolean;
}

/** Time that work may take at a time. */
export interface WorkSlice {
  isOver(): boolean;
  pause(): Promise<void>;
}

/** Goes on for a while; `true`: the point is handed on. */
export type PointStep = () => boolean;

/** Where a point with long texts goes once it is finished. */
export interface LongPointSink {
  /**
   * Takes the point, as {@link CommitPoint} does, and its memory: before the point is room for its frame. What takes
   * long is done in the steps that it returns.
   */
  readonly commit: (bytes: Uint8Array<ArrayBuffer>) => PointStep | undefined;
  /** Takes a part of a log whose message is too long for one point, valid until it or the steps are done. */
  readonly commitPart: (bytes: Uint8Array) => PointStep | undefined;
  /** All parts were given. */
  readonly split: (log: SplitLog) => void;
  /** A text turned out to be longer than a field may be. */
  readonly trimmed: () => void;
}

/** Tells, when the point is ended, where it will go. `commonMask`: as {@link CommitPoint} has it. */
export type OpenLongSink = (kind: PointKind, source: Source, commonMask: number) => LongPointSink;

export interface PointWriterOptions {
  readonly commit: CommitPoint;
  /** @default by `commit`, parts of logs too */
  readonly openLongSink?: OpenLongSink;
  /** Told, once for each finished point, that the rules shortened or left out a part of it. */
  readonly trimmed: (source: Source) => void;
  /** The keys that common tags may have. @default none */
  readonly commonKeys?: CommonKeys;
  /** Moves the times of some metrics. @default none is moved */
  readonly metricTime?: MetricTime;
}

/** Moves the times of metrics. */
export interface MetricTime {
  /** Whose metrics are moved. */
  readonly sources: ReadonlySet<Source>;
  readonly move: (timeNs: bigint) => bigint;
}
