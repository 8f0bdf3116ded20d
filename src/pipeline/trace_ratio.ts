/** Parts of all traces that can be told apart. */
const STEPS = 10_000n;

/**
 * Which traces a ratio from 0 to 1 keeps, by the low 64 bits of their id modulo 10,000, as DataKit's samplers do: the
 * answer is the same for every part of a trace, whatever service or protocol it comes by.
 */
export function createTraceRatio(ratio: number): (traceId: bigint) => boolean {
  // Rounded, as 0.57 * 10,000 is 5699.999….
  const kept = BigInt(Math.round(ratio * Number(STEPS)));
  return (traceId) => BigInt.asUintN(64, traceId) % STEPS < kept;
}
