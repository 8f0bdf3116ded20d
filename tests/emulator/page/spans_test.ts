import { assertEquals } from "@std/assert";
import type { ReceivedPoint } from "../dataway.ts";
import { spansOf, traceIdOf } from "./spans.ts";
import type { StartRow } from "./state.ts";
import type { SentPoint } from "./watch_dataway.ts";
import type { WatchedInvocation } from "./watch_sandbox.ts";

const STARTED_AT = 1_700_000_000_000;
const START: StartRow = { life: 1, t: 100, registerMs: 20, extensionReadyMs: 60, functionReadyMs: 80 };
const INVOCATION: WatchedInvocation = {
  payload: "{}",
  row: {
    ...{ n: 1, id: "id", t: 300, run: 100, hold: 10, init: 90, inside: 0, billed: 200, mem: 100 },
    ...{ status: "ok", ev: "", pts: [0, 0, 0], wait: [0, 0, 0], lost: [0, 0, 0], err: "" },
  },
};

function span(measurement: string, id: string, parent: string, atMs: number, resource: string): SentPoint {
  const startUs = BigInt(Math.round(1000 * (STARTED_AT + 300 + atMs)));
  const point: ReceivedPoint = {
    category: "tracing",
    measurement,
    tags: new Map([["status", resource === "fails" ? "error" : "ok"]]),
    fields: new Map<string, string | bigint>([
      ["span_id", id],
      ["parent_id", parent],
      ["trace_id", "4bf9"],
      ["resource", resource],
      ["start", startUs],
      ["duration", 5000n],
    ]),
    timeNs: startUs * 1000n,
  };
  return { point, inv: 1, uploads: [1], place: 0, arrived: true };
}

function outline(spans: ReturnType<typeof spansOf>): readonly string[] {
  const depth = (at: number): number => at < 0 ? -1 : 1 + depth(spans[at]?.parent ?? -1);
  return spans.map(({ name, t, error }, at) => `${"  ".repeat(depth(at))}${name} ${t}${error ? " !" : ""}`);
}

Deno.test("spansOf() puts the platform's, OTLP's and ddtrace's spans into one tree", () => {
  const points = [
    // A child of OpenTelemetry under a parent of Datadog, which writes ids in decimal.
    span("opentelemetry", "00000000000000ff", "0000000000000063", 20, "SELECT"),
    span("ddtrace", "99", "0", 5, "handler"),
    span("opentelemetry", "00000000000000aa", "53995c3f42cd8ad8", 3, "POST /orders"),
    span("opentelemetry", "00000000000000bb", "00000000000000aa", 8, "fails"),
  ];
  assertEquals(outline(spansOf(INVOCATION, points, START, STARTED_AT)), [
    "init -91",
    "  extension ready -91",
    "invocation 0",
    "  POST /orders 3",
    "    fails 8 !",
    "  handler 5",
    "    SELECT 20",
    "  extension hold 100",
  ]);
  assertEquals(traceIdOf(points), "4bf9");
});

Deno.test("spansOf() loses no span whose parents are each other's", () => {
  const points = [
    span("opentelemetry", "00000000000000aa", "00000000000000bb", 1, "a"),
    span("opentelemetry", "00000000000000bb", "00000000000000aa", 2, "b"),
  ];
  const names = spansOf(INVOCATION, points, undefined, STARTED_AT).map(({ name }) => name);
  assertEquals(names.toSorted(), ["a", "b", "extension hold", "invocation"]);
});
