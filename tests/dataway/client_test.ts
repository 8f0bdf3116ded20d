import {
  assert,
  assertEquals,
  assertFalse,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { createDatawayClient } from "../../src/dataway/client.ts";
import { type DatawayDouble, startDataway, TEST_TOKEN } from "../emulator/dataway.ts";
import { createTestCertificate } from "../emulator/dataway_certificate.ts";
import { testPoint } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";
import { openExporter } from "./open_exporter.ts";
import { startTestProxy } from "./test_proxy.ts";

const SUCCESS = { status: "success" } as const;

Deno.test("createDatawayClient() opens nothing and reports nothing by default", async () => {
  const config = {
    endpoints: [],
    proxyUrl: undefined,
    tlsInsecure: false,
    caFile: undefined,
    secret: undefined,
  };
  using client = createDatawayClient(config, {});
  await client.warmUp();
  client.renew();
  assertEquals(client.problems, []);
});

scenario("upload() reaches Dataway in both encodings, gzipped or plain", async () => {
  for (const ENV_DATAWAY_CONTENT_ENCODING of ["v1", "v2"]) {
    for (const ENV_DATAWAY_DISABLE_GZIP of ["true", "false"]) {
      await using dataway = await startDataway();
      await using exporter = openExporter({
        ENV_DATAWAY: dataway.url,
        ENV_DATAWAY_CONTENT_ENCODING,
        ENV_DATAWAY_DISABLE_GZIP,
      });
      assertEquals(await exporter.upload([testPoint("hello", "metric")]), SUCCESS);
      assertEquals(dataway.violations, []);
      const points = dataway.points("metric", "test");
      assertEquals(points.map((point) => [...point.tags, ...point.fields]), [[["region", "test"], [
        "value",
        5n,
      ]]]);
    }
  }
});

scenario("upload() keeps the path prefix of ENV_DATAWAY", async () => {
  await using dataway = await startDataway({ prefix: "/team/dataway" });
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
  assertEquals(await exporter.upload(), SUCCESS);
  assertEquals(dataway.requests[0]?.path, "/team/dataway/v1/write/metric");
});

scenario("upload() sends one body after another over one connection", async () => {
  await using dataway = await startDataway();
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
  dataway.reply(200, { status: 400, body: "no" }, { status: 200, body: `{"ok":true}` });
  for (let count = 0; count < 4; count++) await exporter.upload();
  assertEquals(dataway.requests.map((request) => request.connection), [1, 1, 1, 1]);
});

scenario("upload() takes a new connection after the pool has grown old or was renewed", async () => {
  let nowMs = 1_000_000;
  await using dataway = await startDataway();
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url }, () => nowMs);
  await exporter.upload();
  nowMs += 5000;
  await exporter.upload();
  nowMs += 5001;
  await exporter.upload();
  exporter.client.renew();
  await exporter.upload();
  assertEquals(dataway.requests.map((request) => request.connection), [1, 1, 2, 3]);
});

scenario(
  "upload() tries once more, on a new connection, when its connection breaks before an answer",
  async () => {
    await using dataway = await startDataway();
    await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
    dataway.reply(200, "reset", 200);
    assertEquals([await exporter.upload(), await exporter.upload()], [SUCCESS, SUCCESS]);
    assertEquals(dataway.requests.map((request) => request.connection), [1, 1, 2]);
    assertEquals(dataway.requests[1]?.headers.get("x-pkg-id"), dataway.requests[2]?.headers.get("x-pkg-id"));
  },
);

scenario("upload() does not send again what broke a new connection, and shows no token", async () => {
  await using dataway = await startDataway();
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
  dataway.reply("reset", 200, "reset", "reset");
  for (const requests of [1, 2, 4]) {
    const result = await exporter.upload();
    assertEquals([result.status, dataway.requests.length], [
      requests === 2 ? "success" : "retryable",
      requests,
    ]);
    assertFalse(JSON.stringify(result).includes("tkn_"));
  }
});

scenario(
  "upload() to a closed port or an unknown name is retryable, without the token in its words",
  async () => {
    const closed = await startDataway();
    await closed[Symbol.asyncDispose]();
    const urls = [closed.url, `http://nowhere.invalid?token=${TEST_TOKEN}`];
    for (const ENV_DATAWAY of urls) {
      await using exporter = openExporter({ ENV_DATAWAY });
      const result = await exporter.upload();
      assertEquals(result.status, "retryable");
      assertFalse(JSON.stringify(result).includes("tkn_"), JSON.stringify(result));
    }
  },
);

