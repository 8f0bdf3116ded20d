/** What spans share with the others of their resource and scope, prepared once for all of them. */
import { isLongValue, type LongText, type LongValue } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { readAround } from "./around_reader.ts";
import { createAttributeList, defineName, indexOfName, PLACES } from "./attribute_list.ts";
import { isUsedUp, type ProtoCursor } from "./proto_cursor.ts";
import { type SharedTag, shareTag } from "./shared_tag.ts";
import { MAX_SHARED } from "./limits.ts";
import type { AroundReader } from "./around.ts";
import type { SpanAttribute, SpanAttributes } from "./span_attributes.ts";
import { closeList, closeObject, putAttribute, putName, putVersion } from "./span_message.ts";
import { clearText, createTextBuffer, putBytes, takeText } from "./text_buffer.ts";
import { fieldOf, nameOf } from "./value_field.ts";

/** The same for all spans of a scope. */
export interface Surroundings {
  /** The tag `service`, or `base_service` where a system names the service. */
  readonly service: SharedTag;
  readonly baseService: SharedTag;
  /** Attributes of the scope, then of the resource, that become fields. */
  readonly fields: readonly SharedField[];
  /** The members `resource` and `scope` of the message. */
  readonly json: LongText;
  /** There are more fields than a point may have. */
  readonly isCut: boolean;
  /** What writing them takes for each span, in bytes. */
  readonly weight: number;
}

/** An attribute that becomes a field. */
export interface SharedField {
  readonly attribute: SpanAttribute;
  readonly value: FieldValue | LongValue;
}

const RESOURCE = new TextEncoder().encode(',"resource":');
const SCOPE = new TextEncoder().encode(',"scope":');
const UNKNOWN_SERVICE = "unknown_service";
/** What a field takes besides its text. */
const FIELD = 32;

/** Prepares what stands around spans. */
export type SurroundingsReader = AroundReader<ResourceShare, Surroundings>;

/** What a resource gives to all its scopes. */
export interface ResourceShare {
  readonly service: string;
  readonly fields: readonly SharedField[];
  readonly json: LongText;
}

/** `message`: what the message of a span holds. */
export function createSurroundingsReader(
  { writer, refuse }: Intake,
  { learn, mayKeep }: SpanAttributes,
  message: "rest" | "whole" | "none",
): SurroundingsReader {
  const attributes = createAttributeList(learn, mayKeep);
  const serviceName = defineName(attributes, "service.name");
  const value = createAnyValue();
  const m = createTextBuffer();

  /** Parts the attributes into fields and the message, which the rest goes into. */
  function part(c: ProtoCursor): SharedField[] {
    const fields: SharedField[] = [];
    const names = new Set<string>();
    let isFirst = true;
    for (let index = 0; index < attributes.count && !isUsedUp(c); index++) {
      const name = attributes.names[index];
      if (name === undefined) continue;
      readValue(c, index);
      const { key } = name.value;
      const field = key === undefined || names.has(key.slot.name) ? undefined : fieldOf(c, value);
      if (key !== undefined && field !== undefined) {
        names.add(key.slot.name);
        fields.push({ attribute: name.value, value: field });
      }
      if (field !== undefined && message !== "whole") continue;
      const place = index * PLACES;
      const { places } = attributes;
      putAttribute(m, c, places[place] ?? 0, places[place + 1] ?? 0, value, isFirst);
      isFirst = false;
    }
    if (!isFirst) closeList(m);
    return fields;
  }

  function readValue(c: ProtoCursor, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, attributes.places[place + 2] ?? 0, attributes.places[place + 3] ?? 0, value);
  }

  /** The member that the message has of what was put into it. */
  function member(head: Uint8Array): LongText {
    if (m.at === head.length) return [];
    closeObject(m, head.length);
    return takeText(m);
  }

  return {
    resource: (c, parts) => {
      const { isCut } = readAround(c, parts, false, attributes);
      clearText(m);
      putBytes(m, RESOURCE);
      const fields = part(c);
      const index = indexOfName(attributes, serviceName);
      if (index >= 0) readValue(c, index);
      const service = index >= 0 ? nameOf(c, value) : "";
      if (isCut || isUsedUp(c)) refuse("trimmed");
      return { service: service === "" ? UNKNOWN_SERVICE : service, fields, json: member(RESOURCE) };
    },
    scope: (c, resource, parts) => {
      const { name, version, isCut } = readAround(c, parts, true, attributes);
      clearText(m);
      putBytes(m, SCOPE);
      putName(m, c, name.from, name.to);
      putVersion(m, c, version.from, version.to);
      const own = part(c);
      if (isCut || isUsedUp(c)) refuse("trimmed");
      const names = new Set(own.map(({ attribute }) => attribute.key?.slot.name));
      const fields = [
        ...own,
        ...resource.fields.filter(({ attribute }) => !names.has(attribute.key?.slot.name)),
      ];
      const json = [...resource.json, ...member(SCOPE)];
      return {
        service: shareTag(writer, "tracing", "service", resource.service),
        baseService: shareTag(writer, "tracing", "base_service", resource.service),
        fields: fields.slice(0, MAX_SHARED),
        isCut: fields.length > MAX_SHARED,
        json,
        weight: lengthOf(json) + fields.reduce((sum, { value }) => sum + weightOf(value), 0),
      };
    },
  };
}

/** Bytes of a field, about. */
function weightOf(value: FieldValue | LongValue): number {
  if (isLongValue(value)) return FIELD + lengthOf(value.text);
  return FIELD + (typeof value === "string" ? value.length : 0);
}

function lengthOf(text: LongText): number {
  return text.reduce((sum, { from, to }) => sum + to - from, 0);
}
