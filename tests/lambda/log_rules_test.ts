import { assertEquals } from "@std/assert";
import { event, openTelemetry } from "./open_telemetry.ts";

const ID = "0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11";

Deno.test("rules leave logs out, counted by reason, and mask the message and all text fields", async () => {
  const telemetry = openTelemetry({
    logRules: [{ mask: "secrets" }, { exclude: "healthz" }, { sample: 0, when: { level: "debug" } }],
  });
  await telemetry.post([
    event("12:00:00.000", "function", "GET /healthz 200"),
    event("12:00:00.001", "function", "connect with password=abc123 now"),
    event("12:00:00.002", "function", { level: "DEBUG", message: "noise" }),
    event("12:00:00.003", "function", {
      level: "INFO",
      message: "signed in",
      apiKey: "k-1234",
      url: "https://a.example/?token=t-1234",
      nested: { password: "p-1234", n: 1 },
      pwd: 17,
    }),
  ]);
  assertEquals(telemetry.points.map(({ fields }) => fields.get("message")), [
    "connect with password=****** now",
    "signed in",
  ]);
  const fields = telemetry.points[1]?.fields;
  assertEquals(fields?.get("apiKey"), "******");
  assertEquals(fields?.get("url"), "https://a.example/?token=******");
  assertEquals(fields?.get("nested"), '{"password":"******","n":1}');
  assertEquals(Object.fromEntries(telemetry.refused), { filtered: 1, sampled_out: 1 });
});

Deno.test("an exception's message is masked where it becomes a field of its own", async () => {
  const telemetry = openTelemetry({ logRules: [{ mask: "secrets" }] });
  const error = { errorType: "Error", errorMessage: "login failed for password=abc123", stack: ["Error: x"] };
  await telemetry.post([
    event(
      "12:00:00.000",
      "function",
      `2026-09-10T12:00:00.000Z\t${ID}\tERROR\tInvoke Error \t${JSON.stringify(error)}\n`,
    ),
  ]);
  const text = JSON.stringify([...telemetry.points[0]?.fields ?? []].map(([, value]) => String(value)));
  assertEquals(text.includes("abc123"), false, text);
});

Deno.test("the platform's trace: a span of the invocation, and its id on each of its logs", async () => {
  const telemetry = openTelemetry({ trace: "auto" });
  await telemetry.post([
    event("12:00:00.000", "platform.start", { requestId: ID, version: "$LATEST" }),
    event("12:00:00.001", "function", `2026-09-10T12:00:00.001Z\t${ID}\tINFO\thello\n`),
    event("12:00:00.042", "platform.runtimeDone", {
      requestId: ID,
      status: "success",
      metrics: { durationMs: 42 },
    }),
  ]);
  telemetry.invocations.shutdown("spindown");
  const log = telemetry.points.find(({ category }) => category === "logging");
  const span = telemetry.points.find(({ category }) => category === "tracing");
  assertEquals([span?.measurement, span?.tags.get("operation")], ["awslambda", "aws.lambda"]);
  assertEquals(span?.fields.get("trace_id"), ID.replaceAll("-", ""));
  assertEquals([log?.fields.get("trace_id"), log?.fields.get("span_id")], [
    span?.fields.get("trace_id"),
    span?.fields.get("span_id"),
  ]);
});
