import { assert, assertEquals, assertExists } from "@std/assert";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import type { Lease } from "../../src/pipeline/lease.ts";
import { createSelfMetrics, type SelfMetrics } from "../../src/pipeline/self_metrics.ts";
import type { Point } from "../../src/point/point.ts";
import { pointsOf } from "../support/points.ts";

interface Harness {
  readonly ledger: Ledger;
  readonly self: SelfMetrics;
  now: number;
  /** Takes figures, which must be due. */
  take(now?: boolean): Lease;
}

function newHarness(): Harness {
  const ledger = createLedger();
  const clock = { now: 0 };
  const self = createSelfMetrics({
    ledger,
    store: { held: () => 3, heldBytes: 900 },
    intervalMs: 60_000,
    now: () => clock.now,
  });
  return Object.assign(clock, {
    ledger,
    self,
    take: (now?: boolean) => {
      const lease = self.take(now);
      assertExists(lease);
      return lease;
    },
  });
}

function fieldsOf(points: readonly Point[], source?: string): Record<string, unknown> {
  const point = points.find((p) => p.tags.get("source") === source);
  return Object.fromEntries(point?.fields ?? []);
}

function otlpOf({ batch }: Lease): Record<string, unknown> {
  return fieldsOf(pointsOf(batch), "otlp");
}

Deno.test("self metrics tell what grew since they were last told, by source", () => {
  const harness = newHarness();
  harness.ledger.received("otlp", "tracing", 10);
  harness.ledger.received("otlp", "metric", 1);
  harness.ledger.exported("otlp", "tracing", 6);
  harness.ledger.dropped("otlp", "tracing", "store_full", 4);
  harness.ledger.refused("otlp", "malformed", 2);
  harness.self.flushed(12, 0);
  harness.self.held(15);
  assertEquals(harness.self.take(), undefined, "not before the interval is over");
  harness.now = 60_000;
  const lease = harness.take();
  const points = pointsOf(lease.batch);
  assertEquals(fieldsOf(points), {
    flushes: 1n,
    flush_ms: 12n,
    billed_ms: 15n,
    retried: 0n,
    held_points: 3n,
    held_bytes: 900n,
  });
  assertEquals(fieldsOf(points, "otlp"), {
    received: 11n,
    exported: 6n,
    dropped_store_full: 4n,
    refused_malformed: 2n,
  });
  for (const { measurement, timeNs } of points) {
    assertEquals([measurement, timeNs / 1_000_000n], ["awslambda-extension", 60_000n]);
  }
  lease.exported();
  harness.ledger.received("otlp", "tracing", 1);
  harness.now = 120_000;
  assertEquals(otlpOf(harness.take()), { received: 1n });
});

Deno.test("self metrics stay silent when nothing but themselves was sent", () => {
  const harness = newHarness();
  assertEquals(harness.self.take(true), undefined);
  harness.ledger.received("otlp", "metric");
  harness.take(true).exported();
  assertEquals(harness.self.take(true), undefined);
});

Deno.test("self metrics that Dataway refuses are a part of the next ones, and the sums are exact", () => {
  const harness = newHarness();
  const sums = { received: 0n, dropped_rejected: 0n };
  for (let round = 0; round < 10; round++) {
    harness.ledger.received("otlp", "logging", 100);
    harness.ledger.dropped("otlp", "logging", "rejected", 7);
    harness.now += 60_000;
    const lease = harness.take();
    if (round % 3 !== 0) {
      lease.drop("rejected");
      continue;
    }
    const { received = 0n, dropped_rejected = 0n } = otlpOf(lease) as Partial<typeof sums>;
    sums.received += received;
    sums.dropped_rejected += dropped_rejected;
    lease.exported();
  }
  assertEquals(sums, { received: 1000n, dropped_rejected: 70n });
  assertEquals(harness.self.untold(), {});
});

Deno.test("self metrics whose answer was lost are sent again as they were, and only then new ones", () => {
  const harness = newHarness();
  harness.ledger.received("otlp", "logging", 5);
  const first = harness.take(true);
  const sent = pointsOf(first.batch);
  assertEquals(harness.self.take(true), undefined, "they are on their way");
  first.putBack();
  harness.ledger.received("otlp", "logging", 2);
  harness.now = 1000;
  const again = harness.take();
  assertEquals(pointsOf(again.batch), sent);
  again.exported();
  assertEquals(otlpOf(harness.take(true)), { received: 2n });
});

Deno.test("self metrics may be halved, each half being told on its own", () => {
  const harness = newHarness();
  harness.ledger.received("otlp", "logging", 5);
  const [own, otlp] = harness.take(true).split();
  own.exported();
  otlp.drop("too_large");
  const next = harness.take(true);
  assertEquals(otlpOf(next), { received: 5n });
  assert(next.batch.count === 2);
});

Deno.test("self metrics know what no figures have told that arrived", () => {
  const harness = newHarness();
  harness.ledger.received("otlp", "logging", 5);
  harness.take(true).exported();
  harness.ledger.exported("otlp", "logging", 3);
  harness.ledger.refused("statsd", "malformed", 2);
  harness.take(true).putBack();
  assertEquals(harness.self.untold(), { otlp: { exported: 3 }, statsd: { refused_malformed: 2 } });
});
