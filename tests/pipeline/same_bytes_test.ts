import { assertEquals, assertExists } from "@std/assert";
import { batchOf } from "../../src/pipeline/exporter.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { decodeSpoolFile } from "../../src/pipeline/spool_format.ts";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { FieldValue } from "../../src/point/point.ts";
import { sliceOf } from "../../src/point/point_range.ts";
import { createFakeDisk } from "./fake_files.ts";
import { startSpoolProcess } from "./spool_process.ts";

const NO_TAGS = encodeCommonTags(new Map(), createCommonKeys([]));
const FIELDS: readonly (readonly [string, FieldValue])[] = [
  ["message", "héllo\n"],
  ["status", "warn"],
  ["n", 7n],
  ["f", 0.1],
  ["yes", true],
  ["many", ["a", "b"]],
  ["u", { unsigned: 2n ** 64n - 1n }],
];

const joined = (parts: readonly Uint8Array[]): string => parts.map((part) => part.toHex()).join("");

Deno.test("a batch, its halves, what the spool keeps and gives back, and an upload's body are the same bytes", () => {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk);
  const { write } = createIntakeHub({ store: run.store, ledger: run.ledger }).of("otlp");
  // Of several segments.
  for (let n = 0; n < 2_000; n++) {
    const tags = [["host", `h${n % 7}`]] as const;
    write({ category: "logging", measurement: "m", tags, fields: FIELDS, timeNs: BigInt(n) });
  }
  const lease = run.store.take("logging", { maxBytes: 1e7 });
  assertExists(lease);
  assertEquals(lease.batch.count, 2_000);
  const bytes = joined(lease.batch.ranges.map(sliceOf));
  assertEquals(joined([ENCODINGS.v2.encode(lease.batch, NO_TAGS)]), bytes);
  const halves = lease.split();
  assertEquals(joined(halves.flatMap(({ batch }) => batch.ranges.map(sliceOf))), bytes);
  for (const half of halves) half.putBack();

  run.spool.spill(1_000);
  assertEquals(run.store.held(), 0);
  const payloads = Array.from(disk.contents.values(), (file) => decodeSpoolFile(file)?.payload);
  assertEquals(joined(payloads.map((payload) => payload ?? new Uint8Array(0))), bytes);
  const replayed: Uint8Array[] = [];
  for (let again = run.spool.take(); again !== undefined; again = run.spool.take()) {
    replayed.push(ENCODINGS.v2.encode(batchOf("logging", again.batch.ranges), NO_TAGS));
    again.exported();
  }
  assertEquals(joined(replayed), bytes);
});
