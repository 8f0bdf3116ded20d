/** What spans share with the others of their resource and scope, prepared once for all of them. */
import type { FieldValue } from "../../point/point.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { readAround } from "./around_reader.ts";
import { createAttributeList, defineName, indexOfName, PLACES } from "./attribute_list.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { type SharedTag, shareTag } from "./shared_tag.ts";
import type { SpanAttribute } from "./span_attributes.ts";
import { closeList, closeObject, putAttribute, putName, putVersion } from "./span_message.ts";
import { clearText, createTextBuffer, putBytes } from "./text_buffer.ts";
import { fieldOf, textOf } from "./value_field.ts";

/** The same for all spans of a scope. */
export interface Surroundings {
  /** The tag `service`, or `base_service` where a system names the service. */
  readonly service: SharedTag;
  readonly baseService: SharedTag;
  /** Attributes of the scope, then of the resource, that become fields. */
  readonly fields: readonly SharedField[];
  /** The members `resource` and `scope` of the message. */
  readonly json: Uint8Array;
}

/** An attribute that becomes a field. */
export interface SharedField {
  readonly attribute: SpanAttribute;
  readonly value: FieldValue;
}

const RESOURCE = new TextEncoder().encode(',"resource":');
const SCOPE = new TextEncoder().encode(',"scope":');
const UNKNOWN_SERVICE = "unknown_service";

/** Prepares what stands around spans. */
export interface SurroundingsReader {
  /** Reads the `ResourceSpans` that lies at `[from, to)`, its scopes left out. */
  readonly resource: (c: ProtoCursor, from: number, to: number) => ResourceParts;
  /** Reads the `ScopeSpans` that lies at `[from, to)`, its spans left out. */
  readonly scope: (c: ProtoCursor, resource: ResourceParts, from: number, to: number) => Surroundings;
}

/** What a resource gives to all its scopes. */
export interface ResourceParts {
  readonly service: string;
  readonly fields: readonly SharedField[];
  readonly json: Uint8Array;
}

/** `message`: what the message of a span holds. */
export function createSurroundingsReader(
  writer: PointWriter,
  learn: (name: string) => SpanAttribute,
  message: "rest" | "whole" | "none",
): SurroundingsReader {
  const attributes = createAttributeList(learn);
  const serviceName = defineName(attributes, "service.name");
  const value = createAnyValue();
  const m = createTextBuffer();

  /** Parts the attributes into fields and the message, which the rest goes into. */
  function part(c: ProtoCursor): SharedField[] {
    const fields: SharedField[] = [];
    let isFirst = true;
    for (let index = 0; index < attributes.count; index++) {
      const name = attributes.names[index];
      if (name === undefined) continue;
      readValue(c, index);
      const { key } = name.value;
      const isFree = key !== undefined && !fields.some(({ attribute }) => attribute.key?.slot === key.slot);
      const field = isFree ? fieldOf(c, value) : undefined;
      if (field !== undefined) fields.push({ attribute: name.value, value: field });
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
  function member(head: Uint8Array): Uint8Array {
    if (m.at === head.length) return new Uint8Array(0);
    closeObject(m, head.length);
    return m.bytes.slice(0, m.at);
  }

  return {
    resource: (c, from, to) => {
      readAround(c, from, to, false, attributes);
      clearText(m);
      putBytes(m, RESOURCE);
      const fields = part(c);
      const index = indexOfName(attributes, serviceName);
      if (index >= 0) readValue(c, index);
      const service = index >= 0 ? textOf(c, value) : "";
      return { service: service === "" ? UNKNOWN_SERVICE : service, fields, json: member(RESOURCE) };
    },
    scope: (c, resource, from, to) => {
      const { name, version } = readAround(c, from, to, true, attributes);
      clearText(m);
      putBytes(m, SCOPE);
      putName(m, c, name.from, name.to);
      putVersion(m, c, version.from, version.to);
      const own = part(c);
      const isNew = ({ attribute }: SharedField): boolean =>
        !own.some((field) => field.attribute.key?.slot === attribute.key?.slot);
      return {
        service: shareTag(writer, "tracing", "service", resource.service),
        baseService: shareTag(writer, "tracing", "base_service", resource.service),
        fields: [...own, ...resource.fields.filter(isNew)],
        json: Uint8Array.from([...resource.json, ...member(SCOPE)]),
      };
    },
  };
}
