import type { Intake } from "../../pipeline/receiver.ts";
import type { FieldValue } from "../../point/point.ts";
import type { TimeSlice } from "../../time_slice.ts";
import { writePoint } from "../write_point.ts";
import type { Series } from "./series.ts";
import { summaryFields } from "./summary.ts";

/** What the points of a flush are written with. */
export interface SeriesPointsOptions {
  readonly percentiles: readonly number[];
  readonly intake: Intake;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Fewer than a point may have, by more than one summary has. */
const MAX_FIELDS = 900;
/** A line's own time may run ahead of our clock by this much. */
const MAX_AHEAD_S = 3600;
/** Series that are grouped between two looks at the clock. */
const SERIES_PER_LOOK = 64;
/** Line times of past flushes that are remembered. */
const MAX_REMEMBERED = 10_000;

/**
 * Writes flushed series as points of one time. Series that differ in the field only share a point, and no two
 * points of the same series ever have the same time, also not those of two flushes: a store keyed on both would
 * keep one.
 */
export function createSeriesPoints(
  options: SeriesPointsOptions,
): (all: Iterable<Series>, slice: TimeSlice) => Promise<void> {
  const { percentiles, intake, now } = options;
  /** How often a line's own time was flushed, by point key. */
  const stamped = new Map<string, bigint>();
  let lastFlushNs = 0n;

  function flushTimeNs(): bigint {
    const nowNs = BigInt(Math.floor(now())) * 1_000_000n;
    lastFlushNs = nowNs <= lastFlushNs && lastFlushNs - nowNs < 1_000_000n ? lastFlushNs + 1n : nowNs;
    return lastFlushNs;
  }

  /** The line's second, later by one nanosecond for each flush that had the same before. */
  function ownTimeNs(timestampS: number, pointKey: string): bigint {
    const times = stamped.get(pointKey) ?? 0n;
    if (times === 0n && stamped.size >= MAX_REMEMBERED) stamped.delete(stamped.keys().next().value ?? "");
    stamped.set(pointKey, times + 1n);
    const seconds = Math.min(timestampS, Math.floor(now() / 1000) + MAX_AHEAD_S);
    return BigInt(seconds) * 1_000_000_000n + times;
  }

  /** The fields of many series first, as those of one summary take 1 ms: between begin and end of a point nothing waits. */
  async function write(group: readonly Series[], flushNs: bigint, slice: TimeSlice): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const fields: [string, FieldValue][] = [];
    for (const series of group) {
      fields.push(...toFields(series, percentiles));
      if (slice.isOver()) await slice.pause();
    }
    const { measurement, timestampS } = first.identity;
    const timeNs = timestampS > 0 ? ownTimeNs(timestampS, pointKeyOf(first)) : flushNs;
    const tags = pairsOf(first.identity.tags);
    const isWritten = writePoint(intake, { category: "metric", measurement, tags, fields, timeNs });
    // Such as a sum that grew past the largest number.
    if (!isWritten) intake.refuse("malformed", group.length);
  }

  return async (all, slice) => {
    const flushNs = flushTimeNs();
    for (const group of await groupByPoint(all, 7 + percentiles.length, slice)) {
      await write(group, flushNs, slice);
    }
  };
}

/** Groups series that are stored in one point, and parts groups whose point would have too many fields. */
async function groupByPoint(
  all: Iterable<Series>,
  summaryFields: number,
  slice: TimeSlice,
): Promise<readonly Series[][]> {
  const open = new Map<string, Series[]>();
  const groups: Series[][] = [];
  let grouped = 0;
  for (const series of all) {
    const pointKey = pointKeyOf(series);
    let group = open.get(pointKey);
    if (group === undefined || group.length * summaryFields >= MAX_FIELDS) {
      group = [];
      open.set(pointKey, group);
      groups.push(group);
    }
    group.push(series);
    if (++grouped % SERIES_PER_LOOK === 0 && slice.isOver()) await slice.pause();
  }
  return groups;
}

function pointKeyOf({ identity: { key, pointKeyLength } }: Series): string {
  return key.slice(0, pointKeyLength);
}

function pairsOf(tags: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < tags.length; at += 2) pairs.push([tags[at] ?? "", tags[at + 1] ?? ""]);
  return pairs;
}

function toFields({ identity, state }: Series, percentiles: readonly number[]): [string, FieldValue][] {
  switch (state.kind) {
    case "sum":
      return [[identity.field, state.total]];
    case "last":
      return [[identity.field, state.value]];
    case "members":
      return [[identity.field, BigInt(state.hashes.size)]];
    case "summary":
      return summaryFields(state.summary, identity.field, percentiles);
  }
}
