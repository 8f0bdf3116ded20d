/** Composes the point's `message`: the whole span as JSON, but for the tags that became the point's own. */
import { createJsonWriter } from "./json_writer.ts";
import { MAX_MESSAGE_BYTES, type SpanForm } from "./span_form.ts";
import type { SpanKey } from "./span_keys.ts";
import { partsOf, type TagParts } from "./span_message.ts";
import type { TextSlice, WireSpan } from "./wire_span.ts";

/** One message after the other, its members in this order. */
export interface MessageWriter {
  /** What was composed, until the next begins. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** A text was shortened, or something found no room. */
  readonly isTrimmed: boolean;
  /** `isShort`: the message is without some of its tags. */
  begin(span: WireSpan, isShort: boolean): void;
  /** A text tag, which lies in `bytes[from, to)`. */
  putText(name: SpanKey, bytes: Uint8Array, from: number, to: number): void;
  beginNumbers(): void;
  /** A number tag. NaN and the infinities have no JSON, and are left out. */
  putNumber(name: SpanKey, value: number): void;
  /** What is rare; `form` decodes it. */
  end(form: SpanForm, tags: TagParts): void;
}

const COMMA = 0x2c;
const CLOSE = 0x7d;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const SERVICE = ascii('{"service":');
const NAME = ascii(',"name":');
const RESOURCE = ascii(',"resource":');
const START = ascii(',"start":');
const DURATION = ascii(',"duration":');
const ERROR = ascii(',"error":');
const META = ascii(',"meta":{');
const METRICS = ascii('},"metrics":{');
const TYPE = ascii('},"type":');
const TRUNCATED = ascii(',"truncated":true');

/** A writer with nothing in it. */
export function createMessageWriter(): MessageWriter {
  const json = createJsonWriter();
  let span: WireSpan;
  let isTrimmed = false;
  /** Members are missing, which the message itself tells. */
  let isCut = false;
  let isFirst = true;
  /** Bytes that were put and taken back. */
  let wasted = 0;

  function begin(next: WireSpan, isShort: boolean): void {
    span = next;
    json.length = wasted = 0;
    isTrimmed = false;
    isCut = isShort;
    putName(SERVICE, span.service);
    putName(NAME, span.name);
    putName(RESOURCE, span.resource);
    json.put(START);
    json.putInteger(span.startLow, span.startHigh);
    json.put(DURATION);
    json.putInteger(span.durationLow, span.durationHigh);
    json.put(ERROR);
    json.putNumber(Number.isFinite(span.error) ? span.error : 1);
    json.put(META);
    isFirst = true;
  }

  function putName(name: Uint8Array, { bytes, from, to }: TextSlice): void {
    json.put(name);
    if (!json.putString(bytes, from, to)) isTrimmed = true;
  }

  function putText(name: SpanKey, bytes: Uint8Array, from: number, to: number): void {
    const start = json.length;
    // A text that was sent once may be used by thousands of tags: what is hopeless is not even tried, nor what may be,
    // where much was tried in vain.
    const length = wasted > MAX_MESSAGE_BYTES ? to - from : json.leastLength(from, to);
    if (start + name.json.length + length > MAX_MESSAGE_BYTES) {
      isCut = true;
      return;
    }
    putKey(name);
    const isWhole = json.putString(bytes, from, to);
    if (hasRoom(start) && !isWhole) isTrimmed = true;
  }

  function putNumber(name: SpanKey, value: number): void {
    if (!Number.isFinite(value)) return;
    const start = json.length;
    putKey(name);
    json.putNumber(value);
    hasRoom(start);
  }

  function putKey({ json: key }: SpanKey): void {
    if (!isFirst) json.putByte(COMMA);
    json.put(key);
  }

  /** Takes back what is too much. */
  function hasRoom(start: number): boolean {
    if (json.length <= MAX_MESSAGE_BYTES) {
      isFirst = false;
      return true;
    }
    wasted += json.length - start;
    json.length = start;
    isCut = true;
    return false;
  }

  function end(form: SpanForm, tags: TagParts): void {
    putName(TYPE, span.type);
    for (const { name, json: part, isCut: isPartCut } of partsOf(span, form, tags)) {
      if (isPartCut || part === undefined) isCut = true;
      if (part === undefined) continue;
      const start = json.length;
      json.putText(`,"${name}":${part}`);
      hasRoom(start);
    }
    if (isCut) json.put(TRUNCATED);
    json.putByte(CLOSE);
  }

  return {
    get bytes(): Uint8Array {
      return json.bytes;
    },
    get length(): number {
      return json.length;
    },
    get isTrimmed(): boolean {
      return isTrimmed || isCut;
    },
    begin,
    putText,
    beginNumbers: () => {
      json.put(METRICS);
      isFirst = true;
    },
    putNumber,
    end,
  };
}
