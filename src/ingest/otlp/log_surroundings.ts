/** What log records share with the others of their resource and scope, prepared once for all of them. */
import type { OtlpConfig } from "../../config/otlp.ts";
import { cleanFieldValue } from "../../point/clean_field_value.ts";
import { isLongValue, type LongValue } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Key, KeyTable } from "../../point/point_keys.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import type { Constant, PointKind } from "../../point/point_kind.ts";
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
import { MAX_SHARED } from "./limits.ts";
import { isUsedUp, type ProtoCursor } from "./proto_cursor.ts";
import type { AroundReader } from "./around.ts";
import type { AroundParts } from "./request_walk.ts";
import { type SharedTag, shareTag } from "./shared_tag.ts";
import { fieldOf, nameOf, sharedTextOf } from "./value_field.ts";

/** The same for all records of a scope. */
export interface LogSurroundings {
  readonly kind: PointKind;
  readonly tags: readonly SharedTag[];
  readonly fields: readonly SharedField[];
  /** There are more fields than a point may have. */
  readonly isCut: boolean;
  /** What writing them takes for each record, in bytes. */
  readonly weight: number;
}

/** A field that many points share, encoded once. */
export interface SharedField {
  readonly key: Key;
  readonly value: FieldValue | LongValue;
  /** `undefined`: the rules leave nothing of it, or it is long. */
  readonly constant: Constant | undefined;
  /** The rules shorten it or leave it out: each point that has it counts as trimmed. */
  readonly isCut: boolean;
}

/** What a resource gives to all its scopes. */
export interface LogResource {
  readonly kind: PointKind;
  readonly tags: readonly SharedTag[];
  readonly fields: ReadonlyMap<string, FieldValue | LongValue>;
  readonly schemaUrl: string;
}

/** Prepares what stands around log records. */
export type LogSurroundingsReader = AroundReader<LogResource, LogSurroundings>;

/** What a log's point calls by these names is its own, or Guance's: attributes of these names get a prefix. */
const RESERVED = /^(message|status|service|source|date|remote_ip)$/;
const RESERVED_PREFIX = "attributes_";
/** The field of an attribute `message`, which stands in for a missing body. */
export const MESSAGE_ATTRIBUTE = `${RESERVED_PREFIX}message`;

/** What a field takes besides its bytes. */
const FIELD = 32;

/** The field that an attribute of a log becomes. */
export function logFieldName(name: string): string {
  const key = underscored(name);
  return RESERVED.test(key) ? RESERVED_PREFIX + key : key;
}

export function createLogSurroundingsReader(
  config: OtlpConfig,
  { writer, refuse }: Intake,
): LogSurroundingsReader {
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
    return nameOf(c, value);
  }

  function schemaUrlOf({ bytes }: ProtoCursor, { schemaFrom, schemaTo }: AroundParts): string {
    return decoder.decode(bytes.subarray(schemaFrom, schemaTo));
  }

  /** The nearer ones win. */
  function addFields(c: ProtoCursor, fields: Map<string, FieldValue | LongValue>): void {
    for (let index = 0; index < attributes.count && !isUsedUp(c); index++) {
      readValue(c, index);
      if (value.kind === "none") continue;
      const field = config.logAttributesAsText ? sharedTextOf(c, value) : fieldOf(c, value);
      if (field !== undefined) fields.set(attributes.names[index]?.value ?? "", field);
    }
  }

  function share(keys: KeyTable, name: string, value: FieldValue | LongValue): SharedField {
    const key = keys.of(name);
    if (isLongValue(value)) return { key, value, constant: undefined, isCut: false };
    let isCut = false;
    const clean = cleanFieldValue(value, false, () => void (isCut = true));
    const bytes = clean === undefined ? undefined : encodeFieldValue(key.slot.name, clean);
    const constant = bytes === undefined ? undefined : { key, isTag: false, bytes };
    return { key, value, constant, isCut };
  }

  return {
    resource: (c, parts) => {
      const { isCut } = readAround(c, parts, false, attributes);
      const service = textOfName(c, SERVICE_NAME);
      const host = textOfName(c, HOST_NAME);
      const tags = new Map(config.tags);
      tags.delete("status");
      tags.set("service", service || "unSetServiceName").set("remote_ip", "127.0.0.1");
      if (host !== "") tags.set("host", host);
      const fields = new Map<string, FieldValue | LongValue>();
      addFields(c, fields);
      const measurement = textOfName(c, LOG_SOURCE) || service || "otel_logs";
      if (isCut || isUsedUp(c)) refuse("trimmed");
      return {
        kind: writer.kind("logging", measurement),
        tags: Array.from(tags, ([name, text]) => shareTag(writer, "logging", name, text)),
        fields,
        schemaUrl: schemaUrlOf(c, parts),
      };
    },
    scope: (c, resource, parts) => {
      const { name, isCut } = readAround(c, parts, true, attributes);
      const fields = new Map(resource.fields);
      addFields(c, fields);
      if (isCut || isUsedUp(c)) refuse("trimmed");
      if (name.from < name.to) {
        fields.set("scope_name", decoder.decode(c.bytes.subarray(name.from, name.to)));
      }
      const schema = schemaUrlOf(c, parts) || resource.schemaUrl;
      if (schema !== "") fields.set("schema_url", schema);
      const { kind, tags } = resource;
      const shared = Array.from(fields).slice(0, MAX_SHARED).map(([name, value]) =>
        share(kind.keys, name, value)
      );
      const weight = shared.reduce((sum, { constant }) => sum + FIELD + (constant?.bytes.length ?? 0), 0);
      return { kind, tags, fields: shared, isCut: fields.size > MAX_SHARED, weight };
    },
  };
}
