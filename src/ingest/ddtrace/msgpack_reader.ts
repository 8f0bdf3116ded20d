/**
 * A typed msgpack reader. Our own, for what libraries do not do: it takes what is due and lets pass what is not
 * (bytes for text, integers for floats, either sign for 64-bit integers, nil for anything), allocates nothing on a
 * claimed count, walks any depth without recursion, and skips while handing out strings as v1.0 needs it.
 * @see `spec/ingest.md` 3.9
 */
import type { Json } from "./span.ts";

/** The bytes cannot be read on. The message is fit for the client. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** Reads one value after the other. A method throws {@link DecodeError} when the bytes end early. */
export interface MsgpackReader {
  /** Whether all bytes are used up. */
  readonly done: () => boolean;
  /** Takes a nil if one is next. */
  readonly nil: () => boolean;
  /** Whether a str (not a bin) is next. */
  readonly atString: () => boolean;
  /** Whether a map is next. */
  readonly atMap: () => boolean;
  /** Number of items of the array that starts here; nil counts 0; `undefined` when it is something else, left where it is. */
  readonly array: () => number | undefined;
  /** Number of pairs of the map that starts here; otherwise as {@link array}. */
  readonly map: () => number | undefined;
  /** Text of a str or bin; `undefined` for anything else, which is skipped. */
  readonly text: () => string | undefined;
  /** Bytes of a bin or str, not copied; `undefined` for anything else, which is skipped. */
  readonly bytes: () => Uint8Array | undefined;
  /** An integer of any width, a float cut to one; 0 for anything else, which is skipped. */
  readonly integer: () => bigint;
  /** A number of any kind or a boolean (as 0 or 1); `undefined` for anything else, which is skipped. */
  readonly number: () => number | undefined;
  /** Any value. Beyond a depth of 32 it is null. */
  readonly value: () => Json;
  /** Skips one value of any depth. `seen` hears each str within. */
  readonly skip: (seen?: (text: string) => void) => void;
}

/** Deeper values become null: nobody nests so, but an attack does. */
const MAX_DEPTH = 32;
/** Texts up to this length are looked up among those seen before: keys, names and services repeat in each span. */
const MAX_CACHED_BYTES = 40;
/** A power of two. */
const CACHE_SLOTS = 512;

