import { assertEquals } from "@std/assert";
import { durationCost, pricesOf, requestCost } from "../../../src/lambda/usage/cost.ts";

Deno.test("requestCost() is the request and its GB-seconds at the list price", () => {
  const prices = pricesOf({ region: "eu-west-1", architecture: "aarch64" });
  assertEquals(prices === undefined ? undefined : requestCost(prices, 238, 512), 0.000_001_786_675);
});

Deno.test("pricesOf() knows the regions that cost more, and both architectures", () => {
  const price = (region: string, architecture: "x86_64" | "aarch64"): number | undefined =>
    pricesOf({ region, architecture })?.gbSecond;
  assertEquals(price("us-east-1", "x86_64"), 0.000_016_666_7);
  assertEquals(price("af-south-1", "x86_64"), 0.000_022_1);
  assertEquals(price("me-central-1", "aarch64"), 0.000_016_533_4);
});

Deno.test("pricesOf() knows provisioned concurrency's own price where it is published for all", () => {
  const initializationType = "provisioned-concurrency";
  const price = (region: string): number | undefined =>
    pricesOf({ region, architecture: "x86_64", initializationType })?.gbSecond;
  assertEquals([price("us-east-1"), price("af-south-1")], [0.000_009_722_2, undefined]);
});

Deno.test("pricesOf() knows none for China unless they are set, and never any for managed instances", () => {
  assertEquals(pricesOf({ region: "cn-north-1", architecture: "x86_64" }), undefined);
  assertEquals(pricesOf({ region: "cn-north-1", architecture: "x86_64" }, { gbSecond: 0.000_113 }), {
    request: 0.000_000_2,
    gbSecond: 0.000_113,
  });
  const initializationType = "lambda-managed-instances";
  const where = { region: "us-east-1", architecture: "x86_64", initializationType } as const;
  assertEquals(pricesOf(where, { gbSecond: 1 }), undefined);
});

Deno.test("durationCost() is the share of an init", () => {
  const prices = pricesOf({ region: "us-east-1", architecture: "x86_64" });
  assertEquals(prices === undefined ? undefined : durationCost(prices, 431.2, 1024), 0.000_007_186_681);
});
