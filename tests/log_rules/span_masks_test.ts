import { assertEquals } from "@std/assert";
import { createLogRules } from "../../src/log_rules/rules.ts";
import { createSpanMasker } from "../../src/log_rules/span_masks.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import type { Point } from "../../src/point/point.ts";
import { decodePoint } from "../../src/point/point_range.ts";
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
    maskSpan: spanMask === undefined ? undefined : createSpanMasker(spanMask),
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
