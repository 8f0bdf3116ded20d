import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { Buffer } from "node:buffer";
import { readDdtraceConfig } from "../../src/config/ddtrace.ts";
import { readOtlpConfig } from "../../src/config/otlp.ts";
import { createSettingReader } from "../../src/config/reader.ts";
import { decodeProtobuf } from "./datakit/collect.ts";
import { createTraceIntake } from "../../src/ingest/ddtrace/trace_intake.ts";
import { createGrowingBuffer } from "../../src/ingest/growing_buffer.ts";
import { createExportHandler } from "../../src/ingest/otlp/export_handler.ts";
import { createPoint } from "../support/create_point.ts";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { Point } from "../../src/point/point.ts";
import { batchOfPoints, createRecordingIntake } from "../support/points.ts";
import { encodeOtlp } from "../support/wire/encode_otlp.ts";
import { pack } from "./ddtrace/support.ts";

const NO_COMMON = encodeCommonTags(new Map(), createCommonKeys([]));

/** Decodes what it is lent, and encodes what it made of it. */
type Work = (lent: Uint8Array) => void | Promise<unknown>;

/** A part of a pool, as Node's sockets give chunks: its `slice()` is no copy, and its neighbours are not ours. */
function inPool(bytes: Uint8Array): { pool: ArrayBuffer; lent: Buffer<ArrayBuffer> } {
  const pool = new ArrayBuffer(bytes.length + 64);
  new Uint8Array(pool).fill(0xaa);
  const lent = Buffer.from(pool, 32, bytes.length);
  lent.set(bytes);
  return { pool, lent };
}

function encode(points: readonly Point[]): void {
  for (const encoding of Object.values(ENCODINGS)) encoding.encode(batchOfPoints(points), NO_COMMON);
}

function otlpWork(signal: "traces" | "logs" | "metrics"): Work {
  return async (lent) => {
    const intake = createRecordingIntake();
    const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), {
      ...intake,
      ...CONTEXT,
    });
    await handle(signal, "protobuf", lent);
    encode(intake.points);
  };
}

const BYTES = { bytesValue: "AQIDBA==" };
const ATTRIBUTES = ["a", "b", "db.statement"].map((key) => ({ key, value: BYTES }));
const SPAN = { traceId: "0b".repeat(16), spanId: "0c".repeat(8), name: "s", attributes: ATTRIBUTES };
const RECORD = { timeUnixNano: "1700000000000000000", body: BYTES, attributes: ATTRIBUTES };
const METRIC = { name: "m", gauge: { dataPoints: [{ asInt: 1, attributes: ATTRIBUTES }] } };
const RESOURCE = { attributes: ATTRIBUTES };

const CONTEXT = {
  log: createLogger({ level: "off" }),
  instanceId: () => "i",
  limits: { maxWireBytes: 1e6, maxInflatedBytes: 1e6, timeoutMs: 1000 },
  now: () => 1_700_000_000_000,
};

async function takeTraces(bytes: Uint8Array): Promise<void> {
  const intake = createRecordingIntake("ddtrace");
  const config = readDdtraceConfig(createSettingReader({}), true);
  const traces = createTraceIntake(config, { ...intake, ...CONTEXT });
  await traces.take({ version: "v0.4", bytes, remoteIp: "127.0.0.1", language: "", tracerVersion: "" });
  assertEquals(intake.points.length, 1);
}

const CASES: readonly (readonly [name: string, bytes: Uint8Array, work: Work])[] = [
  [
    "OTLP traces",
    encodeOtlp("traces", { resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ spans: [SPAN, SPAN] }] }] }),
    otlpWork("traces"),
  ],
  [
    "OTLP logs",
    encodeOtlp("logs", {
      resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ logRecords: [RECORD, RECORD] }] }],
    }),
    otlpWork("logs"),
  ],
  [
    "OTLP metrics",
    encodeOtlp("metrics", {
      resourceMetrics: [{ resource: RESOURCE, scopeMetrics: [{ metrics: [METRIC, METRIC] }] }],
    }),
    otlpWork("metrics"),
  ],
  [
    "ddtrace v0.4",
    pack([[{ trace_id: 1, span_id: 2, meta_struct: { a: Uint8Array.of(1, 2), b: Uint8Array.of(3) } }]]),
    takeTraces,
  ],
  ["DataKit protobuf", datakitPoints(), (lent) => {
    const points: Point[] = [];
    for (const { measurement, tags, fields } of decodeProtobuf(lent, "auto").points) {
      const point = createPoint({ category: "logging", measurement, tags, fields, timeNs: 1n });
      if (point !== undefined) points.push(point);
    }
    encode(points);
  }],
];

/** Points with several fields of bytes and an array of them. */
function datakitPoints(): Uint8Array {
  const fields = new Map([["a", Uint8Array.of(1, 2)], ["b", Uint8Array.of(3, 4)]]);
  const list = new Map([["list", [Uint8Array.of(5), Uint8Array.of(6)]]]);
  const point = { category: "logging", measurement: "m", tags: new Map(), timeNs: 1n } as const;
  return ENCODINGS.v2.encode(batchOfPoints([{ ...point, fields }, { ...point, fields: list }]), NO_COMMON);
}

for (const [name, bytes, work] of CASES) {
  Deno.test(`the decoder of ${name} leaves a buffer it is lent, and the pool around it, as they were`, async () => {
    const { pool, lent } = inPool(bytes);
    await work(lent);
    assertEquals(pool.detached, false);
    const expected = new Uint8Array(bytes.length + 64).fill(0xaa);
    expected.set(bytes, 32);
    assertEquals(new Uint8Array(pool), expected);
    await work(lent);
    assertEquals(new Uint8Array(pool), expected);
  });
}

Deno.test("createGrowingBuffer() gives a plain array of a Node buffer, and writes into no chunk", () => {
  const { pool, lent } = inPool(Uint8Array.of(1, 2, 3));
  const buffer = createGrowingBuffer(100);
  buffer.append(lent);
  assertEquals(Object.getPrototypeOf(buffer.bytes()), Uint8Array.prototype);
  buffer.append(Uint8Array.of(4, 5));
  assertEquals(buffer.bytes(), Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(new Uint8Array(pool).subarray(32, 38), Uint8Array.of(1, 2, 3, 0xaa, 0xaa, 0xaa));
});
