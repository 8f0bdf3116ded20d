import { assertEquals } from "@std/assert";
import { makePoint } from "../../src/pipeline/make_point.ts";
import type { PointDraft } from "../../src/point/point.ts";

const DRAFT: PointDraft = {
  category: "logging",
  measurement: "m",
  tags: [],
  fields: [["f", 1n]],
  timeNs: 1n,
};

/** What a draft counts as, and what was told of it. */
function outcome(parts: Partial<PointDraft>): [made: boolean, counted: string[], told: string[]] {
  const counted: string[] = [];
  const told: string[] = [];
  const point = makePoint({ ...DRAFT, ...parts }, (reason) => void counted.push(reason), {
    changed: (change) => void told.push(change),
  });
  return [point !== undefined, counted, told];
}

Deno.test("makePoint() counts a point once that lost anything, and says what", () => {
  assertEquals(outcome({}), [true, [], []]);
  assertEquals(outcome({ tags: [["t", "x".repeat(2000)]] }), [true, ["trimmed"], ["value_cut"]]);
  assertEquals(outcome({ tags: [["t", "x".repeat(2000)], ["k".repeat(300), "v"]] }), [
    true,
    ["trimmed"],
    ["value_cut", "key_cut"],
  ]);
  assertEquals(outcome({ measurement: "m".repeat(2000) }), [true, ["trimmed"], ["value_cut"]]);
});

Deno.test("makePoint() does not count what is no point", () => {
  assertEquals(outcome({ category: "metric", fields: [["f", "text"]] }), [
    false,
    [],
    ["value_dropped", "no_field"],
  ]);
});

Deno.test("makePoint() counts what the caller has cut, once for a point", () => {
  for (const tags of [[], [["t", "x".repeat(2000)] as const]]) {
    const counted: string[] = [];
    makePoint({ ...DRAFT, tags }, (reason) => void counted.push(reason), { isTrimmed: true });
    assertEquals(counted, ["trimmed"]);
  }
});
