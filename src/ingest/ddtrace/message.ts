/** The field `message`: the span as JSON, without its ids and without the tags that became tags of the point. */
import { toExactJson } from "../../json/exact_json.ts";
import { createMsgpackReader, DecodeError } from "./msgpack_reader.ts";
import type { DdSpan, Json } from "./span.ts";

/** Longest text of one tag, in UTF-16 units: the agent's own limit. */
const MAX_TEXT_LENGTH = 25_000;
/** Where a message stops growing: texts sent once may be used often, so it could become far larger than its payload. */
const MAX_MESSAGE_LENGTH = 262_144;

/** What a message may still grow by, in UTF-16 units, and whether something found no room. */
interface Room {
  left: number;
  isCut: boolean;
}

/** JSON text of a span. `meta` is what is left of its tags. A member `truncated` tells of others left out. */
export function spanMessage(span: DdSpan, meta: ReadonlyMap<string, string>): string {
  const head = `{"service":${textJson(span.service)},"name":${textJson(span.name)},"resource":${
    textJson(span.resource)
  },"start":${span.startNs},"duration":${span.durationNs},"error":${numberJson(span.error) ?? 1}`;
  const room: Room = { left: MAX_MESSAGE_LENGTH - head.length, isCut: false };
  const tags = objectJson(meta, textJson, room);
  const metrics = objectJson(span.metrics, numberJson, room);
  const rest = objectJson(extras(span), (json) => json, room);
  const tail = rest === "{}" ? "" : `,${rest.slice(1, -1)}`;
  return `${head},"meta":${tags},"metrics":${metrics},"type":${textJson(span.type)}${tail}${
    room.isCut ? ',"truncated":true' : ""
  }}`;
}

/** Cut to what one tag may have, never within a surrogate pair. */
export function clip(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH).toWellFormed()}...`;
}

function objectJson<T>(
  members: Iterable<readonly [string, T]>,
  memberJson: (value: T) => string | undefined,
  room: Room,
): string {
  let text = "";
  for (const [key, value] of members) {
    const json = memberJson(value);
    if (json === undefined) continue;
    if (text.length + key.length + json.length > room.left) {
      room.isCut = true;
      continue;
    }
    text += text === "" ? `${JSON.stringify(key)}:${json}` : `,${JSON.stringify(key)}:${json}`;
  }
  room.left -= text.length;
  return `{${text}}`;
}

function textJson(text: string): string {
  return JSON.stringify(clip(text));
}

/** NaN and the infinities have no JSON. */
function numberJson(number: number): string | undefined {
  return Number.isFinite(number) ? String(number) : undefined;
}

function* extras(span: DdSpan): Iterable<readonly [string, string]> {
  if (span.metaStruct !== undefined && span.metaStruct.size > 0) {
    yield [
      "meta_struct",
      toExactJson(new Map([...span.metaStruct].map(([key, bytes]) => [key, documentOf(bytes)]))),
    ];
  }
  if (span.links !== undefined && span.links.length > 0) {
    yield ["span_links", toExactJson(span.links.map(linkJson))];
  }
  if (span.events !== undefined && span.events.length > 0) {
    yield ["span_events", toExactJson(span.events.map(eventJson))];
  }
}

/** The document within, or its bytes when it is none. */
function documentOf(bytes: Uint8Array): Json {
  try {
    return createMsgpackReader(bytes).value();
  } catch (error) {
    if (error instanceof DecodeError) return bytes;
    throw error;
  }
}

type Link = NonNullable<DdSpan["links"]>[number];
type Event = NonNullable<DdSpan["events"]>[number];

function linkJson({ traceId, spanId, attributes, tracestate, flags }: Link): Json {
  const json = new Map<string, Json>([["trace_id", traceId], ["span_id", spanId]]);
  if (attributes.size > 0) json.set("attributes", attributes);
  if (tracestate !== "") json.set("tracestate", tracestate);
  if (flags !== 0) json.set("flags", flags);
  return json;
}

function eventJson({ name, timeNs, attributes }: Event): Json {
  const json = new Map<string, Json>([["name", name], ["time_unix_nano", timeNs]]);
  if (attributes.size > 0) json.set("attributes", attributes);
  return json;
}
