import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { createRings, type HeldKind, type Ring, type Rings } from "../../src/recorder/rings.ts";
import { UNKNOWN_MASK } from "../../src/point/point_range.ts";

const RING_BYTES = 256 * 1024;
const TOTAL_BYTES = 1024 * 1024;
const LOG: HeldKind = { source: "telemetry", category: "logging", reason: "level" };
const SPAN: HeldKind = { source: "otlp", category: "tracing", reason: "sampled" };

interface Setup {
  readonly rings: Rings;
  /** Points pushed out of all rings. */
  evicted: number;
  open(): Ring;
}

function setUp(): Setup {
  const rings = createRings({ ringBytes: RING_BYTES, totalBytes: TOTAL_BYTES });
  const setup: Setup = {
    rings,
    evicted: 0,
    open: () => rings.open((_held, count) => void (setup.evicted += count)),
  };
  return setup;
}

/** A point of so many bytes that tells its number in the first four. */
function numbered(number: number, length = 200): Uint8Array {
  const bytes = new Uint8Array(length).fill(7);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function numbersIn(ring: Ring): number[] {
  const numbers: number[] = [];
  ring.drain((_held, bytes) => numbers.push(new DataView(bytes.slice().buffer).getUint32(0)));
  return numbers;
}

function fill(ring: Ring, count: number, length?: number): void {
  for (let i = 0; i < count; i++) ring.add(LOG, numbered(i, length), length ?? 200, UNKNOWN_MASK);
}

Deno.test("drain() gives points back as they came, with what is known of each", () => {
  const ring = setUp().open();
  const buffer = new Uint8Array(1000);
  for (const [kind, length, mask] of [[LOG, 10, 3], [SPAN, 700, -1], [LOG, 1, 0]] as const) {
    buffer.fill(length % 256);
    ring.add(kind, buffer, length, mask);
  }
  const seen: unknown[] = [];
  ring.oldest((held, bytes) => seen.push([held, bytes.length]));
  ring.drain((held, bytes, mask) => seen.push([held, Array.from(new Set(bytes)), bytes.length, mask]));
  assertEquals(seen, [
    [LOG, 10],
    [LOG, [10], 10, 3],
    [SPAN, [700 % 256], 700, -1],
    [LOG, [1], 1, 0],
  ]);
  assertEquals(ring.count, 0);
});

Deno.test("a ring keeps the newest 256 KiB, and tells of each point that went for them", () => {
  const setup = setUp();
  const ring = setup.open();
  fill(ring, 10_000);
  assertLessOrEqual(setup.rings.heldBytes, RING_BYTES);
  assertEquals(ring.count + setup.evicted, 10_000);
  const kept = ring.count;
  // At most a segment of 16 KiB is free, and the index of frames is no part of the bound.
  assertGreater(kept * 200, RING_BYTES - 2 * 16 * 1024);
  assertEquals(numbersIn(ring), Array.from({ length: kept }, (_, i) => 10_000 - kept + i));
  assertEquals(setup.rings.heldBytes, 0);
});

Deno.test("all rings together keep 1 MiB: the longest held goes first, and before it what yields", () => {
  const setup = setUp();
  const rings = Array.from({ length: 6 }, setup.open);
  rings.slice(0, 4).forEach((ring) => fill(ring, 1_200));
  rings[2]?.yield();
  const before = rings.map(({ count }) => count);
  fill(rings[4] ?? setup.open(), 600);
  assertLessOrEqual(setup.rings.heldBytes, TOTAL_BYTES);
  assertEquals(rings.slice(0, 4).map(({ count }, i) => count === before[i]), [true, true, false, true]);
  fill(rings[5] ?? setup.open(), 1_200);
  assertLessOrEqual(setup.rings.heldBytes, TOTAL_BYTES);
  assertEquals(rings[2]?.count, 0);
  assertEquals(rings[3]?.count, before[3]);
  const held = rings.reduce((sum, { count }) => sum + count, 0);
  assertEquals([setup.rings.held, held + setup.evicted], [held, 4 * 1_200 + 600 + 1_200]);
});

Deno.test("one that alone is more than a ring may have is not taken, and pushes nothing out", () => {
  const setup = setUp();
  const ring = setup.open();
  fill(ring, 100);
  assertEquals(ring.add(LOG, new Uint8Array(RING_BYTES), RING_BYTES, UNKNOWN_MASK), false);
  assertEquals([ring.count, setup.evicted], [100, 0]);
  const length = RING_BYTES - 100;
  assertEquals(ring.add(LOG, new Uint8Array(length), length, UNKNOWN_MASK), true);
  assertEquals([ring.count, setup.evicted], [1, 100]);
});

Deno.test("shed() gives up the oldest segments; clear() counts each kind", () => {
  const setup = setUp();
  const [first, second] = [setup.open(), setup.open()];
  fill(first, 500);
  fill(second, 500);
  second.add(SPAN, numbered(1), 200, UNKNOWN_MASK);
  setup.rings.shed(60_000);
  assertLessOrEqual(setup.rings.heldBytes, 60_000);
  assertEquals(first.count, 0);
  const counts = new Map<string, number>();
  const left = second.count;
  second.clear(({ category }, count) => counts.set(category, (counts.get(category) ?? 0) + count));
  assertEquals(counts, new Map([["logging", left - 1], ["tracing", 1]]));
  setup.rings.shed(0);
  assertEquals([setup.rings.heldBytes, setup.rings.held], [0, 0]);
});
