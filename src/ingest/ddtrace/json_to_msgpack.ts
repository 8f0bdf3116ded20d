/**
 * The JSON form of a trace payload as msgpack, read and written as bytes and in steps, so that there is one way from
 * payloads to points and the rest of the program can run in between.
 */
import { isUtf8 } from "node:buffer";
import { MAX_JSON_DEPTH } from "../../json/exact_json.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  createJsonScanner,
  expectByte,
  type JsonScanner,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  rawText,
  unexpected,
} from "../../json/json_scanner.ts";
import { putCodePoint, takeEscape } from "../../json/json_text.ts";
import type { TimeSlice } from "../../time_slice.ts";
import { createJsonMembers, type MsgpackOutput, TEXT_HEAD } from "./json_members.ts";

/** Work between two looks at the clock, in bytes that are read. */
const STEP = 16 * 1024;
/** A byte that is only copied costs this share of one that is read. */
const COPY_SHARE = 1 / 16;
/** A list of `-1` takes three times its bytes, and nothing takes more but what is open still. */
const OUTPUT_SHARE = 3;
const ROOM = 8 * MAX_JSON_DEPTH;
/** Making a bigint takes time that grows with the square of its digits; longer integers are floats. */
const MAX_EXACT_DIGITS = 40;
const SPACE = 0x20;
const ZERO = 0x30;
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;
const NIL = 0xc0;
const FLOAT64 = 0xcb;
const UINT32 = 0xce;
const UINT64 = 0xcf;
const INT64 = 0xd3;
const TEXT32 = 0xdb;
const LIST32 = 0xdd;
const MAP32 = 0xdf;
/** Words, and what msgpack has for them. */
const WORDS = ([["true", 0xc3], ["false", 0xc2], ["null", NIL]] as const).map(([word, head]) => ({
  letters: new TextEncoder().encode(word),
  head,
}));

/**
 * The value of a JSON text, as `parseExactJson` reads it: integers of 64 bits exact, of equal keys the last one, what
 * nests too deep as its text. Members stay in the sender's order. Throws JsonSyntaxError when it is no JSON.
 */
export async function jsonToMsgpack(bytes: Uint8Array, slice: TimeSlice): Promise<Uint8Array> {
  const transcoder = createTranscoder(isUtf8(bytes) ? bytes : mendUtf8(bytes));
  while (!transcoder.step()) if (slice.isOver()) await slice.pause();
  return transcoder.result();
}

/** Text with U+FFFD for what is none. */
function mendUtf8(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
}

interface Transcoder {
  /** Goes on for a while; `true`: to the end. */
  step(): boolean;
  result(): Uint8Array;
}

/** An object or list of the text that is not closed yet; the same objects for one after the other. */
interface Frame {
  isObject: boolean;
  /** Where its head was written. */
  headAt: number;
  /** Elements so far; of an object, whether there are any. */
  count: number;
  /** The first of its members. */
  first: number;
}

