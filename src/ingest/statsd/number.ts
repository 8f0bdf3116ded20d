/** Rates below this would let one packet stand for more events than a counter can hold exactly. */
const MIN_RATE = 1e-9;

/** A finite decimal number; NaN for anything else, hexadecimal and infinities included. */
export function parseNumber(text: string): number {
  const first = text.charCodeAt(0);
  const isNumeric = (first >= 48 && first <= 57) || first === 45 || first === 46 || first === 43;
  if (!isNumeric) return NaN;
  // `0x1F`, `0b1` and `0o7` are numbers to JavaScript only.
  if (first === 48 && text.charCodeAt(1) > 57 && (text.charCodeAt(1) | 32) !== 101) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}

/** A sample rate in (0, 1]: a number outside, as from a careless client, counts as 1. NaN when it is no number. */
export function parseRate(text: string): number {
  if (text === "") return NaN;
  const rate = parseNumber(text);
  if (Number.isNaN(rate)) return /^[+-]?(nan|inf|infinity)$/i.test(text) ? 1 : NaN;
  return rate <= 0 || rate > 1 ? 1 : Math.max(rate, MIN_RATE);
}

/** Unix seconds of `T…` and `d:…`: digits only, above 0. 0 for anything else. */
export function parseTimestamp(text: string): number {
  if (text.length > 15) return 0;
  let seconds = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return 0;
    seconds = seconds * 10 + digit;
  }
  return seconds;
}
