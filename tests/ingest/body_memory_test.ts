/** What becomes of a body's memory once it is answered. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import type { Hono } from "@hono/hono";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { parseConfig } from "../../src/config.ts";
import { createDatakitApiReceiver } from "../../src/ingest/datakit/receiver.ts";
import { createDdtraceReceivers } from "../../src/ingest/ddtrace/receiver.ts";
import { inflateAll } from "../../src/ingest/inflate.ts";
import { createOtlpReceiver } from "../../src/ingest/otlp/receiver.ts";
import { admit, createAdmission } from "../../src/net/admission.ts";
import { createReclaimer } from "../../src/reclaimer.ts";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { encodeProtobuf } from "../../src/point/protobuf.ts";
import { pack } from "./ddtrace/support.ts";
import { createProtobufWriter } from "../../src/point/protobuf_writer.ts";
import { createPayload, type RequestKind } from "../bench/payloads.ts";
import { createRecordingIntake } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

interface Sent {
  readonly name: string;
  readonly app: "otlp" | "ddtrace" | "datakit";
  readonly path: string;
  readonly contentType: string;
  readonly next: () => Uint8Array<ArrayBuffer>;
}

const MIB = 1024 * 1024;
const NOW_MS = 1_700_000_010_000;
/** Bodies of a kind together: as garbage they would be collected, which happens at half of the budget. In bytes. */
const ALL_BYTES = 1.5 * MIB;
const BUDGET_BYTES = 2 * MIB;
const PAYLOADS: readonly (readonly [RequestKind, Sent["app"]])[] = [
  ["OTLP spans, protobuf", "otlp"],
  ["OTLP spans, JSON", "otlp"],
  ["OTLP log records", "otlp"],
  ["OTLP metric points", "otlp"],
  ["ddtrace spans, v0.4", "ddtrace"],
  ["ddtrace spans, v0.5", "ddtrace"],
];
const LINES = new TextEncoder().encode(
  Array.from({ length: 2_000 }, (_, n) => `m,host=h${n % 7} text="value ${n} of a line",n=${n}i ${n + 1}\n`)
    .join(
      "",
    ),
);

const encoder = new TextEncoder();
const sends: readonly Sent[] = [
  ...PAYLOADS.map(([name, app]): Sent => {
    const { path, contentType, next } = createPayload(name);
    return { name, app, path, contentType, next };
  }),
  {
    name: "line protocol",
    app: "datakit",
    path: "/v1/write/metric",
    contentType: "text/plain",
    next: () => LINES,
  },
  {
    name: "points in JSON",
    app: "datakit",
    path: "/v1/write/logging",
    contentType: "application/json",
    next: () =>
      encoder.encode(JSON.stringify(
        Array.from({ length: 2_000 }, (_, n) => ({
          measurement: "m",
          tags: { host: `h${n % 7}` },
          fields: { text: `value ${n} of a point`, n },
          time: n + 1,
        })),
      )),
  },
];

