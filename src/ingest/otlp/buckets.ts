/** Histogram buckets as Guance and Prometheus know them: cumulative counts, each up to a bound `le`. */

/** Counts of the buckets of one sign of an exponential histogram, the first at index `offset`. */
export interface BucketCounts {
  offset: number;
  readonly bucketCounts: bigint[];
}

/** The parts of a data point that its buckets are made of. */
export interface Histogram {
  readonly count: bigint;
  readonly bucketCounts: readonly bigint[];
  readonly explicitBounds: readonly number[];
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: BucketCounts;
  readonly negative: BucketCounts;
}

export interface Bucket {
  /** The inclusive upper bound, `+Inf` for the last. */
  readonly le: string;
  /** How many values lie at or below it. */
  readonly count: bigint;
}

/** Buckets of a histogram, none if it has none; `undefined` if its counts and bounds do not fit together. */
export function cumulate(
  { bucketCounts, explicitBounds }: Pick<Histogram, "bucketCounts" | "explicitBounds">,
): Bucket[] | undefined {
  if (bucketCounts.length === 0) return explicitBounds.length === 0 ? [] : undefined;
  if (bucketCounts.length !== explicitBounds.length + 1) return undefined;
  const buckets: Bucket[] = [];
  let total = 0n;
  for (const [index, count] of bucketCounts.entries()) {
    total += count;
    buckets.push({ le: formatBound(explicitBounds[index] ?? Infinity), count: total });
  }
  return buckets;
}

/**
 * Buckets of an exponential histogram, from the lowest bound up: empty ones say nothing in cumulative form and are
 * left out. Bucket `i` of the positive ones holds (base^i, base^(i+1)], base = 2^(2^-scale).
 */
export function cumulateExponential(point: Omit<Histogram, "bucketCounts" | "explicitBounds">): Bucket[] {
  const { positive, negative, scale } = point;
  const buckets: Bucket[] = [];
  let total = 0n;
  const add = (bound: number, count: bigint): void => {
    if (count === 0n) return;
    total += count;
    const le = formatBound(bound);
    // Bounds beyond what a double holds are all infinite.
    if (buckets.at(-1)?.le === le) buckets.pop();
    buckets.push({ le, count: total });
  };
  for (let i = negative.bucketCounts.length - 1; i >= 0; i--) {
    add(-bound(negative.offset + i, scale), negative.bucketCounts[i] ?? 0n);
  }
  add(point.zeroThreshold, point.zeroCount);
  for (const [i, count] of positive.bucketCounts.entries()) add(bound(positive.offset + i + 1, scale), count);
  if (total < point.count) total = point.count;
  if (buckets.at(-1)?.le === "+Inf") buckets.pop();
  buckets.push({ le: "+Inf", count: total });
  return buckets;
}

/** base^index; exact for whole powers of two. A scale beyond any sense must not make `0 * Infinity`. */
function bound(index: number, scale: number): number {
  return 2 ** (index * 2 ** -Math.max(-1000, Math.min(scale, 1000)));
}

function formatBound(bound: number): string {
  return bound === Infinity ? "+Inf" : bound === -Infinity ? "-Inf" : String(bound);
}
