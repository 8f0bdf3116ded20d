import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import { createExportHandler } from "../../../src/ingest/otlp/export_handler.ts";
import { createGrpcCalls } from "../../../src/ingest/otlp/grpc_calls.ts";
import { type Admission, createAdmission } from "../../../src/net/admission.ts";
import { createReclaimer } from "../../../src/reclaimer.ts";
import { admittedCalls } from "../../../src/serve.ts";
import type { BodyLimits } from "../../../src/pipeline/receiver.ts";
import { GAUGE, LOG, PARTIAL_SUCCESS, TRACE } from "../../fixtures/otlp/worked_bytes.ts";
import { listenHttp } from "../../support/http_listener.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../../support/longest_turn.ts";
import { scenario } from "../../support/scenario.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import { callGrpc, frame } from "./grpc_client.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

interface Running extends AsyncDisposable {
  readonly recorder: Recorder;
  readonly port: number;
}

function start(limits: Partial<BodyLimits> = {}, admission?: Admission): Running {
  const recorder = createRecorder(limits);
  const config = readOtlpConfig(createSettingReader({}), true);
  const calls = createGrpcCalls(recorder.context, createExportHandler(config, recorder.context));
  const server = listenHttp({ calls: admission === undefined ? calls : admittedCalls(calls, admission) });
  return { recorder, port: server.port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

scenario("createGrpcCalls() takes all three signals", async () => {
  await using running = start();
  const calls = [["trace", "Trace", TRACE], ["metrics", "Metrics", GAUGE], ["logs", "Logs", LOG]] as const;
  for (const [name, service, body] of calls) {
    const path = `/opentelemetry.proto.collector.${name}.v1.${service}Service/Export`;
    const answer = await callGrpc(running.port, [frame(body)], { ":path": path });
    assertEquals([answer.httpStatus, answer.code, answer.contentType], [200, "0", "application/grpc"]);
    assertEquals(answer.body, Uint8Array.of(0, 0, 0, 0, 0));
  }
  assertEquals(running.recorder.points.map((point) => point.category), ["tracing", "metric", "logging"]);
});

scenario("createGrpcCalls() takes compressed messages, flag by flag, and messages in pieces", async () => {
  await using running = start();
  const gzip = { "grpc-encoding": "gzip" };
  const packed = frame(new Uint8Array(gzipSync(TRACE)), 1);
  assertEquals((await callGrpc(running.port, [packed], gzip)).code, "0");
  assertEquals((await callGrpc(running.port, [frame(TRACE)], gzip)).code, "0");
  const pieces = [...frame(TRACE)].map((byte) => Uint8Array.of(byte));
  assertEquals((await callGrpc(running.port, pieces)).code, "0");
  assertEquals((await callGrpc(running.port, [frame(TRACE), frame(LOG)])).code, "0");
  assertEquals(running.recorder.points.length, 4);
  assertEquals(new Set(running.recorder.lines()).size, 1);
});

scenario(
  "createGrpcCalls() takes values of bytes on every span of a request, in one chunk and in many",
  async () => {
    const BYTES = { bytesValue: "AQID" };
    const spans = Array.from({ length: 20 }, (_, index) => ({
      traceId: "0b".repeat(16),
      spanId: `${index + 10}`.repeat(8),
      name: "op",
      attributes: [{ key: "k", value: BYTES }, { key: "db.statement", value: BYTES }],
    }));
    const message = frame(encodeOtlp("traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    for (const size of [message.length, 1000, 7]) {
      await using running = start();
      const chunks = [];
      for (let at = 0; at < message.length; at += size) chunks.push(message.subarray(at, at + size));
      const answer = await callGrpc(running.port, chunks);
      assertEquals([answer.code, answer.message, answer.body.length], ["0", "", 5]);
      assertEquals(running.recorder.refused, new Map());
      const { points } = running.recorder;
      assertEquals(points.map(({ fields }) => fields.get("db_statement")), spans.map(() => "AQID"));
      assertEquals(
        points.every(({ fields }) => String(fields.get("message")).includes('"bytesValue":"AQID"')),
        true,
      );
    }
  },
);

scenario("createGrpcCalls() takes an empty request", async () => {
  await using running = start();
  assertEquals((await callGrpc(running.port, [frame(new Uint8Array(0))])).code, "0");
  assertEquals(running.recorder.points.length, 0);
});

scenario("createGrpcCalls() takes a message larger than HTTP/2's windows", async () => {
  await using running = start({ maxWireBytes: 8 << 20 });
  const count = 40_000;
  const request = new Uint8Array(TRACE.length * count);
  for (let i = 0; i < count; i++) request.set(TRACE, i * TRACE.length);
  assertEquals((await callGrpc(running.port, [frame(request)])).code, "0");
  assertEquals(running.recorder.points.length, count);
});

scenario(
  "createGrpcCalls() lets the event loop run while a message comes in that is there already",
  async () => {
    const recorder = createRecorder({ maxWireBytes: 64 << 20 });
    const { handle } = createGrpcCalls(recorder.context, () => Promise.reject(new Error("not asked for")));
    const part = new Uint8Array(16_384);
    const ms = await longestTurnMs(async () => {
      let parts = 0;
      await handle({
        head: {
          method: "POST",
          path: "/none",
          authority: "x",
          fields: [["content-type", "application/grpc"]],
          length: undefined,
        },
        read: () => Promise.resolve(++parts > 4_000 ? undefined : part.slice()),
        isGone: false,
      });
    });
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  },
);

scenario("createGrpcCalls() leaves nothing of a large message for a collection", async () => {
  using reclaimer = createReclaimer({
    heap: {
      usedBytes: () => 60 << 20,
      residentBytes: () => 60 << 20,
      collect: () => {},
      compact: () => {},
      trim: () => {},
      dropPages: () => {},
    },
  });
  await using running = start({ maxWireBytes: 8 << 20 }, createAdmission({ maxBytes: 64 << 20, reclaimer }));
  const request = new Uint8Array(6 << 20);
  assertEquals((await callGrpc(running.port, [frame(request)])).code, "3");
  assert(reclaimer.garbageBytes <= 128 * 1024, `${reclaimer.garbageBytes} bytes`);
});

scenario("createGrpcCalls() tells a partial success", async () => {
  await using running = start();
  const noId = new Uint8Array([0x0a, 6, 0x12, 4, 0x12, 2, 0x2a, 0]);
  const { code, body } = await callGrpc(running.port, [frame(noId)]);
  assertEquals([code, body.subarray(5, 6).toHex()], ["0", PARTIAL_SUCCESS.subarray(0, 1).toHex()]);
  assertStringIncludes(new TextDecoder().decode(body), "trace_id");
  assertEquals(running.recorder.refused, new Map([["malformed", 1]]));
});

scenario("createGrpcCalls() answers each kind of bad call with its code", async () => {
  await using running = start({ maxWireBytes: 1000, maxInflatedBytes: 2000 });
  const code = async (chunks: Uint8Array[], headers = {}): Promise<string | undefined> =>
    (await callGrpc(running.port, chunks, headers)).code;
  const bomb = frame(new Uint8Array(gzipSync(new Uint8Array(100_000))), 1);
  assertEquals(await code([frame(TRACE.subarray(0, 50))]), "3");
  assertEquals(await code([frame(TRACE, 1)], { "grpc-encoding": "gzip" }), "3");
  assertEquals(await code([frame(new Uint8Array(1001))]), "8");
  assertEquals(await code([bomb], { "grpc-encoding": "gzip" }), "8");
  assertEquals(await code([frame(TRACE)], { ":path": "/x.Y/Export" }), "12");
  assertEquals(await code([frame(TRACE, 1)], { "grpc-encoding": "snappy" }), "12");
  assertEquals(await code([]), "13");
  assertEquals(await code([Uint8Array.of(0, 0, 0)]), "13");
  assertEquals(await code([Uint8Array.of(0, 255, 255, 255, 255, 1)]), "13");
  assertEquals(await code([frame(TRACE, 1)]), "13");
  assertEquals(await code([frame(TRACE, 7)]), "13");
  assertEquals(running.recorder.points.length, 0);
});

scenario("createGrpcCalls() answers 415 to what is no gRPC, and says why in words", async () => {
  await using running = start();
  const answer = await callGrpc(running.port, [TRACE], { "content-type": "application/json" });
  assertEquals(answer.httpStatus, 415);
  const bad = await callGrpc(running.port, [frame(Uint8Array.of(0xff))]);
  assertMatch(bad.message ?? "", /^Cannot decode the request: /);
});

scenario("createGrpcCalls() survives random bytes and HTTP/1 on its port", async () => {
  await using running = start();
  for (
    const text of [
      "GET / HTTP/1.1\r\n\r\n",
      "\x00\x01\x02".repeat(1000),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxx",
    ]
  ) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
    await connection.write(new TextEncoder().encode(text));
    const buffer = new Uint8Array(1000);
    await connection.read(buffer).catch(() => null);
  }
  assertEquals((await callGrpc(running.port, [frame(TRACE)])).code, "0");
});

scenario("createGrpcCalls() asks for a call again that there was no room for, and says when", async () => {
  const admission = createAdmission({ maxBytes: 100 });
  await admission.open().take(100);
  // No more than so many wait.
  const others = Array.from({ length: 64 }, () => admission.open());
  const waiting = others.map((other) => other.take(1));
  await using running = start({}, admission);
  const answer = await callGrpc(running.port, [frame(TRACE)]);
  assertEquals([answer.httpStatus, answer.code], [200, "8"]);
  assertStringIncludes(answer.message ?? "", "no room");
  // google.rpc.Status with a RetryInfo of one second.
  const details = Uint8Array.fromBase64(answer.details ?? "");
  assertStringIncludes(new TextDecoder().decode(details), "type.googleapis.com/google.rpc.RetryInfo");
  assertEquals(details.subarray(-6), Uint8Array.of(0x12, 4, 0x0a, 2, 0x08, 1));
  assertEquals([running.recorder.refused.get("overloaded"), running.recorder.points.length], [1, 0]);
  for (const other of others) other.close();
  assertEquals((await Promise.all(waiting)).includes(true), false);
});
