import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Hono } from "@hono/hono";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { GAUGE, LOG, TRACE, TRACE_JSON } from "../../fixtures/otlp/worked_bytes.ts";
import { admit, createAdmission } from "../../../src/net/admission.ts";
import { installFakeTime } from "../../support/fake_time.ts";
import { createRecorder, createTestReceiver, type Recorder } from "./recorder.ts";

interface Sent {
  readonly body?: BodyInit;
  readonly type?: string | null;
  readonly encoding?: string;
  readonly method?: string;
}

/** Sends one request to a receiver's app. */
async function send(recorder: Recorder, path: string, sent: Sent = {}): Promise<Response> {
  const headers = new Headers();
  const type = sent.type === undefined ? "application/x-protobuf" : sent.type;
  if (type !== null) headers.set("content-type", type);
  if (sent.encoding !== undefined) headers.set("content-encoding", sent.encoding);
  const method = sent.method ?? "POST";
  const body = method === "GET" ? null : sent.body ?? TRACE;
  const request = new Request(`http://127.0.0.1:4318${path}`, { method, headers, body });
  const { app } = createTestReceiver(recorder);
  assert(app);
  return await app.fetch(request);
}

const SVC = { type: "application/json", body: TRACE_JSON };

Deno.test("createOtlpApp() takes all signals at the standard and at DataKit's paths", async () => {
  for (const prefix of ["/v1", "/otel/v1"]) {
    const recorder = createRecorder();
    for (const [signal, body] of [["traces", TRACE], ["metrics", GAUGE], ["logs", LOG]] as const) {
      const response = await send(recorder, `${prefix}/${signal}`, { body });
      assertEquals([response.status, response.headers.get("content-type")], [200, "application/x-protobuf"]);
      assertEquals((await response.bytes()).length, 0);
    }
    assertEquals(recorder.points.map((point) => point.category), ["tracing", "metric", "logging"]);
  }
});

Deno.test("createOtlpApp() answers JSON in JSON", async () => {
  const recorder = createRecorder();
  const response = await send(recorder, "/v1/traces", SVC);
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
  assertEquals(await response.text(), "{}");
  assertEquals(recorder.points[0]?.fields.get("trace_id"), "5b8efff798038103d269b633813fc60c");
});

Deno.test("createOtlpApp() makes the same point of the same span in both encodings", async () => {
  const recorder = createRecorder();
  await send(recorder, "/v1/traces");
  await send(recorder, "/v1/traces", SVC);
  const [proto, json] = recorder.lines();
  assertEquals(json, proto);
});

Deno.test("createOtlpApp() takes paths as clients join them, and types with parameters or none", async () => {
  const recorder = createRecorder();
  for (const path of ["//v1/traces", "/v1/traces/", "///otel/v1/traces//", "/v1/traces?x=1"]) {
    assertEquals((await send(recorder, path)).status, 200, path);
  }
  for (
    const type of [
      "application/x-protobuf; charset=utf-8",
      "application/protobuf",
      "Application/X-Protobuf",
      null,
    ]
  ) {
    assertEquals((await send(recorder, "/v1/traces", { type })).status, 200, String(type));
  }
  assertEquals(
    (await send(recorder, "/v1/traces", { ...SVC, type: "application/json;charset=UTF-8" })).status,
    200,
  );
  assertEquals(recorder.points.length, 9);
});

Deno.test("createOtlpApp() takes bodies in each coding and in chunks of one byte", async () => {
  const recorder = createRecorder();
  for (
    const [encoding, compress] of [["gzip", gzipSync], ["deflate", deflateSync], [
      "zstd",
      zstdCompressSync,
    ]] as const
  ) {
    const body = new Uint8Array(compress(TRACE));
    assertEquals((await send(recorder, "/v1/traces", { body, encoding })).status, 200, encoding);
  }
  const bytes = [...TRACE];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller): void => {
      const byte = bytes.shift();
      if (byte === undefined) controller.close();
      else controller.enqueue(Uint8Array.of(byte));
    },
  });
  assertEquals((await send(recorder, "/v1/traces", { body })).status, 200);
  assertEquals(new Set(recorder.lines()).size, 1);
  assertEquals(recorder.points.length, 4);
});

Deno.test("createOtlpApp() takes empty requests", async () => {
  const recorder = createRecorder();
  assertEquals((await send(recorder, "/v1/traces", { body: new Uint8Array(0) })).status, 200);
  assertEquals((await send(recorder, "/v1/metrics", { body: "{}", type: "application/json" })).status, 200);
  assertEquals([recorder.points.length, recorder.refused.size], [0, 0]);
});

