import { assertEquals } from "@std/assert";
import { createPointSink } from "../../../src/ingest/otlp/point_sink.ts";
import type { Point } from "../../../src/point/point.ts";

Deno.test("createPointSink() counts a point that Dataway's rules shorten, and keeps it", () => {
  const points: Point[] = [];
  const refused: string[] = [];
  const sink = createPointSink({
    consume: (some) => void points.push(...some),
    refuse: (reason) => void refused.push(reason),
  });
  const draft = { category: "metric", measurement: "m", fields: [["f", 1n]], timeNs: 1n } as const;
  sink.add({ ...draft, tags: [["t", "short"]] });
  sink.add({ ...draft, tags: [["t", "x".repeat(2000)]] });
  sink.flush();
  assertEquals(points.map((point) => point.tags.get("t")?.length), [5, 1024]);
  assertEquals(refused, ["trimmed"]);
});
