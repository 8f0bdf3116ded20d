import { assertEquals } from "@std/assert";
import { describeEvent } from "./describe_event.ts";

const CASES: readonly (readonly [event: unknown, words: string])[] = [
  [{ httpMethod: "POST", path: "/orders" }, "POST /orders"],
  [{ rawPath: "/orders/1042", requestContext: { http: { method: "GET" } } }, "GET /orders/1042"],
  [{ Records: [{ eventSource: "aws:sqs" }, {}, {}] }, "aws:sqs × 3"],
  [{ Records: [{ EventSource: "aws:sns" }] }, "aws:sns"],
  [{ "detail-type": "order.created", source: "shop" }, "order.created"],
  [{ name: "order 1", logs: [] }, "order 1"],
  [{ answer: 42 }, '{"answer":42}'],
  [null, "null"],
];

Deno.test("describeEvent() calls an event what a person would", () => {
  for (const [event, words] of CASES) assertEquals(describeEvent(JSON.stringify(event)), words);
  assertEquals(describeEvent("no json\n at all"), "no json at all");
  assertEquals(describeEvent(JSON.stringify({ text: "x".repeat(500) })).length, 80);
});
