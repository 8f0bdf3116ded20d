/**
 * A strict reader of Dataway's line protocol, written against the grammar and not against our encoder. It refuses
 * whatever any parser in the field might refuse or read differently: unsorted or doubled keys, empty values, raw
 * newlines outside strings, exponents, a field key with backslashes before an escape.
 * @see `tests/spec/datakit.md` 3.5
 */
import type { FieldValue, Scalar } from "../../../src/point/point.ts";
import type { DecodedPoint } from "./decoded_point.ts";

const MAX_SERIES_AND_FIELD_KEY_BYTES = 65535;
const SEPARATOR_BYTES = 4;
const FLOAT = /^-?\d+(\.\d+)?$/;
const INTEGER = /^(-?\d+)i$/;
const UNSIGNED = /^(\d+)u$/;

/** All points of a body. Throws a `SyntaxError` that names offset (in characters) and reason for anything illegal. */
export function decodeLineProtocol(body: Uint8Array): DecodedPoint[] {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  const cursor = { text, at: 0 };
  const points: DecodedPoint[] = [];
  while (cursor.at < text.length) points.push(readLine(cursor));
  return points;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function readLine(cursor: Cursor): DecodedPoint {
  const lineAt = cursor.at;
  if (cursor.text[lineAt] === "#") refuse(cursor, "a line that begins with # is a comment");
  checkNoBlank(cursor);
  const measurement = readUntil(cursor, ", ", ", ");
  if (measurement === "") refuse(cursor, "the measurement is empty");
  const tags = readTags(cursor);
  const seriesKey = cursor.text.slice(lineAt, cursor.at);
  const fields = readFields(cursor, byteLength(seriesKey));
  for (const key of fields.keys()) {
    if (tags.has(key)) refuse(cursor, `${JSON.stringify(key)} is tag and field`);
  }
  take(cursor, " ");
  const timeNs = readTime(cursor);
  take(cursor, "\n");
  return { measurement, tags, fields, timeNs };
}

function readTags(cursor: Cursor): Map<string, string> {
  const tags = new Map<string, string>();
  let previous: string | undefined;
  while (cursor.text[cursor.at] === ",") {
    cursor.at++;
    const key = readUntil(cursor, "=", ",= ");
    take(cursor, "=");
    const value = readUntil(cursor, ", ", ",= ");
    if (key === "" || value === "") refuse(cursor, "a tag's key or value is empty");
    checkOrder(cursor, previous, key);
    previous = key;
    tags.set(key, value);
  }
  return tags;
}

function readFields(cursor: Cursor, seriesKeyBytes: number): Map<string, FieldValue> {
  const fields = new Map<string, FieldValue>();
  let previous: string | undefined;
  take(cursor, " ");
  checkNoBlank(cursor);
  while (true) {
    const keyAt = cursor.at;
    const key = readUntil(cursor, "=", ',= "');
    const rawKey = cursor.text.slice(keyAt, cursor.at);
    if (key === "") refuse(cursor, "a field's key is empty");
    if (/\\\\[,= "]/.test(rawKey)) refuse(cursor, "parsers disagree about backslashes before an escape");
    if (seriesKeyBytes + SEPARATOR_BYTES + byteLength(rawKey) > MAX_SERIES_AND_FIELD_KEY_BYTES) {
      refuse(cursor, "series key and field key exceed 65535 bytes");
    }
    checkOrder(cursor, previous, key);
    previous = key;
    take(cursor, "=");
    fields.set(key, readValue(cursor));
    if (cursor.text[cursor.at] !== ",") return fields;
    cursor.at++;
  }
}

function readTime(cursor: Cursor): bigint {
  const digits = /^-?\d+(?=\n)/.exec(cursor.text.slice(cursor.at, cursor.at + 24))?.[0];
  if (digits === undefined) refuse(cursor, "the line does not end with a time in ns");
  cursor.at += digits.length;
  return inRange(cursor, BigInt(digits), -(2n ** 63n) + 2n, 2n ** 63n - 2n);
}

function readValue(cursor: Cursor): FieldValue {
  if (cursor.text[cursor.at] !== "[") return readScalar(cursor);
  cursor.at++;
  const values: Scalar[] = [];
  if (cursor.text[cursor.at] !== "]") {
    values.push(readScalar(cursor));
    while (cursor.text[cursor.at] === ",") {
      cursor.at++;
      values.push(readScalar(cursor));
    }
  }
  take(cursor, "]");
  if (new Set(values.map(typeName)).size > 1) refuse(cursor, "an array holds more than one type");
  return values;
}

function readScalar(cursor: Cursor): Scalar {
  if (cursor.text[cursor.at] === '"') return readQuoted(cursor);
  const from = cursor.at;
  while (cursor.at < cursor.text.length && !", ]\n".includes(cursor.text.charAt(cursor.at))) cursor.at++;
  const word = cursor.text.slice(from, cursor.at);
  if (word === "true" || word === "false") return word === "true";
  if (FLOAT.test(word)) return Number(word);
  const signed = INTEGER.exec(word)?.[1];
  if (signed !== undefined) return inRange(cursor, BigInt(signed), -(2n ** 63n), 2n ** 63n - 1n);
  const unsigned = UNSIGNED.exec(word)?.[1];
  if (unsigned !== undefined) return { unsigned: inRange(cursor, BigInt(unsigned), 0n, 2n ** 64n - 1n) };
  return refuse(cursor, `${JSON.stringify(word)} is no value`);
}

function readQuoted(cursor: Cursor): string | Uint8Array {
  let value = "";
  for (cursor.at++;; cursor.at++) {
    const char = cursor.text[cursor.at];
    if (char === undefined) refuse(cursor, "a string does not end");
    if (char === '"') break;
    if (char === "\\") {
      const escaped = cursor.text[++cursor.at];
      if (escaped !== '"' && escaped !== "\\") refuse(cursor, "a lone backslash stands in a string");
      value += escaped;
    } else {
      value += char;
    }
  }
  cursor.at++;
  if (cursor.text[cursor.at] !== "b") return value;
  cursor.at++;
  return Uint8Array.fromBase64(value);
}

/** Up to an unescaped character of `stops`. A backslash escapes those of `escapable` only; else it is itself. */
function readUntil(cursor: Cursor, stops: string, escapable: string): string {
  let value = "";
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const char = cursor.text.charAt(cursor.at);
    const next = cursor.text.charAt(cursor.at + 1);
    if (char === "\\" && next !== "" && escapable.includes(next)) {
      value += next;
      cursor.at++;
    } else if (stops.includes(char)) {
      return value;
    } else if (char === "\n" || escapable.includes(char)) {
      refuse(cursor, `${JSON.stringify(char)} is not escaped`);
    } else {
      value += char;
    }
  }
  return refuse(cursor, "the line does not end");
}

function checkNoBlank(cursor: Cursor): void {
  if (/^[\0\t ]/.test(cursor.text.charAt(cursor.at))) refuse(cursor, "parsers skip leading blanks");
}

function checkOrder(cursor: Cursor, previous: string | undefined, key: string): void {
  if (previous === undefined) return;
  const a = new TextEncoder().encode(previous);
  const b = new TextEncoder().encode(key);
  const first = a.findIndex((byte, i) => byte !== b[i]);
  const ordered = first < 0 ? a.length < b.length : (a[first] ?? 0) < (b[first] ?? -1);
  if (!ordered) refuse(cursor, `${JSON.stringify(key)} does not come after ${JSON.stringify(previous)}`);
}

function typeName(value: Scalar): string {
  if (typeof value !== "object") return typeof value;
  return value instanceof Uint8Array ? "bytes" : "unsigned";
}

function inRange(cursor: Cursor, value: bigint, min: bigint, max: bigint): bigint {
  return value >= min && value <= max ? value : refuse(cursor, `${value} is outside ${min} to ${max}`);
}

function take(cursor: Cursor, expected: string): void {
  if (cursor.text[cursor.at] !== expected) refuse(cursor, `${JSON.stringify(expected)} is missing`);
  cursor.at++;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function refuse(cursor: Cursor, why: string): never {
  const around = cursor.text.slice(Math.max(0, cursor.at - 40), cursor.at + 20);
  throw new SyntaxError(
    `Cannot decode line protocol at offset ${cursor.at} as ${why}: near ${JSON.stringify(around)}`,
  );
}
