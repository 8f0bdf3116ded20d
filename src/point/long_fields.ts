/** The long texts of the point that is being written, and the points that wait for theirs. */
import { finishPoint, type LongField } from "./long_point.ts";
import { aboutBytesOf, type LongContent } from "./long_text.ts";
import type { PointKind } from "./point_kind.ts";
import type { Slot } from "./point_keys.ts";
import type { Source } from "./point.ts";
import type { LongPointSink, PointStep, PointWriterOptions, WorkSlice } from "./point_writer.ts";

/** A text of so many bytes is long, and a shorter one where the point has so many already. */
const LONG_BYTES = 64 * 1024;
const LONG_POINT_BYTES = 128 * 1024;
/** A shorter text never is. */
export const LEAST_LONG_BYTES = 1024;

/** A part of a point's writer: its fields that are put in later. */
export interface LongFields {
  /** Begins another point. */
  begin(): void;
  /** Whether a text of so many bytes is long in a point that has `at` bytes without such. */
  isLong(bytes: number, at: number): boolean;
  /** Adds a field that comes before what is written at `at`. */
  add(slot: Slot, at: number, content: LongContent): void;
  /** Takes out the field of a slot, if it is one of these. */
  takeOut(slot: Slot): void;
  /** The begins and ends in `holes` will be taken out of the point's bytes. */
  closeHoles(holes: readonly number[]): void;
  readonly isEmpty: boolean;
  /** Ends the point: `bytes` are its own without these fields. */
  leave(kind: PointKind, source: Source, bytes: Uint8Array, mask: number, isTrimmed: boolean): void;
  readonly hasUnfinished: boolean;
  /** Finishes the points that were left. */
  finish(slice: WorkSlice): Promise<void>;
}

/** No fields, and no points. */
export function createLongFields({ commit, trimmed, openLongSink }: PointWriterOptions): LongFields {
  const unfinished: PointStep[] = [];
  let fields: LongField[] = [];
  let textBytes = 0;

  function sinkOf(kind: PointKind, source: Source, mask: number): LongPointSink {
    const give = (bytes: Uint8Array): void => commit(kind, source, bytes, bytes.length, mask);
    return {
      commit: (bytes) => (give(bytes), undefined),
      commitPart: (bytes) => (give(bytes), undefined),
      split: () => {},
      trimmed: () => trimmed(source),
    };
  }

  return {
    begin: () => {
      if (fields.length > 0) fields = [];
      textBytes = 0;
    },
    isLong: (bytes, at) =>
      bytes > LONG_BYTES || (bytes > LEAST_LONG_BYTES && at + textBytes > LONG_POINT_BYTES),
    add: (slot, at, content) => {
      fields.push({ slot, at, content });
      textBytes += aboutBytesOf(content.texts);
    },
    takeOut: (slot) => {
      if (fields.length > 0) fields = fields.filter((field) => field.slot !== slot);
    },
    closeHoles: (holes) => {
      fields = fields.map((field) => ({ ...field, at: field.at - bytesBefore(holes, field.at) }));
    },
    get isEmpty() {
      return fields.length === 0;
    },
    leave: (kind, source, bytes, mask, isTrimmed) => {
      const sink = openLongSink?.(kind, source, mask) ?? sinkOf(kind, source, mask);
      unfinished.push(finishPoint({ bytes, fields, isLog: kind.category === "logging", isTrimmed, sink }));
      // Nothing keeps a request's body longer than the request.
      fields = [];
    },
    get hasUnfinished() {
      return unfinished.length > 0;
    },
    finish: (slice) => finishAll(unfinished, slice),
  };
}

function bytesBefore(holes: readonly number[], at: number): number {
  let bytes = 0;
  for (let i = 0; i < holes.length; i += 2) {
    const from = holes[i] ?? 0;
    if (from < at) bytes += (holes[i + 1] ?? 0) - from;
  }
  return bytes;
}

/** Of several requests, each of which waits for its own points, any one goes on with the first. */
async function finishAll(unfinished: PointStep[], slice: WorkSlice): Promise<void> {
  for (let step = unfinished[0]; step !== undefined; step = unfinished[0]) {
    if (slice.isOver()) {
      await slice.pause();
      continue;
    }
    let isOver = true;
    try {
      isOver = step();
    } finally {
      if (isOver) unfinished.shift();
    }
  }
}
