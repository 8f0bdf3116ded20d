import { assertEquals } from "@std/assert";
import { createSinker } from "../../src/dataway/sinker.ts";
import type { Point } from "../../src/point/point.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";

function headersOf(keys: readonly string[], point: Partial<Point>): Readonly<Record<string, string>> {
  const sinker = createSinker({ keys, commonTags: () => new Map([["env", "prod"], ["region", "eu"]]) });
  return sinker.headersOf(batchOfPoints([{ ...testPoint("x"), ...point }]));
}

Deno.test("sinker names the keys that count of tags, text fields and common tags, then what DataKit makes keys of", () => {
  const keys = ["source", "category", "region", "service", "user", "code", "env", "message"];
  const tags = new Map([["service", "web"], ["other", "x"]]);
  const fields = new Map<string, string | bigint>([["user", "ann"], ["code", 5n]]);
  assertEquals(headersOf(keys, { tags, fields }), {
    "x-global-tags": "service=web,user=ann,env=prod,region=eu,category=logging,source=test",
  });
});

Deno.test("sinker takes a point's own tag before the common one, and no common ones where the point has its own only", () => {
  assertEquals(headersOf(["env"], { tags: new Map([["env", "dev"]]) }), { "x-global-tags": "env=dev" });
  assertEquals(headersOf(["env"], { ownTagsOnly: true }), {});
});

Deno.test("sinker lets no value end the header", () => {
  assertEquals(headersOf(["a"], { tags: new Map([["a", "x\r\ny: z"]]) }), { "x-global-tags": "a=x  y: z" });
});

Deno.test("sinker's common headers are those of the tags that all points share", () => {
  const sinker = createSinker({
    keys: ["env", "source"],
    commonTags: () => new Map([["env", "prod"], ["b", "c"]]),
  });
  assertEquals(sinker.commonHeaders(), { "x-global-tags": "env=prod" });
});