scenario("upload() ends with its timeout or its signal when Dataway never answers", async () => {
  await using dataway = await startDataway();
  dataway.reply("hang", "hang");
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url, ENV_DATAWAY_TIMEOUT: "100ms" });
  const timedOut = { status: "retryable", error: `Cannot reach http://127.0.0.1:${dataway.port}: ` } as const;
  assertEquals(await exporter.upload(), {
    ...timedOut,
    error: `${timedOut.error}TimeoutError: No answer within 100 ms`,
  });
  const controller = new AbortController();
  const result = exporter.upload(undefined, controller.signal);
  await dataway.waitFor(({ requests }) => requests.length === 2);
  controller.abort(new DOMException("Too late", "AbortError"));
  assertEquals(await result, { ...timedOut, error: `${timedOut.error}AbortError: Too late` });
  assertEquals(await exporter.upload(), SUCCESS);
});

scenario("upload() counts an answer as soon as its status is there, however slow its body", async () => {
  await using dataway = await startDataway();
  dataway.reply("drip");
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
  const startedAt = performance.now();
  assertEquals(await exporter.upload(), SUCCESS);
  assertLess(performance.now() - startedAt, 250);
  assertEquals(await exporter.upload(), SUCCESS);
  assertEquals(dataway.requests.map((request) => request.connection), [1, 2]);
});

scenario("upload() ends at once what floods it with heads or headers", async () => {
  await using dataway = await startDataway();
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url });
  for (const step of ["flood of interim answers", "flood of headers"] as const) {
    dataway.reply(step);
    const startedAt = performance.now();
    assertEquals(await exporter.upload(), {
      status: "retryable",
      error: `Cannot reach http://127.0.0.1:${dataway.port}: TypeError: ` +
        "Cannot read the answer as its head has no end",
    });
    assertLess(performance.now() - startedAt, 1000);
  }
  dataway.reply("flood of body");
  assertEquals([await exporter.upload(), await exporter.upload()], [SUCCESS, SUCCESS]);
});

scenario("upload() passes on what Dataway asks for", async () => {
  await using dataway = await startDataway();
  dataway.reply(
    413,
    { status: 429, retryAfter: 7 },
    { status: 503, retryAfter: "Sun, 22 Nov 2026 09:31:30 GMT" },
    { status: 403, body: `{"error_code":"beyondDataUsage"}` },
    { status: 302, headers: { location: `${dataway.url}&x=1` } },
  );
  await using exporter = openExporter(
    { ENV_DATAWAY: dataway.url },
    () => Date.UTC(2026, 10, 22, 9, 31, 0),
  );
  const results = [];
  for (let count = 0; count < 5; count++) results.push(await exporter.upload());
  assertEquals(results, [
    { status: "too_large", error: `Dataway answered 413: {"error_code":"test.413"}` },
    { status: "retryable", error: `Dataway answered 429: {"error_code":"test.429"}`, retryAfterMs: 7000 },
    { status: "retryable", error: `Dataway answered 503: {"error_code":"test.503"}`, retryAfterMs: 30000 },
    { status: "failure", error: `Dataway answered 403: {"error_code":"beyondDataUsage"}`, reason: "quota" },
    { status: "retryable", error: `Dataway answered 302, a redirect to http://127.0.0.1:${dataway.port}` },
  ]);
  assertEquals(dataway.requests.length, 5);
});

scenario(
  "upload() goes to the second Dataway while the first hangs, and straight there afterwards",
  async () => {
    await using first = await startDataway();
    await using second = await startDataway();
    first.reply("hang");
    await using exporter = openExporter({
      ENV_DATAWAY: `${first.url},${second.url}`,
      ENV_DATAWAY_TIMEOUT: "100ms",
    });
    assertEquals([await exporter.upload(), await exporter.upload()], [SUCCESS, SUCCESS]);
    assertEquals([first.requests.length, second.requests.length], [1, 2]);
  },
);

scenario("upload() goes through ENV_DATAWAY_HTTP_PROXY with its credentials", async () => {
  await using dataway = await startDataway();
  await using proxy = startTestProxy();
  await using exporter = openExporter({
    ENV_DATAWAY: dataway.url,
    ENV_DATAWAY_HTTP_PROXY: proxy.url.replace("http://", "http://user:p%40ss@"),
  });
  assertEquals(await exporter.upload(), SUCCESS);
  assertEquals(proxy.requestLines, [`POST http://127.0.0.1:${dataway.port}/v1/write/metric`]);
  assertEquals(proxy.credentials, ["Basic dXNlcjpwQHNz"]);
  assertEquals(dataway.points().length, 1);
});

scenario("upload() speaks each proxy's own protocol", async () => {
  // First bytes: a request line, a TLS record, a SOCKS version.
  for (
    const [scheme, first] of [["http", 0x50], ["https", 0x16], ["socks5", 0x05], ["socks5h", 0x05]] as const
  ) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const greeting = greet(listener);
    await using exporter = openExporter({
      ENV_DATAWAY: `http://dataway.test?token=${TEST_TOKEN}`,
      ENV_DATAWAY_HTTP_PROXY: `${scheme}://127.0.0.1:${listener.addr.port}`,
    });
    assertEquals((await exporter.upload()).status, "retryable");
    listener.close();
    assertEquals(await greeting, first, scheme);
  }
});

