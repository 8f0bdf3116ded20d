/** Requests of one value of 8 MB, of which something has to be made that takes long. */
import { Buffer } from "node:buffer";

const SIZE = 8_000_000;
const encoder = new TextEncoder();

/** All of the parts, text as UTF-8. */
export function join(...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    Buffer.concat(parts.map((part) => typeof part === "string" ? encoder.encode(part) : part)),
  );
}

/** 8 MB of a unit, without a part of one at the end. */
function filled(unit: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof unit === "string" ? encoder.encode(unit) : unit;
  return Uint8Array.from(Buffer.alloc(SIZE - SIZE % bytes.length, bytes));
}

const TEXTS: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  "plain text": () => filled("plain text "),
  "text beyond ASCII": () => filled("é漢字"),
  "quotes": () => filled('{"a":"b"}'),
  "control characters": () => filled(Uint8Array.of(1, 2)),
  "newlines": () => filled("\n"),
  "invalid UTF-8": () => filled(Uint8Array.of(0xff, 0x41, 0xc3, 0x28)),
};

/** A length-delimited protobuf field. */
export function field(number: number, ...content: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const bytes = join(...content);
  const size: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128);
  return join(Uint8Array.of(number * 8 + 2, ...size, rest), bytes);
}

function pair(number: number, key: string, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return field(number, field(1, key), field(2, value));
}

/** DataKit's array of one element. */
function arrayOf(element: Uint8Array): Uint8Array<ArrayBuffer> {
  return join(field(1, "type.googleapis.com/point.Array"), field(2, field(1, element)));
}

