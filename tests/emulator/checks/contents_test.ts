import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { decodeBackEndBody } from "./back_end.ts";
import { readContents } from "./contents.ts";
import { acceptedBy, intakeOf } from "./intake.ts";

function contentsOf(path: string, type: string, body: string | Uint8Array<ArrayBuffer>): unknown {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return readContents({ at: 0, path, headers: new Headers({ "content-type": type }), body: bytes });
}

const counted = (lines: number, spans: number, metricPoints: number): object => ({
  lines,
  spans,
  metricPoints,
});
/** A field with an embedded message or text. */
const field = (number: number, ...parts: readonly (readonly number[])[]): number[] => {
  const body = parts.flat();
  return [number << 3 | 2, body.length, ...body];
};

Deno.test("readContents() counts what OTLP's protobuf holds", () => {
  const item = field(1, [65]);
  const logs = [...field(1, field(2, field(2, item), field(2, item))), ...field(1, field(2, field(2, item)))];
  assertEquals(contentsOf("/v1/logs", "application/x-protobuf", new Uint8Array(logs)), counted(3, 0, 0));
  assertEquals(contentsOf("/x/v1/traces", "application/x-protobuf", new Uint8Array(logs)), counted(0, 3, 0));
  const sum = field(7, field(1, item), field(1, item));
  const gauge = field(5, field(1, item));
  const metrics = field(1, field(2, field(2, sum), field(2, gauge)));
  assertEquals(
    contentsOf("/v1/metrics", "application/x-protobuf", new Uint8Array(metrics)),
    counted(0, 0, 3),
  );
  assertEquals(contentsOf("/v1/logs", "application/x-protobuf", new Uint8Array([10, 99])), undefined);
});

Deno.test("readContents() counts what JSON holds, of OTLP and of others", () => {
  const json = (path: string, value: unknown): unknown =>
    contentsOf(path, "application/json", JSON.stringify(value));
  const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] };
  assertEquals(json("/v1/logs", logs), counted(2, 0, 0));
  const metric = { name: "m", sum: { dataPoints: [{}, {}, {}] } };
  assertEquals(
    json("/v1/metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }),
    counted(0, 0, 3),
  );
  assertEquals(json("/api/v2/logs", [{ message: "a" }, { message: "b", ddtags: "x:y" }]), counted(2, 0, 0));
  assertEquals(json("/api/v2/series", { series: [{ metric: "m", points: [] }] }), counted(0, 0, 1));
  assertEquals(json("/log/v1", [{ common: {}, logs: [{ message: "a" }] }]), counted(1, 0, 0));
  assertEquals(
    json("/trace/v1", [{ spans: [{ id: "1", "trace.id": "2", attributes: {} }] }]),
    counted(0, 1, 0),
  );
  const lines = '{"event":"a"}\n{"event":"b"}\n';
  assertEquals(contentsOf("/services/collector/event", "", lines), counted(2, 0, 0));
  assertEquals(contentsOf("/any", "application/json", "not json"), undefined);
  assertEquals(contentsOf("/any", "", new Uint8Array([0xff, 0xfe])), undefined);
});

Deno.test("a back end reads every encoding that exporters use, also under other names", async () => {
  const text = "line marker123";
  const through = async (format: CompressionFormat): Promise<Uint8Array<ArrayBuffer>> => {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const { zstdCompressSync } = await import("node:zlib");
  const cases: readonly (readonly [string | null, Uint8Array])[] = [
    [null, new TextEncoder().encode(text)],
    ["identity", new TextEncoder().encode(text)],
    ["gzip", await through("gzip")],
    ["x-gzip", gzipSync(text)],
    ["GZIP", gzipSync(text)],
    ["deflate", await through("deflate")],
    ["deflate", await through("deflate-raw")],
    ["zstd", zstdCompressSync(text)],
    // Some say nothing of it.
    [null, gzipSync(text)],
    [null, zstdCompressSync(text)],
  ];
  for (const [encoding, body] of cases) {
    const decoded = decodeBackEndBody(encoding, new Uint8Array(body));
    assertEquals([encoding, new TextDecoder().decode(decoded)], [encoding, text]);
  }
});

Deno.test("acceptedBy() answers as the intake of each path does", () => {
  const cases: readonly (readonly [string, string, string, number])[] = [
    ["/v1/write/logging", "application/protobuf", "Dataway", 200],
    ["/otlp/v1/traces", "application/x-protobuf", "OTLP", 200],
    ["/api/v2/logs", "application/json", "Datadog", 202],
    ["/api/v0.2/traces", "application/x-protobuf", "Datadog", 202],
    ["/log/v1", "application/json", "New Relic", 202],
    ["/services/collector/event", "application/json", "Splunk", 200],
    ["/intake/v2/events", "application/x-ndjson", "Elastic", 202],
    ["/loki/api/v1/push", "application/json", "Loki", 204],
    ["/anything/else", "text/plain", "unknown", 200],
  ];
  for (const [path, type, name, status] of cases) {
    const answer = acceptedBy(path, type);
    assertEquals([path, intakeOf(path), answer.status], [path, name, status]);
  }
  const otlp = acceptedBy("/v1/logs", "application/x-protobuf");
  assertEquals([otlp.body, otlp.headers?.["content-type"]], [
    "",
    "application/x-protobuf",
  ]);
});
