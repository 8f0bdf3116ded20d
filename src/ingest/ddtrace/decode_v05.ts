/**
 * v0.5: a table of strings, then spans as arrays of 12 that refer to it.
 * @see `spec/ingest.md` 3.5
 */
import { type DecodeContext, expect, readSpans } from "./decode_context.ts";
import { DecodeError, type MsgpackReader } from "./msgpack_reader.ts";
import { type DdSpan, emptySpan } from "./span.ts";

/** More strings than any real payload has; each costs a slot even when empty. */
export const MAX_STRINGS = 1_000_000;

const MEMBERS = 12;

/** Decodes `[strings, [[span12, …], …]]`. */
export function decodeV05(reader: MsgpackReader, context: DecodeContext): void {
  const parts = expect(reader.array(), "the payload must be an array of strings and traces");
  if (parts === 0) return;
  const strings = readTable(reader);
  if (parts < 2) return;
  const traces = expect(reader.array(), "the second part of the payload must be an array of traces");
  for (let i = 0; i < traces; i++) {
    context.unread = traces - i;
    const chunk = readSpans(reader, context, () => readSpan(reader, strings));
    if (chunk.length > 0) context.chunk(chunk);
  }
  context.unread = 0;
}

function readTable(reader: MsgpackReader): readonly string[] {
  const count = expect(reader.array(), "the first part of the payload must be an array of strings");
  if (count > MAX_STRINGS) {
    throw new DecodeError(
      `Cannot decode traces as ${MAX_STRINGS} strings are the most: current value is ${count}`,
    );
  }
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(reader.text() ?? "");
  return strings;
}

function readSpan(reader: MsgpackReader, strings: readonly string[]): DdSpan {
  const members = expect(reader.array(), "a span must be an array");
  if (members !== MEMBERS) {
    throw new DecodeError(
      `Cannot decode traces as a span must be an array of ${MEMBERS}: current value is ${members}`,
    );
  }
  const span = emptySpan();
  span.service = readString(reader, strings);
  span.name = readString(reader, strings);
  span.resource = readString(reader, strings);
  span.traceId = BigInt.asUintN(64, reader.integer());
  span.spanId = BigInt.asUintN(64, reader.integer());
  span.parentId = BigInt.asUintN(64, reader.integer());
  span.startNs = BigInt.asIntN(64, reader.integer());
  span.durationNs = BigInt.asIntN(64, reader.integer());
  span.error = reader.number() ?? 0;
  const tags = expect(reader.map(), "meta must be a map");
  for (let i = 0; i < tags; i++) span.meta.set(readString(reader, strings), readString(reader, strings));
  const numbers = expect(reader.map(), "metrics must be a map");
  for (let i = 0; i < numbers; i++) {
    const key = readString(reader, strings);
    const number = reader.number();
    if (number !== undefined) span.metrics.set(key, number);
  }
  span.type = readString(reader, strings);
  return span;
}

/** The string an index stands for. Java with long-running spans writes the string itself. */
function readString(reader: MsgpackReader, strings: readonly string[]): string {
  if (reader.nil()) return "";
  if (reader.atString()) return reader.text() ?? "";
  const index = reader.number() ?? -1;
  const text = strings[index];
  if (text === undefined) {
    throw new DecodeError(
      `Cannot decode traces as a string's index must be below ${strings.length}: current value is ${index}`,
    );
  }
  return text;
}
