/** Whoever sends an event may send anything: it costs itself, and the library has its answer in time. */
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

const SAMPLES = [
  "api_gateway_http",
  "api_gateway_rest",
  "api_gateway_websocket",
  "application_load_balancer",
  "dynamodb",
  "event_bridge",
  "function_url",
  "kinesis",
  "msk",
  "s3",
  "sns",
  "sns_event_bridge",
  "sqs",
  "sqs_event_bridge",
  "sqs_sns",
  "step_functions",
];
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  "",
  "x",
  true,
  [],
  {},
  [[]],
  [null],
  { "0": null },
  JSON.parse('{"__proto__":{"topic":"t"},"constructor":1,"toString":2}'),
  "\ud800",
  "a".repeat(5000),
];

scenario("any value in any place of an event leaves one span of the invocation, and no failure", async () => {
  const events = await Promise.all(SAMPLES.map(async (name) => JSON.parse(await sample(name))));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...events),
      fc.nat(),
      fc.constantFrom(...ODD),
      async (event, place, odd) => {
        const changed = structuredClone(event);
        const places = placesOf(changed);
        const at = places[place % places.length];
        assert(at !== undefined);
        at.parent[at.key] = odd;
        const { spans, harness } = await runTrigger(JSON.stringify(changed));
        // A producer may have decided against its trace.
        if (harness.refused.get("sampled_out") !== undefined) return assertEquals(spans, []);
        assertEquals(spans.filter(({ operation }) => operation === "aws.lambda").length, 1);
        assert(spans.length <= 3);
        for (const { startMs, durationMs } of spans) assert(startMs <= 0 && durationMs >= 0);
      },
    ),
    { numRuns: 1500 },
  );
});

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** All members and elements of a value. */
function placesOf(value: object): Place[] {
  return Object.entries(value).flatMap(([key, member]) => {
    const here = { parent: value as Record<string, unknown>, key };
    return typeof member === "object" && member !== null ? [here, ...placesOf(member)] : [here];
  });
}

Deno.test("an event of the largest size is answered in time, and its trace is found behind whatever it holds", async () => {
  const carrier = '"_datadog":{"x-datadog-trace-id":"11","x-datadog-parent-id":"22"}';
  const most = 6_000_000;
  const fillings: readonly (readonly [string, string])[] = [
    ["a text", `"${"x".repeat(most)}"`],
    ["escapes", `"${"\\\\".repeat(most / 2)}"`],
    ["numbers", `[${"1,".repeat(most / 2 - 1)}1]`],
    ["depth", "[".repeat(most / 2) + "]".repeat(most / 2)],
    ["objects", `{"a":${'{"a":'.repeat(most / 6)}1${"}".repeat(most / 6)}}`],
    ["digits", "7".repeat(most)],
    [
      "names",
      `{${Array.from({ length: most / 12 }, (_, i) => `"${i.toString(36).padStart(6, "0")}":1`).join()}}`,
    ],
  ];
  for (const [what, filling] of fillings) {
    for (
      const key of [
        "body",
        "headers",
        "Records",
        "records",
        "detail",
      ]
    ) {
      const before = process.cpuUsage();
      const { answer } = await runTrigger(`{"${key}":${filling},${carrier}}`);
      const { user, system } = process.cpuUsage(before);
      const ms = (user + system) / 1000;
      assertEquals(answer["x-datadog-trace-id"], "11", `${what} in ${key}`);
      // Of computing time: libraries wait 3 s, and this takes 0.1 s.
      assert(ms < 1000, `${ms} ms for ${what} in ${key}`);
    }
  }
});

Deno.test("members of an object's prototype are no members of an event", async () => {
  for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    const event =
      `{"${name}":{"Records":[{"eventSource":"aws:sqs"}],"_datadog":{"x-datadog-trace-id":"1"}},"headers":{"${name}":"x"}}`;
    const { answer, spans } = await runTrigger(event);
    assertEquals([answer, spans.length], [{}, 1]);
  }
  assertEquals(Object.getPrototypeOf({}), Object.prototype);
});

scenario("more records, headers and attributes than are read are passed over", async () => {
  const record = JSON.parse(await sample("sqs")).Records[0];
  const many = { Records: Array.from({ length: 5000 }, () => record) };
  const { spans } = await runTrigger(JSON.stringify(many));
  assertEquals(spans.map(({ operation }) => operation), ["aws.sqs", "aws.lambda"]);
  assertEquals(spans[0]?.metrics["record_count"], 5000);
  const attributes = Object.fromEntries(
    Array.from({ length: 50_000 }, (_, i) => [`a${i}`, { stringValue: "x" }]),
  );
  const { spans: others } = await runTrigger(
    JSON.stringify({ Records: [{ ...record, messageAttributes: attributes }] }),
  );
  assertEquals(others.map(({ operation }) => operation).at(-1), "aws.lambda");
});
