/**
 * Points with texts of megabytes, made ready in steps: first how long the texts are, then the point, or the parts of a
 * log's message, one after the other.
 */
import {
  type ContentMeasure,
  createContentMeasure,
  ELEMENT_ROOM,
  FIELD_ROOM,
  putContentHead,
  putElementHead,
} from "./long_content.ts";
import { type LongContent, longContent } from "./long_text.ts";
import { putBytes } from "./point_bytes.ts";
import { POINT_FRAME_BYTES } from "./point_range.ts";
import type { Slot } from "./point_keys.ts";
import type { LongPointSink, PointStep } from "./point_writer.ts";
import { createMessageSplit, MAX_MESSAGE_BYTES, type MessageSplit } from "./split_message.ts";
import { createTextFiller, type TextFiller } from "./text_filler.ts";
import { shortText } from "./valid_parts.ts";

/** A field and where it comes into the point's other bytes. */
export interface LongField {
  readonly slot: Slot;
  readonly at: number;
  readonly content: LongContent;
}

/** A field whose texts are measured. */
interface MeasuredField extends LongField {
  /** Bytes of each text. */
  readonly lengths: readonly number[];
}

/** A point whose long fields are still to be put in. */
export interface UnfinishedPoint {
  /** All of it but the long fields, its own from now on. */
  readonly bytes: Uint8Array;
  /** By their places. */
  readonly fields: readonly LongField[];
  readonly isLog: boolean;
  /** It was counted as trimmed. */
  readonly isTrimmed: boolean;
  readonly sink: LongPointSink;
}

const NO_TEXT = longContent([]);

/** Makes a point ready, and hands it on to its sink. */
export function finishPoint(point: UnfinishedPoint, maxMessageBytes: number = MAX_MESSAGE_BYTES): PointStep {
  const { fields, sink } = point;
  const measures: ContentMeasure[] = [];
  let go: PointStep | undefined;

  /** Measures the texts; then it is known what is to be made. */
  function measureOn(): boolean {
    const field = fields[measures.length - 1];
    if (field !== undefined && measures.at(-1)?.step() === false) return false;
    const next = fields[measures.length];
    if (next !== undefined) {
      measures.push(createContentMeasure(next.content, maxMessageBytes));
      return false;
    }
    if (!point.isTrimmed && measures.some(({ isCut }) => isCut)) sink.trimmed();
    go = assembleOrSplit();
    return false;
  }

  function assembleOrSplit(): PointStep {
    const measured = fields.map((field, index): MeasuredField => {
      const { content = field.content, lengths = [] } = measures[index] ?? {};
      return { ...field, content, lengths };
    });
    const message = point.isLog ? measured.findIndex(isMessage) : -1;
    const [field, ends] = [measured[message], measures[message]?.ends];
    const text = field?.content.texts.at(0);
    if (field === undefined || text === undefined || ends === undefined || ends.length <= 1) {
      return assemble(point.bytes, measured, sink.commit);
    }
    let split: PointStep | undefined;
    // The rest first: a point as any other, whose message is empty.
    const others = measured.with(message, { ...field, content: NO_TEXT, lengths: [0] });
    const rest = assemble(point.bytes, others, (bytes) => {
      split = giveParts(createMessageSplit(bytes, ends.length), createTextFiller(text), ends, sink);
      return undefined;
    });
    return () => split === undefined ? (rest(), false) : split();
  }

  return () => go === undefined ? measureOn() : go();
}

/** Whether a field is the text that a log is split by. */
function isMessage({ slot, content: { type, isList } }: LongField): boolean {
  return slot.name === "message" && type === "string" && !isList;
}

/** Puts the fields where they belong, and gives the whole point. */
function assemble(
  bytes: Uint8Array,
  fields: readonly MeasuredField[],
  give: (bytes: Uint8Array<ArrayBuffer>) => PointStep | undefined,
): PointStep {
  let room = bytes.length + fields.length * FIELD_ROOM;
  for (const { lengths } of fields) for (const length of lengths) room += length + ELEMENT_ROOM;
  // Room for its frame first: who takes it may keep it where it is.
  const target = new Uint8Array(POINT_FRAME_BYTES + room);
  let at = POINT_FRAME_BYTES;
  let copied = 0;
  let fieldIndex = 0;
  let textIndex = -1;
  let filler: TextFiller | undefined;
  let rest: PointStep | undefined;

  function copyTo(end: number): void {
    target.set(bytes.subarray(copied, end), at);
    at += end - copied;
    copied = end;
  }

  return () => {
    if (rest !== undefined) return rest();
    if (filler !== undefined) {
      at = filler.fill(target, at, target.length);
      if (!filler.isDone && at < target.length) return false;
    }
    filler = undefined;
    const field = fields[fieldIndex];
    if (field === undefined) {
      copyTo(bytes.length);
      rest = give(target.subarray(POINT_FRAME_BYTES, at));
      return rest === undefined;
    }
    const { content, lengths } = field;
    if (textIndex < 0) {
      copyTo(field.at);
      at = putContentHead(target, at, field.slot.fieldHead, content, lengths);
    }
    const text = content.texts.at(++textIndex);
    if (text !== undefined) {
      at = putElementHead(target, at, content, lengths[textIndex] ?? 0);
      const short = content.isList ? shortText(text, content.type) : undefined;
      if (short === undefined) filler = createTextFiller(text, content.type);
      else at = putBytes(target, at, short);
      return false;
    }
    fieldIndex++;
    textIndex = -1;
    return false;
  };
}

/** Gives the parts of a log, in order, each when its text is there. */
function giveParts(
  split: MessageSplit,
  filler: TextFiller,
  ends: readonly number[],
  sink: LongPointSink,
): PointStep {
  const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0));
  // The same for each part, whose text is copied.
  const text = new Uint8Array(Math.max(...lengths));
  let index = 0;
  let at = 0;
  let part: Uint8Array<ArrayBuffer> | undefined;
  let rest: PointStep | undefined;

  /** Gives the part, or goes on with that. */
  function give(): boolean {
    if (part === undefined) {
      part = split.part(index++, text.subarray(0, at));
      rest = sink.commitPart(part);
    }
    if (rest !== undefined && !rest()) return false;
    part.buffer.transfer(0);
    part = undefined;
    at = 0;
    if (index < lengths.length) return false;
    sink.split(split);
    return true;
  }

  return () => {
    const length = lengths[index] ?? 0;
    if (part === undefined && at < length) {
      at = filler.fill(text, at, length);
      if (!filler.isDone) return false;
    }
    return give();
  };
}
