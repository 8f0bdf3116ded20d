import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createAnswerReader } from "../../src/dataway/answer_reader.ts";

const encoder = new TextEncoder();

Deno.test("createAnswerReader() reads an answer whatever pieces it comes in", async () => {
  const text =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nno";
  const bytes = encoder.encode(text);
  for (const size of [1, 7, bytes.byteLength]) {
    const answer = createAnswerReader();
    for (let at = 0; at < bytes.byteLength; at += size) {
      assertFalse(answer.complete());
      answer.push(bytes.subarray(at, at + size));
    }
    assert(answer.complete());
    const response = answer.toResponse();
    assertEquals(
      [response.status, response.headers.get("retry-after"), await response.text()],
      [429, "3", "no"],
    );
  }
});

Deno.test("createAnswerReader() ends an answer without a body at its head, one without a length never", () => {
  const empty = createAnswerReader();
  empty.push(encoder.encode("HTTP/1.1 204 No Content\r\n\r\n"));
  assert(empty.complete());
  const endless = createAnswerReader();
  endless.push(encoder.encode("HTTP/1.0 200 OK\r\n\r\nab"));
  assertFalse(endless.complete());
  assert(endless.hasHead());
  endless.push(new Uint8Array(70_000));
  assert(endless.complete());
});

Deno.test("createAnswerReader() refuses what is no HTTP answer", () => {
  for (
    const text of ["", "HTTP/1.1 200", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "HTTP/2 200\r\n\r\n"]
  ) {
    const answer = createAnswerReader();
    answer.push(encoder.encode(text));
    assertThrows(() => answer.toResponse(), TypeError, "Cannot read the answer as it is not HTTP/1.1");
  }
});

Deno.test("createAnswerReader() survives any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (tail) => {
    const answer = createAnswerReader();
    answer.push(encoder.encode("HTTP/1.1 200 OK\r\nx: "));
    answer.push(tail);
    answer.push(encoder.encode("\r\n\r\n"));
    assertEquals(answer.toResponse().status, 200);
  }));
});
