/** Requests to a target over real sockets: what is sent, and what each kind of answer comes to. */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { createTargetClient } from "../../src/otlp_target/client.ts";
import { createTargetExporter } from "../../src/otlp_target/exporter.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import type { Batch, ExportResult } from "../../src/pipeline/exporter.ts";
import { createProtobufReader, nextField } from "../../src/point/protobuf_reader.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { startRawServer } from "../dataway/http/raw_server.ts";
import { startTestProxy } from "../dataway/test_proxy.ts";
import { createTestCertificate } from "../emulator/dataway_certificate.ts";
import { startOtlpTarget } from "../support/otlp_target.ts";
import { scenario } from "../support/scenario.ts";
import { encodeOtlp } from "../support/wire/encode_otlp.ts";

const RESOURCE = { scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] };

/** A batch of so many resources, as the store lends it. */
function batchOf(count: number): Batch {
  return batchOfResources(Array.from({ length: count }, () => RESOURCE));
}

function batchOfResources(resources: readonly unknown[]): Batch {
  const store = createPointStore({ maxBytes: 2e6, ledger: createLedger(), masksCount: true });
  for (const resource of resources) {
    const request = encodeOtlp("logs", { resourceLogs: [resource] });
    // Without the tag and length that the store puts before it.
    const reader = createProtobufReader(request);
    nextField(reader);
    store.append("otlp", "logging", reader.bytes, reader.bytes.length, 1);
  }
  const lease = store.take("logging", { maxBytes: 2e6 });
  if (lease === undefined) throw new Error("Cannot take what was put");
  return lease.batch;
}

async function send(env: Record<string, string>, count = 1, signal?: AbortSignal): Promise<ExportResult> {
  const { target } = parseConfig(env).config;
  if (target === undefined) throw new Error("Cannot send as the settings name no target");
  using client = createTargetClient(target, env, Date.now);
  await using exporter = createTargetExporter({
    config: target,
    send: client.send,
    sign: client.sign,
    version: "1.2.3",
    now: Date.now,
  });
  return await exporter.export(batchOf(count), signal ?? AbortSignal.timeout(5000));
}

scenario("a large batch, compressed in steps, is one request too, and ends with its signal", async () => {
  await using target = startOtlpTarget();
  const count = 12;
  const noise = Array.from(
    { length: count },
    () => crypto.getRandomValues(new Uint8Array(60_000)).toBase64(),
  );
  const resources = noise.map((text) => ({ scopeLogs: [{ logRecords: [{ body: { stringValue: text } }] }] }));
  const { target: config } = parseConfig({ ENV_OTLP_TARGET: target.url }).config;
  assert(config !== undefined);
  using client = createTargetClient(config, {}, Date.now);
  await using exporter = createTargetExporter({
    config,
    send: client.send,
    sign: client.sign,
    version: "1.2.3",
    now: Date.now,
  });
  const result = await exporter.export(batchOfResources(resources), AbortSignal.timeout(5000));
  assertEquals(result, { status: "success" });
  assertEquals(target.requests.map(({ request }) => request), [{ resourceLogs: resources }]);
  assertEquals(target.requests[0]?.headers.get("content-encoding"), "gzip");
  const over = new AbortController();
  const cut = [batchOfResources(resources), batchOfResources(resources)].map((batch) =>
    exporter.export(batch, over.signal)
  );
  over.abort();
  assertEquals((await Promise.all(cut)).map(({ status }) => status), ["retryable", "retryable"]);
  assertEquals(target.requests.length, 1);
});

scenario("a batch is one request of all its resources, compressed unless it is not to be", async () => {
  await using target = startOtlpTarget();
  const env = { ENV_OTLP_TARGET: target.url, ENV_OTLP_TARGET_HEADERS: "x-tenant=a%20b" };
  assertEquals(await send(env, 3), { status: "success" });
  assertEquals(await send({ ...env, ENV_OTLP_TARGET_COMPRESSION: "none" }, 2), { status: "success" });
  const [zipped, plain] = target.requests;
  assertEquals([zipped?.request, plain?.request], [
    { resourceLogs: [RESOURCE, RESOURCE, RESOURCE] },
    { resourceLogs: [RESOURCE, RESOURCE] },
  ]);
  assertEquals(
    [zipped, plain].map((one) => one?.headers.get("content-encoding")),
    ["gzip", null],
  );
  assertEquals([zipped?.headers.get("x-tenant"), zipped?.headers.get("user-agent")], [
    "a b",
    "datakit-lambda-extension/1.2.3",
  ]);
});

