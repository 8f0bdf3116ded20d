/**
 * Decodes line protocol with Guance's additions (arrays, unsigned integers, base64 bytes, raw newlines in strings),
 * leniently: each point that cannot be read is counted and the next line is tried. Time stays linear in the body.
 */
import { PLAIN } from "../../point/long_text.ts";
import { createCharacterCounter } from "./character_counter.ts";
import type { Destination, PointDecoder, Step } from "./decoded.ts";
import { createLineScanner, NO_BASE64 } from "./line_scanner.ts";
import { createLinePointWriter } from "./line_point_writer.ts";
import { createLongBase64, type LongBase64 } from "./long_base64.ts";
import type { Precision } from "./precision.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;

/** Strings that never end, after which the rest of a body is given up: each costs a scan to the end. */
const MAX_ENDLESS = 16;
/** Bytes between points, and lines given up, that are passed over at a time. */
const MAX_SKIPPED = 65_536;
const MAX_LINES = 4096;
/** A longer point is found in one step and written in the next. In bytes. */
const LONG_POINT = 262_144;
/** What a step takes besides its bytes, in bytes that are read in the same time. */
const WORK_OF_STEP = 64;

/** A decoder of a body's bytes into a destination. */
export function createLineProtocolDecoder(
  content: Uint8Array,
  precision: Precision,
  destination: Destination,
): PointDecoder {
  // Of a Node.js buffer, which some bodies are, the search for a byte is slow.
  const body = new Uint8Array(content.buffer, content.byteOffset, content.length);
  const { length } = body;
  const scanner = createLineScanner(body, precision);
  const points = createLinePointWriter(body, destination);
  const characters = createCharacterCounter(body);
  let at = startsWithMark(body) ? 3 : 0;
  /** The point before `at` is yet to be written. */
  let isScanned = false;
  let base64: LongBase64 | undefined;
  let steps = 0;
  let endless = 0;
  let malformed = 0;
  let fault: string | undefined;
  let faultAt = 0;
  let firstError: string | undefined;

  function next(): Step {
    steps++;
    if (fault !== undefined && firstError === undefined) return tellFault(fault);
    if (endless >= MAX_ENDLESS) return giveUp();
    if (base64 !== undefined) return decodeOn(base64);
    if (isScanned) return write();
    if (!skipBlank()) return at < length ? "unfinished" : "end";
    if (!scanner.scan(at)) return failed(scanner.fault);
    beginBase64();
    if (base64 !== undefined) return "unfinished";
    isScanned = scanner.at - at > LONG_POINT;
    at = scanner.at;
    return isScanned ? "unfinished" : write();
  }

  /** Begins with the next long bytes of the point, if there are any. */
  function beginBase64(): void {
    const piece = scanner.parts.undecoded.at(-1)?.texts[0][0];
    base64 = piece === undefined ? undefined : createLongBase64(piece);
  }

  function decodeOn({ step, result }: LongBase64): Step {
    if (!step()) return "unfinished";
    const bytes = result();
    const long = scanner.parts.undecoded.pop();
    if (bytes === undefined || long === undefined) {
      base64 = undefined;
      return failed(NO_BASE64);
    }
    long.texts[0][0] = { bytes, from: 0, to: bytes.length, form: PLAIN };
    beginBase64();
    if (base64 === undefined) {
      at = scanner.at;
      isScanned = true;
    }
    return "unfinished";
  }

  function write(): Step {
    isScanned = false;
    return points.write(scanner.parts) ? "point" : "no_field";
  }

  /** Skips empty lines and comments; false without anything else so far. */
  function skipBlank(): boolean {
    const end = Math.min(at + MAX_SKIPPED, length);
    while (at < end) {
      const byte = body[at];
      if (byte === HASH) at = afterLine(at);
      else if (byte === LF || byte === CR || byte === SPACE || byte === TAB || byte === 0) at++;
      else return true;
    }
    return false;
  }

  /** Goes on with the next line: a string without an end may have swallowed others. */
  function failed(rule: string): Step {
    if (scanner.isEndless) endless++;
    malformed++;
    at = afterLine(at);
    if (fault !== undefined) return "malformed";
    fault = rule;
    faultAt = scanner.at;
    return "unfinished";
  }

  /** Of the first fault only is it told where it is. */
  function tellFault(rule: string): Step {
    const before = characters.countTo(faultAt);
    if (before === undefined) return "unfinished";
    firstError = `Cannot read a point as ${rule}: character ${before}`;
    return "malformed";
  }

  /** Counts the lines that are left, those that hold anything. */
  function giveUp(): Step {
    if (at >= length) return "end";
    for (let lines = 0; lines < MAX_LINES && at < length; lines++) {
      if (body[at] !== LF) malformed++;
      at = afterLine(at);
    }
    return "malformed";
  }

  function afterLine(from: number): number {
    const lf = body.indexOf(LF, from);
    return lf < 0 ? length : lf + 1;
  }

  return {
    next,
    get work() {
      return at + steps * WORK_OF_STEP;
    },
    get malformed() {
      return malformed;
    },
    get firstError() {
      return firstError;
    },
  };
}

/** A byte order mark is no part of the text. */
function startsWithMark(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}