/** Hangs up on each connection after its first byte. Resolves, once `listener` is closed, to the last of these. */
async function greet(listener: Deno.Listener): Promise<number | undefined> {
  let first: number | undefined;
  for await (const conn of listener) {
    const byte = new Uint8Array(1);
    await conn.read(byte);
    first = byte[0];
    conn.close();
  }
  return first;
}

scenario("upload() keeps the batch when a proxy refuses", async () => {
  await using proxy = startTestProxy({ refuse: 407 });
  for (const scheme of ["http", "https"]) {
    await using exporter = openExporter({
      ENV_DATAWAY: `${scheme}://dataway.test?token=${TEST_TOKEN}`,
      ENV_DATAWAY_HTTP_PROXY: proxy.url.replace("http://", "http://user:hunter22@"),
    });
    const result = await exporter.upload();
    assertEquals(result.status, "retryable");
    assertFalse(/tkn_|hunter22/.test(JSON.stringify(result)), JSON.stringify(result));
  }
});

scenario("upload() trusts a private CA by ENV_DATAWAY_CA_FILE alone", async () => {
  const certificate = await createTestCertificate();
  const caFile = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(caFile, certificate.ca);
    await using dataway = await startDataway({ tls: certificate });
    await using trusting = openExporter({ ENV_DATAWAY: dataway.url, ENV_DATAWAY_CA_FILE: caFile });
    assertEquals(trusting.client.problems, []);
    await trusting.client.warmUp();
    assertEquals([await trusting.upload(), await trusting.upload()], [SUCCESS, SUCCESS]);
    assertEquals(dataway.requests.map((request) => request.connection), [1, 1]);
    await using wary = openExporter({ ENV_DATAWAY: dataway.url });
    assertMatch(JSON.stringify(await wary.upload()), /retryable.*certificate/);
    assertEquals(dataway.violations, []);
  } finally {
    await Deno.remove(caFile);
  }
});

scenario("createDatawayClient() runs on without a CA file it cannot use, and says why", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/text.pem`, "no certificate\n");
    await Deno.writeTextFile(
      `${directory}/bad.pem`,
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    await using dataway = await startDataway();
    for (const name of ["text.pem", "bad.pem", "absent.pem"]) {
      const path = `${directory}/${name}`;
      await using exporter = openExporter({ ENV_DATAWAY: dataway.url, ENV_DATAWAY_CA_FILE: path });
      assertEquals(exporter.client.problems.length, 1);
      assertStringIncludes(
        exporter.client.problems[0]?.message ?? "",
        `Cannot use ENV_DATAWAY_CA_FILE as it must name a readable PEM file: current value is "${path}"`,
      );
      assertEquals(await exporter.upload(), SUCCESS);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

interface RunResult {
  readonly status: string;
  readonly problems: readonly string[];
}

/** Uploads a point from a process of its own, which reads the proxy variables of `env` itself. */
async function uploadFrom(dataway: DatawayDouble, env: Record<string, string>): Promise<RunResult> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", import.meta.resolve("./upload_once.ts")],
    env: {
      DENO_NO_UPDATE_CHECK: "1",
      ENV_DATAWAY: dataway.url,
      HTTP_PROXY: "",
      HTTPS_PROXY: "",
      NO_PROXY: "",
      ...env,
    },
  }).output();
  assert(output.success, new TextDecoder().decode(output.stderr));
  const result: unknown = JSON.parse(new TextDecoder().decode(output.stdout));
  assert(typeof result === "object" && result !== null && "status" in result && "problems" in result);
  return result as RunResult;
}

scenario("upload() obeys HTTP_PROXY, HTTPS_PROXY and NO_PROXY, checked or not", async () => {
  await using plain = await startDataway();
  await using tls = await startDataway({ tls: await createTestCertificate() });
  await using proxy = startTestProxy();
  const proxies = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  const insecure = { ENV_DATAWAY_TLS_INSECURE: "true" };
  assertEquals((await uploadFrom(plain, proxies)).status, "success");
  assertEquals((await uploadFrom(tls, { ...proxies, ...insecure })).status, "success");
  const direct = { ...proxies, NO_PROXY: "localhost,127.0.0.1" };
  assertEquals((await uploadFrom(plain, direct)).status, "success");
  assertEquals((await uploadFrom(tls, { ...direct, ...insecure })).status, "success");
  assertEquals(proxy.requestLines, [
    `POST http://127.0.0.1:${plain.port}/v1/write/metric`,
    `CONNECT 127.0.0.1:${tls.port}`,
  ]);
  assertEquals([plain.points().length, tls.points().length], [2, 2]);
});
