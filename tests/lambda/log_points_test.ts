import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { JsonObject } from "../../src/json/exact_json.ts";
import { createLineReader } from "../../src/lambda/lines/line.ts";
import { createLogPoints } from "../../src/lambda/log_points.ts";
import type { FieldValue } from "../../src/point/point.ts";
import { createRecordingIntake } from "../support/points.ts";
import { event, openTelemetry } from "./open_telemetry.ts";

const READER = createLineReader();

function fieldsOf(
  record: string | JsonObject,
  requestId?: string,
  schema: "documented" | "datakit" = "documented",
): Record<string, FieldValue | undefined> {
  const intake = createRecordingIntake("telemetry");
  const line = READER.read(record);
  createLogPoints({ ...intake, schema, isCold: () => false }).write({
    from: "function",
    requestId,
    timeNs: 1n,
    line,
    texts: undefined,
    failure: undefined,
  }, 1n);
  assertEquals(intake.refused, new Map());
  const [point] = intake.points;
  return Object.fromEntries(point?.fields ?? []);
}

for (
  const [line, status, message] of [
    ["plain\n", "info", "plain"],
    ["windows\r\n", "info", "windows"],
    ["two\n\n", "info", "two\n"],
    ["", "info", ""],
    ["\n", "info", ""],
    ["2026-09-10T12:00:00.440Z\tr1\tWARN\tlow\n", "warning", "2026-09-10T12:00:00.440Z\tr1\tWARN\tlow"],
    [
      "2026-09-10T12:00:00.440Z\tundefined\tERROR\tx",
      "error",
      "2026-09-10T12:00:00.440Z\tundefined\tERROR\tx",
    ],
    ["2026-09-10T12:00:00.440Z\tr1\tFATAL\tx", "critical", "2026-09-10T12:00:00.440Z\tr1\tFATAL\tx"],
    ["[ERROR]\t2026-09-10T12:00:00.440Z\tr1\tx", "error", "[ERROR]\t2026-09-10T12:00:00.440Z\tr1\tx"],
    ["[CRITICAL] KeyError: 'x'", "critical", "[CRITICAL] KeyError: 'x'"],
    ["[WARNING]\tx", "warning", "[WARNING]\tx"],
    ["[DEBUG]\tx", "debug", "[DEBUG]\tx"],
    ["ERROR in the middle of nothing", "info", "ERROR in the middle of nothing"],
    ["see [ERROR] above", "info", "see [ERROR] above"],
  ] as const
) {
  Deno.test(`createLogPoints() reads ${JSON.stringify(line)} as ${status}`, () => {
    assertEquals(fieldsOf(line), { message, status });
  });
}

for (
  const [level, status] of [
    ["TRACE", "debug"],
    ["debug", "debug"],
    ["Information", "info"],
    ["NOTICE", "notice"],
    ["WARN", "warning"],
    ["err", "error"],
    ["FATAL", "critical"],
    ["alert", "alert"],
    ["emergency", "emerg"],
    ["OK", "OK"],
    ["blue", "info"],
    [30, "info"],
    [40, "warning"],
    [50, "error"],
    [60, "critical"],
    [61, "info"],
    [7, "debug"],
    [3, "error"],
    ["30", "info"],
    [["ERROR"], "info"],
  ] as const
) {
  Deno.test(`createLogPoints() maps the level ${JSON.stringify(level)} to ${status} and keeps it`, () => {
    const fields = fieldsOf({ level, message: "m" });
    assertEquals(fields["status"], status);
    assertEquals(fields["level"], typeof level === "object" ? '["ERROR"]' : level);
  });
}

Deno.test("createLogPoints() keeps a status that is no level beside the one it derives", () => {
  assertEquals(fieldsOf({ message: "m", status: 500, level: "ERROR" }), {
    message: "m",
    status: "error",
    level: "ERROR",
    extra: '{"status":500}',
  });
  assertEquals(fieldsOf({ message: "m", status: "warn" }), { message: "m", status: "warning" });
});

Deno.test("createLogPoints() gives a record without a message its own JSON, and takes msg for one", () => {
  assertEquals(fieldsOf({ a: 1 }), { message: '{"a":1}', status: "info", a: 1 });
  assertEquals(fieldsOf({ msg: "pino" }), { message: "pino", status: "info" });
  assertEquals(fieldsOf({ message: "m", msg: "other" }), { message: "m", status: "info", msg: "other" });
  assertEquals(fieldsOf({ message: { errorType: "Error" } }), {
    message: '{"errorType":"Error"}',
    status: "info",
  });
  assertEquals(fieldsOf({ msg: "zap", level: "warn" }, undefined, "datakit"), {
    message: "zap",
    status: "warning",
    msg: "zap",
    level: "warn",
  });
  assertEquals(fieldsOf({ message: 5 }), { message: "5", status: "info" });
  assertEquals(fieldsOf({ message: "" }), { message: "", status: "info" });
});

