/** Requests of very many values, none of which is long, in forms that were once read or written in one go. */
import { pack } from "../../src/ingest/ddtrace/msgpack_writer.ts";
import { field, join, type LongRequest } from "./long_values.ts";

const encoder = new TextEncoder();
/** JSON may have so many bytes. */
const MIB = 1024 * 1024;
/** As many tags as are looked at. */
const MANY_TAGS = 4096;

/** As much JSON as there may be, of parts joined by commas. */
function json(before: string, part: (index: number) => string, after: string): Uint8Array<ArrayBuffer> {
  const parts: string[] = [];
  let size = before.length + after.length;
  for (let i = 0; size < MIB - 100; i++) size += (parts[i] = part(i)).length + 1;
  return encoder.encode(before + parts.join(",") + after);
}

/** Commas that a point in JSON may have, nearly; and the tags and fields of a point in any form. */
const MANY_ITEMS = 49_000;
const MANY_PARTS = 8000;
const TEXT = "v".repeat(140);

/** Points of the DataKit API of as many parts as are read. */
function* datakitRequests(): Generator<LongRequest> {
  const point = (
    name: string,
    before: string,
    count: number,
    part: (index: number) => string,
    after: string,
    type = "application/json",
  ): LongRequest => ({
    name: `DataKit API, ${name}`,
    receiver: "datakit",
    path: "/v1/write/logging",
    type,
    body: () => encoder.encode(before + Array.from({ length: count }, (_, i) => part(i)).join(",") + after),
  });
  const long = TEXT.repeat(6);
  const list = '[{"name":"m","fields":[{"key":"a","a":{"arr":[';
  const field = '[{"name":"m","fields":{"a":';
  yield point("fields", '[{"name":"m","fields":{', MANY_PARTS, (i) => `"key ${i}":"${long}"`, "}}]");
  yield point("tags", '[{"name":"m","fields":{"f":1},"tags":{', MANY_ITEMS, (i) => `"key ${i}":null`, "}}]");
  yield point("members", `${field}{`, MANY_ITEMS, (i) => `"key ${i}":"${TEXT}"`, "}}}]");
  yield point(
    "members out of order",
    `${field}{`,
    MANY_ITEMS,
    (i) => `"${MANY_ITEMS - i}":"${TEXT}"`,
    "}}}]",
  );
  yield point(
    "objects within each other",
    `${field}[`,
    MANY_ITEMS,
    () => `${'{"a":'.repeat(20)}1${"}".repeat(20)}`,
    "]}}]",
  );
  yield point("texts of a list", `${field}[`, MANY_ITEMS, () => `"${TEXT}"`, "]}}]");
  yield point("values of a list of two types", `${field}[1,`, MANY_ITEMS, () => `"${TEXT}"`, "]}}]");
  yield point("texts of a typed list", list, MANY_ITEMS, () => `{"s":"${TEXT}"}`, "]}}]}]");
  yield point(
    "values of a typed list of two types",
    `${list}{"i":1},`,
    MANY_ITEMS,
    () => `{"s":"${TEXT}"}`,
    "]}}]}]",
  );
  yield point("points with many fields", "[", 200, () => {
    const fields = Array.from({ length: 3000 }, (_, i) => `"${i}":1`);
    return `{"name":"m","fields":{${fields.join(",")}}}`;
  }, "]");
  yield point("fields of a line", "m ", MANY_PARTS, (i) => `key${i}="${long}"`, " 5", "text/plain");
}

