/** Figures as people read them. */

/** With commas, and this many decimals. */
export function formatNumber(value: number, decimals = 0): string {
  // Rounded to nothing there is no sign.
  const shown = Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value;
  return shown.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Milliseconds without their unit: three figures, as more say nothing. */
export function formatMs(value: number): string {
  if (value < 0 || value >= 1000) return formatNumber(value);
  return value.toFixed(value < 100 ? 1 : 0);
}

/** A time of the run: `4.4 s`, `12:04.5`. */
export function formatClock(ms: number, decimals = 1): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(decimals)} s`;
  const seconds = ((ms % 60_000) / 1000).toFixed(decimals).padStart(decimals > 0 ? 3 + decimals : 2, "0");
  return `${Math.floor(ms / 60_000)}:${seconds}`;
}

/** The same without a unit, for a column whose head has it. */
export function formatTime(ms: number, decimals = 1): string {
  return formatClock(ms, decimals).replace(" s", "");
}

export function formatUsd(value: number): string {
  return `$${value.toFixed(2)}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** The middle value; `undefined` of nothing. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** How many of `items`, which are in order of `key`, are at `limit` or before. */
export function countUpTo<T>(items: readonly T[], limit: number, key: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && key(item) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
