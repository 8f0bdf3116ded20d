/** When what a trigger tells of began, in Unix ns; `undefined` for a value that is not a time. */

/** 2000-01-01 and 2100-01-01, in ms: a time outside of it is in another unit, or none. */
const EARLIEST_MS = 946_684_800_000;
const LATEST_MS = 4_102_444_800_000;

/** Of Unix time in ms, with parts of a ms. */
export function startOfMs(ms: number | undefined): bigint | undefined {
  if (ms === undefined || !(ms >= EARLIEST_MS && ms < LATEST_MS)) return undefined;
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** Of Unix time in s, with parts of a second. */
export function startOfSeconds(seconds: number | undefined): bigint | undefined {
  return seconds === undefined ? undefined : startOfMs(Math.round(seconds * 1e6) / 1000);
}

/** Of a date and time as ISO 8601 has it. */
export function startOfText(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT[\d:.]{5,24}(?:Z|[-+]\d\d:?\d\d)$/.test(text)) {
    return undefined;
  }
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : startOfMs(ms);
}
