/**
 * OTLP/JSON as protobuf: the request's bytes are read once, piece by piece, and written in the other encoding, so that
 * there is one way from requests to points. What cannot be read costs itself, or the element that cannot do without it,
 * and is counted.
 */
import type { TimeSlice } from "../../time_slice.ts";
import { createLongBytes, createLongCopy, createLongText } from "./json_long.ts";
import { putJsonScalar, putNaN, putTextField } from "./json_scalars.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  createJsonScanner,
  expectByte,
  LETTER_N,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  rawText,
  skipStringTo,
  skipToken,
  stringText,
  unexpected,
} from "../../json/json_scanner.ts";
import { createSkip, LONG_STEP, type LongStep } from "../../json/json_skip.ts";
import type { JsonField, JsonMessage } from "./json_schema.ts";
import { JsonValueError } from "./json_values.ts";
import { MAX_DEPTH, TOO_DEEP } from "./limits.ts";
import { OWN_TRIMMED } from "./own_fields.ts";
import { beginLength, endLength, endMessage, type ProtoOutput, putTag, putVarint } from "./proto_output.ts";

/** A request in protobuf, with members of our own, see `own_fields.ts`. */
export interface Transcoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Elements that could not be read and are not in it. */
  readonly malformed: number;
  /** Resources and scopes that are without a part that could not be read. */
  readonly trimmed: number;
}

/** An object or list of the text that is not closed yet; the same objects for one after the other. */
interface Frame {
  /** Of an object; `undefined` in a list. */
  message: JsonMessage | undefined;
  /** That this is the value of, or an element of; `undefined` of the request. */
  field: JsonField | undefined;
  isElement: boolean;
  /** Where its JSON begins. */
  jsonAt: number;
  /** Where what is written of it begins, tag and all. */
  outAt: number;
  /** Where the content begins that is measured; -1 if nothing is. */
  contentAt: number;
  /** Lists and maps of values around and of it. */
  depth: number;
  /** Members or elements so far. */
  count: number;
  /** Whether it lost a part. */
  isTrimmed: boolean;
}

/** Work between two looks at the clock, in bytes that are read. */
const STEP = 16 * 1024;
/** What a member costs besides its bytes. */
const MEMBER = 16;
/** Protobuf is shorter than JSON, and of the room what is not written takes no memory. */
const OUTPUT_SHARE = 1;
const LENGTH_DELIMITED = 2;
const NULL = "null";
/** The field of a text in `AnyValue`. */
const STRING_VALUE = 1;

const encoder = new TextEncoder();

/** Reads a request by its schema. Throws when the text is no JSON, or no request. */
export async function jsonToProto(
  bytes: Uint8Array,
  request: JsonMessage,
  slice: TimeSlice,
): Promise<Transcoded> {
  const transcoder = createTranscoder(bytes, request);
  while (!transcoder.step()) if (slice.isOver()) await slice.pause();
  return transcoder.result();
}

interface Transcoder {
  /** Goes on for a while; `true`: to the end. */
  step(): boolean;
  result(): Transcoded;
}

