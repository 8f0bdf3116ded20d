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

Deno.test("members of every type are masked: numbers under a secret's key, lists, and what a pattern finds", async () => {
  for (const schema of ["documented", "datakit"] as const) {
    const telemetry = openTelemetry({ schema, logRules: [{ mask: "secrets" }, { mask: "^4711$" }] });
    await telemetry.post([
      event("12:00:00.000", "function", {
        level: "INFO",
        message: "m",
        pwd: 1234,
        order: 4711,
        count: 17,
        flag: true,
        urls: ["https://a.example/?token=t-1234", "x"],
      }),
    ]);
    const text = JSON.stringify(
      [...telemetry.points[0]?.fields ?? []].map(([key, value]) => [key, String(value)]),
    );
    assertEquals(/1234|4711/.test(text), false, text);
    assertEquals(telemetry.points[0]?.fields.get("count"), 17);
    assertEquals(telemetry.points[0]?.fields.get("flag"), true);
  }
});

Deno.test("a cold start is the first request and the init before it", async () => {
  const telemetry = openTelemetry({ metrics: false, logRules: [{ sample: 0, unless: "cold" }] });
  const line = (time: string, id: string, text: string): unknown =>
    event(time, "function", `2026-09-10T${time}Z\t${id}\tINFO\t${text}\n`);
  const other = ID.replaceAll("1", "2");
  await telemetry.post([
    event("11:59:59.000", "platform.initStart", { initializationType: "on-demand", phase: "init" }),
    event("11:59:59.100", "function", "at init"),
    event("12:00:00.000", "platform.start", { requestId: ID }),
    line("12:00:00.001", ID, "first"),
    event("12:00:00.010", "platform.runtimeDone", { requestId: ID, status: "success" }),
  ]);
  await telemetry.post([
    event("12:00:01.000", "platform.start", { requestId: other }),
    line("12:00:01.001", other, "second"),
    event("12:00:01.010", "platform.runtimeDone", { requestId: other, status: "success" }),
  ]);
  const texts = telemetry.points.map(({ fields }) => String(fields.get("message")).split("\t").at(-1));
  assertEquals(texts, ["at init", "first"]);
  assertEquals(telemetry.refused.get("sampled_out"), 1);
});

Deno.test("a sampled log tells its share", async () => {
  const telemetry = openTelemetry({ logRules: [{ sample: 1, when: { level: "info" } }] });
  await telemetry.post([
    event("12:00:00.000", "function", { level: "INFO", message: "m" }),
    event("12:00:00.000", "function", { level: "ERROR", message: "m" }),
  ]);
  assertEquals(telemetry.points.map(({ fields }) => fields.get("sample_rate")), [1, undefined]);
});
