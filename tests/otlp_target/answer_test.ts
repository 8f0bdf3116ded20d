import { assertEquals } from "@std/assert";
import { decideTargetResult } from "../../src/otlp_target/answer.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };

function decide(
  status: number,
  headers: Record<string, string> = {},
  body: string | Uint8Array = "",
): unknown {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const text = new TextDecoder().decode(bytes);
  return decideTargetResult({ status, headers: new Headers(headers), text, bytes }, 0);
}

Deno.test("only what the specification names is sent again", () => {
  for (let status = 200; status < 600; status++) {
    const result = Object(decide(status))["status"];
    const expected = status < 300
      ? "success"
      : status === 413
      ? "too_large"
      : status < 400 || [407, 429, 502, 503, 504].includes(status)
      ? "retryable"
      : "failure";
    assertEquals([status, result], [status, expected]);
  }
});

Deno.test("Retry-After is honoured, and its absence is none", () => {
  assertEquals(decide(503, { "retry-after": "7" }), {
    status: "retryable",
    error: "The OTLP target answered 503",
    retryAfterMs: 7000,
  });
});

Deno.test("a part that was refused is counted, whatever the encoding, also beyond seven bits", () => {
  // `partial_success { rejected: 300, error_message: "no" }`.
  const body = Uint8Array.from([0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2, 0x6e, 0x6f]);
  assertEquals(decide(200, PROTOBUF, body), { status: "success", rejected: 300, error: "no" });
  const json = JSON.stringify({ partialSuccess: { rejectedLogRecords: "4", errorMessage: "old" } });
  assertEquals(decide(200, { "content-type": "application/json" }, json), {
    status: "success",
    rejected: 4,
    error: "old",
  });
});

Deno.test("a success is one whatever its body is", () => {
  for (const body of ["", "OK", "\x0a", "\x0a\x7f", "\x0a\x02\x08\x00", "{}"]) {
    assertEquals(decide(200, PROTOBUF, body), { status: "success" }, JSON.stringify(body));
    assertEquals(decide(200, { "content-type": "application/json" }, body), { status: "success" });
  }
});

Deno.test("a refusal says why, of whichever form", () => {
  const error = "The OTLP target answered 400: bad\n".trim();
  assertEquals(decide(400, PROTOBUF, "\x08\x03\x12\x03bad"), {
    status: "failure",
    reason: "rejected",
    error,
  });
  assertEquals(decide(400, {}, "bad\n"), { status: "failure", reason: "rejected", error });
  assertEquals(Object(decide(403))["reason"], "forbidden");
  assertEquals(
    Object(decide(301, { location: "https://a/b?key=secret" }))["error"],
    "The OTLP target answered 301, a redirect to https://a/b",
  );
});

Deno.test("a web page is nobody's success: a captive portal has not stored the data", () => {
  for (
    const [headers, body] of [[{ "content-type": "text/html" }, "Please log in"], [
      {},
      "<!DOCTYPE html>",
    ]] as const
  ) {
    assertEquals(Object(decide(200, headers, body))["status"], "retryable");
  }
  assertEquals(decide(200, { "content-type": "text/html", "content-length": "0" }), { status: "success" });
});
