/** Turns attribute values into what points hold, and into JSON text. */
import { toExactJson } from "../../json/exact_json.ts";
import type { FieldValue } from "../../point/point.ts";
import type { OtlpAttributes, OtlpValue } from "./model.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** A field's value: scalars as they are, bytes as base64, lists and maps as JSON text, the empty value as none. */
export function toFieldValue(value: OtlpValue): FieldValue | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "bigint") return toIntegerField(value);
  return typeof value === "object" ? toValueText(value) : value;
}

/** An integer as signed, or as unsigned where only that holds it. */
export function toIntegerField(value: bigint): FieldValue {
  return value > MAX_INT64 ? { unsigned: value } : value;
}

/** Text of any value, as for a tag or a log's message. The empty value is empty text. */
export function toValueText(value: OtlpValue): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  if (value instanceof Uint8Array) return value.toBase64();
  return typeof value === "object" ? toExactJson(value) : String(value);
}

/** Text of a log's body: of bytes that are UTF-8, as collectors that read files send lines, the text they are. */
export function toBodyText(body: OtlpValue): string {
  if (!(body instanceof Uint8Array)) return toValueText(body);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return toValueText(body);
  }
}

/** Attributes as OTLP/JSON writes them: a list of `{"key":…,"value":{"stringValue":…}}`. */
export function toOtlpJsonAttributes(attributes: OtlpAttributes): string {
  let text = "";
  for (const [key, value] of attributes) {
    text += `${text === "" ? "" : ","}{"key":${JSON.stringify(key)},"value":${toOtlpJsonValue(value)}}`;
  }
  return `[${text}]`;
}

function toOtlpJsonValue(value: OtlpValue): string {
  switch (typeof value) {
    case "string":
      return `{"stringValue":${JSON.stringify(value)}}`;
    case "bigint":
      return `{"intValue":"${value}"}`;
    case "boolean":
      return `{"boolValue":${value}}`;
    case "number":
      return `{"doubleValue":${toExactJson(value)}}`;
    case "undefined":
      return "{}";
  }
  if (value instanceof Uint8Array) return `{"bytesValue":"${value.toBase64()}"}`;
  if (isMap(value)) return `{"kvlistValue":{"values":${toOtlpJsonAttributes(value)}}}`;
  return `{"arrayValue":{"values":[${value.map(toOtlpJsonValue).join()}]}}`;
}

function isMap(value: object): value is OtlpAttributes {
  return value instanceof Map;
}
