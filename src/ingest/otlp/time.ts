/** 64-bit times as two halves of 32 bits, which cost no bigint. */

/** Settles the times of one request's points. */
export interface Clock {
  /** The settled time. */
  low: number;
  high: number;
  /** Now, in ns of Unix time. */
  readonly nowLow: number;
  readonly nowHigh: number;
  /** The latest time that is taken. */
  readonly latestLow: number;
  readonly latestHigh: number;
}

const TWO_32 = 0x1_0000_0000;
const NS_PER_MS = 1_000_000;
const HOUR_MS = 3_600_000;

/**
 * A clock standing at `nowMs` (Unix time). Times more than an hour ahead of it are taken for that hour: a clock that
 * runs wild must not put points where nobody looks.
 */
export function createClock(nowMs: number): Clock {
  const [nowLow, nowHigh] = toHalves(Math.trunc(nowMs));
  const [latestLow, latestHigh] = toHalves(Math.trunc(nowMs) + HOUR_MS);
  return { low: 0, high: 0, nowLow, nowHigh, latestLow, latestHigh };
}

/** Settles on the first of two times that is not zero, at most an hour ahead; on now if both are zero. */
export function settleTime(
  clock: Clock,
  low: number,
  high: number,
  otherLow: number,
  otherHigh: number,
): void {
  const isFirst = (low | high) !== 0;
  const isOther = !isFirst && (otherLow | otherHigh) !== 0;
  const settledLow = isFirst ? low : isOther ? otherLow : clock.nowLow;
  const settledHigh = isFirst ? high : isOther ? otherHigh : clock.nowHigh;
  const isLate = isLess(clock.latestLow, clock.latestHigh, settledLow, settledHigh);
  clock.low = isLate ? clock.latestLow : settledLow;
  clock.high = isLate ? clock.latestHigh : settledHigh;
}

/** Whether an unsigned integer is less than another, both in halves. */
export function isLess(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high < otherHigh || (high === otherHigh && low < otherLow);
}

/** An unsigned integer in halves divided by 1000, its fraction cut: exact below 2^53, which are 285 years of ns. */
export function thousandth(low: number, high: number): number {
  return Math.floor(high / 1000) * TWO_32 + Math.floor(((high % 1000) * TWO_32 + low) / 1000);
}

/** Milliseconds as nanoseconds in halves. */
function toHalves(ms: number): [low: number, high: number] {
  const ns = BigInt(ms) * BigInt(NS_PER_MS);
  return [Number(BigInt.asUintN(32, ns)), Number(BigInt.asUintN(32, ns >> 32n))];
}
