import { assertEquals } from "@std/assert";
import { createRecentSpans, type SpanMark } from "../../../src/ingest/ddtrace/recent_spans.ts";
import { harness, pack } from "./support.ts";

const SPAN: SpanMark = { traceLow: 1, traceHigh: 0, spanLow: 1, spanHigh: 0, startLow: 5, startHigh: 0 };

Deno.test("createRecentSpans() knows a span by its trace, id and start, all of their bits", () => {
  const isKnown = createRecentSpans();
  assertEquals([isKnown(SPAN), isKnown({ ...SPAN })], [false, true]);
  for (const part of Object.keys(SPAN)) {
    for (const value of [7, 0x8000_0000, 0xffff_ffff]) {
      const other = { ...SPAN, [part]: value };
      assertEquals([isKnown(other), isKnown({ ...other })], [false, true], part);
    }
  }
});

Deno.test("createRecentSpans() knows the last half of its number, and not much more", () => {
  const isKnown = createRecentSpans(10_000);
  const spans = Array.from({ length: 40_000 }, (_, i) => ({ ...SPAN, spanLow: i + 1, spanHigh: i % 3 }));
  for (const span of spans) assertEquals(isKnown(span), false);
  assertEquals(spans.slice(-5_000).every(isKnown), true);
  assertEquals(spans.slice(0, 100).some(isKnown), false);
});

Deno.test("a long-running span is taken each time it comes", async () => {
  for (const sign of ["_dd.partial_version", "_dd.was_long_running"]) {
    const h = harness();
    const body = pack([[{ trace_id: 1, span_id: 2, start: 1700000000000000000n, metrics: { [sign]: 1 } }]]);
    for (let i = 0; i < 2; i++) assertEquals((await h.send("/v0.4/traces", body)).status, 200);
    assertEquals([h.points.length, h.refused.size], [2, 0]);
  }
});

Deno.test("a payload sent again is counted as duplicates and answered as before", async () => {
  const h = harness();
  const body = pack([[{ trace_id: 1, span_id: 2, start: 1700000000000000000n }]]);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals(h.points.length, 1);
  assertEquals([...h.refused], [["duplicate", 1]]);
});
