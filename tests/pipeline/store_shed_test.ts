/** Which points a full store drops, against a simple model: of the fullest category the oldest, one by one. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type StoreLease } from "../../src/pipeline/store.ts";
import type { Category, Source } from "../../src/point/point.ts";
import { contentOf } from "../../src/point/point_range.ts";

/** A place in the segment's index. */
const INDEX_BYTES = 9;
const CATEGORIES = ["logging", "metric", "tracing"] as const satisfies readonly Category[];
const SOURCES = ["otlp", "datakit", "statsd"] as const satisfies readonly Source[];

interface Held {
  readonly id: number;
  readonly source: Source;
  readonly category: Category;
  /** Framed. */
  readonly bytes: number;
}

interface Model {
  /** In the order in which categories were first seen. */
  readonly waiting: Map<Category, Held[]>;
  readonly lent: Map<Category, Held[]>;
  readonly dropped: Map<string, number>;
}

const sum = (points: readonly Held[] = [], each = 0): number =>
  points.reduce((all, { bytes }) => all + bytes + each, 0);

function heldBytes({ waiting, lent }: Model): number {
  return [...waiting.values(), ...lent.values()].reduce((all, points) => all + sum(points, INDEX_BYTES), 0);
}

function shed(model: Model, limit: number): void {
  while (heldBytes(model) > limit) {
    const [fullest] = [...model.waiting.values()].sort((a, b) => sum(b) - sum(a));
    const point = fullest?.shift();
    if (point === undefined) return;
    const name = `${point.source}/${point.category}`;
    model.dropped.set(name, (model.dropped.get(name) ?? 0) + 1);
  }
}

const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      category: fc.constantFrom(...CATEGORIES),
      source: fc.constantFrom(...SOURCES),
      length: fc.oneof(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 4, max: 900 })),
      times: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("lend" as const, "putBack" as const, "export" as const),
      category: fc.constantFrom(...CATEGORIES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("shed" as const), share: fc.constantFrom(0, 0.3, 0.9) }),
  },
);

Deno.test("a full store drops the oldest of the fullest category, never one more than it must", () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 500, max: 20_000 }),
      (actions, max) => {
        const ledger = createLedger();
        const store = createPointStore({ maxBytes: max, ledger });
        const model: Model = { waiting: new Map(), lent: new Map(), dropped: new Map() };
        const leases = new Map<Category, StoreLease>();
        let id = 0;
        for (const each of actions) {
          if (each.kind === "append") {
            const { category, source, length } = each;
            for (let n = 0; n < each.times; n++) {
              const bytes = new Uint8Array(length);
              new DataView(bytes.buffer).setUint32(0, ++id);
              store.append(source, category, bytes, length, 0);
              const framed = length + (length < 128 ? 2 : 3);
              model.waiting.set(category, [...model.waiting.get(category) ?? [], {
                id,
                source,
                category,
                bytes: framed,
              }]);
              shed(model, max);
            }
          } else if (each.kind === "shed") {
            store.shed(max * each.share, "store_full");
            shed(model, max * each.share);
          } else if (each.kind === "lend") {
            if (leases.has(each.category)) continue;
            const lease = store.take(each.category, { maxBytes: Infinity });
            if (lease === undefined) continue;
            leases.set(each.category, lease);
            model.lent.set(each.category, model.waiting.get(each.category)?.splice(0) ?? []);
          } else {
            const lease = leases.get(each.category);
            if (lease === undefined) continue;
            leases.delete(each.category);
            const lent = model.lent.get(each.category) ?? [];
            model.lent.delete(each.category);
            if (each.kind === "export") lease.exported();
            else {
              model.waiting.get(each.category)?.unshift(...lent);
              lease.putBack();
              shed(model, max);
            }
          }
          assertEquals(store.heldBytes, heldBytes(model));
        }
        for (const lease of leases.values()) lease.exported();
        for (const category of CATEGORIES) {
          const waiting = model.waiting.get(category)?.map((point) => point.id) ?? [];
          const ranges = store.take(category, { maxBytes: Infinity })?.batch.ranges ?? [];
          const ids = ranges.flatMap((range) =>
            Array.from({ length: range.to - range.from }, (_, n) => {
              const content = contentOf(range, range.from + n);
              return new DataView(content.buffer, content.byteOffset).getUint32(0);
            })
          );
          assertEquals(ids, waiting);
        }
        const dropped = ledger.entries().flatMap((entry): [string, number][] => {
          const count = entry.dropped.get("store_full");
          return count === undefined ? [] : [[`${entry.source}/${entry.category}`, count]];
        });
        assertEquals(new Map(dropped), model.dropped);
      },
    ),
    { numRuns: 400 },
  );
});
