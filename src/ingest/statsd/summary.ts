import type { FieldValue } from "../../point/point.ts";

/** Figures of a series of timings, histogram or distribution values. Plain data: there may be very many. */
export interface Summary {
  /** Those kept for the percentiles. */
  readonly values: number[];
  /** Events that each of {@link values} stands for; `undefined`: one each. */
  weights: number[] | undefined;
  /** Values that came. */
  seen: number;
  /** Events that they stand for. */
  count: number;
  sum: number;
  min: number;
  max: number;
  runningMean: number;
  /** Sum of the squared distances from the mean. */
  squares: number;
}

/** Room for values that all summaries of a flush share, so that many series cannot take all memory. */
export interface SampleBudget {
  left: number;
}

/** Values of one series kept for its percentiles; DataKit keeps as many. Beyond it they are estimates. */
const MAX_KEPT = 1000;
/** What a series may keep although the shared room is used up. */
const MIN_KEPT = 8;

/** An empty summary. */
export function createSummary(): Summary {
  return {
    values: [],
    weights: undefined,
    seen: 0,
    count: 0,
    sum: 0,
    min: Infinity,
    max: -Infinity,
    runningMean: 0,
    squares: 0,
  };
}

/**
 * Adds a value that stands for `weight` events (int(1/rate)). All figures but median and percentiles are exact however
 * many values come; `random` in [0, 1).
 */
export function addValue(
  summary: Summary,
  value: number,
  weight: number,
  budget: SampleBudget,
  random: () => number,
): void {
  summary.seen++;
  summary.count += weight;
  summary.sum += value * weight;
  if (value < summary.min) summary.min = value;
  if (value > summary.max) summary.max = value;
  const delta = value - summary.runningMean;
  summary.runningMean += delta * weight / summary.count;
  summary.squares += delta * (value - summary.runningMean) * weight;
  keep(summary, value, weight, budget, random);
}

/** Each value seen so far is kept with the same chance (reservoir sampling). */
function keep(
  summary: Summary,
  value: number,
  weight: number,
  budget: SampleBudget,
  random: () => number,
): void {
  const { values, seen } = summary;
  if (weight !== 1) summary.weights ??= values.map(() => 1);
  if (
    values.length < MIN_KEPT || (values.length < MAX_KEPT && budget.left > 0 && values.length + 1 === seen)
  ) {
    budget.left--;
    values.push(value);
    summary.weights?.push(weight);
    return;
  }
  const slot = Math.floor(random() * seen);
  if (slot >= values.length) return;
  values[slot] = value;
  if (summary.weights !== undefined) summary.weights[slot] = weight;
}

/** Fields `<name>_count`, `_sum`, `_min`, `_max`, `_mean`, `_median`, `_stddev` and one per percentile. */
export function summaryFields(
  { values, weights, count, sum, min, max, squares }: Summary,
  name: string,
  percentiles: readonly number[],
): [string, FieldValue][] {
  const kept = values.map((value, i) => ({ value, weight: weights?.[i] ?? 1 }));
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
}
