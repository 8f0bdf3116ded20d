/**
 * Texts of any length in pieces. V8 puts a string together as a whole when one looks at it, which takes up to 50 ms for
 * 32 million units: longer texts are never one string.
 */

/** What is looked at of a text; a string is one. Indexes are UTF-16 units. */
export interface Text {
  readonly length: number;
  /** A part as a string, best a short one. */
  slice(from: number, to?: number): string;
  charCodeAt(at: number): number;
  /** The whole as one string. */
  toString(): string;
}

/** A text of pieces has so many units in each but the last, as a power of two. */
const PIECE_BITS = 19;
/** A text of at most so many pieces is a string. */
const PIECES_AT_ONCE = 8;
/** So many units of parts are put together, and copied between two steps: V8 keeps whole what a piece is cut from. */
const JOINED = 32_768;
/** Units that are looked through between two steps, and those that are looked at first. */
const VIEW = 262_144;
const NEAR = 512;

/** Puts a text together from its beginning. A class, as there is one for each short text too. */
export class TextBuilder {
  readonly #bits: number;
  #pieces: string[] | undefined;
  #open = "";
  /** What comes behind that. */
  #parts = "";

  /** `pieceBits`: for tests. */
  constructor(pieceBits: number = PIECE_BITS) {
    this.#bits = pieceBits;
  }

  /** Adds a part, best a short one. */
  add(part: string): void {
    this.#parts += part;
    if (this.#parts.length >= JOINED) this.#join();
  }

  /** Adds a part of another text; `false`: it is long, and {@link copy} has to do it. */
  addFrom(text: Text, from: number, to: number): boolean {
    if (to - from > JOINED) return false;
    if (to > from) this.add(text.slice(from, to));
    return true;
  }

  /** Adds a part of another text, however long. */
  *copy(text: Text, from: number, to: number): Generator<undefined, void> {
    for (let at = from; at < to; at += JOINED) {
      if (at > from) yield;
      this.addFrom(text, at, Math.min(to, at + JOINED));
    }
  }

  /** The text: a string, unless that would be too long. */
  end(): Text {
    if (this.#pieces === undefined && this.#open === "") return this.#parts;
    this.#join();
    const pieces = this.#pieces ?? [];
    if (pieces.length < PIECES_AT_ONCE) return pieces.join("") + this.#open;
    return createText([...pieces, this.#open], this.#bits);
  }

  #join(): void {
    const open = this.#open + flat(this.#parts);
    this.#parts = "";
    const length = 2 ** this.#bits;
    let at = 0;
    for (; open.length - at >= length; at += length) {
      this.#pieces ??= [];
      this.#pieces.push(open.slice(at, at + length));
    }
    this.#open = at === 0 ? open : open.slice(at);
  }
}

/**
 * The same text, its parts put together: V8 does so when it looks at a character, and else only when the whole text is
 * there, of hundreds of thousands of parts in one go.
 */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** All pieces but the last one are of the same length. */
function createText(pieces: readonly string[], bits: number): Text {
  const mask = 2 ** bits - 1;
  const length = (pieces.length - 1) * 2 ** bits + (pieces.at(-1) ?? "").length;

  function slice(from: number, to: number = length): string {
    const end = Math.min(to, length);
    // Nearly all are in one piece.
    if (from >= 0 && (from & mask) + end - from <= mask) {
      return from >= end ? "" : (pieces[from >> bits] ?? "").slice(from & mask, (from & mask) + end - from);
    }
    let part = "";
    for (let at = Math.max(0, from); at < end;) {
      const index = at >> bits;
      const stop = Math.min(end, (index + 1) * 2 ** bits);
      part += (pieces[index] ?? "").slice(at & mask, stop - index * 2 ** bits);
      at = stop;
    }
    return part;
  }

  return {
    length,
    slice,
    charCodeAt: (at) => at < 0 || at >= length ? NaN : (pieces[at >> bits] ?? "").charCodeAt(at & mask),
    toString: () => pieces.join(""),
  };
}

/** Where the first character from `from` on is that `global`, an expression for one, finds; `undefined`: not right behind. */
export function findNear(text: Text, global: RegExp, from: number): number | undefined {
  global.lastIndex = 0;
  const found = global.exec(text.slice(from, from + NEAR));
  if (found !== null) return from + found.index;
  return from + NEAR >= text.length ? text.length : undefined;
}

/** The same wherever it is; the text's end if there is none. */
export function* findCharacter(text: Text, global: RegExp, from: number): Generator<undefined, number> {
  let view = NEAR;
  for (let at = from; at < text.length;) {
    global.lastIndex = 0;
    const found = global.exec(text.slice(at, at + view));
    if (found !== null) return at + found.index;
    at += view;
    if (view === VIEW) yield;
    view = Math.min(VIEW, view * 8);
  }
  return text.length;
}

/** Whether `needle`, which is short, is in a text. */
export function* includes(text: Text, needle: string): Generator<undefined, boolean> {
  for (let at = 0; at < text.length; at += VIEW) {
    if (at > 0) yield;
    if (text.slice(at, at + VIEW + needle.length).includes(needle)) return true;
  }
  return needle === "";
}
