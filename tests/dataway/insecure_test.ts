import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { startDataway, TEST_TOKEN } from "../emulator/dataway.ts";
import { createTestCertificate } from "../emulator/dataway_certificate.ts";
import { testPoint } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";
import { openExporter } from "./open_exporter.ts";
import { startTestProxy } from "./test_proxy.ts";

const SUCCESS = { status: "success" } as const;
const INSECURE = { ENV_DATAWAY_TLS_INSECURE: "true" };

scenario(
  "upload() without certificate checks takes any certificate, for any name, and says so at start",
  async () => {
    await using dataway = await startDataway({ tls: await createTestCertificate(["other.example"]) });
    const localhost = dataway.url.replace("127.0.0.1", "localhost");
    for (const ENV_DATAWAY of [dataway.url, localhost]) {
      await using exporter = openExporter({ ENV_DATAWAY, ...INSECURE });
      assertMatch(exporter.client.problems[0]?.message ?? "", /^Cannot vouch for Dataway's identity/);
      assertEquals(await exporter.upload(), SUCCESS);
    }
    assertEquals(dataway.violations, []);
    assertEquals(dataway.points("metric").length, 2);
  },
);

scenario("upload() without certificate checks carries large bodies whole", async () => {
  await using dataway = await startDataway({ tls: await createTestCertificate() });
  await using exporter = openExporter({
    ENV_DATAWAY: dataway.url,
    ENV_DATAWAY_DISABLE_GZIP: "true",
    ...INSECURE,
  });
  assertEquals(await exporter.upload([testPoint("x".repeat(900_000))]), SUCCESS);
  assertEquals(dataway.points("logging")[0]?.fields.get("message"), "x".repeat(900_000));
});

scenario("upload() without certificate checks passes on statuses, headers and bodies", async () => {
  await using dataway = await startDataway({ tls: await createTestCertificate() });
  await using exporter = openExporter({ ENV_DATAWAY: dataway.url, ...INSECURE });
  dataway.reply({ status: 429, retryAfter: 3, body: "slow down" }, 204);
  assertEquals(await exporter.upload(), {
    status: "retryable",
    error: "Dataway answered 429: slow down",
    retryAfterMs: 3000,
  });
  assertEquals(await exporter.upload(), SUCCESS);
});

scenario(
  "upload() without certificate checks ends with its signal, on a reset and on a closed port",
  async () => {
    const dataway = await startDataway({ tls: await createTestCertificate() });
    await using exporter = openExporter({
      ENV_DATAWAY: dataway.url,
      ENV_DATAWAY_TIMEOUT: "200ms",
      ...INSECURE,
    });
    dataway.reply("hang", "reset", "drip");
    const results = [await exporter.upload(), await exporter.upload(), await exporter.upload()];
    await dataway[Symbol.asyncDispose]();
    results.push(await exporter.upload());
    assertEquals(results.map((result) => result.status), ["retryable", "retryable", "success", "retryable"]);
    assertMatch(JSON.stringify(results[0]), /No answer within 200 ms/);
    assertFalse(JSON.stringify(results).includes(TEST_TOKEN), JSON.stringify(results));
  },
);

scenario(
  "upload() without certificate checks goes through ENV_DATAWAY_HTTP_PROXY with its credentials",
  async () => {
    await using dataway = await startDataway({ tls: await createTestCertificate() });
    await using proxy = startTestProxy({ port: dataway.port });
    await using exporter = openExporter({
      ENV_DATAWAY: `https://dataway.test?token=${TEST_TOKEN}`,
      ENV_DATAWAY_HTTP_PROXY: proxy.url.replace("http://", "http://user:p%40ss@"),
      ...INSECURE,
    });
    assertEquals([await exporter.upload(), await exporter.upload()], [SUCCESS, SUCCESS]);
    assertEquals(proxy.requestLines, ["CONNECT dataway.test:443"]);
    assertEquals(proxy.credentials, ["Basic dXNlcjpwQHNz"]);
    assertEquals(dataway.requests.map((request) => request.connection), [1, 1]);
    assertEquals(dataway.violations, []);
  },
);

scenario(
  "upload() without certificate checks keeps the batch when its proxy refuses or is gone",
  async () => {
    const proxy = startTestProxy({ refuse: 407 });
    await using exporter = openExporter({
      ENV_DATAWAY: `https://dataway.test?token=${TEST_TOKEN}`,
      ENV_DATAWAY_HTTP_PROXY: proxy.url,
      ...INSECURE,
    });
    const refused = await exporter.upload();
    await proxy[Symbol.asyncDispose]();
    assertEquals(refused, {
      status: "retryable",
      error: "Cannot reach https://dataway.test: TypeError: The proxy refused with status 407",
    });
    assertEquals((await exporter.upload()).status, "retryable");
  },
);
