import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type AnswerReader, createAnswerReader } from "../../../src/dataway/http/answer_reader.ts";

const ROOM = 1000;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** A reader that got the text, in pieces of `size` bytes. */
function read(text: string, size = Infinity): AnswerReader {
  const answer = createAnswerReader(ROOM);
  const bytes = bytesOf(text);
  for (let at = 0; at < bytes.byteLength; at += size) answer.push(bytes.subarray(at, at + size));
  return answer;
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Deno.test("answer reader reads an answer whatever pieces it comes in", () => {
  const texts = [
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nno",
    "HTTP/1.1 429\r\nRetry-After: 3\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\nn\r\n1\r\no\r\n0\r\nt: x\r\n\r\n",
  ];
  for (const text of texts) {
    for (const size of [1, 2, 7, Infinity]) {
      const answer = read(text, size);
      assertEquals(
        [answer.head()?.status, answer.head()?.headers.get("retry-after"), answer.text()],
        [429, "3", "no"],
      );
      assert(answer.isComplete());
      assert(answer.isReusable());
    }
    assertFalse(read(text.slice(0, -1), 5).isComplete());
  }
});

Deno.test("answer reader knows when a connection may serve another request", () => {
  const reusable = (text: string): boolean => read(text).isReusable();
  assert(reusable("HTTP/1.1 204 No Content\r\n\r\n"));
  assert(reusable("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"));
  assert(reusable("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"));
  assert(reusable(`${CHUNKED}0\r\n\r\n`));
  assertFalse(reusable("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.0");
  assertFalse(reusable("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n"), "close");
  assertFalse(reusable("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"), "unfinished");
  assertFalse(reusable("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"), "surplus");
  assertFalse(reusable(`${CHUNKED}0\r\n\r\nx`), "surplus behind chunks");
  assertFalse(reusable("HTTP/1.1 200 OK\r\n\r\nab"), "no length");
  assertFalse(reusable("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), "two lengths");
});

Deno.test("answer reader ends a body without a length with its connection", () => {
  const answer = read("HTTP/1.0 200 OK\r\n\r\nab");
  assertFalse(answer.isComplete());
  answer.end();
  assert(answer.isComplete());
  assertEquals(answer.text(), "ab");
});

Deno.test("answer reader keeps no more of a body than it has room for", () => {
  for (const head of ["HTTP/1.1 200 OK\r\n\r\n", `${CHUNKED}ffffff\r\n`]) {
    const answer = read(head);
    for (let count = 0; count < 10; count++) answer.push(new Uint8Array(300).fill(97));
    assert(answer.isComplete());
    assertFalse(answer.isReusable());
    assertEquals(answer.text().length, ROOM);
  }
});

Deno.test("answer reader refuses heads, chunk sizes and trailers that have no end", () => {
  const endless: readonly (readonly [begin: string, more: string])[] = [
    ["", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["", "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\n", "x: aaaaaaaa\r\n"],
    ["HTTP/1.1 200 OK\r\nx: ", "aaaaaaaaaaaa"],
    [`${CHUNKED}1;`, "aaaaaaaaaaaaa"],
    [`${CHUNKED}0\r\n`, "x: aaaaaaaa\r\n"],
  ];
  for (const [begin, more] of endless) {
    const answer = read(begin);
    let pushed = 0;
    assertThrows(() => {
      for (; pushed < 100_000; pushed += more.length) answer.push(bytesOf(more));
    }, TypeError);
    assert(pushed < 70_000, more);
  }
});

Deno.test("answer reader refuses what is no HTTP answer", () => {
  for (
    const text of ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n"]
  ) {
    assertThrows(() => read(text), TypeError, "Cannot read the answer as it is not HTTP/1.1");
  }
  for (const text of ["", "HTTP/1.1 200", "x"]) assertThrows(() => read(text).end(), TypeError);
  for (const chunk of ["", "g\r\n", "-1\r\n", "fffffffff\r\n", "1\r\nab\r\n"]) {
    assertThrows(() => read(`${CHUNKED}${chunk}\r\n\r\n`), TypeError);
  }
});

Deno.test("answer reader survives any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (tail) => {
    const answer = createAnswerReader(ROOM);
    answer.push(bytesOf("HTTP/1.1 200 OK\r\nx: "));
    answer.push(tail);
    answer.push(bytesOf("\r\n\r\n"));
    assertEquals(answer.head()?.status, 200);
  }));
});

Deno.test("answer reader takes chunks as their sender cut them, in whatever pieces they come", () => {
  const parts = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: "binary-ascii" }), { maxLength: 10 });
  fc.assert(fc.property(parts, fc.integer({ min: 1, max: 40 }), (texts, size) => {
    const body = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("");
    const answer = read(`${CHUNKED}${body}0\r\n\r\n`, size);
    assertEquals([answer.text(), answer.isReusable()], [texts.join(""), true]);
  }));
});