Deno.test("createOtlpApp() tells a partial success in the request's encoding", async () => {
  const recorder = createRecorder();
  const zeros = new Uint8Array(TRACE);
  zeros.fill(0, TRACE.length - 72, TRACE.length - 56);
  const protobuf = await (await send(recorder, "/v1/traces", { body: zeros })).bytes();
  assertEquals([protobuf[0], protobuf.subarray(2, 5).toHex()], [0x0a, "080112"]);
  const body = TRACE_JSON.replace("eee19b7ec3c1b174", "");
  const json = await (await send(recorder, "/v1/traces", { body, type: "application/json" })).json();
  assertEquals(json, {
    partialSuccess: {
      rejectedSpans: "1",
      errorMessage: "Cannot take 1 spans as a span_id must be 8 bytes that are not all zero",
    },
  });
  assertEquals(recorder.refused, new Map([["malformed", 2]]));
  assertEquals(recorder.points.length, 0);
});

Deno.test("createOtlpApp() answers 400 with a status to what it cannot decode", async () => {
  const recorder = createRecorder();
  const protobuf = await send(recorder, "/v1/traces", { body: TRACE.subarray(0, 50) });
  assertEquals(protobuf.status, 400);
  assertEquals((await protobuf.bytes()).subarray(0, 2).toHex(), "0803");
  const json = await send(recorder, "/v1/logs", { body: "{", type: "application/json" });
  assertEquals([json.status, json.headers.get("content-type")], [400, "application/json"]);
  const status = await json.json();
  assertEquals(status.code, 3);
  assertStringIncludes(status.message, "Cannot decode the request");
  const encoding = await send(recorder, "/v1/traces", { encoding: "snappy" });
  assertEquals(encoding.status, 400);
  assertEquals((await send(recorder, "/v1/traces", { encoding: "gzip" })).status, 400);
  assertEquals(recorder.refused, new Map([["malformed", 4]]));
});

Deno.test("createOtlpApp() answers 405, 415, 413 and 408", async () => {
  const recorder = createRecorder({ maxWireBytes: 200, timeoutMs: 5 });
  const get = await send(recorder, "/v1/traces", { method: "GET" });
  assertEquals([get.status, get.headers.get("allow")], [405, "POST"]);
  assertEquals((await send(recorder, "/v1/traces", { method: "PUT" })).status, 405);
  const text = await send(recorder, "/v1/traces", { type: "text/plain" });
  assertEquals([text.status, text.headers.get("content-type")], [415, "text/plain; charset=UTF-8"]);
  assertEquals((await send(recorder, "/v1/traces", { type: "__proto__" })).status, 415);
  assertEquals((await send(recorder, "/v1/traces", { body: new Uint8Array(201) })).status, 413);
  const endless = new ReadableStream<Uint8Array>();
  assertEquals((await send(recorder, "/v1/traces", { body: endless })).status, 408);
  assertEquals(recorder.refused, new Map([["unsupported", 2], ["too_large", 1], ["malformed", 1]] as const));
});

Deno.test("createOtlpApp() hints at the right paths on its own port", async () => {
  const recorder = createRecorder();
  for (const path of ["/", "/v1/trace", "/v1development/profiles", "/v1/write/metric"]) {
    const response = await send(recorder, path);
    assertEquals(response.status, 404, path);
    assertStringIncludes(await response.text(), "/v1/traces");
  }
  assertEquals(recorder.logged.length, 1);
});

Deno.test("createOtlpApp() leaves other paths of the main listener to others", async () => {
  const { app } = createTestReceiver(createRecorder());
  assert(app);
  const main = new Hono();
  main.route("/", app);
  main.post("/v1/write/:category", (c) => c.text("written"));
  const response = await main.request("http://127.0.0.1:9529/v1/write/metric", { method: "POST" });
  assertEquals(await response.text(), "written");
  assertEquals((await main.request("http://127.0.0.1:9529/v1/nothing", { method: "POST" })).status, 404);
});

Deno.test("createOtlpApp() asks for a body again that there was no room for in time, and counts it", async () => {
  using time = installFakeTime();
  const recorder = createRecorder({ timeoutMs: 60_000 });
  const { app } = createTestReceiver(recorder);
  assert(app);
  const admission = createAdmission({ maxBytes: 100 });
  const other = admission.open();
  assert(await other.take(100));
  const request = new Request("http://127.0.0.1:4318/v1/traces", {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: TRACE,
  });
  let answer: Response | undefined;
  const answering = admit(admission, request, () => app.fetch(request));
  void answering.then((response) => void (answer = response));
  for (let steps = 0; answer === undefined && steps < 10_000; steps++) {
    await time.step();
    await time.settle();
  }
  assertEquals([answer?.status, recorder.refused.get("overloaded"), recorder.points.length], [503, 1, 0]);
  assertEquals([admission.heldBytes, admission.refused], [100, 1]);
});
