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

/** Puts a text together from its beginning. */
export interface TextBuilder {
  /** Adds a part, best a short one. */
  add(part: string): void;
  /** Adds a part of another text, however long. */
  copy(text: Text, from: number, to: number): Generator<undefined, void>;
  /** The text: a string, unless that would be too long. */
  end(): Text;
}

/** A text of pieces has so many units in each but the last, as a power of two. */
const PIECE_BITS = 19;
/** A text of at most so many pieces is a string. */
const PIECES_AT_ONCE = 8;
/** So many units of parts are put together, and copied between two steps: V8 keeps whole what a piece is cut from. */
const JOINED = 32_768;
/** Units that are looked through between two steps. */
const VIEW = 262_144;

/** An empty text. `pieceBits`: for tests. */
export function createTextBuilder(pieceBits: number = PIECE_BITS): TextBuilder {
  const pieceLength = 2 ** pieceBits;
  const pieces: string[] = [];
  let open = "";
  /** What comes behind {@link open}. */
  let parts = "";

  function join(): void {
    open += flat(parts);
    parts = "";
    if (open.length < pieceLength) return;
    let at = 0;
    for (; open.length - at >= pieceLength; at += pieceLength) pieces.push(open.slice(at, at + pieceLength));
    open = open.slice(at);
  }

  function add(part: string): void {
    parts += part;
    if (parts.length >= JOINED) join();
  }

  return {
    add,
    *copy(text, from, to): Generator<undefined, void> {
      let at = from;
      for (; to - at > JOINED; at += JOINED) {
        add(text.slice(at, at + JOINED));
        yield;
      }
      if (at < to) add(text.slice(at, to));
    },
    end: () => {
      join();
      if (pieces.length < PIECES_AT_ONCE) return pieces.join("") + open;
      return createText([...pieces, open], pieceBits);
    },
  };
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

/** Where the first character from `from` on is that `global`, an expression for one, finds; the text's end if there is none. */
export function* findCharacter(text: Text, global: RegExp, from: number): Generator<undefined, number> {
  for (let at = from; at < text.length; at += VIEW) {
    if (at > from) yield;
    const seen = text.slice(at, at + VIEW);
    global.lastIndex = 0;
    const found = global.exec(seen);
    if (found !== null) return at + found.index;
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
