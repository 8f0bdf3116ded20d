import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import {
  createExportHandler,
  type ExportHandler,
  type Signal,
} from "../../../src/ingest/otlp/export_handler.ts";
import {
  DELTA_SUM,
  EXPONENTIAL_POINT,
  GAUGE,
  HISTOGRAM_POINT,
  LOG,
  metricRequest,
  TRACE,
  TRACE_JSON,
} from "../../fixtures/otlp/worked_bytes.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const SEEDS: readonly Uint8Array[] = [
  TRACE,
  GAUGE,
  DELTA_SUM,
  LOG,
  metricRequest("h", 9, HISTOGRAM_POINT),
  metricRequest("e", 10, EXPONENTIAL_POINT),
];

function create(recorder: Recorder): ExportHandler {
  return createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
}

Deno.test("createExportHandler() survives every byte of the worked requests cut off or changed", async () => {
  const recorder = createRecorder();
  const handle = create(recorder);
  for (const seed of SEEDS) {
    for (let at = 0; at < seed.length; at++) {
      for (const signal of SIGNALS) {
        await handle(signal, "protobuf", seed.subarray(0, at));
        for (const value of [0, 0x7f, 0x80, 0xff]) await handle(signal, "protobuf", seed.with(at, value));
      }
    }
  }
  assert(recorder.points.length > 0);
});

Deno.test("createExportHandler() survives random bytes as protobuf and as JSON", async () => {
  const handle = create(createRecorder());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SIGNALS),
      fc.uint8Array({ maxLength: 300 }),
      async (signal, bytes) => {
        await handle(signal, "protobuf", bytes);
        await handle(signal, "json", bytes);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("createExportHandler() survives JSON of the right names and any values", async () => {
  const names = [
    "resourceSpans",
    "scopeSpans",
    "spans",
    "resourceMetrics",
    "scopeMetrics",
    "metrics",
    "resourceLogs",
    "scopeLogs",
    "logRecords",
    "resource",
    "scope",
    "attributes",
    "key",
    "value",
    "stringValue",
    "intValue",
    "arrayValue",
    "values",
    "gauge",
    "histogram",
    "exponentialHistogram",
    "summary",
    "dataPoints",
    "timeUnixNano",
    "bucketCounts",
    "asInt",
    "explicitBounds",
    "body",
    "name",
    "traceId",
    "spanId",
    "startTimeUnixNano",
    "events",
    "status",
    "__proto__",
  ];
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 8 },
      fc.constantFrom<unknown>(
        null,
        true,
        -1,
        1e300,
        2 ** 60,
        "",
        "1",
        "NaN",
        "x",
        TRACE.toHex().slice(0, 32),
      ),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("json"), { maxKeys: 5 }),
    ),
  }));
  const handle = create(createRecorder());
  const wrap = (signal: Signal, inner: unknown): unknown =>
    signal === "traces"
      ? { resourceSpans: [{ scopeSpans: [{ spans: [inner] }] }] }
      : signal === "metrics"
      ? { resourceMetrics: [{ scopeMetrics: [{ metrics: [inner] }] }] }
      : { resourceLogs: [{ scopeLogs: [{ logRecords: [inner] }] }] };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SIGNALS), json, async (signal, value) => {
      await handle(signal, "json", new TextEncoder().encode(JSON.stringify(value)));
      await handle(signal, "json", new TextEncoder().encode(JSON.stringify(wrap(signal, value))));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("createExportHandler() takes or counts each span of a request, whatever their ids", async () => {
  const id = fc.constantFrom(
    "5b8efff798038103d269b633813fc60c",
    "eee19b7ec3c1b174",
    "",
    "0".repeat(16),
    "zz",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ traceId: id, spanId: id }), { maxLength: 20 }), async (spans) => {
      const recorder = createRecorder();
      const request = { resourceSpans: [{ scopeSpans: [{ spans }] }] };
      const outcome = await create(recorder)(
        "traces",
        "json",
        new TextEncoder().encode(JSON.stringify(request)),
      );
      assert(outcome.kind === "taken");
      assertEquals(recorder.points.length + outcome.rejected, spans.length);
      assertEquals(recorder.refused.get("malformed") ?? 0, outcome.rejected);
    }),
  );
});

Deno.test("createExportHandler() refuses JSON nested beyond any stack", async () => {
  const recorder = createRecorder();
  const deep = `${"[".repeat(200_000)}1234567890123456789${"]".repeat(200_000)}`;
  const outcome = await create(recorder)("traces", "json", new TextEncoder().encode(deep));
  assertEquals(outcome.kind, "undecodable");
  assertEquals(recorder.refused, new Map([["malformed", 1]]));
});

Deno.test("createExportHandler() takes a value nested a thousand levels deep in protobuf", async () => {
  let value: number[] = [0x10, 1];
  const varint = (size: number): number[] => size < 128 ? [size] : [size % 128 | 0x80, ...varint(size >> 7)];
  for (let depth = 0; depth < 1000; depth++) {
    const inner = [0x0a, ...varint(value.length), ...value];
    value = [0x2a, ...varint(inner.length), ...inner];
  }
  for (const tag of [0x2a, 0x12, 0x12, 0x0a]) value = [tag, ...varint(value.length), ...value];
  const recorder = createRecorder();
  assertEquals((await create(recorder)("logs", "protobuf", Uint8Array.from(value))).kind, "taken");
  assertEquals(recorder.points[0]?.fields.get("message"), `${"[".repeat(32)}"…"${"]".repeat(32)}`);
});

Deno.test("createExportHandler() takes nothing of a request it cannot decode", async () => {
  const recorder = createRecorder();
  const handle = create(recorder);
  const outcome = await handle("traces", "protobuf", Uint8Array.from([...TRACE, 0x0a, 5]));
  assertEquals([outcome.kind, recorder.points.length], ["undecodable", 0]);
  const text = await handle("traces", "json", new TextEncoder().encode(`${TRACE_JSON}x`));
  assertEquals([text.kind, recorder.points.length], ["undecodable", 0]);
});

Deno.test("createExportHandler() repairs invalid UTF-8 in JSON and protobuf alike", async () => {
  const recorder = createRecorder();
  const handle = create(recorder);
  await handle("logs", "protobuf", LOG.with(LOG.indexOf(0x68), 0xff));
  const text = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hi"}}]}]}]}';
  const json = new TextEncoder().encode(text);
  await handle("logs", "json", json.with(text.indexOf("hi"), 0xff));
  assertEquals(recorder.points.map((point) => point.fields.get("message")), ["\ufffdi", "\ufffdi"]);
});

/** A message of field `tag` and `length` bytes, its length in four. */
function head(tag: number, length: number): number[] {
  return [tag, length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14 & 0x7f | 0x80, length >> 21];
}

Deno.test("createExportHandler() counts the empty elements of a hostile request, and makes nothing of them", async () => {
  const recorder = createRecorder();
  const count = 400_000;
  const spans = new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 0x12 : 0);
  const scope = Uint8Array.from([...head(0x12, spans.length), ...spans]);
  const outcome = await create(recorder)(
    "traces",
    "protobuf",
    Uint8Array.from([...head(0x0a, scope.length), ...scope]),
  );
  assertEquals(outcome, {
    kind: "taken",
    rejected: count,
    message: `Cannot take ${count} spans as a trace_id must be 16 bytes that are not all zero`,
  });
  const resources = new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 0x0a : 0);
  for (const signal of SIGNALS) {
    const { kind } = await create(recorder)(signal, "protobuf", resources);
    assertEquals(kind, "taken");
  }
  assertEquals(recorder.points.length, 0);
});