/** A reader over `bytes`, which must not change meanwhile. */
export function createMsgpackReader(bytes: Uint8Array): MsgpackReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const cachedText: string[] = [];
  let cachedAt: Int32Array | undefined;
  let at = 0;

  function need(count: number): void {
    if (end - at < count) throw new DecodeError("Cannot decode msgpack as its bytes end early");
  }

  /** The next byte, not taken. */
  function peek(): number {
    need(1);
    return bytes[at] ?? 0;
  }

  /** Takes an unsigned integer of `width` bytes that follows the head, and the head. */
  function sized(width: 1 | 2 | 4): number {
    need(1 + width);
    const start = at + 1;
    at = start + width;
    if (width === 1) return view.getUint8(start);
    return width === 2 ? view.getUint16(start) : view.getUint32(start);
  }

  /** Length of the str or bin that starts here, its head taken; -1 when something else is next. */
  function textLength(head: number): number {
    let length: number;
    if ((head & 0xe0) === 0xa0) {
      at++;
      length = head & 0x1f;
    } else if (head === 0xd9 || head === 0xc4) length = sized(1);
    else if (head === 0xda || head === 0xc5) length = sized(2);
    else if (head === 0xdb || head === 0xc6) length = sized(4);
    else return -1;
    need(length);
    return length;
  }

  /** Takes the text of `length` bytes that starts here. Invalid UTF-8 becomes U+FFFD. */
  function takeText(length: number): string {
    const start = at;
    at += length;
    if (length === 0) return "";
    if (length > MAX_CACHED_BYTES) return decoder.decode(bytes.subarray(start, at));
    let hash = length;
    for (let i = start; i < at; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    cachedAt ??= new Int32Array(2 * CACHE_SLOTS);
    if (cachedAt[2 * slot + 1] === length) {
      const cached = cachedText[slot];
      if (cached !== undefined && same(cachedAt[2 * slot] ?? 0, start, length)) return cached;
    }
    const text = decoder.decode(bytes.subarray(start, at));
    cachedAt[2 * slot] = start;
    cachedAt[2 * slot + 1] = length;
    cachedText[slot] = text;
    return text;
  }

  function same(a: number, b: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  /** A count that the bytes left can hold, at `perItem` bytes each: a claim of 4 G items costs 5 bytes to make. */
  function bounded(count: number, perItem: number): number {
    if (count * perItem > end - at) {
      throw new DecodeError(
        `Cannot decode msgpack as it claims more items than bytes: current value is ${count}`,
      );
    }
    return count;
  }

  function array(): number | undefined {
    const head = peek();
    if ((head & 0xf0) === 0x90) {
      at++;
      return bounded(head & 0x0f, 1);
    }
    if (head === 0xdc) return bounded(sized(2), 1);
    if (head === 0xdd) return bounded(sized(4), 1);
    return nil() ? 0 : undefined;
  }

  function map(): number | undefined {
    const head = peek();
    if ((head & 0xf0) === 0x80) {
      at++;
      return bounded(head & 0x0f, 2);
    }
    if (head === 0xde) return bounded(sized(2), 2);
    if (head === 0xdf) return bounded(sized(4), 2);
    return nil() ? 0 : undefined;
  }

  function nil(): boolean {
    if (peek() !== 0xc0) return false;
    at++;
    return true;
  }

  /** A number of the family that starts here, its width kept; `undefined` when none is next. */
  function numeric(): number | bigint | undefined {
    const head = peek();
    if (head < 0x80 || head >= 0xe0) {
      at++;
      return head < 0x80 ? head : head - 256;
    }
    if (head < 0xca || head > 0xd3) return undefined;
    const start = at + 1;
    const width = head === 0xca ? 4 : head === 0xcb ? 8 : 1 << (head & 0x03);
    need(1 + width);
    at = start + width;
    switch (head) {
      case 0xca:
        return view.getFloat32(start);
      case 0xcb:
        return view.getFloat64(start);
      case 0xcc:
        return view.getUint8(start);
      case 0xcd:
        return view.getUint16(start);
      case 0xce:
        return view.getUint32(start);
      case 0xcf:
        return view.getBigUint64(start);
      case 0xd0:
        return view.getInt8(start);
      case 0xd1:
        return view.getInt16(start);
      case 0xd2:
        return view.getInt32(start);
      default:
        return view.getBigInt64(start);
    }
  }

  function skip(seen?: (text: string) => void): void {
    for (let pending = 1; pending > 0; pending--) {
      const head = peek();
      if (head < 0x80 || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) at++;
      else if ((head & 0xf0) === 0x80 || head === 0xde || head === 0xdf) pending += 2 * (map() ?? 0);
      else if ((head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd) pending += array() ?? 0;
      else if (head >= 0xca && head <= 0xd3) numeric();
      else if ((head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb)) {
        const length = textLength(head);
        if (seen === undefined) at += length;
        else seen(takeText(length));
      } else if (head >= 0xc4 && head <= 0xc6) {
        const length = textLength(head);
        at += length;
      } else skipExtension(head);
    }
  }

  function skipExtension(head: number): void {
    if (head === 0xc1) throw new DecodeError("Cannot decode msgpack as byte c1 never starts a value");
    let length = 1 << (head - 0xd4);
    if (head >= 0xd4) at++;
    else length = sized(head === 0xc7 ? 1 : head === 0xc8 ? 2 : 4);
    // One byte more: the extension's type.
    need(length + 1);
    at += length + 1;
  }

  function text(): string | undefined {
    const length = textLength(peek());
    if (length >= 0) return takeText(length);
    skip();
    return undefined;
  }

  function takeBytes(): Uint8Array | undefined {
    const length = textLength(peek());
    if (length >= 0) return bytes.subarray(at, at += length);
    skip();
    return undefined;
  }

  function number(): number | undefined {
    const found = numeric();
    if (found !== undefined) return Number(found);
    const head = peek();
    skip();
    return head === 0xc3 ? 1 : head === 0xc2 ? 0 : undefined;
  }

  function integer(): bigint {
    const found = numeric();
    if (typeof found === "bigint") return found;
    if (found === undefined) {
      skip();
      return 0n;
    }
    return Number.isFinite(found) ? BigInt(Math.trunc(found)) : 0n;
  }

  function value(depth = 0): Json {
    const head = peek();
    if (depth >= MAX_DEPTH) {
      skip();
      return null;
    }
    const found = numeric();
    if (found !== undefined) return found;
    if ((head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb)) return takeText(textLength(head));
    if (head >= 0xc4 && head <= 0xc6) return takeBytes() ?? null;
    if (head === 0xc0) {
      at++;
      return null;
    }
    const items = array();
    if (items !== undefined) return arrayValue(items, depth);
    const pairs = map();
    if (pairs !== undefined) return mapValue(pairs, depth);
    skip();
    return head === 0xc3 ? true : head === 0xc2 ? false : null;
  }

  function arrayValue(items: number, depth: number): Json {
    const list: Json[] = [];
    for (let i = 0; i < items; i++) list.push(value(depth + 1));
    return list;
  }

  function mapValue(pairs: number, depth: number): Json {
    const members = new Map<string, Json>();
    for (let i = 0; i < pairs; i++) {
      const key = value(depth + 1);
      members.set(typeof key === "object" ? "" : String(key), value(depth + 1));
    }
    return members;
  }

  return {
    done: () => at >= end,
    nil,
    atString: () => {
      const head = peek();
      return (head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb);
    },
    atMap: () => {
      const head = peek();
      return (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;
    },
    array,
    map,
    text,
    bytes: takeBytes,
    integer,
    number,
    value: () => value(),
    skip,
  };
}