/** Values that stay in the body until they are written piece by piece. */
const LONG_TEXT = 'a "quoted" word, é and a tab\t, '.repeat(8_000);
let spanId = 1;
const LONG: readonly Sent[] = [
  {
    name: "OTLP/JSON with long values",
    app: "otlp",
    path: "/v1/traces",
    contentType: "application/json",
    next: () => encoder.encode(JSON.stringify(tracesWith(LONG_TEXT))),
  },
  {
    name: "OTLP/JSON logs with long values",
    app: "otlp",
    path: "/v1/logs",
    contentType: "application/json",
    next: () =>
      encoder.encode(JSON.stringify({
        resourceLogs: [{
          scopeLogs: [{
            logRecords: [{
              timeUnixNano: "1700000000000000000",
              body: { arrayValue: { values: [{ stringValue: LONG_TEXT }, { stringValue: LONG_TEXT }] } },
            }],
          }],
        }],
      })),
  },
  {
    name: "OTLP logs, protobuf, with long values",
    app: "otlp",
    path: "/v1/logs",
    contentType: "application/x-protobuf",
    next: () => logRequest(LONG_TEXT),
  },
  {
    name: "ddtrace with long values",
    app: "ddtrace",
    path: "/v0.4/traces",
    contentType: "application/msgpack",
    next: () =>
      pack([[{
        trace_id: 1,
        span_id: ++spanId,
        name: "web.request",
        resource: "GET /",
        service: "orders",
        start: 1_700_000_000_000_000_000n,
        duration: 1_000,
        error: 0,
        type: "web",
        meta: { long: LONG_TEXT, other: LONG_TEXT },
      }]]),
  },
  {
    name: "points in JSON with long values",
    app: "datakit",
    path: "/v1/write/logging",
    contentType: "application/json",
    next: () =>
      encoder.encode(JSON.stringify([{
        measurement: "m",
        fields: {
          message: LONG_TEXT,
          list: [LONG_TEXT, "x"],
          object: { a: LONG_TEXT, b: [1.5, { c: "x" }] },
        },
        time: 1_700_000_000_000,
      }])),
  },
  {
    name: "points in PB-JSON with long values",
    app: "datakit",
    path: "/v1/write/logging",
    contentType: "application/json",
    next: () =>
      encoder.encode(JSON.stringify([{
        name: "m",
        fields: [
          { key: "message", s: LONG_TEXT },
          { key: "bytes", d: btoa("some bytes, ".repeat(20_000)) },
          { key: "list", a: { arr: [{ s: LONG_TEXT }, { s: "x" }] } },
        ],
        time: "1700000000000000000",
      }])),
  },
  {
    name: "points in protobuf with bytes",
    app: "datakit",
    path: "/v1/write/logging",
    contentType: "application/protobuf",
    next: () => encodeProtobuf([pointWith(new Uint8Array(300_000).fill(7)), pointWith(["x", LONG_TEXT])]),
  },
  {
    name: "line protocol with long values",
    app: "datakit",
    path: "/v1/write/logging",
    contentType: "text/plain",
    next: () =>
      encoder.encode(
        `m message="${LONG_TEXT.replaceAll('"', '\\"')}",other="${
          LONG_TEXT.replaceAll('"', '\\"')
        }" 1700000000000000000`,
      ),
  },
];

/** An export request of one record with this body, in protobuf. */
function logRequest(text: string): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(text.length * 2);
  const around = (depth: number): void => {
    if (depth === 0) {
      writer.tag(0x2a);
      const at = writer.begin(text.length * 2);
      writer.tag(0x0a);
      writer.bytes(encoder.encode(text));
      writer.end(at, text.length * 2);
      return;
    }
    writer.tag(depth === 3 ? 0x0a : 0x12);
    const at = writer.begin(text.length * 2);
    around(depth - 1);
    writer.end(at, text.length * 2);
  };
  around(3);
  return new Uint8Array(writer.finish());
}

function pointWith(value: FieldValue): Point {
  return {
    category: "logging",
    measurement: "m",
    tags: new Map(),
    fields: new Map<string, FieldValue>([["message", "line"], ["value", value]]),
    timeNs: 5n,
  };
}

