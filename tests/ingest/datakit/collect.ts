/** Decodes whole bodies, for tests that look at points before Dataway's rules. */
import type { Destination } from "../../../src/ingest/datakit/decoded.ts";
import { createJsonCheck, createJsonDecoder } from "../../../src/ingest/datakit/json_decoder.ts";
import { createLineProtocolDecoder } from "../../../src/ingest/datakit/line_protocol_decoder.ts";
import type { Precision } from "../../../src/ingest/datakit/precision.ts";
import { createProtobufDecoder } from "../../../src/ingest/datakit/protobuf_decoder.ts";
import { isMalformed, type WireDecoder, type WirePoint } from "../../../src/ingest/datakit/wire_point.ts";
import { createPointWriter } from "../../../src/point/create_point_writer.ts";
import { beginningOf, isLongContent, type LongContent, longContent } from "../../../src/point/long_text.ts";
import type { FieldValue } from "../../../src/point/point.ts";
import type { PointKind } from "../../../src/point/point_kind.ts";
import type { PointWriter } from "../../../src/point/point_writer.ts";

/** A point whose long texts are read, too. */
export interface DecodedPoint extends Omit<WirePoint, "fields"> {
  readonly fields: readonly (readonly [string, FieldValue | undefined])[];
}

/** All that a body held. */
export interface Decoded {
  readonly points: readonly DecodedPoint[];
  readonly malformed: number;
  readonly firstError: string | undefined;
}

/** The time of points that have none of their own. */
const NO_TIME = -8_765_432_109_876_543n;

export function decodeLineProtocol(text: string, precision: Precision): Decoded {
  return decodeLineBytes(new TextEncoder().encode(text), precision);
}

export function decodeLineBytes(body: Uint8Array, precision: Precision): Decoded {
  const points: DecodedPoint[] = [];
  const decoder = createLineProtocolDecoder(body, precision, recordTo(points));
  while (decoder.next() !== "end");
  return { points, malformed: decoder.malformed, firstError: decoder.firstError };
}

/** Takes points as they are said, without a rule. */
function recordTo(points: DecodedPoint[]): Destination {
  const names = new Map<PointKind, string>();
  let measurement = "";
  let tags: [string, string][] = [];
  let fields: [string, FieldValue | undefined][] = [];
  let isTrimmed = false;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const real = createPointWriter({ commit: () => {}, trimmed: () => {} });
  const textOf = (bytes: Uint8Array, from: number, to: number): string =>
    decoder.decode(bytes.subarray(from, to));
  const kind: PointWriter["kind"] = (category, name) => {
    const made = { ...real.kind(category, name) };
    names.set(made, name);
    return made;
  };
  const endAt: PointWriter["endAt"] = (timeNs) => {
    const time = { timeNs: timeNs === NO_TIME ? undefined : timeNs };
    points.push({ measurement, tags, fields, ...time, ...(isTrimmed ? { isTrimmed } : {}) });
    return true;
  };
  const writer: PointWriter = {
    ...real,
    kind,
    kindOfBytes: (category, bytes, from, to) => kind(category, textOf(bytes, from, to)),
    tag: ({ name }, value) => void tags.push([name, value]),
    tagBytes: ({ name }, bytes, from, to) => void tags.push([name, textOf(bytes, from, to)]),
    text: ({ name }, value) => void fields.push([name, value]),
    textBytes: ({ name }, bytes, from, to) => void fields.push([name, textOf(bytes, from, to)]),
    textOf: ({ name }, maxBytes, fill) => {
      const bytes = new Uint8Array(maxBytes);
      fields.push([name, textOf(bytes, 0, fill(bytes, 0))]);
    },
    longText: ({ name }, text) => void fields.push([name, valueOf(longContent(text), decoder)]),
    long: ({ name }, content) => void fields.push([name, valueOf(content, decoder)]),
    int: ({ name }, low, high) => void fields.push([name, int64(low, high)]),
    uint: ({ name }, low, high) =>
      void fields.push([name, { unsigned: BigInt.asUintN(64, int64(low, high)) }]),
    float: ({ name }, value) => void fields.push([name, value]),
    bool: ({ name }, value) => void fields.push([name, value]),
    field: ({ name }, value) => void fields.push([name, value]),
    trim: () => void (isTrimmed = true),
    end: (low, high) => endAt(int64(low, high)),
    endAt,
  };
  return {
    writer,
    begin: (begun) => {
      measurement = names.get(begun) ?? "";
      tags = [];
      fields = [];
      isTrimmed = false;
    },
    category: "logging",
    nowNs: NO_TIME,
    ownTagsOnly: false,
  };
}

function int64(low: number, high: number): bigint {
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

export function decodeProtobuf(body: Uint8Array, precision: Precision): Decoded {
  return collect(createProtobufDecoder(body, precision));
}

export function decodeJson(text: string, precision: Precision): Decoded {
  return decodeJsonBytes(new TextEncoder().encode(text), precision);
}

export function decodeJsonBytes(body: Uint8Array, precision: Precision): Decoded {
  const check = createJsonCheck(body);
  let isJson: boolean | undefined;
  while (isJson === undefined) isJson = check();
  if (isJson) return collect(createJsonDecoder(body, precision));
  return { points: [], malformed: 1, firstError: "Cannot read points as the body must be JSON" };
}

function collect(decoder: WireDecoder): Decoded {
  const points: DecodedPoint[] = [];
  let malformed = 0;
  let firstError: string | undefined;
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    if (!isMalformed(next)) points.push(withTexts(next));
    else if (next.count > 0) {
      malformed += next.count;
      firstError ??= next.error;
    }
  }
  return { points, malformed, firstError };
}

function withTexts(point: WirePoint): DecodedPoint {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const fields = point.fields.map(([key, value]) => {
    return [key, value !== undefined && isLongContent(value) ? valueOf(value, decoder) : value] as const;
  });
  return { ...point, fields };
}

function valueOf({ type, isList, texts }: LongContent, decoder: TextDecoder): FieldValue {
  const values = Array.from({ length: texts.length }, (_, index) => {
    const bytes = beginningOf(texts.at(index) ?? [], Infinity);
    return type === "bytes" ? bytes.slice() : decoder.decode(bytes);
  });
  return isList ? values : values[0] ?? "";
}
