import { assertEquals } from "@std/assert";
import { cumulate, cumulateExponential, type Histogram } from "../../../src/ingest/otlp/buckets.ts";

const NO_BUCKETS = { offset: 0, bucketCounts: [] };

function histogram(bucketCounts: bigint[], explicitBounds: number[]): Histogram {
  return exponential({ count: 3n, bucketCounts, explicitBounds });
}

function exponential(more: Partial<Histogram>): Histogram {
  const empty = { scale: 0, zeroCount: 0n, zeroThreshold: 0, positive: NO_BUCKETS, negative: NO_BUCKETS };
  return { count: 0n, bucketCounts: [], explicitBounds: [], ...empty, ...more };
}

Deno.test("cumulate() sums the counts up to each bound", () => {
  assertEquals(cumulate(histogram([1n, 0n, 2n], [0.5, 1])), [
    { le: "0.5", count: 1n },
    { le: "1", count: 1n },
    { le: "+Inf", count: 3n },
  ]);
});

Deno.test("cumulate() of no buckets is none, and of wrong ones nothing", () => {
  assertEquals(cumulate(histogram([], [])), []);
  assertEquals(cumulate(histogram([1n], [])), [{ le: "+Inf", count: 1n }]);
  assertEquals(cumulate(histogram([], [1])), undefined);
  assertEquals(cumulate(histogram([1n, 1n], [1, 2])), undefined);
});

Deno.test("cumulateExponential() finds the bounds of the worked point: base 4, from index -2", () => {
  const point = exponential({ count: 3n, scale: -1, positive: { offset: -2, bucketCounts: [1n, 2n] } });
  assertEquals(cumulateExponential(point), [
    { le: "0.25", count: 1n },
    { le: "1", count: 3n },
    { le: "+Inf", count: 3n },
  ]);
});

Deno.test("cumulateExponential() finds bounds at positive scales", () => {
  const point = exponential({ count: 1n, scale: 1, positive: { offset: 2, bucketCounts: [1n] } });
  assertEquals(cumulateExponential(point)[0]?.le, "2.8284271247461903");
});

Deno.test("cumulateExponential() without buckets tells the count alone", () => {
  assertEquals(cumulateExponential(exponential({ count: 5n })), [{ le: "+Inf", count: 5n }]);
});

Deno.test("cumulateExponential() survives scales and offsets beyond any sense", () => {
  const huge = { offset: 2147483647, bucketCounts: [1n, 1n] };
  assertEquals(cumulateExponential(exponential({ count: 2n, scale: -2147483648, positive: huge })), [
    { le: "+Inf", count: 2n },
  ]);
  const zero = { offset: 0, bucketCounts: [1n] };
  assertEquals(cumulateExponential(exponential({ count: 1n, scale: -2147483648, negative: zero })), [
    { le: "-1", count: 1n },
    { le: "+Inf", count: 1n },
  ]);
});
