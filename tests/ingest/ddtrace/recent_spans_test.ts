import { assertEquals } from "@std/assert";
import { createRecentSpans } from "../../../src/ingest/ddtrace/recent_spans.ts";
import { type DdSpan, emptySpan } from "../../../src/ingest/ddtrace/span.ts";
import { harness, pack } from "./support.ts";

function span(spanId: bigint, members: Partial<DdSpan> = {}): DdSpan {
  return { ...emptySpan(), traceId: 1n, spanId, startNs: 5n, ...members };
}

Deno.test("createRecentSpans() knows a span by its trace, id and start", () => {
  const isKnown = createRecentSpans();
  assertEquals(isKnown(span(1n)), false);
  assertEquals(isKnown(span(1n)), true);
  assertEquals(isKnown(span(1n, { startNs: 6n })), false);
  assertEquals(isKnown(span(1n, { startNs: 6n, traceId: 2n })), false);
});

Deno.test("createRecentSpans() forgets the oldest", () => {
  const isKnown = createRecentSpans(2);
  for (const id of [1n, 2n, 3n]) isKnown(span(id));
  assertEquals([isKnown(span(3n)), isKnown(span(2n)), isKnown(span(1n))], [true, true, false]);
});

Deno.test("createRecentSpans() lets a growing span pass each time", () => {
  const isKnown = createRecentSpans();
  const growing = span(1n, { metrics: new Map([["_dd.partial_version", 1]]) });
  assertEquals([isKnown(growing), isKnown(growing)], [false, false]);
});

Deno.test("a payload sent again is counted as duplicates and answered as before", async () => {
  const h = harness();
  const body = pack([[{ trace_id: 1, span_id: 2, start: 1700000000000000000n }]]);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals(h.points.length, 1);
  assertEquals([...h.refused], [["duplicate", 1]]);
});