function tracesWith(text: string): unknown {
  const attributes = ["long", "other"].map((key) => ({ key, value: { stringValue: text } }));
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "GET /",
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000001000000",
    attributes,
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

function openApp(name: Sent["app"]): { readonly app: Hono; readonly points: readonly Point[] } {
  const intake = createRecordingIntake(name);
  const { config } = parseConfig({});
  const context = {
    ...intake,
    log: createLogger({ level: "off" }),
    instanceId: () => "instance-1",
    limits: { maxWireBytes: 4 * MIB, maxInflatedBytes: 8 * MIB, timeoutMs: 5_000 },
    now: () => NOW_MS,
  };
  const { app } = name === "otlp"
    ? createOtlpReceiver(config.otlp, context)
    : name === "datakit"
    ? createDatakitApiReceiver({ version: "2.0.0", hostname: "h0" }, context)
    : createDdtraceReceivers(config.ddtrace, context)[0];
  assert(app !== undefined);
  return { app, points: intake.points };
}

/** The points of requests with a sequence of bodies, by an app that is served as `answer` says. */
async function pointsOf(
  { app: name, path, contentType }: Sent,
  bodies: readonly Uint8Array<ArrayBuffer>[],
  coding: "identity" | "gzip",
  answer: (request: object, answering: () => Response | Promise<Response>) => Promise<Response>,
): Promise<readonly Point[]> {
  const { app, points } = openApp(name);
  for (const body of bodies) {
    const request = new Request(`http://127.0.0.1${path}`, {
      method: "POST",
      headers: { "content-type": contentType, "content-encoding": coding },
      body: coding === "gzip" ? new Uint8Array(gzipSync(body)) : body,
    });
    const response = await answer(request, () => app.fetch(request));
    assertEquals(response.status < 300, true, `${response.status}: ${await response.text()}`);
  }
  return points;
}

function asText(points: readonly Point[]): string {
  return new TextDecoder().decode(encodeLineProtocol(points, new Map()));
}

for (const sent of [...sends, ...LONG]) {
  for (const coding of ["identity", "gzip"] as const) {
    scenario(
      `the body of ${sent.name}, ${coding}, goes with its answer, and nothing that is kept with it`,
      async () => {
        const bodies: Uint8Array<ArrayBuffer>[] = [];
        for (let bytes = 0; bytes < ALL_BYTES; bytes += bodies.at(-1)?.length ?? 0) {
          bodies.push(sent.next().slice());
        }
        const expected = await pointsOf(
          sent,
          bodies,
          coding,
          async (_request, answering) => await answering(),
        );
        assert(expected.length > 0);
        let collections = 0;
        const heap = {
          usedBytes: () => 60 * MIB,
          residentBytes: () => 60 * MIB,
          collect: () => void collections++,
          compact: () => {},
          trim: () => {},
          dropPages: () => {},
        };
        using reclaimer = createReclaimer({ heap });
        const admission = createAdmission({ maxBytes: BUDGET_BYTES, reclaimer });
        const points = await pointsOf(
          sent,
          bodies,
          coding,
          (request, answering) => admit(admission, request, answering),
        );
        assertEquals([collections, admission.heldBytes, admission.refused], [0, 0, 0]);
        assertEquals(asText(points), asText(expected));
      },
    );
  }
}

const CODINGS = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync } as const;
/** Enough for all of it: what is garbage is not collected. In bytes. */
const AMPLE_BYTES = 64 * MIB;
/** The first part and the last, which the decompressor has. In bytes. */
const LEFT_BYTES = 128 * 1024;

for (const [coding, pack] of Object.entries(CODINGS)) {
  Deno.test(`inflating a large body of ${coding} leaves nothing for a collection`, async () => {
    const body = new Uint8Array(6 * MIB);
    for (let at = 0; at < body.length / 2; at += 65_536) {
      crypto.getRandomValues(body.subarray(at, at + 65_536));
    }
    using reclaimer = createReclaimer({
      heap: {
        usedBytes: () => 60 * MIB,
        residentBytes: () => 60 * MIB,
        collect: () => {},
        compact: () => {},
        trim: () => {},
        dropPages: () => {},
      },
    });
    const share = createAdmission({ maxBytes: AMPLE_BYTES, reclaimer }).open(true);
    const wire = new Uint8Array(pack(body));
    await share.take(wire.length);
    const result = await inflateAll(wire, coding, body.length, share);
    assert(result.ok);
    assertEquals(result.bytes, body);
    assert(reclaimer.garbageBytes <= LEFT_BYTES, `${reclaimer.garbageBytes} bytes`);
    assertEquals(wire.length, 0);
  });
}
