import { assertEquals } from "@std/assert";
import { readDatadogObject, readDatadogText } from "../../src/log_metrics/datadog.ts";

const DISTRIBUTION = {
  name: "shop.orders",
  type: "distribution",
  value: 2,
  tagText: "service:checkout,region:eu",
  timestampS: 1_796_040_001,
} as const;

Deno.test("readDatadogObject() reads a metric of exactly these members", () => {
  const of = { e: 1_796_040_001, m: "shop.orders", t: ["service:checkout", "region:eu"], v: 2 };
  assertEquals(readDatadogObject(of), DISTRIBUTION);
  assertEquals(readDatadogObject({ ...of, e: 1_796_040_001.9 }), DISTRIBUTION);
  assertEquals(readDatadogObject({ e: of.e, m: of.m, v: of.v }), { ...DISTRIBUTION, tagText: "" });
  assertEquals(readDatadogObject({ ...of, t: null }), { ...DISTRIBUTION, tagText: "" });
  assertEquals(readDatadogObject({ ...of, level: "info" }), undefined);
  assertEquals(readDatadogObject({ m: "text", v: 1 }), undefined);
  assertEquals(readDatadogObject({ ...of, m: 7 }), undefined);
});

Deno.test("readDatadogObject() tells a metric that cannot be one", () => {
  const of = { e: 1_796_040_001, m: "shop.orders", t: [], v: 2 };
  for (
    const bad of [{ ...of, v: "2" }, { ...of, e: "now" }, { ...of, t: [1] }, { ...of, t: "a" }, {
      ...of,
      m: "",
    }]
  ) {
    assertEquals(readDatadogObject(bad), "malformed", JSON.stringify(bad));
  }
});

Deno.test("readDatadogText() reads the older form, also behind a runtime's columns", () => {
  const text = "MONITORING|1796040001|2|count|shop.orders|#service:checkout,region:eu";
  const counter = { ...DISTRIBUTION, type: "counter" } as const;
  assertEquals(readDatadogText(text), counter);
  assertEquals(readDatadogText(`2026-11-25T12:00:00.000Z\tid\tINFO\t${text}`), counter);
  assertEquals(readDatadogText("MONITORING|1796040001|12.5|gauge|x"), {
    name: "x",
    type: "gauge",
    value: 12.5,
    tagText: "",
    timestampS: 1_796_040_001,
  });
  for (
    const bad of [
      "MONITORING|now|1|count|x",
      "MONITORING|1|x|count|x",
      "MONITORING|1|1|rate|x",
      "MONITORING|1|1|count|",
    ]
  ) {
    assertEquals(readDatadogText(bad), "malformed", bad);
  }
  for (const other of ["MONITORING|1|0|check|x|#a", "the MONITORING|1|1|count|x", "plain", ""]) {
    assertEquals(readDatadogText(other), undefined, other);
  }
});