scenario("a part that was refused is read off a binary answer", async () => {
  // Beyond seven bits, which no text survives: `rejected: 300`.
  const body = Uint8Array.from([0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2, 0x6e, 0x6f]);
  const head =
    `HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`;
  await using server = startRawServer([async (conn) => {
    await conn.write(new TextEncoder().encode(head));
    await conn.write(body);
  }]);
  assertEquals(await send({ ENV_OTLP_TARGET: server.url }), {
    status: "success",
    rejected: 300,
    error: "no",
  });
});

scenario("a success whose body never comes is one all the same, and soon", async () => {
  await using server = startRawServer(["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"]);
  const begun = performance.now();
  assertEquals(await send({ ENV_OTLP_TARGET: server.url }), { status: "success" });
  assertLess(performance.now() - begun, 2000);
});

scenario(
  "no answer in time, and nobody there, keep the data and name the endpoint without its secrets",
  async () => {
    await using target = startOtlpTarget();
    target.otherwise("hang");
    const url = `${target.url}/?key=0123456789abcdef`;
    for (
      const result of [
        await send({ ENV_OTLP_TARGET: url, ENV_OTLP_TARGET_TIMEOUT: "150ms" }),
        await send({ ENV_OTLP_TARGET: url }, 1, AbortSignal.timeout(100)),
        await send({ ENV_OTLP_TARGET: "http://127.0.0.1:1/?key=0123456789abcdef" }),
      ]
    ) {
      assert(result.status === "retryable");
      assertStringIncludes(result.error, "Cannot reach http://127.0.0.1:");
      assert(!result.error.includes("0123456789abcdef"), result.error);
    }
  },
);

scenario("a redirect is not followed, and keeps the data", async () => {
  await using elsewhere = startOtlpTarget();
  await using target = startOtlpTarget();
  target.otherwise({ status: 307, headers: { location: `${elsewhere.url}/v1/logs` } });
  assertEquals((await send({ ENV_OTLP_TARGET: target.url })).status, "retryable");
  assertEquals(elsewhere.requests.length, 0);
});

scenario("a secret that an answer repeats does not get into the log", async () => {
  await using target = startOtlpTarget();
  target.otherwise({
    status: 401,
    headers: { "content-type": "text/plain" },
    body: "bad key 0123456789abcdef",
  });
  const env = { ENV_OTLP_TARGET: target.url, ENV_OTLP_TARGET_HEADERS: "api-key=0123456789abcdef" };
  assertEquals(await send(env), {
    status: "failure",
    reason: "forbidden",
    error: "The OTLP target answered 401: bad key ***",
  });
});

scenario(
  "the standard variables' proxy is used, and a client certificate is not shown through one",
  async () => {
    await using target = startOtlpTarget();
    await using proxy = startTestProxy();
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    assertEquals((await send({ ...env, ENV_OTLP_TARGET: target.url })).status, "success");
    assertEquals(proxy.requestLines.length, 1);
    const folder = await Deno.makeTempDir({ dir: "/tmp" });
    try {
      const { cert, key } = await createTestCertificate();
      await Deno.writeTextFile(`${folder}/cert.pem`, cert);
      await Deno.writeTextFile(`${folder}/cert.key`, key);
      const identity = {
        ENV_OTLP_TARGET: "https://collector.example.com",
        ENV_OTLP_TARGET_CLIENT_CERT_FILE: `${folder}/cert.pem`,
        ENV_OTLP_TARGET_CLIENT_KEY_FILE: `${folder}/cert.key`,
      };
      const result = await send({ ...env, ...identity });
      assert(result.status === "retryable");
      assertStringIncludes(result.error, "Cannot show a client certificate through a proxy");
      assertEquals(problemsOf(identity), []);
      for (const broken of ["", `${folder}/no`]) {
        assertEquals(problemsOf({ ...identity, ENV_OTLP_TARGET_CLIENT_KEY_FILE: broken }).length, 1);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

function problemsOf(env: Record<string, string>): readonly unknown[] {
  const { target } = parseConfig(env).config;
  if (target === undefined) throw new Error("Cannot look as the settings name no target");
  using client = createTargetClient(target, env, Date.now);
  return client.problems;
}

scenario("credentials that are not to be had keep the data", async () => {
  await using target = startOtlpTarget();
  const result = await send({ ENV_OTLP_TARGET: target.url, ENV_OTLP_TARGET_AUTH: "sigv4" });
  assert(result.status === "retryable");
  assertStringIncludes(result.error, "the environment holds no credentials");
  assertEquals(target.requests.length, 0);
});