export function* manyRequests(): Generator<LongRequest> {
  const ddtrace = (
    name: string,
    before: string,
    part: (index: number) => string,
    after: string,
  ): LongRequest => ({
    name: `ddtrace in JSON, ${name}`,
    receiver: "ddtrace",
    path: "/v0.4/traces",
    type: "application/json",
    body: () => json(before, part, after),
  });
  yield ddtrace("spans", "[[", (i) => `{"trace_id":${i + 1},"span_id":2,"meta":{"a":"b"}}`, "]]");
  const tags = (name: string, pair: (index: number) => Uint8Array): LongRequest => ({
    name: `ddtrace v0.5, ${name}`,
    receiver: "ddtrace",
    path: "/v0.5/traces",
    type: "application/msgpack",
    body: () => {
      const head = [0x91, 0x91, 0x9c, 0, 0, 0, 1, 2, 0, 1, 1, 0, 0xde, MANY_TAGS >> 8, MANY_TAGS & 255];
      const pairs = Array.from({ length: MANY_TAGS }, (_, i) => pair(i));
      const parts = [[0x92], pack(["", "漢".repeat(30_000)]), head, ...pairs, [0x80, 0]];
      return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
    },
  });
  yield tags("tags that have one long text", (i) => Uint8Array.of(...pack(`key ${i}`), 1));
  yield tags("tags that have one long name", () => Uint8Array.of(1, 0));
  const span = '[[{"trace_id":1,"span_id":2,"meta":{';
  yield ddtrace("tags", span, (i) => `"key ${i}":""`, "}}]]");
  yield ddtrace("tags that come twice", span, (i) => `"key ${i >> 1}":""`, "}}]]");
  const twice = 200;
  yield ddtrace(
    "tags of objects that come twice",
    '{"a":1,"a":'.repeat(twice) + "{",
    (i) => `"key ${i >> 1}":""`,
    "}".repeat(twice + 1),
  );
  yield ddtrace("lists", '[[{"trace_id":1,"span_id":2,"x":[', () => "[]", "]}]]");
  yield ddtrace("lists too deep", "[".repeat(256), () => "[]", "]".repeat(256));
  yield* datakitRequests();
  yield {
    name: "DogStatsD, lines of series of their own",
    receiver: "statsd",
    path: "",
    type: "",
    body: () => encoder.encode(Array.from({ length: 200_000 }, (_, i) => `metric${i}:1|c|#a:b\n`).join("")),
  };
  for (const [what, path, body] of composedRequests()) {
    yield {
      name: `OTLP, ${what}`,
      receiver: "otlp",
      path: `/v1/${path}`,
      type: "application/x-protobuf",
      body,
    };
  }
}

/** Values that become JSON text of 12 KB, or of six times that. */
const COMPOSED: Readonly<Record<string, () => Uint8Array>> = {
  "lists": () => field(5, field(1, field(1, "\u0001".repeat(12_000)))),
  "lists of short texts": () => field(5, ...Array.from({ length: 90 }, () => field(1, field(1, TEXT)))),
  "maps": () => field(6, ...Array.from({ length: 40 }, (_, i) => pair(1, `k${i}`, field(1, TEXT.repeat(2))))),
};

function pair(number: number, name: string, value: Uint8Array): Uint8Array {
  return field(number, field(1, name), field(2, value));
}

/** OTLP requests of one item, or of what stands around it, with 600 such values. */
function* composedRequests(): Generator<
  readonly [what: string, path: string, body: () => Uint8Array<ArrayBuffer>]
> {
  for (const [values, value] of Object.entries(COMPOSED)) {
    for (const [what, path, body] of requestsOf(value)) yield [`${values} as ${what}`, path, body];
  }
}

function* requestsOf(
  value: () => Uint8Array,
): Generator<readonly [what: string, path: string, body: () => Uint8Array<ArrayBuffer>]> {
  const values = <T>(make: (index: number) => T): T[] => Array.from({ length: 600 }, (_, i) => make(i));
  const pairs = (number: number): Uint8Array[] => values((i) => pair(number, `key${i}`, value()));
  const ids = join(field(1, new Uint8Array(16).fill(7)), field(2, new Uint8Array(8).fill(9)));
  const item = (...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
    field(1, field(2, field(2, ...content)));
  const body = field(5, field(1, "line"));
  yield ["a record's body", "logs", () => item(field(5, field(5, ...values(() => field(1, value())))))];
  yield ["a record's attributes", "logs", () => item(body, ...pairs(6))];
  yield ["a record's resource", "logs", () => field(1, field(1, ...pairs(1)), field(2, field(2, body)))];
  yield ["a record's scope", "logs", () => field(1, field(2, field(1, ...pairs(3)), field(2, body)))];
  const point = field(7, field(1, "key"), field(2, field(1, "value")));
  const number = join(
    Uint8Array.of(0x19, ...new Uint8Array(7), 0x10),
    Uint8Array.of(0x21, ...new Uint8Array(8)),
    point,
  );
  const metric = (...content: readonly Uint8Array[]): Uint8Array =>
    field(2, field(1, "m"), field(5, field(1, number, ...content)));
  yield ["a data point's attributes", "metrics", () => field(1, field(2, metric(...pairs(7))))];
  yield ["a metric's resource", "metrics", () => field(1, field(1, ...pairs(1)), field(2, metric()))];
  yield ["a span's attributes", "traces", () => item(ids, ...pairs(9))];
  yield ["a span's resource", "traces", () => field(1, field(1, ...pairs(1)), field(2, field(2, ids)))];
  const event = (...content: readonly Uint8Array[]): Uint8Array =>
    field(11, field(2, "exception"), ...content);
  yield ["a span's event", "traces", () => item(ids, event(...pairs(3)))];
  yield [
    "a span's events",
    "traces",
    () => item(ids, ...values(() => event(pair(3, "exception.stacktrace", value())))),
  ];
  yield ["a span's link", "traces", () => item(ids, field(13, ids, ...pairs(4)))];
}
