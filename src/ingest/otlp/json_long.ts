/** Long values of a JSON request: read in steps, so that the rest of the program can run in between. */
import { BACKSLASH, type JsonScanner, QUOTE, unexpected } from "../../json/json_scanner.ts";
import { LONG_STEP, type LongStep } from "../../json/json_skip.ts";
import { putCodePoint, takeEscape } from "../../json/json_text.ts";
import { beginLength, endLength, type ProtoOutput, putTag, putVarint } from "./proto_output.ts";
import { latin1 } from "../../latin1.ts";
import { ensure } from "./text_buffer.ts";

const LENGTH_DELIMITED = 2;
const SPACE = 0x20;
const PAD = 0x3d;

/** Writes the string that begins here as the text field `number`. */
export function createLongText(s: JsonScanner, out: ProtoOutput, number: number): LongStep {
  putTag(out, number, LENGTH_DELIMITED);
  const contentAt = beginLength(out, 4);
  const { bytes, end } = s;
  s.at++;

  return () => {
    const until = Math.min(end, s.at + LONG_STEP);
    // No escape is shorter than what it stands for, and the last may go beyond.
    ensure(out, LONG_STEP + 16);
    while (s.at < until) {
      copyRun(s, out, until);
      const byte = bytes[s.at] ?? 0;
      if (byte === BACKSLASH) putCodePoint(out, takeEscape(s));
      else if (byte === QUOTE) {
        s.at++;
        endLength(out, contentAt, 4);
        return true;
      } else if (byte < SPACE) throw unexpected(s);
    }
    if (s.at >= end) throw unexpected(s);
    return false;
  };
}

/** Writes the JSON that lies from `from` up to the scanner as the text field `number`. */
export function createLongCopy(s: JsonScanner, out: ProtoOutput, number: number, from: number): LongStep {
  const { bytes, at: to } = s;
  let at = from;
  putTag(out, number, LENGTH_DELIMITED);
  putVarint(out, to - from, 0);
  return () => {
    const end = Math.min(to, at + LONG_STEP);
    ensure(out, end - at);
    out.bytes.set(bytes.subarray(at, end), out.at);
    out.at += end - at;
    at = end;
    return at === to;
  };
}

/**
 * Writes the base64 that the string here holds, of either alphabet, as the bytes field `number`; other text is kept as
 * the text field `textNumber`, which loses nothing.
 */
export function createLongBytes(
  s: JsonScanner,
  out: ProtoOutput,
  number: number,
  textNumber: number,
): LongStep {
  const outAt = out.at;
  const readText = createLongText(s, out, textNumber);
  const textAt = out.at;
  let decode: LongStep | undefined;

  return () => {
    if (decode !== undefined) return decode();
    if (readText()) decode = createBase64(out, textAt, (bytes) => putDecoded(bytes));
    return false;
  };

  /** In place of the text. Shorter than that, so it may be moved over it. */
  function putDecoded(bytes: Uint8Array): LongStep {
    out.at = outAt;
    putTag(out, number, LENGTH_DELIMITED);
    putVarint(out, bytes.length, 0);
    let at = 0;
    return () => {
      const part = bytes.subarray(at, at + LONG_STEP);
      out.bytes.set(part, out.at);
      out.at += part.length;
      at += part.length;
      return at === bytes.length;
    };
  }
}

/** Decodes what was written from `from` on; `put` puts what came of it, unless it is no base64. */
function createBase64(out: ProtoOutput, from: number, put: (bytes: Uint8Array) => LongStep): LongStep {
  const to = out.at;
  const bytes = new Uint8Array(Math.ceil((to - from) * 0.75) + 3);
  // Padding is at the end of the last part, or it is none.
  const firstPad = out.bytes.subarray(from, to).indexOf(PAD);
  const wholeTo = firstPad < 0 ? to : from + firstPad;
  let at = from;
  let length = 0;
  let putting: LongStep | undefined;

  return () => {
    if (putting !== undefined) return putting();
    const isLast = wholeTo - at <= LONG_STEP;
    const part = asciiText(out.bytes.subarray(at, isLast ? to : at + LONG_STEP));
    try {
      const lastChunkHandling = isLast ? "loose" : "stop-before-partial";
      const { read, written } = bytes.subarray(length).setFromBase64(part, { lastChunkHandling });
      at += read;
      length += written;
      // A part without progress has nothing but white space or what is none.
      if (!isLast && read === 0) return true;
      if (isLast) putting = put(bytes.subarray(0, length));
      return false;
    } catch {
      return true;
    }
  };
}

/** Of the alphabet with `+` and `/`. */
function asciiText(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll("-", "+").replaceAll("_", "/");
}

/** Copies characters that stand for themselves, up to `until`. */
function copyRun(s: JsonScanner, out: ProtoOutput, until: number): void {
  const { bytes, at: from } = s;
  let at = from;
  for (; at < until; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) break;
  }
  out.bytes.set(bytes.subarray(from, at), out.at);
  out.at += at - from;
  s.at = at;
}
