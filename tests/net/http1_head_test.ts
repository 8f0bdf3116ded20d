import { assertEquals } from "@std/assert";
import { valueOf } from "../../src/header_fields.ts";
import { findHeadEnd, parseHead, type RequestHead } from "../../src/net/http1_head.ts";
import { cpuMs } from "../support/cpu_time.ts";

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function head(...lines: readonly string[]): RequestHead | number {
  return parseHead(bytes(`${lines.join("\r\n")}\r\n\r\n`));
}

function parsed(...lines: readonly string[]): RequestHead {
  const result = head(...lines);
  if (typeof result === "number") throw new Error(`Cannot use a head that was refused with ${result}`);
  return result;
}

Deno.test("findHeadEnd() finds the first empty line, whatever the lines end with and wherever it began to look", () => {
  const cases: readonly (readonly [text: string, end: number])[] = [
    ["GET / HTTP/1.1\r\n\r\nrest", 18],
    ["GET / HTTP/1.1\n\nrest", 16],
    ["GET / HTTP/1.1\r\n\nrest", 17],
    ["GET / HTTP/1.1\n\r\nrest", 17],
    ["\r\n\r\nGET / HTTP/1.1\r\n\r\n", 22],
    ["GET / HTTP/1.1\r\nhost: x\r\n", -1],
    ["GET / HTTP/1.1\r\n\r", -1],
    ["\r\n\r\n", -1],
    ["", -1],
  ];
  for (const [text, end] of cases) {
    assertEquals(findHeadEnd(bytes(text), 0), end, JSON.stringify(text));
    if (end > 0) assertEquals(findHeadEnd(bytes(text), end - 1), end, JSON.stringify(text));
  }
});

Deno.test("findHeadEnd() does not skip empty lines for ever", () => {
  assertEquals(findHeadEnd(bytes("\r\n".repeat(100)), 0) > 0, true);
});

Deno.test("parseHead() reads the line and the fields of a request", () => {
  const { method, target, fields, framing, isCurrent, keepAlive, expectsContinue } = parsed(
    "POST /v1/traces?a=b HTTP/1.1",
    "Host: 127.0.0.1:4318",
    "Content-Type:application/json",
    "X-Odd: \t a b\u00a0 \t",
    "content-length: 12",
  );
  assertEquals([method, target, isCurrent, keepAlive, expectsContinue], [
    "POST",
    "/v1/traces?a=b",
    true,
    true,
    false,
  ]);
  assertEquals(fields, [
    ["host", "127.0.0.1:4318"],
    ["content-type", "application/json"],
    ["x-odd", "a b\u00a0"],
    ["content-length", "12"],
  ]);
  assertEquals(framing, { kind: "length", bytes: 12 });
});

Deno.test("parseHead() keeps each byte of a value as one character", () => {
  const every = String.fromCharCode(...Array.from({ length: 128 }, (_, index) => 128 + index));
  assertEquals(valueOf(parsed("GET / HTTP/1.1", `x: |${every}|`).fields, "x"), `|${every}|`);
});

Deno.test("parseHead() tells how the body ends", () => {
  const cases: readonly (readonly [fields: readonly string[], framing: RequestHead["framing"] | number])[] = [
    [[], { kind: "none" }],
    [["content-length: 0"], { kind: "none" }],
    [["content-length: 007"], { kind: "length", bytes: 7 }],
    [["content-length: 7", "content-length: 7"], { kind: "length", bytes: 7 }],
    [["content-length: 7, 7"], { kind: "length", bytes: 7 }],
    [["transfer-encoding: Chunked"], { kind: "chunked" }],
    [["transfer-encoding: chunked", "content-length: 7"], { kind: "chunked" }],
    [["content-length: 7", "content-length: 8"], 400],
    [["content-length: -1"], 400],
    [["content-length: +1"], 400],
    [["content-length: 0x10"], 400],
    [["content-length: 1e3"], 400],
    [["content-length:"], 400],
    [["content-length: 9999999999999999"], 400],
    [["transfer-encoding: gzip, chunked"], 501],
    [["transfer-encoding: chunked, chunked"], 501],
    [["transfer-encoding: xchunked"], 501],
    [["transfer-encoding: chunked", "transfer-encoding: identity"], 501],
  ];
  for (const [fields, framing] of cases) {
    const result = head("POST / HTTP/1.1", ...fields);
    assertEquals(typeof result === "number" ? result : result.framing, framing, fields.join("; "));
  }
  assertEquals(head("POST / HTTP/1.0", "transfer-encoding: chunked"), 400);
});

