/** Numbers of JSON texts: whether they are some, and those of very many digits without a string of them. */

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LETTER_E = 0x65;

/** How far a number is read. */
const State = {
  start: 0,
  sign: 1,
  zero: 2,
  digits: 3,
  dot: 4,
  fraction: 5,
  letter: 6,
  exponentSign: 7,
  exponent: 8,
};

/** Tells byte by byte whether a number is one by JSON's grammar. */
export interface NumberCheck {
  begin(): void;
  /** `false`: the number ends before this byte. */
  take(byte: number): boolean;
  /** Whether what was taken is a number. */
  isWhole(): boolean;
}

export function createNumberCheck(): NumberCheck {
  let state = State.start;

  function takeDigit(byte: number): boolean {
    switch (state) {
      case State.start:
      case State.sign:
        state = byte === ZERO ? State.zero : State.digits;
        return true;
      case State.zero:
        return false;
      case State.dot:
        state = State.fraction;
        return true;
      case State.letter:
      case State.exponentSign:
        state = State.exponent;
        return true;
      default:
        return true;
    }
  }

  function take(byte: number): boolean {
    if (byte >= ZERO && byte <= NINE) return takeDigit(byte);
    let after = -1;
    if (byte === MINUS && state === State.start) after = State.sign;
    else if (byte === DOT && (state === State.zero || state === State.digits)) after = State.dot;
    else if ((byte === MINUS || byte === PLUS) && state === State.letter) after = State.exponentSign;
    else if ((byte === LETTER_E || byte === UPPER_E) && isWhole() && state !== State.exponent) {
      after = State.letter;
    }
    if (after < 0) return false;
    state = after;
    return true;
  }

  function isWhole(): boolean {
    return state === State.zero || state === State.digits || state === State.fraction ||
      state === State.exponent;
  }

  return { begin: () => void (state = State.start), take, isWhole };
}

/** Bytes that are read at a time. */
const STEP = 32 * 1024;
/** No double and no middle between two of them has more digits. */
const MAX_DIGITS = 800;
/** A number with a larger exponent is zero or infinite, whatever digits a text of less than this length has. */
const MAX_EXPONENT = 10_000_000_000;

/**
 * The value of the number of JSON at `bytes[from, to)`, rounded as `Number` does; stops now and then. Digits beyond
 * those that a double can depend on are left out, but for whether there is one that is not zero.
 */
export function* readLongNumber(
  bytes: Uint8Array,
  from: number,
  to: number,
): Generator<undefined, number, undefined> {
  const isNegative = bytes[from] === MINUS;
  let digits = "";
  let isMore = false;
  let exponent = 0;
  let hasDot = false;
  let at = isNegative ? from + 1 : from;
  for (; at < to; at++) {
    if (at % STEP === 0) yield;
    const byte = bytes[at] ?? 0;
    if (byte === DOT) hasDot = true;
    else if (byte === LETTER_E || byte === UPPER_E) break;
    else {
      const isKept = digits.length < MAX_DIGITS && (digits !== "" || byte !== ZERO);
      if (isKept) digits += String.fromCharCode(byte);
      else if (digits !== "") isMore ||= byte !== ZERO;
      const isCounted = !isKept && digits !== "";
      if (hasDot && !isCounted) exponent--;
      if (!hasDot && isCounted) exponent++;
    }
  }
  const sign = at + 1;
  const isSmall = bytes[sign] === MINUS;
  let power = 0;
  for (at = isSmall || bytes[sign] === PLUS ? sign + 1 : sign; at < to; at++) {
    if (at % STEP === 0) yield;
    power = Math.min(power * 10 + (bytes[at] ?? ZERO) - ZERO, MAX_EXPONENT);
  }
  const size = Number(
    `${digits || "0"}${isMore ? "1" : ""}e${exponent - (isMore ? 1 : 0) + (isSmall ? -power : power)}`,
  );
  return isNegative ? -size : size;
}
