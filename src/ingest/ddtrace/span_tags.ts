import { MAX_MESSAGE_BYTES } from "./span_form.ts";
import { MAX_KEY_BYTES, type SpanKey, type SpanKeys } from "./span_keys.ts";
import type { WireSpan } from "./wire_span.ts";

/** The tags of one span after the other, each key once. Of equal keys the last one counts. */
export interface SpanTags {
  begin(span: WireSpan): void;
  /** Tags are left out, as their keys are longer than a message. */
  readonly isCut: boolean;
  /** Text tags: those that lie in the payload, then those that do not. */
  readonly count: number;
  /** `undefined`: another tag has the key. */
  keyAt(index: number): SpanKey | undefined;
  /** Sets `bytes`, `from` and `to` to a tag's text. */
  select(index: number): void;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** The place of the tag with the key; -1 without one. */
  indexOf(key: SpanKey): number;
  /** Number tags, in the same way. */
  readonly numberCount: number;
  numberKeyAt(index: number): SpanKey | undefined;
  numberAt(index: number): number;
}

const INITIAL_BYTES = 1024;

/** Tags of no span. */
export function createSpanTags(keys: SpanKeys): SpanTags {
  const encoder = new TextEncoder();
  const keyOf: (SpanKey | undefined)[] = [];
  const numberKeyOf: (SpanKey | undefined)[] = [];
  let span: WireSpan;
  let serial = 0;
  /** Bytes of the span's long keys, each of which is made anew. */
  let longBytes = 0;
  /** Texts that lie in no payload, one after the other, and where each ends. */
  let extra = new Uint8Array(INITIAL_BYTES);
  const extraEnds: number[] = [];

  const tags = {
    isCut: false,
    count: 0,
    numberCount: 0,
    bytes: new Uint8Array(0) as Uint8Array,
    from: 0,
    to: 0,
    begin,
    keyAt: (index: number) => keyOf[index],
    select,
    indexOf: (key: SpanKey) => key.serial === serial ? key.index : -1,
    numberKeyAt: (index: number) => numberKeyOf[index],
    numberAt,
  };

  function begin(next: WireSpan): void {
    span = next;
    serial++;
    tags.count = tags.numberCount = longBytes = 0;
    tags.isCut = false;
    const { bytes, meta, metaCount, ownMetaCount } = span;
    for (let i = 0; i < metaCount; i++) {
      const from = meta[4 * i] ?? 0;
      const to = meta[4 * i + 1] ?? 0;
      if (to - from <= MAX_KEY_BYTES || hasRoom(to - from)) {
        addText(keys.ofBytes(bytes, from, to), i < ownMetaCount);
      } else keyOf[tags.count++] = undefined;
    }
    if (span.extraMeta.length > 0) addExtraTexts();
    addNumbers();
  }

  /** Whether a message may have a key of that length besides those before it. What has no room is not even read. */
  function hasRoom(length: number): boolean {
    if (length <= MAX_KEY_BYTES || (longBytes += length) <= MAX_MESSAGE_BYTES) return true;
    tags.isCut = true;
    return false;
  }

  /** Adds a key; one that the span has already gives way to an own tag. */
  function addText(key: SpanKey, isOwn: boolean): void {
    const index = tags.count++;
    const isNew = key.serial !== serial;
    keyOf[index] = isNew || isOwn ? key : undefined;
    if (!isNew && isOwn) keyOf[key.index] = undefined;
    if (!isNew && !isOwn) return;
    key.serial = serial;
    key.index = index;
  }

  function addExtraTexts(): void {
    extraEnds.length = 0;
    let at = 0;
    for (let i = 0; i < span.extraMeta.length; i += 2) {
      const name = span.extraMeta[i] ?? "";
      if (hasRoom(name.length)) addText(keys.of(name), false);
      else keyOf[tags.count++] = undefined;
      const text = span.extraMeta[i + 1] ?? "";
      if (at + 3 * text.length > extra.length) {
        const more = new Uint8Array(2 * (at + 3 * text.length));
        more.set(extra.subarray(0, at));
        extra = more;
      }
      at += encoder.encodeInto(text, extra.subarray(at)).written;
      extraEnds.push(at);
    }
  }

  function addNumbers(): void {
    const { bytes, metricKeys, metricCount } = span;
    for (let i = 0; i < metricCount; i++) {
      const from = metricKeys[2 * i] ?? 0;
      const to = metricKeys[2 * i + 1] ?? 0;
      if (to - from > MAX_KEY_BYTES && !hasRoom(to - from)) {
        numberKeyOf[tags.numberCount++] = undefined;
        continue;
      }
      const key = keys.ofBytes(bytes, from, to);
      if (key.numberSerial === serial) numberKeyOf[key.numberIndex] = undefined;
      addNumber(key);
    }
    for (const [name] of span.extraMetrics) {
      const key = keys.of(name);
      if (key.numberSerial === serial) numberKeyOf[tags.numberCount++] = undefined;
      else addNumber(key);
    }
  }

  function addNumber(key: SpanKey): void {
    const index = tags.numberCount++;
    numberKeyOf[index] = key;
    key.numberSerial = serial;
    key.numberIndex = index;
  }

  function select(index: number): void {
    const { metaCount, meta } = span;
    if (index < metaCount) {
      tags.bytes = span.bytes;
      tags.from = meta[4 * index + 2] ?? 0;
      tags.to = meta[4 * index + 3] ?? 0;
      return;
    }
    tags.bytes = extra;
    tags.from = extraEnds[index - metaCount - 1] ?? 0;
    tags.to = extraEnds[index - metaCount] ?? 0;
  }

  function numberAt(index: number): number {
    const { metricCount } = span;
    return index < metricCount
      ? span.metricValues[index] ?? 0
      : span.extraMetrics[index - metricCount]?.[1] ?? 0;
  }

  return tags;
}
