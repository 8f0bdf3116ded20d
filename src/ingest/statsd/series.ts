import type { Sample } from "./sample.ts";
import type { SeriesIdentity } from "./series_identity.ts";
import { addValue, createSummary, type SampleBudget, type Summary } from "./summary.ts";

/** What a series holds, by its type. */
export type SeriesState =
  | { readonly kind: "sum"; total: number }
  | { readonly kind: "last"; value: number }
  | { readonly kind: "members"; readonly hashes: Set<number> }
  | { readonly kind: "summary"; readonly summary: Summary };

/** The samples of one name, type and set of tags since the last flush. */
export interface Series {
  readonly identity: SeriesIdentity;
  readonly state: SeriesState;
}

/** Room that all series of a flush share. */
export interface SeriesLimits {
  readonly values: SampleBudget;
  readonly members: SampleBudget;
  readonly random: () => number;
}

/** An empty series; `lastGauge` is where relative changes of a gauge start from. */
export function createSeries(identity: SeriesIdentity, lastGauge = 0): Series {
  return { identity, state: initialState(identity, lastGauge) };
}

/** Takes a sample in; `false` when there was no room for it. */
export function addSample({ state }: Series, sample: Sample, limits: SeriesLimits): boolean {
  switch (state.kind) {
    case "sum":
      state.total += sample.value / sample.rate;
      return true;
    case "last":
      state.value = sample.relative ? state.value + sample.value : sample.value;
      return true;
    case "members":
      return addMember(state.hashes, sample.member, limits.members);
    case "summary":
      addValue(state.summary, sample.value, Math.floor(1 / sample.rate), limits.values, limits.random);
      return true;
  }
}

function initialState(identity: SeriesIdentity, lastGauge: number): SeriesState {
  switch (identity.type) {
    case "counter":
      return { kind: "sum", total: 0 };
    case "gauge":
      return { kind: "last", value: lastGauge };
    case "set":
      return { kind: "members", hashes: new Set() };
    default:
      return { kind: "summary", summary: createSummary() };
  }
}

function addMember(hashes: Set<number>, member: string, room: SampleBudget): boolean {
  const hash = hashMember(member);
  if (hashes.has(hash)) return true;
  if (room.left <= 0) return false;
  room.left--;
  hashes.add(hash);
  return true;
}

/**
 * 53 bits of two FNV-1a style hashes. Members may be long and are wanted by number only: kept as hashes they take
 * bounded memory, and 200 000 of them collide with a chance of about 2 in a million.
 */
function hashMember(member: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < member.length; i++) {
    const unit = member.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low ^= low >>> 16;
  high = Math.imul(high ^ (high >>> 15), 0xc2b2ae35);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
