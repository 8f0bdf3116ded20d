/** Kafka's events, of MSK and of clusters of one's own: records by topic and partition, each with headers in bytes. */
import type { JsonObject } from "../../json/exact_json.ts";
import { firstContext } from "./carriers.ts";
import { asObject, objectIn, textIn } from "./event_values.ts";
import type { TraceContext } from "./trace_context.ts";

/** Longest header that is decoded, in bytes: those of propagators are far shorter. */
const MAX_HEADER_BYTES = 4096;

/** The records that were read, one partition after the other; none where the event is another. */
export function kafkaRecords(event: JsonObject): readonly JsonObject[] {
  const groups = objectIn(event, "records");
  if (groups === undefined) return [];
  return Object.values(groups).flatMap(valuesOf).flatMap((record) => {
    const found = asObject(record);
    return textIn(found, "topic") === undefined || found === undefined ? [] : [found];
  });
}

/** How many records the event has, as far as its lists tell. */
export function countKafkaRecords(event: JsonObject): number {
  return Object.values(objectIn(event, "records") ?? {}).reduce<number>(
    (sum, group) => sum + valuesOf(group).length,
    0,
  );
}

/** The context of the first record that has one. */
export function contextOfKafka(event: JsonObject): TraceContext | undefined {
  for (const record of kafkaRecords(event)) {
    const headers = headersOf(record);
    const found = headers === undefined ? undefined : firstContext([headers]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function headersOf(record: JsonObject): JsonObject | undefined {
  const headers: Record<string, unknown> = Object.create(null);
  let isEmpty = true;
  for (const header of valuesOf(record["headers"])) {
    for (const [name, value] of Object.entries(asObject(header) ?? {})) {
      const text = textOfBytes(value);
      if (text === undefined) continue;
      headers[name] = text;
      isEmpty = false;
    }
  }
  return isEmpty ? undefined : headers;
}

/** Java's serialisation makes an object of a list, with its indices as names. */
function valuesOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : Object.values(asObject(list) ?? {});
}

/** Bytes as numbers or as decimal texts; Java's are signed. */
function textOfBytes(value: unknown): string | undefined {
  const bytes = valuesOf(value);
  if (bytes.length === 0 || bytes.length > MAX_HEADER_BYTES) return undefined;
  const numbers = bytes.map(Number);
  if (!numbers.every((byte) => Number.isInteger(byte) && byte >= -128 && byte <= 255)) return undefined;
  return new TextDecoder().decode(Uint8Array.from(numbers));
}
