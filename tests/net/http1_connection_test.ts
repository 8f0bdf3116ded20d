import { assert, assertEquals } from "@std/assert";
import type { RequestHandler } from "../../src/net/http1_connection.ts";
import { type HttpListener, listenHttp } from "../support/http_listener.ts";
import { scenario } from "../support/scenario.ts";
import { exchange, type RawReply } from "./raw_client.ts";

function start(handle: RequestHandler, max = 16): HttpListener {
  return listenHttp({ handle, max });
}

/** Tells what it was asked. */
const echo: RequestHandler = async (request) =>
  new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);

/** Answers without looking at the body. */
const deaf: RequestHandler = () => new Response("no", { status: 404 });

function shown({ answers, ended }: RawReply): string[] {
  return [...answers.map(({ status, body }) => `${status} ${body}`), ended ? "ended" : "open"];
}

scenario("serveHttp1() answers requests in their order on one connection", async () => {
  await using server = start(echo);
  const reply = await exchange(server.port, [
    "GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /c HTTP/1.1\r\n\r\n",
  ]);
  assertEquals(shown(reply), ["200 GET /a ", "200 POST /b abc", "200 GET /c ", "open"]);
  const [answer] = reply.answers;
  assertEquals(answer?.fields["content-type"], "text/plain;charset=UTF-8");
  assert(Math.abs(Date.parse(answer?.fields["date"] ?? "") - Date.now()) < 5_000);
});

scenario("serveHttp1() reads heads and bodies that come byte by byte", async () => {
  await using server = start(echo);
  const text =
    "POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n";
  assertEquals(shown(await exchange(server.port, [...text])), ["200 POST /b abc0123456789", "open"]);
});

