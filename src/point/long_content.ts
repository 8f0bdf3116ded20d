/** The values of long fields, one text or a list of them: measured in steps, and their heads in the point's bytes. */
import type { LongContent } from "./long_text.ts";
import {
  ANY,
  ARRAY,
  ARRAY_TYPE_URL,
  ELEMENT_VALUE,
  POINT,
  putBytes,
  putTextHead,
  putVarint,
  VALUE,
} from "./point_bytes.ts";
import { varintSize } from "./protobuf_writer.ts";
import { createTextMeasure, type TextMeasure } from "./text_measure.ts";
import { shortText } from "./valid_parts.ts";

const TYPE_URL = new TextEncoder().encode(ARRAY_TYPE_URL);
/** What a field takes besides its texts: tags, lengths, key and type. */
export const FIELD_ROOM = 350;
/** What each text of a list takes besides. */
export const ELEMENT_ROOM = 12;

/** Finds how long a value's texts are. */
export interface ContentMeasure {
  /** Goes on for a while; `true`: to the end. */
  step(): boolean;
  /** What is to be written: another than was given if that was no text. */
  readonly content: LongContent;
  /** Bytes of each of its texts. */
  readonly lengths: readonly number[];
  /** Where the last of its texts would end if it were in parts, see {@link TextMeasure}. */
  readonly ends: readonly number[];
  /** A text is longer than a field may be, and cut. */
  readonly isCut: boolean;
}

/** A measure of a value, whose text may be split into parts of at most `partBytes`. */
export function createContentMeasure(given: LongContent, partBytes: number): ContentMeasure {
  const lengths: number[] = [];
  let content = given;
  let ends: readonly number[] = [];
  let isCut = false;
  let measure: TextMeasure | undefined;

  function step(): boolean {
    const text = content.texts.at(lengths.length);
    if (text === undefined) return true;
    const short = content.isList ? shortText(text, content.type) : undefined;
    if (short !== undefined) {
      lengths.push(short.length);
      return false;
    }
    measure ??= createTextMeasure(text, partBytes, content.type);
    if (!measure.step()) return false;
    if (measure.isMended && content.otherwise !== undefined) {
      content = { type: "string", isList: false, texts: [content.otherwise] };
    } else {
      lengths.push(measure.length);
      ends = measure.ends;
      isCut ||= measure.isCut;
    }
    measure = undefined;
    return false;
  }

  return {
    step,
    get content() {
      return content;
    },
    lengths,
    get ends() {
      return ends;
    },
    get isCut() {
      return isCut;
    },
  };
}

/** Puts all that comes before the texts. */
export function putContentHead(
  buffer: Uint8Array,
  from: number,
  head: Uint8Array,
  { type, isList }: LongContent,
  lengths: readonly number[],
): number {
  if (!isList) return putTextHead(buffer, from, head, lengths[0] ?? 0, VALUE[type]);
  const arrayBytes = lengths.reduce((sum, bytes) => sum + sizeOf(sizeOf(bytes)), 0);
  const anyBytes = sizeOf(TYPE_URL.length) + (arrayBytes === 0 ? 0 : sizeOf(arrayBytes));
  let at = from;
  buffer[at++] = POINT.field;
  at = putVarint(buffer, at, head.length + sizeOf(anyBytes));
  at = putBytes(buffer, at, head);
  buffer[at++] = ARRAY.field;
  at = putVarint(buffer, at, anyBytes);
  buffer[at++] = ANY.typeUrl;
  at = putVarint(buffer, at, TYPE_URL.length);
  at = putBytes(buffer, at, TYPE_URL);
  if (arrayBytes === 0) return at;
  buffer[at++] = ANY.value;
  return putVarint(buffer, at, arrayBytes);
}

/** Puts what comes before a text of `bytes` bytes in a list; before one that is no list's comes nothing more. */
export function putElementHead(
  buffer: Uint8Array,
  from: number,
  { type, isList }: LongContent,
  bytes: number,
): number {
  if (!isList) return from;
  let at = from;
  buffer[at++] = ARRAY.element;
  at = putVarint(buffer, at, sizeOf(bytes));
  buffer[at++] = ELEMENT_VALUE[type];
  return putVarint(buffer, at, bytes);
}

/** Bytes of a member of so many bytes: its tag, its length, and itself. */
function sizeOf(bytes: number): number {
  return 1 + varintSize(bytes) + bytes;
}
