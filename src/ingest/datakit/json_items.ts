/** An item of a JSON list, or the whole text where that is no list. */
export interface JsonItem {
  readonly text: string;
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

/** Characters looked at in one go: some 1 ms. */
const STEP = 200_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The items of a text. */
export function createJsonItems(text: string): JsonItems {
  let at = skipSpace(text, 0);
  const isList = text.charCodeAt(at) === OPEN_LIST;
  if (isList) at++;
  let from = at;
  let depth = 0;
  let commas = 0;
  let isInString = false;
  let isEnded = false;
  let isFirst = true;

  const items = { isBroken: false, next };

  function next(): JsonItem | "unfinished" | undefined {
    if (isEnded) return undefined;
    for (const end = Math.min(text.length, at + STEP); at < end; at++) {
      const code = text.charCodeAt(at);
      if (isInString) {
        if (code === BACKSLASH) at++;
        else if (code === QUOTE) isInString = false;
      } else if (code === QUOTE) isInString = true;
      else if (code === OPEN_LIST || code === OPEN_OBJECT) depth++;
      else if (isList && depth === 0 && (code === COMMA || code === CLOSE_LIST)) return take(code);
      else if (code === COMMA) commas++;
      else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
    }
    if (at < text.length) return "unfinished";
    isEnded = true;
    if (!isList) return { text, commas };
    items.isBroken = true;
    return undefined;
  }

  /** Takes the item that ends here. */
  function take(code: number): JsonItem | undefined {
    const item = { text: text.slice(from, at), commas };
    at++;
    from = at;
    commas = 0;
    if (code === CLOSE_LIST) {
      isEnded = true;
      items.isBroken = skipSpace(text, at) < text.length;
      if (isFirst && item.text.trim() === "") return undefined;
    }
    isFirst = false;
    return item;
  }

  return items;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}
