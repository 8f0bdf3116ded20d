import { assert, assertEquals } from "@std/assert";
import { createLogRules } from "../../src/log_rules/rules.ts";
import { createSpanMasker } from "../../src/log_rules/span_masks.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import type { Point } from "../../src/point/point.ts";
import { PLAIN } from "../../src/point/long_text.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import { createTimeSlice } from "../../src/time_slice.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

function stored(rules: readonly unknown[], category: "tracing" | "logging"): Point | undefined {
  const points: Point[] = [];
  const { spanMask } = createLogRules(rules).rules;
  const hub = createIntakeHub({
    store: {
      append: (_source, kind, bytes, length) => void points.push(decodePoint(kind, bytes.slice(0, length))),
    },
    ledger: createLedger(),
    spanMasker: spanMask === undefined ? undefined : createSpanMasker(spanMask),
  });
  hub.of("otlp").write({
    category,
    measurement: "opentelemetry",
    tags: [["service", "shop"], ["http_url", "https://a.example/?token=abc123"]],
    fields: [
      ["message", '{"db.password":"abc123","n":1}'],
      ["trace_id", "1234567890123456789"],
      ["order", "1234567890123456"],
      ["duration", 12n],
    ],
    timeNs: 1n,
  });
  return points[0];
}

const RULES = [{ mask: "secrets", when: { from: "span" } }, { mask: "\\d{16}", when: { from: "span" } }];

Deno.test("spans' tags and texts are masked by the rules for them, but for their ids", () => {
  const span = stored(RULES, "tracing");
  assertEquals(span?.tags, new Map([["service", "shop"], ["http_url", "https://a.example/?token=******"]]));
  assertEquals(Object.fromEntries(span?.fields ?? []), {
    message: '{"db.password":"******","n":1}',
    trace_id: "1234567890123456789",
    order: "******",
    duration: 12n,
  });
  assertEquals(span?.timeNs, 1n);
});

Deno.test("a rule for one tag leaves the others alone, and no rule for spans touches a log", () => {
  const span = stored([{ mask: ".+", when: { from: "span", key: "order" } }], "tracing");
  assertEquals(span?.fields.get("order"), "******");
  assertEquals(span?.tags.get("http_url"), "https://a.example/?token=abc123");
  assertEquals(stored(RULES, "logging")?.fields.get("order"), "1234567890123456");
});

scenario(
  "the event loop runs while a span of many long texts is masked, and it is masked as a short one is",
  async () => {
    const rules = [{ mask: "secrets", when: { from: "span" } }, { mask: "email", when: { from: "span" } }];
    const secret = "password=hunter2 token=abcdef12345 of me@example.com ";
    const spans: Point[] = [];
    const { spanMask } = createLogRules(rules).rules;
    assert(spanMask !== undefined);
    const masker = createSpanMasker(spanMask);
    const hub = createIntakeHub({
      store: {
        append: (_source, kind, bytes, length) => void spans.push(decodePoint(kind, bytes.slice(0, length))),
      },
      ledger: createLedger(),
      spanMasker: masker,
    });
    const { writer, begin } = hub.of("otlp");
    const kind = writer.kind("tracing", "opentelemetry");
    const text = new TextEncoder().encode(secret.repeat(500));
    const ms = await longestTurnMs(async () => {
      begin(kind);
      for (let n = 0; n < 250; n++) {
        writer.longText(kind.keys.of(`field_${n}`), [{ bytes: text, from: 0, to: text.length, form: PLAIN }]);
      }
      writer.tag(kind.keys.of("plain"), "value");
      assert(writer.endAt(1n));
      await writer.finishLong(createTimeSlice());
    });
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
    const [span] = spans;
    assertEquals(span?.fields.size, 250);
    const masked = spanMask(secret.repeat(500), "field_1");
    assert(!masked.includes("hunter2") && !masked.includes("me@"));
    for (const value of span?.fields.values() ?? []) assertEquals(value, masked);
  },
);

scenario("the program masks spans where a rule asks for it", async () => {
  await using sandbox = await startSandbox({
    env: {
      ENV_AWSLAMBDA_TRACE: "auto",
      ENV_AWSLAMBDA_LOG_RULES: JSON.stringify([{
        mask: "^.+$",
        with: "[svc]",
        when: { from: "span", key: "service" },
      }]),
    },
  });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({});
  await sandbox.lambda.shutdown();
  const services = sandbox.dataway.points("tracing").map(({ tags }) => tags.get("service"));
  assertEquals(new Set(services), new Set(["[svc]"]));
});