Deno.test("createLogPoints() names the request once", () => {
  assertEquals(fieldsOf({ message: "m", requestId: "r1" }, "r1"), {
    message: "m",
    status: "info",
    aws_request_id: "r1",
  });
  assertEquals(fieldsOf({ message: "m", AWSRequestId: "r1" }, "r1"), {
    message: "m",
    status: "info",
    aws_request_id: "r1",
  });
  // An id of the function's own making is a field like any other.
  assertEquals(fieldsOf({ message: "m", requestId: "mine" }, "r1"), {
    message: "m",
    status: "info",
    aws_request_id: "r1",
    requestId: "mine",
  });
});

Deno.test("createLogPoints() takes no id of an init for a request's", () => {
  for (const requestId of ["-", "undefined", ""]) {
    assertEquals(fieldsOf({ message: "m", requestId }), { message: "m", status: "info" });
    assertEquals(fieldsOf({ message: "m", AWSRequestId: requestId }, "r1"), {
      message: "m",
      status: "info",
      aws_request_id: "r1",
    });
  }
});

Deno.test("createLogPoints() names the durable execution of a record beside its ARN", () => {
  const executionArn =
    "arn:aws:lambda:eu-west-1:123456789012:function:shop:$LATEST/durable-execution/order-123/550e8400-e29b";
  assertEquals(fieldsOf({ message: "m", executionArn, operationId: "c4ca" }), {
    message: "m",
    status: "info",
    executionArn,
    durable_execution_name: "order-123",
    durable_execution_id: "550e8400-e29b",
    operationId: "c4ca",
  });
  for (const other of ["arn:aws:states:eu-west-1:123456789012:execution:machine:run", "x", 5, null]) {
    assertEquals("durable_execution_name" in fieldsOf({ message: "m", executionArn: other }), false);
  }
});

Deno.test("createLogPoints() keeps in extra what cannot be a field of its own", () => {
  const long = "k".repeat(257);
  const fields = fieldsOf({
    message: "m",
    source: "s",
    date: "d",
    "": "empty",
    "a\nb": "newline",
    "a.b": 1,
    a_b: 2,
    aws_log_from: "me",
    extra: "own",
    [long]: 1,
  });
  assertEquals(fields, {
    message: "m",
    status: "info",
    a_b: 1,
    extra:
      `{"source":"s","date":"d","":"empty","a\\nb":"newline","a_b":2,"aws_log_from":"me","extra":"own","${long}":1}`,
  });
});

Deno.test("createLogPoints() makes at most 64 fields and keeps the rest in one more", () => {
  const record = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
  const fields = fieldsOf({ message: "m", ...record });
  assertEquals(Object.keys(fields).length, 65);
  assertEquals(fields["k61"], 61);
  const extra = fields["extra"];
  assert(typeof extra === "string");
  assert(extra.startsWith('{"k62":62,') && extra.endsWith('"k99":99}'));
});

Deno.test("createLogPoints() keeps every digit of large integers", async () => {
  const telemetry = openTelemetry();
  const record =
    '{"message":"m","id":1234567890123456789,"big":123456789012345678901234567890,"in":{"id":1234567890123456789},"f":0.1}';
  await telemetry.post(`[{"time":"2026-09-10T12:00:00Z","type":"function","record":${record}}]`);
  assertEquals(telemetry.lines(), [
    'awslambda-logging,aws_log_from=function big="123456789012345678901234567890",f=0.1,id=1234567890123456789i,in="{\\"id\\":1234567890123456789}",message="m",status="info" 1789041600000000000',
  ]);
});

Deno.test("createLogPoints() writes a list in the document's schema as JSON", () => {
  assertEquals(fieldsOf({ message: "m", list: [1, 2] })["list"], "[1,2]");
});

Deno.test("createLogPoints() loses nothing of any record to Dataway's rules", () => {
  const taken = new Set(["message", "msg", "event", "body", "text", "status"]);
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 2 })), (record) => {
      const fields = new Map(Object.entries(fieldsOf(record, "r1")));
      const extra: unknown = JSON.parse(String(fields.get("extra") ?? "{}"));
      for (const [key, value] of Object.entries(record)) {
        if (value === null || taken.has(key)) continue;
        const kept = fields.has(key.replaceAll(".", "_")) || Object.hasOwn(Object(extra), key);
        assert(kept, `${key} is gone`);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("createLogPoints() tells function lines from extension lines", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:00.000", "function", "f"),
    event("12:00:00.000", "extension", "e"),
  ]);
  assertEquals(telemetry.points.map((point) => point.tags.get("aws_log_from")), ["function", "extension"]);
});
