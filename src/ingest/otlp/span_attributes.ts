/** What becomes of spans' attributes: fields of the point, as far as the usual choice and the user's go. */
import type { OtlpConfig } from "../../config/otlp.ts";
import { isLongValue, type LongValue } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Key, KeyTable } from "../../point/point_keys.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import type { AnyValue } from "./any_value.ts";
import { createPromotion } from "./promotion.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { integerText } from "./text_buffer.ts";
import { beginningOfText, nameOf, writeField } from "./value_field.ts";

/** Each names the service of a database, RPC or messaging span; the first that is there does. */
const SYSTEMS: readonly string[] = ["db_system", "rpc_system", "messaging_system"];
const HTTP_STATUS_CODE = "http_status_code";
const ZERO = 0x30;
const NINE = 0x39;

/** What is known of an attribute's name. */
export interface SpanAttribute {
  /** The field that it becomes; `undefined`: it stays in the message. */
  readonly key: Key | undefined;
  /** An HTTP status of three digits is a tag. */
  readonly isHttpStatus: boolean;
  /** Its index among {@link SYSTEMS}, or -1. */
  readonly system: number;
}

/** The attributes of one span after the other, as they become fields of the point that is being written. */
export interface SpanAttributes {
  /** Tells what is to be known of a name. */
  readonly learn: (name: string) => SpanAttribute;
  /** Whether that is the same for all spans. */
  readonly mayKeep: (attribute: SpanAttribute) => boolean;
  /** Begins another span. */
  readonly begin: () => void;
  /** Writes an attribute as field, unless the point has its key; `false`: it is to stay in the message. */
  readonly take: (c: ProtoCursor, attribute: SpanAttribute, value: AnyValue) => boolean;
  /** The same for a value that many spans share. */
  readonly takeShared: (attribute: SpanAttribute, value: FieldValue | LongValue) => void;
  /** The system that names the service; empty when there is none. */
  readonly system: () => string;
}

/** What stays in the message. */
const UNCHOSEN: SpanAttribute = { key: undefined, isHttpStatus: false, system: -1 };

/** Fields as the settings choose them, for points of `keys`. */
export function createSpanAttributes(
  config: OtlpConfig,
  writer: PointWriter,
  keys: KeyTable,
): SpanAttributes {
  const fieldNameOf = createPromotion(config.customerTags);
  /** What the span has of each system; empty: a value that names nothing. */
  const systems: (string | undefined)[] = SYSTEMS.map(() => undefined);
  let hasSystem = false;

  function note(system: number, name: string): void {
    systems[system] = name;
    hasSystem = true;
  }

  return {
    learn: (name) => {
      const fieldName = fieldNameOf(name);
      if (fieldName === undefined) return UNCHOSEN;
      return {
        key: keys.of(fieldName),
        isHttpStatus: fieldName === HTTP_STATUS_CODE,
        system: SYSTEMS.indexOf(fieldName),
      };
    },
    mayKeep: ({ key }) => key?.isKept !== false,
    begin: () => {
      if (!hasSystem) return;
      systems.fill(undefined);
      hasSystem = false;
    },
    take: (c, attribute, value) => {
      const { key } = attribute;
      if (key === undefined || value.kind === "none" || writer.has(key)) return false;
      if (attribute.isHttpStatus && isHttpStatus(c, value)) writer.tag(key, nameOf(c, value));
      else writeField(writer, key, c, value);
      if (attribute.system >= 0) note(attribute.system, isText(value) ? nameOf(c, value) : "");
      return true;
    },
    takeShared: ({ key, isHttpStatus, system }, value) => {
      const current = key === undefined ? undefined : keys.current(key);
      if (current === undefined || writer.has(current)) return;
      if (isLongValue(value)) {
        writer.longText(current, value.text);
        if (system >= 0) note(system, beginningOfText(value.text));
        return;
      }
      const text = typeof value === "object" ? "" : String(value);
      if (isHttpStatus && /^\d{3}$/.test(text)) writer.tag(current, text);
      else writer.field(current, value);
      if (system >= 0) note(system, typeof value === "string" ? value : "");
    },
    system: () => hasSystem ? systems.find((name) => name !== undefined) ?? "" : "",
  };
}

/** Lists, maps and bytes are text as fields. */
function isText({ kind }: AnyValue): boolean {
  return kind === "text" || kind === "list" || kind === "map" || kind === "bytes";
}

function isHttpStatus(c: ProtoCursor, { kind, from, to, low, high, double }: AnyValue): boolean {
  if (kind === "text") return to - from === 3 && isDigits(c.bytes, from, to);
  if (kind === "double") return /^\d{3}$/.test(String(double));
  return kind === "int" && /^\d{3}$/.test(integerText(low, high, true));
}

function isDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}
