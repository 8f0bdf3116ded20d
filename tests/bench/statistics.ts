/** The few statistics of the bench. */

/** The middle value; NaN of an empty list. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The mean; NaN of an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value that `share` of the values do not exceed; NaN of an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Least and greatest value. */
export function range(values: readonly number[]): readonly [least: number, most: number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Median, least and greatest of what `pick` takes from a list, as text. */
export function spread<T>(list: readonly T[], pick: (one: T) => number): string {
  const figures = list.map(pick);
  const [least, most] = range(figures);
  return `${median(figures).toFixed(1)} (${least.toFixed(1)} to ${most.toFixed(1)})`;
}