function createTranscoder(bytes: Uint8Array): Transcoder {
  const s = createJsonScanner(bytes);
  const out: MsgpackOutput = { bytes: new Uint8Array(OUTPUT_SHARE * bytes.length + ROOM), at: 0 };
  const view = new DataView(out.bytes.buffer);
  const members = createJsonMembers(out);
  const frames: Frame[] = [];
  let depth = 0;
  /** Where the text was begun that is being read; -1: none is. */
  let textAt = -1;
  let isKey = false;
  /** Work besides the bytes that are read. */
  let copied = 0;

  function open(isObject: boolean): void {
    s.at++;
    const frame = frames[depth++] ??= { isObject, headAt: 0, count: 0, first: 0 };
    frame.isObject = isObject;
    frame.headAt = out.at;
    frame.count = 0;
    frame.first = members.count;
    putHead(isObject ? MAP32 : LIST32, 0);
  }

  function close(frame: Frame): void {
    s.at++;
    depth--;
    const size = out.at - frame.headAt;
    view.setUint32(frame.headAt + 1, frame.isObject ? members.close(frame.first) : frame.count);
    if (out.at - frame.headAt !== size) copied += size;
  }

  /** Reads the next member's key, the next element, or the end of what is open. */
  function advance(frame: Frame): void {
    const { isObject } = frame;
    const byte = peek(s);
    if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return close(frame);
    if (frame.count++ > 0) expectByte(s, COMMA);
    if (!isObject) return readValue();
    if (peek(s) !== QUOTE) throw unexpected(s);
    beginText(true);
  }

  function readValue(): void {
    const byte = peek(s);
    if (byte === QUOTE) return beginText(false);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      return depth < MAX_JSON_DEPTH ? open(byte === OPEN_BRACE) : putRaw(s.at, endOfContainer(s));
    }
    if (byte === MINUS || isDigit(byte)) return readNumber();
    for (const { letters, head } of WORDS) {
      if (byte !== letters[0]) continue;
      if (!letters.every((letter, i) => bytes[s.at + i] === letter)) break;
      s.at += letters.length;
      out.bytes[out.at++] = head;
      return;
    }
    throw unexpected(s);
  }

  function putHead(head: number, size: number): void {
    out.bytes[out.at] = head;
    view.setUint32(out.at + 1, size);
    out.at += 5;
  }

  function putRaw(from: number, to: number): void {
    putHead(TEXT32, to - from);
    out.bytes.set(bytes.subarray(from, to), out.at);
    out.at += to - from;
    s.at = to;
  }

  function beginText(isItKey: boolean): void {
    textAt = out.at;
    isKey = isItKey;
    s.at++;
    out.at += TEXT_HEAD;
  }

  /** Reads the text that was begun, up to `until`. */
  function readText(until: number): void {
    const { bytes: made } = out;
    const end = Math.min(until, s.end);
    while (s.at < end) {
      let from = s.at;
      let { at } = out;
      let byte = 0;
      for (; from < end; from++) {
        byte = bytes[from] ?? 0;
        if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) break;
        made[at++] = byte;
      }
      s.at = from;
      out.at = at;
      if (from === end) return;
      if (byte === QUOTE) return endText();
      if (byte < SPACE) throw unexpected(s);
      putCodePoint(out, takeEscape(s));
    }
    if (s.at >= s.end) throw unexpected(s);
  }

  function endText(): void {
    s.at++;
    out.bytes[textAt] = TEXT32;
    view.setUint32(textAt + 1, out.at - textAt - TEXT_HEAD);
    const start = textAt;
    textAt = -1;
    if (!isKey) return;
    members.add(frames[depth - 1]?.first ?? 0, start);
    expectByte(s, COLON);
    readValue();
  }

  /** Integers are made of their digits, in two halves. */
  function readNumber(): void {
    const from = s.at;
    const isNegative = bytes[from] === MINUS;
    const digitsAt = isNegative ? from + 1 : from;
    let at = digitsAt;
    let low = 0;
    let high = 0;
    for (let digit = (bytes[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - ZERO) {
      const next = low * 10 + digit;
      low = next >>> 0;
      if (high < TWO_32) high = high * 10 + (next - low) / TWO_32;
    }
    // No number begins by a needless zero.
    const isNone = at === digitsAt || (at - digitsAt > 1 && bytes[digitsAt] === ZERO);
    if (isNone) throw unexpected(s);
    const end = endOfFraction(s, at);
    s.at = end;
    if (end === at && putInteger(isNegative, low, high)) return;
    const text = rawText(s, from, end);
    putNumber(end === at && at - digitsAt <= MAX_EXACT_DIGITS ? Number(BigInt(text)) : Number(text));
  }

  /** Puts an integer; `false`: it is not one of 64 bits. */
  function putInteger(isNegative: boolean, low: number, high: number): boolean {
    if (high >= TWO_32) return false;
    if (high === 0 && (low === 0 || !isNegative)) {
      putHead(UINT32, low);
      return true;
    }
    if (!isNegative) {
      putHalves(UINT64, low, high);
      return true;
    }
    if (high > TWO_31 || (high === TWO_31 && low > 0)) return false;
    putHalves(INT64, low === 0 ? 0 : TWO_32 - low, low === 0 ? TWO_32 - high : TWO_32 - 1 - high);
    return true;
  }

  function putHalves(head: number, low: number, high: number): void {
    putHead(head, high);
    view.setUint32(out.at, low);
    out.at += 4;
  }

  /** Puts a number that was written with a fraction or an exponent, or is beyond 64 bits. */
  function putNumber(value: number): void {
    if (Number.isSafeInteger(value)) {
      const size = Math.abs(value);
      putInteger(value < 0, size % TWO_32, Math.floor(size / TWO_32));
      return;
    }
    out.bytes[out.at] = FLOAT64;
    view.setFloat64(out.at + 1, value);
    out.at += 9;
  }

  const first = peek(s);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) throw unexpected(s);
  open(first === OPEN_BRACE);

  return {
    step: () => {
      const until = s.at + STEP;
      copied = 0;
      while (s.at + copied * COPY_SHARE < until) {
        const frame = frames[depth - 1];
        if (!members.settle()) copied = STEP / COPY_SHARE;
        else if (textAt >= 0) readText(until);
        else if (depth > 0 && frame !== undefined) advance(frame);
        else if (peek(s) === -1) return true;
        else throw unexpected(s);
      }
      return false;
    },
    result: () => out.bytes.subarray(0, out.at),
  };
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

/** Index after the fraction and exponent at `start`, if there are any. */
function endOfFraction(s: JsonScanner, start: number): number {
  const { bytes } = s;
  let at = start;
  if (bytes[at] === 0x2e) at = endOfDigits(s, at + 1);
  if (((bytes[at] ?? 0) | SPACE) !== 0x65) return at;
  const sign = bytes[at + 1];
  return endOfDigits(s, sign === MINUS || sign === 0x2b ? at + 2 : at + 1);
}

/** Index after the digits at `start`, of which there must be one. */
function endOfDigits(s: JsonScanner, start: number): number {
  let at = start;
  while (isDigit(s.bytes[at] ?? 0)) at++;
  if (at === start) throw unexpected(s);
  return at;
}

/** Index after the object or list here. Whether it is well-formed is not looked at. */
function endOfContainer(s: JsonScanner): number {
  const { bytes, end } = s;
  let open = 0;
  let isText = false;
  for (let at = s.at; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) open++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --open === 0) return at + 1;
  }
  throw unexpected(s);
}
