import type { FieldValue } from "../../point/point.ts";

/** Figures of a series of timings, histogram or distribution values. */
export interface Summary {
  /** Adds a value that stands for `weight` events (int(1/rate)). */
  add(value: number, weight: number): void;
  /** Fields `<name>_count`, `_sum`, `_min`, `_max`, `_mean`, `_median`, `_stddev` and one per percentile. */
  fields(name: string, percentiles: readonly number[]): [string, FieldValue][];
}

/** Room for values that all summaries of a flush share, so that many series cannot take all memory. */
export interface SampleBudget {
  left: number;
}

/** Values of one series kept for its percentiles; DataKit keeps as many. Beyond it they are estimates. */
const MAX_KEPT = 1000;
/** What a series may keep although the shared room is used up. */
const MIN_KEPT = 8;

/** An empty summary. All but median and percentiles are exact however many values come; `random` in [0, 1). */
export function createSummary(budget: SampleBudget, random: () => number): Summary {
  const values: number[] = [];
  const weights: number[] = [];
  let seen = 0;
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  let runningMean = 0;
  let squares = 0;

  /** Each value seen so far is kept with the same chance (reservoir sampling). */
  function keep(value: number, weight: number): void {
    if (
      values.length < MIN_KEPT || (values.length < MAX_KEPT && budget.left > 0 && values.length + 1 === seen)
    ) {
      budget.left--;
      values.push(value);
      weights.push(weight);
      return;
    }
    const slot = Math.floor(random() * seen);
    if (slot < values.length) {
      values[slot] = value;
      weights[slot] = weight;
    }
  }

  return {
    add: (value, weight): void => {
      seen++;
      count += weight;
      sum += value * weight;
      if (value < min) min = value;
      if (value > max) max = value;
      const delta = value - runningMean;
      runningMean += delta * weight / count;
      squares += delta * (value - runningMean) * weight;
      keep(value, weight);
    },
    fields: (name, percentiles): [string, FieldValue][] => {
      const kept = values.map((value, i) => ({ value, weight: weights[i] ?? 1 }));
      kept.sort((a, b) => a.value - b.value);
      const total = kept.reduce((all, { weight }) => all + weight, 0);
      /** The value at a 0-based rank of the events in ascending order. */
      function at(rank: number): number {
        let passed = 0;
        for (const { value, weight } of kept) {
          passed += weight;
          if (rank < passed) return value;
        }
        return max;
      }
      return [
        [`${name}_count`, BigInt(count)],
        [`${name}_sum`, sum],
        [`${name}_min`, min],
        [`${name}_max`, max],
        [`${name}_mean`, sum / count],
        [`${name}_median`, at(Math.floor((total - 1) / 2))],
        [`${name}_stddev`, Math.sqrt(Math.max(0, squares / count))],
        ...percentiles.map((percentile): [string, FieldValue] => [
          `${name}_p${String(percentile).replace(".", "_")}`,
          // The small subtraction undoes what 99.9 × 1000 / 100 gains in binary.
          at(Math.max(0, Math.ceil(percentile * total / 100 - 1e-9) - 1)),
        ]),
      ];
    },
  };
}
