import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { createHttpClient } from "../../../src/dataway/http/client.ts";
import { type HttpClient, type HttpClientOptions } from "../../../src/dataway/http/client.ts";
import { dialFirst } from "../../../src/dataway/http/dial.ts";
import type { HttpAnswer, HttpRequest } from "../../../src/dataway/http/message.ts";
import { createTestCertificate } from "../../emulator/dataway_certificate.ts";
import { scenario } from "../../support/scenario.ts";
import { type RawServer, startRawServer } from "./raw_server.ts";
import { startSocksProxy } from "./socks_proxy.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

function open(options: Partial<HttpClientOptions> = {}): HttpClient {
  return createHttpClient({ proxyOf: () => undefined, now: Date.now, ...options });
}

function post(client: HttpClient, url: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
  return client.send(url, {
    method: "POST",
    headers: { "x-test": "1" },
    body: new Uint8Array([1, 2, 3]),
    signal: AbortSignal.timeout(5000),
    ...request,
  });
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

scenario("http client writes one request in origin form, its length and its body", async () => {
  await using server = startRawServer([OK]);
  using client = open();
  const { status, text } = await post(client, `${server.url}/a/b?c=d`, { wants: "body" });
  assertEquals([status, text], [200, "ok"]);
  assertEquals(
    textOf(server.received[0] ?? new Uint8Array()),
    `POST /a/b?c=d HTTP/1.1\r\nhost: ${server.host}\r\nx-test: 1\r\ncontent-length: 3\r\n\r\n\x01\x02\x03`,
  );
});

scenario("http client uses a connection again after the rest of a slow body has come", async () => {
  const slow = async (conn: Deno.Conn): Promise<void> => {
    await conn.write(new TextEncoder().encode(OK.slice(0, -2)));
    await pause(30);
    await conn.write(new TextEncoder().encode("ok"));
  };
  await using server = startRawServer([slow, OK]);
  using client = open();
  assertEquals((await post(client, server.url)).status, 200);
  await pause(100);
  assertEquals((await post(client, server.url)).status, 200);
  assertEquals(server.connections, 1);
});

scenario("http client takes an answer that comes before the request was read, and closes", async () => {
  const early = async (conn: Deno.Conn): Promise<void> => {
    await conn.write(new TextEncoder().encode("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"));
  };
  await using server = startRawServer([early, OK], { readsBodies: false });
  using client = open();
  assertEquals((await post(client, server.url, { body: new Uint8Array(20_000_000) })).status, 413);
  assertEquals((await post(client, server.url)).status, 200);
  assertEquals(server.connections, 2);
});

scenario("http client gives the text that explains a refusal a moment, and no more", async () => {
  const half = "HTTP/1.1 400 Bad\r\ncontent-length: 1000\r\n\r\nwrong field";
  await using server = startRawServer([half, half]);
  using client = open();
  const startedAt = performance.now();
  const { status, text } = await post(client, server.url);
  assertEquals([status, text], [400, "wrong field"]);
  assertLess(performance.now() - startedAt, 1000);
});

scenario("http client ends with its signal wherever a request is", async () => {
  const silent = (): Promise<void> => pause(0);
  await using server = startRawServer([silent, silent, silent]);
  using client = open();
  const reason = new DOMException("too late", "TimeoutError");
  for (const ms of [0, 30]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), ms);
    await assertRejects(
      () => post(client, server.url, { signal: controller.signal }),
      DOMException,
      "too late",
    );
  }
  await assertRejects(() => post(client, server.url, { signal: AbortSignal.abort(reason) }), DOMException);
});

scenario(
  "http client reaches TLS through a proxy that is itself reached by TLS, and checks both",
  async () => {
    const origin = await createTestCertificate();
    const front = await createTestCertificate();
    await using server = startRawServer([OK, OK], { tls: origin });
    await using proxy = startRawServer([server], { tls: front });
    const through = (caCerts: readonly string[], insecure = false): HttpClient =>
      open({ proxyOf: () => new URL(proxy.url), caCerts, insecure });
    {
      using client = through([origin.ca, front.ca]);
      assertEquals((await post(client, server.url, { wants: "body" })).text, "ok");
      assertEquals((await post(client, server.url, { wants: "body" })).text, "ok");
      assertEquals([proxy.connections, server.connections], [1, 1]);
    }
    for (const caCerts of [[front.ca], [origin.ca]]) {
      using wary = through(caCerts);
      await assertRejects(() => post(wary, server.url), Error, "certificate");
    }
    using careless = through([front.ca], true);
    assertEquals((await post(careless, server.url)).status, 200);
    assertEquals(
      textOf(proxy.received[0] ?? new Uint8Array()).split("\r\n")[0],
      `CONNECT ${server.host} HTTP/1.1`,
    );
  },
);

scenario("http client speaks SOCKS5 to the end, with and without credentials", async () => {
  const certificate = await createTestCertificate();
  await using plain = startRawServer([OK]);
  await using tls = startRawServer([OK], { tls: certificate });
  for (const credentials of [undefined, { username: "us er", password: "p@ss" }]) {
    await using proxy = startSocksProxy(credentials);
    const user = credentials === undefined ? "" : "us%20er:p%40ss@";
    for (const server of [plain, tls]) {
      server.rewind();
      using client = open({
        proxyOf: () => new URL(`socks5://${user}127.0.0.1:${proxy.port}`),
        caCerts: [certificate.ca],
      });
      assertEquals((await post(client, server.url, { wants: "body" })).text, "ok");
    }
    assertEquals(proxy.targets, [plain.host, tls.host]);
    using stranger = open({ proxyOf: () => new URL(`socks5://x:y@127.0.0.1:${proxy.port}`) });
    if (credentials !== undefined) {
      await assertRejects(() => post(stranger, plain.url), TypeError, "The proxy refused the credentials");
    }
  }
});

scenario("dialFirst() goes on to the next address when one refuses, and ends with its signal", async () => {
  using server: RawServer = startRawServer([]);
  const port = Number(new URL(server.url).port);
  const never = new AbortController().signal;
  const conn = await dialFirst(["127.0.0.2", "127.0.0.3", "127.0.0.1"], port, never);
  assertEquals(conn.remoteAddr.hostname, "127.0.0.1");
  conn.close();
  await assertRejects(
    () => dialFirst(["127.0.0.2", "127.0.0.3"], port, never),
    Deno.errors.ConnectionRefused,
  );
  await assertRejects(() => dialFirst(["127.0.0.1"], port, AbortSignal.abort("over")));
  assert(server.connections <= 2);
});
