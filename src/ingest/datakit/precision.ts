/** Unit of a body's timestamps, as the query says it; `auto` guesses by size. */
export type Precision = "n" | "u" | "ms" | "s" | "m" | "h" | "auto";

const FACTORS_NS: Readonly<Record<Exclude<Precision, "auto">, bigint>> = {
  n: 1n,
  u: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const ALIASES: ReadonlyMap<string, Precision> = new Map([
  ["", "auto"],
  ["n", "n"],
  ["ns", "n"],
  ["u", "u"],
  ["us", "u"],
  ["µ", "u"],
  ["ms", "ms"],
  ["s", "s"],
  ["m", "m"],
  ["h", "h"],
]);

/** Reads `?precision=`; `undefined` for what is none. */
export function parsePrecision(text: string): Precision | undefined {
  return ALIASES.get(text);
}

/**
 * A timestamp in nanoseconds. `auto` takes up to 11 digits for seconds, 14 for milliseconds, 17 for microseconds:
 * right for every time from 1970 to 5138 but its first days. DataKit guesses in the same way when a request names no
 * precision.
 */
export function toNs(timestamp: bigint, precision: Precision): bigint {
  if (precision !== "auto") return timestamp * FACTORS_NS[precision];
  const size = timestamp < 0n ? -timestamp : timestamp;
  if (size === 0n || size >= 10n ** 17n) return timestamp;
  return timestamp * FACTORS_NS[size < 10n ** 11n ? "s" : size < 10n ** 14n ? "ms" : "u"];
}