const IDS = join(field(1, new Uint8Array(16).fill(7)), field(2, new Uint8Array(8).fill(9)));
const item = (...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  field(1, field(2, field(2, ...content)));
const around = (item: Uint8Array, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  field(1, field(1, ...content), field(2, field(2, item)));

/** msgpack of a long string or bytes. */
function packed(head: 0xdb | 0xc6, text: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, text.length);
  return join(Uint8Array.of(head), size, text);
}

/** A span of v0.4 with one more member. */
function span(name: string, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = join(Uint8Array.of(0x91, 0x91, 0x83, 0xa8), "trace_id", Uint8Array.of(1, 0xa7), "span_id");
  return join(head, Uint8Array.of(2, 0xa0 + name.length), name, value);
}

/** Where it goes, and what. */
export interface LongRequest {
  readonly name: string;
  readonly receiver: "otlp" | "ddtrace" | "datakit" | "statsd";
  readonly path: string;
  readonly type: string;
  readonly body: () => Uint8Array<ArrayBuffer>;
}

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const MSGPACK = "application/msgpack";

export function* longRequests(): Generator<LongRequest> {
  const otlp = (
    path: string,
    name: string,
    body: () => Uint8Array<ArrayBuffer>,
    type = PROTOBUF,
  ): LongRequest => ({ name: `OTLP, ${name}`, receiver: "otlp", path: `/v1/${path}`, type, body });
  const ddtrace = (version: string, name: string, body: () => Uint8Array<ArrayBuffer>): LongRequest => ({
    name: `ddtrace ${version}, ${name}`,
    receiver: "ddtrace",
    path: `/${version}/traces`,
    type: MSGPACK,
    body,
  });
  const datakit = (name: string, type: string, body: () => Uint8Array<ArrayBuffer>): LongRequest => ({
    name: `DataKit API, ${name}`,
    receiver: "datakit",
    path: "/v1/write/logging",
    type,
    body,
  });
  for (const [name, text] of Object.entries(TEXTS)) {
    const value = (): Uint8Array<ArrayBuffer> => field(1, text());
    yield otlp("logs", `a record's body of ${name}`, () => item(field(5, value())));
    yield otlp("logs", `a list with ${name}`, () => item(field(5, field(5, field(1, value())))));
    yield otlp(
      "logs",
      `a resource's attribute of ${name}`,
      () => around(field(5, field(1, "x")), pair(1, "a", value())),
    );
    yield otlp(
      "logs",
      `a service of ${name}`,
      () => around(field(5, field(1, "x")), pair(1, "service.name", value())),
    );
    yield otlp(
      "logs",
      `an attribute named by ${name}`,
      () => item(field(6, value(), field(2, field(1, "v")))),
    );
    yield otlp("traces", `a span's name of ${name}`, () => item(IDS, field(5, text())));
    yield otlp("traces", `a span's attribute of ${name}`, () => item(IDS, pair(9, "a", value())));
    yield otlp("traces", `a span's db.system of ${name}`, () => item(IDS, pair(9, "db.system", value())));
    yield ddtrace("v0.4", `a service of ${name}`, () => span("service", packed(0xdb, text())));
    yield ddtrace(
      "v0.4",
      `a tag of ${name}`,
      () => span("meta", join(Uint8Array.of(0x81, 0xa1), "a", packed(0xdb, text()))),
    );
    yield ddtrace("v0.4", `a resource of ${name}`, () => span("resource", packed(0xdb, text())));
    yield ddtrace(
      "v0.4",
      `a tag named by ${name}`,
      () => span("meta", join(Uint8Array.of(0x81), packed(0xdb, text()), Uint8Array.of(0xa1), "a")),
    );
    yield ddtrace(
      "v0.4",
      `a number named by ${name}`,
      () => span("metrics", join(Uint8Array.of(0x81), packed(0xdb, text()), Uint8Array.of(1))),
    );
    yield ddtrace(
      "v0.4",
      `a member named by ${name}`,
      () => join(Uint8Array.of(0x91, 0x91, 0x81), packed(0xdb, text()), Uint8Array.of(1)),
    );
    yield ddtrace(
      "v0.4",
      `events in a tag that is ${name}`,
      () => span("meta", join(Uint8Array.of(0x81, 0xa6), "events", packed(0xdb, text()))),
    );
    for (const fact of ["env", "hostname", "app_version", "runtime_id"]) {
      yield ddtrace("v0.7", `${fact} of ${name}`, () => {
        const chunks = join(Uint8Array.of(0xa6), "chunks", Uint8Array.of(0x91, 0x81, 0xa5), "spans");
        const spans = span("name", Uint8Array.of(0xa1, 0x78)).subarray(1);
        return join(Uint8Array.of(0x82, 0xa0 + fact.length), fact, packed(0xdb, text()), chunks, spans);
      });
    }
    yield ddtrace(
      "v1.0",
      `a string of ${name}`,
      () => join(Uint8Array.of(0x81, 1, 0x91), packed(0xdb, text())),
    );
    yield datakit(
      `a protobuf text of ${name}`,
      "application/protobuf",
      () => field(1, field(1, "m"), field(2, field(1, "message"), field(11, text()))),
    );
    yield datakit(
      `protobuf bytes of ${name}`,
      "application/protobuf",
      () => field(1, field(1, "m"), field(2, field(1, "message"), field(6, text()))),
    );
    yield datakit(
      `a protobuf list with ${name}`,
      "application/protobuf",
      () => field(1, field(1, "m"), field(2, field(1, "message"), field(7, arrayOf(field(6, text()))))),
    );
    yield datakit(`a protobuf tag of ${name}`, "application/protobuf", () =>
      field(
        1,
        field(1, "m"),
        field(2, field(1, "t"), field(11, text()), Uint8Array.of(0x40, 1)),
        field(2, field(1, "f"), field(11, "x")),
      ));
  }
  yield otlp(
    "logs",
    "a record's body of bytes",
    () => item(field(5, field(7, filled(Uint8Array.of(0xff, 1, 2))))),
  );
  yield otlp(
    "traces",
    "a span's attribute of bytes",
    () => item(IDS, pair(9, "a", field(7, filled(Uint8Array.of(0xff))))),
  );
  yield otlp(
    "logs",
    "a record's body of bytes that are text",
    () => item(field(5, field(7, filled("é漢字")))),
  );
  const datakitJson = (name: string, before: string, unit: string | Uint8Array, after: string): LongRequest =>
    datakit(
      `JSON, ${name}`,
      JSON_TYPE,
      () => join(`[{"measurement":"m",${before}`, filled(unit), `${after}}]`),
    );
  for (
    const [name, unit] of [
      ["plain text", "plain text "],
      ["text beyond ASCII", "é漢字"],
      ["escapes", '\\"\\n'],
      ["surrogates", "\\ud83d\\ude00"],
      ["invalid UTF-8", Uint8Array.of(0xff, 0x41, 0xc3, 0x28)],
    ] as const
  ) {
    yield datakitJson(`a field of ${name}`, '"fields":{"message":"', unit, '"}');
    yield datakitJson(`a tag of ${name}`, '"fields":{"f":1},"tags":{"t":"', unit, '"}');
    yield datakitJson(`a key of ${name}`, '"fields":{"', unit, '":1}');
    yield datakitJson(`a list with ${name}`, '"fields":{"message":["', unit, '"]}');
    yield datakitJson(`an object with ${name}`, '"fields":{"message":{"b":"', unit, '","a":1}}');
    yield datakitJson(`a typed field of ${name}`, '"fields":[{"key":"message","s":"', unit, '"}]');
  }
  yield datakitJson("bytes", '"fields":[{"key":"message","d":"', "QUJD", '"}]');
  yield datakitJson("a number", '"fields":{"message":"x","f":1', "1", "}");
  yield datakitJson(
    "lists within each other",
    '"fields":{"message":[',
    `${"[".repeat(98)}${"]".repeat(98)},`,
    "1]}",
  );
  yield datakitJson("white space", '"fields":{"message":', " ", '"x"}');
  yield datakit("bytes of a line", "text/plain", () => join('m f="', filled("QUJD"), '"b'));
  yield datakit(
    "a list of a line",
    "text/plain",
    () => join('m f=["', filled('{\\"a\\":"b"}'.replaceAll('"b"', "é")), '"]'),
  );
  const json = (before: string, unit: string, after: string) => (): Uint8Array<ArrayBuffer> =>
    join(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${before}`, filled(unit), `${after}}]}]}]}`);
  for (
    const [name, unit] of [["escapes", '\\"\\n'], ["surrogates", "\\ud83d\\ude00"], [
      "base64",
      "QUJD",
    ]] as const
  ) {
    yield otlp("logs", `a JSON text of ${name}`, json('"body":{"stringValue":"', unit, '"}'), JSON_TYPE);
    yield otlp("logs", `JSON bytes of ${name}`, json('"body":{"bytesValue":"', unit, '"}'), JSON_TYPE);
    yield otlp(
      "logs",
      `a JSON body that is only a string, of ${name}`,
      json('"body":"', unit, '"'),
      JSON_TYPE,
    );
    yield otlp(
      "logs",
      `an integer in JSON that is ${name}`,
      json('"body":{"intValue":"', unit, '"}'),
      JSON_TYPE,
    );
    yield otlp("logs", `a JSON member named by ${name}`, json('"', unit, '":1'), JSON_TYPE);
    yield otlp("logs", `an id in JSON of ${name}`, json('"spanId":"', unit, '"'), JSON_TYPE);
  }
  yield datakit("a field of a line", "text/plain", () => join('m f="', filled('{\\"a\\":\\"b\\"}'), '"'));
  yield datakit("a field of a line beyond ASCII", "text/plain", () => join('m f="', filled("é漢字"), '"'));
  const statsd = (name: string, body: () => Uint8Array<ArrayBuffer>): LongRequest => (
    { name: `DogStatsD, ${name}`, receiver: "statsd", path: "", type: "", body }
  );
  yield statsd("lines", () => filled("m:1|c|#a:b\n"));
  yield statsd("lines with many values", () => filled(`m${":1".repeat(30_000)}|c\n`));
  yield statsd("lines with many tags", () => filled(`m:1|c|#${"a:b,".repeat(15_000)}\n`));
  yield statsd("a line that is too long", () => join("m", filled(":1"), "|c"));
}
