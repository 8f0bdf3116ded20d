import type { OtlpAttributes, OtlpEvent, OtlpLink, OtlpScope, OtlpSpan } from "./model.ts";
import { toOtlpJsonAttributes } from "./values.ts";

/**
 * The span as OTLP/JSON without what its fields and tags say: the attributes in `rest`, events, links, trace
 * state, counts of what the SDK dropped. `shared` is what {@link resourceMember} and {@link scopeMember} made.
 */
export function restOfSpan(
  span: OtlpSpan,
  rest: OtlpAttributes,
  events: readonly OtlpEvent[],
  shared: string,
): string {
  const status = span.status?.message ? `,"status":{"message":${JSON.stringify(span.status.message)}}` : "";
  return toObjectText(commonMembers(span, rest, events) + status + shared);
}

/** The whole span as OTLP/JSON. */
export function wholeSpan(span: OtlpSpan, shared: string): string {
  const parent = span.parentSpanId === "" ? "" : `,"parentSpanId":"${span.parentSpanId}"`;
  const status = span.status === undefined
    ? ""
    : `,"status":{"code":${span.status.code}${textMember("message", span.status.message)}}`;
  return toObjectText(
    `,"traceId":"${span.traceId}","spanId":"${span.spanId}"${parent},"name":${JSON.stringify(span.name)}` +
      `,"kind":${span.kind},"startTimeUnixNano":"${span.startTimeUnixNano}"` +
      `,"endTimeUnixNano":"${span.endTimeUnixNano}"` +
      commonMembers(span, span.attributes, span.events) + status + shared,
  );
}

/** `,"resource":{…}` for the attributes not told elsewhere. */
export function resourceMember(rest: OtlpAttributes): string {
  return rest.size === 0 ? "" : `,"resource":{"attributes":${toOtlpJsonAttributes(rest)}}`;
}

/** `,"scope":{…}` with the attributes not told elsewhere. */
export function scopeMember(scope: OtlpScope, rest: OtlpAttributes): string {
  const members = textMember("name", scope.name) + textMember("version", scope.version) +
    attributesMember(rest);
  return members === "" ? "" : `,"scope":${toObjectText(members)}`;
}

function commonMembers(span: OtlpSpan, attributes: OtlpAttributes, events: readonly OtlpEvent[]): string {
  return textMember("traceState", span.traceState) +
    (span.flags === 0 ? "" : `,"flags":${span.flags}`) +
    attributesMember(attributes) +
    countMember("droppedAttributesCount", span.droppedAttributesCount) +
    (events.length === 0 ? "" : `,"events":[${events.map(eventJson).join()}]`) +
    countMember("droppedEventsCount", span.droppedEventsCount) +
    (span.links.length === 0 ? "" : `,"links":[${span.links.map(linkJson).join()}]`) +
    countMember("droppedLinksCount", span.droppedLinksCount);
}

function eventJson(event: OtlpEvent): string {
  return toObjectText(
    `,"timeUnixNano":"${event.timeUnixNano}"` + textMember("name", event.name) +
      attributesMember(event.attributes) +
      countMember("droppedAttributesCount", event.droppedAttributesCount),
  );
}

function linkJson(link: OtlpLink): string {
  // JSON requests may hold any text as a link's ids.
  return toObjectText(
    textMember("traceId", link.traceId) + textMember("spanId", link.spanId) +
      textMember("traceState", link.traceState) + (link.flags === 0 ? "" : `,"flags":${link.flags}`) +
      attributesMember(link.attributes) + countMember("droppedAttributesCount", link.droppedAttributesCount),
  );
}

function attributesMember(attributes: OtlpAttributes): string {
  return attributes.size === 0 ? "" : `,"attributes":${toOtlpJsonAttributes(attributes)}`;
}

function textMember(name: string, text: string): string {
  return text === "" ? "" : `,"${name}":${JSON.stringify(text)}`;
}

function countMember(name: string, count: number): string {
  return count === 0 ? "" : `,"${name}":${count}`;
}

/** Members each with a leading comma, as an object. */
function toObjectText(members: string): string {
  return `{${members.slice(1)}}`;
}
