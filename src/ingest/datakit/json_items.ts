/** An item of a JSON list, or the whole body where that is no list. */
export interface JsonItem {
  /** It is `body[from, to)`. */
  readonly from: number;
  readonly to: number;
  /** Commas in it that part members and items of its own. */
  readonly commas: number;
}

/** Takes a list apart without parsing it, so that no more than an item is parsed at a time. */
export interface JsonItems {
  /** The list is not closed, or something is behind it. Known at its end. */
  readonly isBroken: boolean;
  /** The next item, which may be anything; `unfinished` after a bounded time without one; `undefined` at the end. */
  next(): JsonItem | "unfinished" | undefined;
}

/** Bytes looked at in one go: some 1 ms. */
const STEP = 200_000;

/** Bytes of a string that are looked at one by one before the search that is quick for long strings only. */
const NEAR = 64;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The items of a body. A byte order mark before it is no part of it. */
export function createJsonItems(body: Uint8Array): JsonItems {
  const { length } = body;
  const start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  let at = start;
  let isBegun = false;
  let isList = false;
  let from = at;
  let depth = 0;
  let commas = 0;
  let isInString = false;
  /** Bytes of the string since it began, or since the last search; and where the next quote is. */
  let near = 0;
  let quoteAt = start;
  let isEnded = false;
  let isFirst = true;

  const items = { isBroken: false, next };

  function next(): JsonItem | "unfinished" | undefined {
    if (isEnded) return undefined;
    if (!isBegun && !begin()) return "unfinished";
    for (const end = Math.min(length, at + STEP); at < end; at++) {
      const byte = body[at] ?? 0;
      if (isInString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) isInString = false;
        else if (++near === NEAR) skipPlain();
      } else if (byte === QUOTE) {
        isInString = true;
        near = 0;
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
      else if (isList && depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) return take(byte);
      else if (byte === COMMA) commas++;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    }
    if (at < length) return "unfinished";
    isEnded = true;
    if (!isList) return { from: start, to: length, commas };
    items.isBroken = true;
    return undefined;
  }

  /** To the byte before the next that may mean something in a string. */
  function skipPlain(): void {
    near = 0;
    const from = at + 1;
    if (quoteAt < from) quoteAt = body.indexOf(QUOTE, from);
    if (quoteAt < 0) quoteAt = length;
    const backslash = body.subarray(from, quoteAt).indexOf(BACKSLASH);
    at = (backslash < 0 ? quoteAt : from + backslash) - 1;
  }

  /** Goes to the body's first byte; `false`: not yet. */
  function begin(): boolean {
    at = skipSpace(body, at, at + STEP);
    isBegun = at >= length || !isSpace(body[at]);
    isList = body[at] === OPEN_LIST;
    if (isList) at++;
    from = at;
    return isBegun;
  }

  /** Takes the item that ends here. */
  function take(byte: number): JsonItem | undefined {
    const item = { from, to: at, commas };
    at++;
    from = at;
    commas = 0;
    if (byte === CLOSE_LIST) {
      isEnded = true;
      items.isBroken = skipSpace(body, at, length) < length;
      if (isFirst && skipSpace(body, item.from, item.to) === item.to) return undefined;
    }
    isFirst = false;
    return item;
  }

  return items;
}

function skipSpace(body: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, body.length);
  let at = from;
  while (at < end && isSpace(body[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
