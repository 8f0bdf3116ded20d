/**
 * Points with texts of megabytes, made ready in steps: first how long the texts are, then the point, or the parts of a
 * log's message, one after the other.
 */
import {
  createTextFiller,
  createTextMeasure,
  type LongText,
  type TextFiller,
  type TextMeasure,
} from "./long_text.ts";
import { putTextHead } from "./point_bytes.ts";
import { POINT_FRAME_BYTES } from "./point_range.ts";
import type { Slot } from "./point_keys.ts";
import type { LongPointSink } from "./point_writer.ts";
import { createMessageSplit, MAX_MESSAGE_BYTES, type MessageSplit } from "./split_message.ts";

/** A text field and where it comes into the point's other bytes. */
export interface LongField {
  readonly slot: Slot;
  readonly at: number;
  readonly text: LongText;
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

/** Goes on for a while; `true`: the point is handed on. */
export type PointStep = () => boolean;

/** What a field takes besides its text: tag, lengths, key and type. */
const FIELD_ROOM = 300;
const NO_TEXT: LongText = [];

/** Makes a point ready, and hands it on to its sink. */
export function finishPoint(point: UnfinishedPoint, maxMessageBytes: number = MAX_MESSAGE_BYTES): PointStep {
  const { fields, sink } = point;
  const measures: TextMeasure[] = [];
  let go: PointStep | undefined;

  /** Measures the texts; then it is known what is to be made. */
  function measureOn(): boolean {
    const field = fields[measures.length - 1];
    if (field !== undefined && measures.at(-1)?.step() === false) return false;
    const next = fields[measures.length];
    if (next !== undefined) {
      measures.push(createTextMeasure(next.text, maxMessageBytes));
      return false;
    }
    if (!point.isTrimmed && measures.some(({ isCut }) => isCut)) sink.trimmed();
    go = assembleOrSplit();
    return false;
  }

  function assembleOrSplit(): PointStep {
    const lengths = measures.map(({ length }) => length);
    const message = point.isLog ? fields.findIndex(({ slot }) => slot.name === "message") : -1;
    const [text, measure] = [fields[message]?.text, measures[message]];
    if (text === undefined || measure === undefined || measure.length <= maxMessageBytes) {
      return assemble(point, lengths, sink.commit);
    }
    let split: PointStep | undefined;
    // The rest first: a point as any other, whose message is empty.
    const rest = assemble(withoutText(point, message), lengths.with(message, 0), (bytes) => {
      const { ends } = measure;
      split = giveParts(createMessageSplit(bytes, ends.length), createTextFiller(text), ends, sink);
    });
    return () => split === undefined ? (rest(), false) : split();
  }

  return () => go === undefined ? measureOn() : go();
}

function withoutText(point: UnfinishedPoint, index: number): UnfinishedPoint {
  const fields = point.fields.map((field, i) => i === index ? { ...field, text: NO_TEXT } : field);
  return { ...point, fields };
}

/** Puts the fields where they belong, and gives the whole point. */
function assemble(
  { bytes, fields }: UnfinishedPoint,
  lengths: readonly number[],
  give: (bytes: Uint8Array<ArrayBuffer>) => void,
): PointStep {
  const room = lengths.reduce((sum, length) => sum + length + FIELD_ROOM, bytes.length);
  // Room for its frame first: who takes it may keep it where it is.
  const target = new Uint8Array(POINT_FRAME_BYTES + room);
  let at = POINT_FRAME_BYTES;
  let copied = 0;
  let index = -1;
  let filler: TextFiller | undefined;

  function copyTo(end: number): void {
    target.set(bytes.subarray(copied, end), at);
    at += end - copied;
    copied = end;
  }

  return () => {
    if (filler !== undefined) {
      const from = at;
      at = filler.fill(target, at, target.length);
      if (at > from) return false;
    }
    const field = fields[++index];
    if (field === undefined) {
      copyTo(bytes.length);
      give(target.subarray(POINT_FRAME_BYTES, at));
      return true;
    }
    copyTo(field.at);
    at = putTextHead(target, at, field.slot.fieldHead, lengths[index] ?? 0);
    filler = createTextFiller(field.text);
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
  return () => {
    const length = lengths[index] ?? 0;
    if (at < length) {
      const from = at;
      at = filler.fill(text, at, length);
      if (at > from) return false;
    }
    const part = split.part(index++, text.subarray(0, at));
    sink.commitPart(part);
    part.buffer.transfer(0);
    at = 0;
    if (index < lengths.length) return false;
    sink.split(split);
    return true;
  };
}
