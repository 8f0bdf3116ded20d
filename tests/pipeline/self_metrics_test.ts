import { assertEquals } from "@std/assert";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createSelfMetrics } from "../../src/pipeline/self_metrics.ts";
import type { Point } from "../../src/point/point.ts";

function fieldsOf(points: readonly Point[], source?: string): Record<string, unknown> {
  const point = points.find((p) => p.tags.get("source") === source);
  return Object.fromEntries(point?.fields ?? []);
}

Deno.test("self metrics tell what grew since they were last told, by source", () => {
  const ledger = createLedger();
  let now = 0;
  const self = createSelfMetrics({
    ledger,
    store: { held: () => 3, heldBytes: 900 },
    intervalMs: 60_000,
    now: () => now,
  });
  ledger.received("otlp", "tracing", 10);
  ledger.exported("otlp", "tracing", 6);
  ledger.dropped("otlp", "tracing", "store_full", 4);
  ledger.refused("otlp", "malformed", 2);
  self.flushed(12, 0);
  self.held(15);
  assertEquals(self.collect(), [], "not before the interval is over");
  now = 60_000;
  const points = self.collect();
  assertEquals(fieldsOf(points), {
    flushes: 1n,
    flush_ms: 12n,
    billed_ms: 15n,
    retried: 0n,
    held_points: 3n,
    held_bytes: 900n,
  });
  assertEquals(fieldsOf(points, "otlp"), {
    received: 10n,
    exported: 6n,
    dropped_store_full: 4n,
    refused_malformed: 2n,
  });
  assertEquals(points.map((p) => [p.measurement, p.timeNs]), [
    ["awslambda-extension", 60_000_000_000n],
    ["awslambda-extension", 60_000_000_000n],
  ]);
  ledger.received("otlp", "tracing", 1);
  now = 120_000;
  assertEquals(fieldsOf(self.collect(), "otlp"), { received: 1n });
});

Deno.test("self metrics stay silent when nothing but themselves was sent", () => {
  const ledger = createLedger();
  const self = createSelfMetrics({
    ledger,
    store: { held: () => 0, heldBytes: 0 },
    intervalMs: 0,
    now: () => 1,
  });
  ledger.received("self", "metric", 2);
  ledger.exported("self", "metric", 2);
  assertEquals(self.collect(true), []);
});
