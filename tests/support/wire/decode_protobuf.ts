/**
 * A strict reader of Dataway's protobuf, written against the schema and not against our encoder. It takes canonical
 * bytes only: ascending known fields, shortest varints, valid UTF-8, exactly one value a field, no doubled keys.
 * @see `tests/spec/datakit.md` 3.6
 */
import type { FieldValue, Scalar } from "../../../src/point/point.ts";
import type { DecodedPoint } from "./decoded_point.ts";

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

/** All points of a `PBPoints`. Throws a `SyntaxError` that names byte offset and reason for anything illegal. */
export function decodeProtobuf(body: Uint8Array): DecodedPoint[] {
  const points: DecodedPoint[] = [];
  readMessage({ body, at: 0, end: body.length }, (reader, number, wireType) => {
    expect(reader, number === 1 && wireType === DELIMITED, "PBPoints has field 1 only");
    points.push(readPoint(readDelimited(reader)));
  });
  return points;
}

interface Reader {
  readonly body: Uint8Array;
  at: number;
  readonly end: number;
}

function readPoint(point: Reader): DecodedPoint {
  let measurement = "";
  let timeNs = 0n;
  const tags = new Map<string, string>();
  const fields = new Map<string, FieldValue>();
  readMessage(point, (reader, number, wireType) => {
    if (number === 1 && wireType === DELIMITED) {
      expect(reader, measurement === "", "name stands twice");
      measurement = readString(reader);
    } else if (number === 2 && wireType === DELIMITED) {
      readField(readDelimited(reader), tags, fields);
    } else {
      expect(reader, number === 3 && wireType === VARINT, "PBPoint has name, fields and time only");
      // Also a zero: common tags are put before it.
      timeNs = BigInt.asIntN(64, readVarint(reader));
    }
  });
  expect(point, measurement !== "", "name is empty");
  expect(point, fields.size > 0, "the point has no field");
  return { measurement, tags, fields, timeNs };
}

function readField(field: Reader, tags: Map<string, string>, fields: Map<string, FieldValue>): void {
  let key = "";
  let isTag = false;
  let value: FieldValue | undefined;
  readMessage(field, (reader, number, wireType) => {
    if (number === 1 && wireType === DELIMITED) {
      key = readString(reader);
    } else if (number === 8 && wireType === VARINT) {
      isTag = readBool(reader);
      expect(reader, isTag, "a false is written");
    } else {
      expect(reader, value === undefined, "a field has two values");
      value = readFieldValue(reader, number, wireType);
    }
  });
  expect(field, key !== "", "a key is empty");
  if (value === undefined) return refuse(field, "a field has no value");
  expect(field, !tags.has(key) && !fields.has(key), `the key ${JSON.stringify(key)} stands twice`);
  if (!isTag) return void fields.set(key, value);
  if (typeof value !== "string" || value === "") return refuse(field, "a tag is no text");
  tags.set(key, value);
}

function readFieldValue(reader: Reader, number: number, wireType: number): FieldValue {
  if (number === 7 && wireType === DELIMITED) return readArray(readDelimited(reader));
  const member = [, , "i", "u", "f", "b", "d", , , , , "s"][number];
  return readMember(reader, member, wireType);
}

function readArray(any: Reader): readonly Scalar[] {
  const values: Scalar[] = [];
  let typeUrl = "";
  readMessage(any, (reader, number, wireType) => {
    expect(reader, wireType === DELIMITED, "Any has delimited fields only");
    if (number === 1) {
      typeUrl = readString(reader);
      return;
    }
    expect(reader, number === 2, "Any has type_url and value only");
    const array = readDelimited(reader);
    expect(reader, array.at < array.end, "an empty value is written");
    readMessage(array, (elements, elementNumber, elementType) => {
      expect(elements, elementNumber === 1 && elementType === DELIMITED, "Array has field 1 only");
      values.push(readElement(readDelimited(elements)));
    });
  });
  expect(any, typeUrl === "type.googleapis.com/point.Array", `the type ${typeUrl} is no array`);
  expect(any, new Set(values.map(typeName)).size <= 1, "an array holds more than one type");
  return values;
}

function readElement(element: Reader): Scalar {
  let value: Scalar | undefined;
  readMessage(element, (reader, number, wireType) => {
    expect(reader, value === undefined, "an element has two values");
    value = readMember(reader, [, "i", "u", "f", "b", "d", "s"][number], wireType);
  });
  return value ?? refuse(element, "an element has no value");
}

function readMember(reader: Reader, member: string | undefined, wireType: number): Scalar {
  switch (`${member}${wireType}`) {
    case "i0":
      return BigInt.asIntN(64, readVarint(reader));
    case "u0":
      return { unsigned: readVarint(reader) };
    case "f1": {
      const value = new DataView(take(reader, 8).slice().buffer).getFloat64(0, true);
      expect(reader, Number.isFinite(value), `${value} is no number Dataway stores`);
      return value;
    }
    case "b0":
      return readBool(reader);
    case "d2": {
      const bytes = readDelimited(reader);
      return bytes.body.slice(bytes.at, bytes.end);
    }
    case "s2":
      return readString(reader);
    default:
      return refuse(reader, `no value has this number with wire type ${wireType}`);
  }
}

/** Calls `field` at each field's content, which it must consume. Numbers must not descend. */
function readMessage(
  reader: Reader,
  field: (reader: Reader, number: number, wireType: number) => void,
): void {
  let previous = 0;
  while (reader.at < reader.end) {
    const tag = Number(readVarint(reader));
    const number = Math.floor(tag / 8);
    expect(reader, number >= previous, `field ${number} stands after field ${previous}`);
    previous = number;
    const wireType = tag % 8;
    expect(reader, [VARINT, FIXED64, DELIMITED].includes(wireType), `wire type ${wireType} is not used`);
    field(reader, number, wireType);
  }
}

function readDelimited(reader: Reader): Reader {
  const length = Number(readVarint(reader));
  const at = reader.at;
  take(reader, length);
  return { body: reader.body, at, end: at + length };
}

function readString(reader: Reader): string {
  const { body, at, end } = readDelimited(reader);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body.subarray(at, end));
  } catch {
    return refuse(reader, "a string is no UTF-8");
  }
}

function readBool(reader: Reader): boolean {
  const value = readVarint(reader);
  expect(reader, value < 2n, `${value} is no bool`);
  return value === 1n;
}

function readVarint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n;; shift += 7n) {
    const byte = take(reader, 1)[0] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    expect(reader, shift === 0n || byte !== 0, "a varint is longer than it must be");
    expect(reader, value < 2n ** 64n, "a varint exceeds 64 bits");
    return value;
  }
}

function take(reader: Reader, length: number): Uint8Array {
  expect(reader, reader.at + length <= reader.end, `${length} bytes exceed what holds them`);
  const bytes = reader.body.subarray(reader.at, reader.at + length);
  reader.at += length;
  return bytes;
}

function typeName(value: Scalar): string {
  if (typeof value !== "object") return typeof value;
  return value instanceof Uint8Array ? "bytes" : "unsigned";
}

function expect(reader: Reader, holds: boolean, why: string): void {
  if (!holds) refuse(reader, why);
}

function refuse(reader: Reader, why: string): never {
  throw new SyntaxError(
    `Cannot decode protobuf at offset ${reader.at} as ${why}: message ends at ${reader.end}`,
  );
}
