import { assertEquals } from "@std/assert";
import { createPointSink } from "../../../src/ingest/otlp/point_sink.ts";
import { createRecordingIntake } from "../../support/points.ts";

Deno.test("createPointSink() counts a point that Dataway's rules shorten, and keeps it", () => {
  const intake = createRecordingIntake();
  const { points, refused } = intake;
  const sink = createPointSink(intake);
  const draft = { category: "metric", measurement: "m", fields: [["f", 1n]], timeNs: 1n } as const;
  sink.add({ ...draft, tags: [["t", "short"]] });
  sink.add({ ...draft, tags: [["t", "x".repeat(2000)]] });
  sink.flush();
  assertEquals(points.map((point) => point.tags.get("t")?.length), [5, 1024]);
  assertEquals(refused, new Map([["trimmed", 1]]));
});
