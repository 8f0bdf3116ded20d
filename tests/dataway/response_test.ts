import { assertEquals } from "@std/assert";
import { decideResult, parseRetryAfterMs } from "../../src/dataway/response.ts";
import type { ExportResult } from "../../src/pipeline/exporter.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 9, 31, 0);

function resultOf(status: number, text = "", headers: Record<string, string> = {}): ExportResult {
  return decideResult({ status, headers: new Headers(headers), text }, NOW_MS);
}

Deno.test("decideResult() takes any 2xx for success", () => {
  for (const status of [200, 202, 204, 299]) assertEquals(resultOf(status), { status: "success" });
});

Deno.test("decideResult() shows nothing of a body in a coding that it did not ask for", () => {
  assertEquals(resultOf(400, "\u001f\ufffd\b", { "content-encoding": "GZIP" }), {
    status: "failure",
    reason: "rejected",
    error: 'Dataway answered 400: a body in "gzip", which was not asked for',
  });
  assertEquals(resultOf(500, "why", { "content-encoding": "identity" }), {
    status: "retryable",
    error: "Dataway answered 500: why",
  });
});

Deno.test("decideResult() takes a web page for nobody's answer: a captive portal has not stored the data", () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  for (
    const result of [
      resultOf(200, "", html),
      resultOf(202, "<!DOCTYPE html><html></html>"),
      resultOf(200, "<html>"),
    ]
  ) {
    assertEquals(result.status, "retryable");
  }
  // Nothing is no page, whatever a careless server calls it.
  assertEquals(resultOf(200, "", { ...html, "content-length": "0" }), { status: "success" });
  assertEquals(resultOf(204, "", html), { status: "success" });
  assertEquals(resultOf(200, '{"a":"<html>"}', { "content-type": "application/json" }), {
    status: "success",
  });
});

Deno.test("decideResult() keeps batches that were refused for the moment", () => {
  for (const status of [301, 307, 407, 408, 429, 500, 502, 503, 504, 599]) {
    assertEquals(resultOf(status).status, "retryable", String(status));
  }
});

Deno.test("decideResult() gives up batches that were refused for good, by reason", () => {
  const reasonOf = (result: ExportResult): string =>
    result.status === "failure" ? result.reason : result.status;
  assertEquals([400, 404, 405, 415, 422].map((status) => reasonOf(resultOf(status))), [
    "rejected",
    "rejected",
    "rejected",
    "rejected",
    "rejected",
  ]);
  assertEquals(reasonOf(resultOf(401)), "forbidden");
  assertEquals(reasonOf(resultOf(403)), "forbidden");
  assertEquals(reasonOf(resultOf(403, `{"error_code":"dataway.beyondDataUsage"}`)), "quota");
  assertEquals(reasonOf(resultOf(400, "beyondDataUsage")), "rejected");
});

Deno.test("decideResult() tells a body too large from one refused", () => {
  assertEquals(resultOf(413), { status: "too_large", error: "Dataway answered 413" });
});

Deno.test("decideResult() quotes the start of the answer in one line", () => {
  assertEquals(resultOf(400, ` bad\n\tpoint ${"x".repeat(500)}`), {
    status: "failure",
    error: `Dataway answered 400: bad point ${"x".repeat(190)}`,
    reason: "rejected",
  });
});

Deno.test("decideResult() names where a redirect leads, without its query", () => {
  assertEquals(resultOf(302, "", { location: "https://login.example/x?token=tkn_secret" }), {
    status: "retryable",
    error: "Dataway answered 302, a redirect to https://login.example/x",
  });
});

Deno.test("decideResult() passes on Retry-After in both forms", () => {
  assertEquals(resultOf(429, "", { "retry-after": "7" }), {
    status: "retryable",
    error: "Dataway answered 429",
    retryAfterMs: 7000,
  });
  assertEquals(resultOf(503, "", { "retry-after": "Sun, 22 Nov 2026 09:31:30 GMT" }), {
    status: "retryable",
    error: "Dataway answered 503",
    retryAfterMs: 30000,
  });
});

Deno.test("parseRetryAfterMs() clamps to 0 to 10 min and ignores what is neither form", () => {
  assertEquals(parseRetryAfterMs("0", NOW_MS), 0);
  assertEquals(parseRetryAfterMs("99999999999", NOW_MS), 600000);
  assertEquals(parseRetryAfterMs("Sun, 22 Nov 2026 09:30:00 GMT", NOW_MS), 0);
  assertEquals(parseRetryAfterMs("Sunday, 22-Nov-26 09:31:10 GMT", NOW_MS), 10000);
  for (const value of [null, "", "-3", "1.5", "soon", "Mon, 99 Foo 2026 09:00:00 GMT"]) {
    assertEquals(parseRetryAfterMs(value, NOW_MS), undefined, String(value));
  }
});