function createTranscoder(bytes: Uint8Array, request: JsonMessage): Transcoder {
  const s = createJsonScanner(bytes);
  const out: ProtoOutput = { bytes: new Uint8Array(Math.ceil(bytes.length * OUTPUT_SHARE) + 64), at: 0 };
  const frames: Frame[] = [];
  let size = 0;
  let malformed = 0;
  let trimmed = 0;
  /** What is gone on with before anything else. */
  let long: { readonly step: LongStep; readonly then: () => void } | undefined;

  expectByte(s, OPEN_BRACE);
  open(request, undefined, false, 0, -1);

  function open(
    message: JsonMessage | undefined,
    field: JsonField | undefined,
    isElement: boolean,
    outAt: number,
    contentAt: number,
  ): void {
    const around = size === 0 ? 0 : frames[size - 1]?.depth ?? 0;
    const depth = field?.isNesting === true ? around + 1 : around;
    const frame = frames[size++];
    const jsonAt = s.at - 1;
    if (frame === undefined) {
      frames.push({ message, field, isElement, jsonAt, outAt, contentAt, depth, count: 0, isTrimmed: false });
      return;
    }
    frame.message = message;
    frame.field = field;
    frame.isElement = isElement;
    frame.jsonAt = jsonAt;
    frame.outAt = outAt;
    frame.contentAt = contentAt;
    frame.depth = depth;
    frame.count = 0;
    frame.isTrimmed = false;
  }

  /** Reads the next member or element of what is open, or its end. */
  function advance(frame: Frame): void {
    const { message, field } = frame;
    if (peek(s) === (message === undefined ? CLOSE_BRACKET : CLOSE_BRACE)) {
      s.at++;
      return close(frame);
    }
    if (frame.count++ > 0) expectByte(s, COMMA);
    if (message !== undefined) readMember(frame, message);
    else if (field !== undefined) readValue(frame, field, true);
  }

  function close({ message, contentAt, isTrimmed }: Frame): void {
    size--;
    if (isTrimmed && message?.holder === "around") trimmed++;
    else if (isTrimmed) {
      putVarint(out, OWN_TRIMMED, 0);
      putVarint(out, 1, 0);
    }
    if (contentAt >= 0) endMessage(out, contentAt, message?.lengthBytes ?? 4);
  }

  function readMember(frame: Frame, message: JsonMessage): void {
    if (peek(s) !== QUOTE) throw unexpected(s);
    const from = s.at + 1;
    const hasEscapes = skipStringTo(s, from + LONG_STEP);
    // No member that is known has such a name.
    if (hasEscapes === undefined) return skip(0, skipValue);
    const to = s.at - 1;
    const name = hasEscapes ? encoder.encode(stringText(s, from, to, true)) : undefined;
    const field = name === undefined
      ? message.fields.get(s.bytes, from, to)
      : message.fields.get(name, 0, name.length);
    expectByte(s, COLON);
    if (field === undefined) skip(0);
    else readValue(frame, field, false);
  }

  function skipValue(): void {
    expectByte(s, COLON);
    skip(0);
  }

  /** Reads the value of a member, or an element of the list that a member is. */
  function readValue(frame: Frame, field: JsonField, isElement: boolean): void {
    const byte = peek(s);
    if (byte === LETTER_N) return readNull(field, isElement);
    if (field.isList && !isElement) {
      if (byte === OPEN_BRACKET) openList(field);
      else lose(field, false);
    } else if (field.message !== undefined) {
      if (byte === OPEN_BRACE) openMessage(frame, field, field.message, isElement);
      else lose(field, isElement);
    } else {
      const outcome = putJsonScalar(s, out, field, isElement);
      if (outcome === "long") begin(createLongText(s, out, field.number), nothing);
      else if (outcome === "longBytes") begin(createLongBytes(s, out, field.number, STRING_VALUE), nothing);
      else if (outcome === "other") lose(field, isElement);
    }
  }

  /** An absent member, in a few places NaN, and among elements nothing that could be one. */
  function readNull(field: JsonField, isElement: boolean): void {
    const { at } = s;
    skipToken(s, at + NULL.length);
    if (rawText(s, at, s.at) !== NULL) throw unexpected(s);
    if (field.nullIsNaN && (isElement || !field.isList)) putNaN(out, field, isElement);
    else if (isElement && field.message?.allowsNull === true) {
      putTag(out, field.number, LENGTH_DELIMITED);
      putVarint(out, 0, 0);
    } else if (isElement) {
      s.at = at;
      lose(field, true);
    }
  }

  function openList(field: JsonField): void {
    const { at } = out;
    s.at++;
    if (field.message !== undefined) return open(undefined, field, false, at, -1);
    putTag(out, field.number, LENGTH_DELIMITED);
    open(undefined, field, false, at, beginLength(out, 4));
  }

  function openMessage(frame: Frame, field: JsonField, message: JsonMessage, isElement: boolean): void {
    if (field.isNesting && frame.depth >= MAX_DEPTH) {
      putTextField(out, STRING_VALUE, TOO_DEEP);
      return skip(0);
    }
    const { at } = out;
    s.at++;
    putTag(out, field.number, LENGTH_DELIMITED);
    open(message, field, isElement, at, beginLength(out, message.lengthBytes));
  }

  /** The value that comes next cannot be read. */
  function lose(field: JsonField, isElement: boolean): void {
    if (isElement ? field.elementLoss === "holder" : field.loss === "message" && !field.isBody) return fail();
    const { at } = s;
    skip(0, () => count(field, isElement, at));
  }

  /** What is open cannot be read without the value that comes next: the nearest that may be lost is. */
  function fail(): void {
    let index = size - 1;
    while (index > 0 && !mayBeLost(frames[index])) index--;
    const frame = frames[index];
    if (frame?.field === undefined) throw new JsonValueError("Cannot read the body as it must be a request");
    const { field, isElement, jsonAt } = frame;
    skip(0, () =>
      skip(size - index, () => {
        out.at = frame.outAt;
        size = index;
        count(field, isElement, jsonAt);
      }));
  }

  /** Skips the next value, or with `open` to the end of that many open ones; then does `then`. */
  function skip(open: number, then: () => void = nothing): void {
    begin(createSkip(s, open), then);
  }

  function begin(step: LongStep, then: () => void): void {
    if (step()) then();
    else long = { step, then };
  }

  function goOn({ step, then }: NonNullable<typeof long>): void {
    if (!step()) return;
    long = undefined;
    then();
  }

  /** Counts a loss; `from`: where the JSON of what is lost begins. */
  function count(field: JsonField, isElement: boolean, from: number): void {
    if (isElement && field.elementLoss === "item") malformed++;
    else if (field.isBody) putBody(field, from);
    else noteTrimmed();
  }

  /** The line of a log must not be lost: it is taken as the text it is. */
  function putBody(field: JsonField, from: number): void {
    putTag(out, field.number, LENGTH_DELIMITED);
    const contentAt = beginLength(out, 4);
    const end = (): void => endLength(out, contentAt, 4);
    if (bytes[from] !== QUOTE) return begin(createLongCopy(s, out, STRING_VALUE, from), end);
    // Read once more, now for what it says.
    s.at = from;
    begin(createLongText(s, out, STRING_VALUE), end);
  }

  /** What holds the part that was lost tells of it. */
  function noteTrimmed(): void {
    for (let index = size - 1; index >= 0; index--) {
      const frame = frames[index];
      if (frame?.message?.holder === undefined) continue;
      frame.isTrimmed = true;
      return;
    }
  }

  return {
    step: () => {
      for (let work = 0; work < STEP; work += MEMBER) {
        const { at } = s;
        const frame = size === 0 ? undefined : frames[size - 1];
        if (frame === undefined) {
          if (peek(s) >= 0) throw unexpected(s);
          return true;
        }
        if (long === undefined) advance(frame);
        else {
          goOn(long);
          // Not all of it is reading, and what is read twice is gone back for.
          work += LONG_STEP;
        }
        work += Math.max(0, s.at - at);
      }
      return false;
    },
    result: () => ({ bytes: out.bytes.subarray(0, out.at), malformed, trimmed }),
  };
}

function nothing(): void {}

function mayBeLost(frame: Frame | undefined): boolean {
  if (frame?.field === undefined) return false;
  const { field, isElement } = frame;
  return isElement ? field.elementLoss !== "holder" : field.isBody || field.loss === "part";
}
