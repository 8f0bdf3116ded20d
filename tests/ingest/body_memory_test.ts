/** What becomes of a body's memory once it is answered. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import type { Hono } from "@hono/hono";
import { gzipSync } from "node:zlib";
import { parseConfig } from "../../src/config.ts";
import { createDatakitApiReceiver } from "../../src/ingest/datakit/receiver.ts";
import { createDdtraceReceivers } from "../../src/ingest/ddtrace/receiver.ts";
import { createOtlpReceiver } from "../../src/ingest/otlp/receiver.ts";
import { admit, createAdmission } from "../../src/net/admission.ts";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import type { Point } from "../../src/point/point.ts";
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
];

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
  answer: (source: object, answering: () => Response | Promise<Response>) => Promise<Response>,
): Promise<readonly Point[]> {
  const { app, points } = openApp(name);
  for (const body of bodies) {
    const request = new Request(`http://127.0.0.1${path}`, {
      method: "POST",
      headers: { "content-type": contentType, "content-encoding": coding },
      body: coding === "gzip" ? new Uint8Array(gzipSync(body)) : body,
    });
    assert(request.body !== null);
    const response = await answer(request.body, () => app.fetch(request));
    assertEquals(response.status < 300, true, `${response.status}: ${await response.text()}`);
  }
  return points;
}

function asText(points: readonly Point[]): string {
  return new TextDecoder().decode(encodeLineProtocol(points, new Map()));
}

for (const sent of sends) {
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
          async (_source, answering) => await answering(),
        );
        let collections = 0;
        const heap = { usedBytes: () => 60 * MIB, collect: () => void collections++, trim: () => {} };
        using admission = createAdmission({ maxBytes: BUDGET_BYTES, heap });
        const points = await pointsOf(
          sent,
          bodies,
          coding,
          (source, answering) => admit(admission, source, answering),
        );
        assertEquals([collections, admission.heldBytes, admission.refused], [0, 0, 0]);
        assertEquals(asText(points), asText(expected));
      },
    );
  }
}
