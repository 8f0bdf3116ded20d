import { areDigits, type Halves, multiplyAdd, readDecimal, safeDecimal, withSign } from "./decimal.ts";
import type { LineTime } from "./line_parts.ts";
import { type Precision, toNs } from "./precision.ts";

const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const MAX_DIGITS = 19;
/** More cannot be a safe integer. */
const SAFE_DIGITS = 16;
/** From so many digits on, `auto` is nanoseconds. */
const NS_DIGITS = 18;
/** Times of `auto` below are seconds, milliseconds. */
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;

/** What a unit is in ns: a small number times one that is below 2^30. */
interface Unit {
  readonly small: number;
  readonly factor: number;
}

const UNITS: Readonly<Record<Exclude<Precision, "auto">, Unit>> = {
  n: { small: 1, factor: 1 },
  u: { small: 1, factor: 1000 },
  ms: { small: 1, factor: 1_000_000 },
  s: { small: 1, factor: 1_000_000_000 },
  m: { small: 60, factor: 1_000_000_000 },
  h: { small: 3600, factor: 1_000_000_000 },
};

/** Reads the timestamp `bytes[from, to)`; `false`: it is none. Nothing but space is a point without a time. */
export function readLineTime(
  bytes: Uint8Array,
  from: number,
  to: number,
  precision: Precision,
  into: LineTime,
): boolean {
  if (from >= to) return true;
  const isNegative = bytes[from] === MINUS;
  const digits = isNegative || bytes[from] === PLUS ? from + 1 : from;
  into.isSet = to - digits <= MAX_DIGITS && areDigits(bytes, digits, to) &&
    readNs(bytes, digits, to, precision, into) && withSign(into, isNegative);
  return into.isSet || readWide(new TextDecoder().decode(bytes.subarray(from, to)), precision, into);
}

/** `false`: it may be too large for halves. */
function readNs(bytes: Uint8Array, from: number, to: number, precision: Precision, into: Halves): boolean {
  const isLong = to - from >= NS_DIGITS && bytes[from] !== ZERO;
  if (precision === "n" || (precision === "auto" && isLong)) return readDecimal(bytes, from, to, into);
  if (to - from > SAFE_DIGITS) return false;
  const value = safeDecimal(bytes, from, to);
  const { small, factor } = UNITS[precision === "auto" ? unitOf(value) : precision];
  const product = value * small;
  return Number.isSafeInteger(product) && multiplyAdd(product, factor, 0, into);
}

function unitOf(value: number): "s" | "ms" | "u" {
  return value < SECONDS_BELOW ? "s" : value < MILLISECONDS_BELOW ? "ms" : "u";
}

/** What has more around it than digits, or may be more than 64 bits of nanoseconds. */
function readWide(text: string, precision: Precision, into: LineTime): boolean {
  const stamp = text.trim();
  if (stamp === "") return true;
  if (!/^[+-]?\d{1,19}$/.test(stamp)) return false;
  into.wide = toNs(BigInt(stamp.replace("+", "")), precision);
  return true;
}
