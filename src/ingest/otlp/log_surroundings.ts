/** What log records share with the others of their resource and scope, prepared once for all of them. */
import type { OtlpConfig } from "../../config/otlp.ts";
import { cleanFieldValue } from "../../point/clean_field_value.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Key } from "../../point/point_keys.ts";
import type { Constant, PointKind, PointWriter } from "../../point/point_writer.ts";
import { encodeFieldValue } from "../../point/protobuf.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { readAround } from "./around_reader.ts";
import {
  type AttributeName,
  createAttributeList,
  defineName,
  indexOfName,
  PLACES,
} from "./attribute_list.ts";
import { underscored } from "./promotion.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { type SharedTag, shareTag } from "./shared_tag.ts";
import { fieldOf, textOf } from "./value_field.ts";

/** The same for all records of a scope. */
export interface LogSurroundings {
  readonly kind: PointKind;
  readonly tags: readonly SharedTag[];
  readonly fields: readonly SharedField[];
}

/** A field that many points share, encoded once. */
export interface SharedField {
  readonly key: Key;
  /** `undefined`: the rules leave nothing of it. */
  readonly constant: Constant | undefined;
  /** The rules shorten it or leave it out: each point that has it counts as trimmed. */
  readonly isCut: boolean;
  /** Its value as text. */
  readonly text: string;
}

/** What a resource gives to all its scopes. */
export interface LogResource {
  readonly kind: PointKind;
  readonly tags: readonly SharedTag[];
  readonly fields: ReadonlyMap<string, FieldValue>;
  readonly schemaUrl: string;
}

/** Prepares what stands around log records. */
export interface LogSurroundingsReader {
  readonly resource: (c: ProtoCursor, from: number, to: number) => LogResource;
  readonly scope: (c: ProtoCursor, resource: LogResource, from: number, to: number) => LogSurroundings;
}

/** What a log's point calls by these names is its own, or Guance's: attributes of these names get a prefix. */
const RESERVED = /^(message|status|service|source|date|remote_ip)$/;
const RESERVED_PREFIX = "attributes_";
/** The field of an attribute `message`, which stands in for a body that is not there. */
export const MESSAGE_ATTRIBUTE = `${RESERVED_PREFIX}message`;

/** The field that an attribute of a log becomes. */
export function logFieldName(name: string): string {
  const key = underscored(name);
  return RESERVED.test(key) ? RESERVED_PREFIX + key : key;
}

export function createLogSurroundingsReader(config: OtlpConfig, writer: PointWriter): LogSurroundingsReader {
  const attributes = createAttributeList(logFieldName);
  const SERVICE_NAME = defineName(attributes, "service.name");
  const HOST_NAME = defineName(attributes, "host.name");
  const LOG_SOURCE = defineName(attributes, "log.source");
  const value = createAnyValue();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  function readValue(c: ProtoCursor, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, attributes.places[place + 2] ?? 0, attributes.places[place + 3] ?? 0, value);
  }

  function textOfName(c: ProtoCursor, name: AttributeName<string>): string {
    const index = indexOfName(attributes, name);
    if (index < 0) return "";
    readValue(c, index);
    return textOf(c, value);
  }

  /** The nearer ones win. */
  function addFields(c: ProtoCursor, fields: Map<string, FieldValue>): void {
    for (let index = 0; index < attributes.count; index++) {
      readValue(c, index);
      if (value.kind === "none") continue;
      const field = config.logAttributesAsText ? textOf(c, value) : fieldOf(c, value);
      if (field !== undefined) fields.set(attributes.names[index]?.value ?? "", field);
    }
  }

  function share([name, field]: readonly [string, FieldValue]): SharedField {
    const key = writer.key("logging", name);
    let isCut = false;
    const clean = cleanFieldValue(field, false, () => void (isCut = true));
    const bytes = clean === undefined ? undefined : encodeFieldValue(key.slot.name, clean);
    return {
      key,
      constant: bytes === undefined ? undefined : { key, isTag: false, bytes },
      isCut,
      text: typeof field === "object" && "unsigned" in field ? String(field.unsigned) : String(field),
    };
  }

  return {
    resource: (c, from, to) => {
      const { schemaUrl } = readAround(c, from, to, false, attributes);
      const service = textOfName(c, SERVICE_NAME);
      const host = textOfName(c, HOST_NAME);
      const tags = new Map(config.tags);
      tags.delete("status");
      tags.set("service", service || "unSetServiceName").set("remote_ip", "127.0.0.1");
      if (host !== "") tags.set("host", host);
      const fields = new Map<string, FieldValue>();
      addFields(c, fields);
      return {
        kind: writer.kind("logging", textOfName(c, LOG_SOURCE) || service || "otel_logs"),
        tags: Array.from(tags, ([name, text]) => shareTag(writer, "logging", name, text)),
        fields,
        schemaUrl: decoder.decode(c.bytes.subarray(schemaUrl.from, schemaUrl.to)),
      };
    },
    scope: (c, resource, from, to) => {
      const { name, schemaUrl } = readAround(c, from, to, true, attributes);
      const fields = new Map(resource.fields);
      addFields(c, fields);
      if (name.from < name.to) {
        fields.set("scope_name", decoder.decode(c.bytes.subarray(name.from, name.to)));
      }
      const schema = decoder.decode(c.bytes.subarray(schemaUrl.from, schemaUrl.to)) || resource.schemaUrl;
      if (schema !== "") fields.set("schema_url", schema);
      return { kind: resource.kind, tags: resource.tags, fields: Array.from(fields, share) };
    },
  };
}