Deno.test("parseHead() tells whether the connection stays", () => {
  const cases: readonly (readonly [version: string, connection: string, keepAlive: boolean])[] = [
    ["1.1", "", true],
    ["1.1", "close", false],
    ["1.1", "Close, TE", false],
    ["1.1", "keep-alive, Upgrade, HTTP2-Settings", true],
    ["1.0", "", false],
    ["1.0", "Keep-Alive", true],
  ];
  for (const [version, connection, keepAlive] of cases) {
    assertEquals(
      parsed(`GET / HTTP/${version}`, `connection: ${connection}`).keepAlive,
      keepAlive,
      connection,
    );
  }
});

Deno.test("parseHead() asks for the body only where there is one and the client waits for it", () => {
  const expect = "expect: 100-Continue";
  assertEquals(parsed("POST / HTTP/1.1", expect, "content-length: 1").expectsContinue, true);
  assertEquals(parsed("POST / HTTP/1.1", expect).expectsContinue, false);
  assertEquals(parsed("POST / HTTP/1.0", expect, "content-length: 1").expectsContinue, false);
  assertEquals(head("POST / HTTP/1.1", "expect: 200-ok", "content-length: 1"), 417);
});

Deno.test("parseHead() refuses what is no request that can be served, with the status that says so", () => {
  const cases: readonly (readonly [lines: readonly string[], status: number])[] = [
    [["nonsense"], 400],
    [["GET /"], 400],
    [["GET  / HTTP/1.1"], 400],
    [["GET /a b HTTP/1.1"], 400],
    [["G\u00e9T / HTTP/1.1"], 400],
    [["GET / HTTP/1.1 "], 400],
    [["GET / http/1.1"], 400],
    [["GET / HTTP/1.1", "no colon"], 400],
    [["GET / HTTP/1.1", ": no name"], 400],
    [["GET / HTTP/1.1", "space before : x"], 400],
    [["GET / HTTP/1.1", "a: b", " continued"], 400],
    [["GET / HTTP/1.1", "a: b\rc: d"], 400],
    [["GET / HTTP/1.1", "a: b\0"], 400],
    [["PRI * HTTP/2.0"], 505],
    [["GET / HTTP/3.0"], 505],
    [["CONNECT host:443 HTTP/1.1"], 405],
    [["TRACE / HTTP/1.1"], 405],
    [["GET / HTTP/1.1", ...Array.from({ length: 200 }, (_, index) => `x-${index}: y`)], 431],
  ];
  for (const [lines, status] of cases) assertEquals(head(...lines), status, lines.join("|").slice(0, 60));
});

Deno.test("parseHead() takes time in proportion to a head's length", () => {
  for (const filler of [" ", "\t", "\n", "\r\n", ":", ",", ", ", "a:\n", "a: \u00ff\n"]) {
    const text = `GET / HTTP/1.1\r\nconnection: ${filler.repeat(Math.floor(64_000 / filler.length))}\r\n\r\n`;
    const startedAt = cpuMs();
    findHeadEnd(bytes(text), 0);
    parseHead(bytes(text));
    const tookMs = cpuMs() - startedAt;
    assertEquals(tookMs < 250, true, `${JSON.stringify(filler)}: ${tookMs} ms`);
  }
});
