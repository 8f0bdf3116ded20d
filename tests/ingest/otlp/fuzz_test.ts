import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseConfig } from "../../../src/config.ts";
import { createExportHandler, type Encoding, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { createGrpcCalls } from "../../../src/ingest/otlp/grpc_calls.ts";
import { createCommonKeys, encodeCommonTags } from "../../../src/point/common_tags.ts";
import { ENCODINGS } from "../../../src/point/encoding.ts";
import type { Point } from "../../../src/point/point.ts";
import { batchOfPoints } from "../../support/points.ts";
import { listenHttp } from "../../support/http_listener.ts";
import { scenario } from "../../support/scenario.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import { REQUESTS } from "./arbitrary_requests.ts";
import { callGrpc, frame } from "./grpc_client.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { cpuMs } from "../../support/cpu_time.ts";

const SIGNALS = ["traces", "logs", "metrics"] as const;
const CONFIG = parseConfig({}).config.otlp;
const SERVICES = { traces: "trace.v1.Trace", logs: "logs.v1.Logs", metrics: "metrics.v1.Metrics" } as const;

async function take(signal: Signal, encoding: Encoding, body: Uint8Array): Promise<Recorder> {
  const recorder = createRecorder();
  await createExportHandler(CONFIG, recorder.context)(signal, encoding, body);
  return recorder;
}

function json(request: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(request));
}

/** As both content encodings have it, to nowhere. */
function encode(points: readonly Point[]): void {
  const common = encodeCommonTags(new Map(), createCommonKeys([]));
  for (const encoding of Object.values(ENCODINGS)) encoding.encode(batchOfPoints(points), common);
}

/** What a receiver made of requests, fit to compare. */
function made({ points, refused }: Recorder): unknown {
  return [points, [...refused].filter(([reason]) => reason !== "trimmed")];
}

for (const signal of SIGNALS) {
  Deno.test(`any request for ${signal} gives the same points from protobuf and from JSON`, async () => {
    await fc.assert(
      fc.asyncProperty(REQUESTS[signal], async (request) => {
        const proto = await take(signal, "protobuf", encodeOtlp(signal, request));
        assertEquals(made(await take(signal, "json", json(request))), made(proto));
        encode(proto.points);
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`a request for ${signal} with anything in place of a value, however deep or long, loses nothing else`, async () => {
    const odd = fc.oneof(
      fc.integer({ min: 100, max: 20_000 }).map((levels) => "[".repeat(levels) + "]".repeat(levels)),
      fc.integer({ min: 100, max: 20_000 }).map((levels) =>
        '{"a":'.repeat(levels) + "1" + "}".repeat(levels)
      ),
      fc.integer({ min: 16, max: 100_000 }).map((digits) => "7".repeat(digits)),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(REQUESTS[signal], odd, fc.nat(), async (request, value, place) => {
        const text = JSON.stringify(request);
        const places = Array.from(text.matchAll(/"\w+Value":("[^"\\]*"|-?\d[\d.e+-]*)/g));
        const chosen = places[place % Math.max(1, places.length)];
        if (chosen === undefined) return;
        const at = chosen.index + chosen[0].length;
        const mutated = text.slice(0, at - (chosen[1]?.length ?? 0)) + value + text.slice(at);
        const began = cpuMs();
        const got = await take(signal, "json", new TextEncoder().encode(mutated));
        assertEquals(cpuMs() - began < 1000, true);
        const whole = await take(signal, "json", json(request));
        assertEquals(got.points.length, whole.points.length, mutated.slice(0, 2000));
        assertEquals(got.refused.get("malformed"), whole.refused.get("malformed"));
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`bytes that are broken anywhere in a request for ${signal} are answered, and change nothing lent`, async () => {
    const place = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        REQUESTS[signal],
        fc.array(place, { minLength: 1, maxLength: 4 }),
        async (request, changes) => {
          for (const encoding of ["protobuf", "json"] as const) {
            const body = encoding === "json" ? json(request) : encodeOtlp(signal, request);
            for (const [at, byte] of changes) body[at % body.length] = byte;
            const before = body.slice();
            const { points } = await take(signal, encoding, body);
            encode(points);
            assertEquals(body, before);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
}

scenario("gRPC bodies in one chunk and in many give the points of the whole", async () => {
  const recorder = createRecorder();
  await using server = listenHttp({
    calls: createGrpcCalls(recorder.context, createExportHandler(CONFIG, recorder.context)),
  });
  const { port } = server;
  for (const signal of SIGNALS) {
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(REQUESTS[signal], cuts, async (request, places) => {
        const message = encodeOtlp(signal, request);
        const whole = frame(message);
        const ends = [...new Set(places.map((place) => place % whole.length)), whole.length].sort((a, b) =>
          a - b
        );
        const chunks = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
        recorder.points.length = 0;
        recorder.refused.clear();
        const path = `/opentelemetry.proto.collector.${SERVICES[signal]}Service/Export`;
        const answer = await callGrpc(port, chunks, { ":path": path });
        assertEquals(answer.code, "0");
        assertEquals(made(recorder), made(await take(signal, "protobuf", message)));
      }),
      { numRuns: 40 },
    );
  }
});