scenario("serveHttp1() reads large bodies of both kinds whole", async () => {
  await using server = start(async (request) => new Response(String((await request.bytes()).length)));
  const chunk = "x".repeat(70_000);
  const head = "POST / HTTP/1.1\r\n";
  const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(5);
  const reply = await exchange(server.port, [
    `${head}content-length: 350000\r\n\r\n${
      chunk.repeat(5)
    }${head}transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
  ]);
  assertEquals(shown(reply), ["200 350000", "200 350000", "open"]);
});

scenario("serveHttp1() ends the connection when client or protocol want it", async () => {
  await using server = start(echo);
  const ask = async (head: string): Promise<string[]> =>
    shown(await exchange(server.port, [`${head}\r\n\r\n`]));
  assertEquals(await ask("GET /a HTTP/1.1\r\nconnection: close"), ["200 GET /a ", "ended"]);
  assertEquals(await ask("GET /a HTTP/1.0"), ["200 GET /a ", "ended"]);
  const kept = await exchange(server.port, ["GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"]);
  assertEquals(shown(kept), ["200 GET /a ", "open"]);
  assertEquals(kept.answers[0]?.fields["connection"], "keep-alive");
});

scenario("serveHttp1() answers a client that has closed its side already", async () => {
  await using server = start(echo);
  const reply = await exchange(server.port, ["POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\nok"], {
    halfClose: true,
  });
  assertEquals(shown(reply), ["200 POST /a ok", "ended"]);
});

scenario("serveHttp1() sends no body to HEAD and with 204, and says how long it would be", async () => {
  await using server = start((request) =>
    request.method === "HEAD" ? new Response("1234") : new Response(null, { status: 204 })
  );
  const head = await exchange(server.port, ["HEAD / HTTP/1.1\r\n\r\n"]);
  assertEquals(head.answers.map(({ status, fields }) => [status, fields["content-length"]]), [[200, "4"]]);
  const { answers } = await exchange(server.port, ["GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"]);
  assertEquals(answers.map(({ status, fields }) => [status, fields["content-length"]]), [
    [204, undefined],
    [204, undefined],
  ]);
});

scenario("serveHttp1() invites a body that waits for it once it is read, and not before", async () => {
  await using server = start(echo);
  const head = "POST /a HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
  const reply = await exchange(server.port, [head, "ok"]);
  assertEquals(shown(reply), ["100 ", "200 POST /a ok", "open"]);
  await using other = start(deaf);
  assertEquals(shown(await exchange(other.port, [head])), ["404 no", "ended"]);
});

scenario("serveHttp1() lets a client read the answer to a body that nobody reads", async () => {
  await using server = start(deaf);
  const post = (bytes: number): string =>
    `POST / HTTP/1.1\r\ncontent-length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`;
  // A short one is skipped, so that the connection serves on; a long one ends it, but only once it was sent.
  assertEquals(shown(await exchange(server.port, [post(60_000) + post(0)])), ["404 no", "404 no", "open"]);
  assertEquals(shown(await exchange(server.port, [post(2_000_000)])), ["404 no", "ended"]);
  const chunked = (count: number): string =>
    `POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n${"5\r\nabcde\r\n".repeat(count)}0\r\n\r\n`;
  assertEquals(shown(await exchange(server.port, [chunked(1_000)])), ["404 no", "open"]);
  assertEquals(shown(await exchange(server.port, [chunked(50_000)])), ["404 no", "ended"]);
});

scenario(
  "serveHttp1() answers a body that its handler gave up, while the client is still silent",
  async () => {
    await using server = start(async (request) => {
      const reader = request.body?.getReader();
      await reader?.read();
      const late = reader?.read();
      await reader?.cancel();
      await late;
      return new Response("late", { status: 408 });
    });
    const reply = await exchange(server.port, ["POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf"]);
    assertEquals(shown(reply), ["408 late", "ended"]);
  },
);

scenario("serveHttp1() tells a handler of a body that breaks off or breaks the rules", async () => {
  await using server = start(async (request) => {
    try {
      return new Response(await request.text());
    } catch {
      return new Response("broken", { status: 400 });
    }
  });
  const ask = async (text: string): Promise<string[]> =>
    shown(await exchange(server.port, [`POST / HTTP/1.1\r\n${text}`], { halfClose: true }));
  const bad = ["400 broken", "ended"];
  assertEquals(await ask("content-length: 9\r\n\r\nhalf"), bad);
  for (
    const chunks of [
      "zz\r\n",
      "-1\r\n\r\n",
      "5\r\nabc",
      "3\r\nabcdef\r\n0\r\n\r\n",
      "\r\n3\r\nabc\r\n0\r\n\r\n",
      "fffffffffffffffff\r\n",
      `${"1".repeat(2_000)}\r\n`,
      `3;${"x".repeat(2_000)}\r\nabc\r\n0\r\n\r\n`,
      `0\r\n${"x: y\r\n".repeat(10_000)}\r\n`,
    ]
  ) assertEquals(await ask(`transfer-encoding: chunked\r\n\r\n${chunks}`), bad, chunks.slice(0, 40));
});

scenario("serveHttp1() refuses what is no request and ends the connection", async () => {
  await using server = start(echo);
  const cases: readonly (readonly [text: string, status: number])[] = [
    ["nonsense\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400],
    [`GET /${"x".repeat(70_000)} HTTP/1.1\r\n\r\n`, 431],
    [`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(20_000)}\r\n`, 431],
    ["PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505],
  ];
  for (const [text, status] of cases) {
    assertEquals(shown(await exchange(server.port, [text])), [`${status} `, "ended"], text.slice(0, 40));
  }
});

scenario("serveHttp1() makes a URL of what a client calls the server, or of the address", async () => {
  await using server = start((request) => new Response(request.url));
  const ask = async (target: string, host?: string): Promise<string> => {
    const field = host === undefined ? "" : `host: ${host}\r\n`;
    const { answers } = await exchange(server.port, [`GET ${target} HTTP/1.1\r\n${field}\r\n`]);
    return answers[0]?.body ?? "";
  };
  const own = `http://127.0.0.1:${server.port}`;
  assertEquals(await ask("/a?b=c%20d", "127.0.0.1:4318"), "http://127.0.0.1:4318/a?b=c%20d");
  assertEquals(await ask("//v1/traces", "[::1]:4318"), "http://[::1]:4318//v1/traces");
  assertEquals(await ask("http://other:1/a"), "http://other:1/a");
  assertEquals(await ask("/a"), `${own}/a`);
  for (const host of ["", "a b", "a/b", "user@host", "host:port", "a?b"]) {
    assertEquals(await ask("/a", host), `${own}/a`, host);
  }
  assertEquals(await ask("*"), `${own}/*`);
  assertEquals(shown(await exchange(server.port, ["GET http://[::bad/ HTTP/1.1\r\n\r\n"])), ["400 ", "open"]);
});

scenario("serveHttp1() answers 500 when a handler fails, tells why, and serves on", async () => {
  let calls = 0;
  await using server = start(() => {
    if (++calls === 1) throw new Error("broken");
    return calls === 2 ? Promise.reject(new Error("rejected")) : new Response("fine");
  });
  const request = "GET / HTTP/1.1\r\n\r\n";
  assertEquals(shown(await exchange(server.port, [request.repeat(3)])), ["500 ", "500 ", "200 fine", "open"]);
  assertEquals(server.errors.map(String), ["Error: broken", "Error: rejected"]);
});

scenario(
  "serveHttp1() asks clients not to come back on the same connection when places are short",
  async () => {
    await using server = start(echo, 2);
    using _other = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const reply = await exchange(server.port, ["GET /a HTTP/1.1\r\n\r\n"]);
    assertEquals(shown(reply), ["200 GET /a ", "ended"]);
    assertEquals(reply.answers[0]?.fields["connection"], "close");
  },
);
