import { assertEquals } from "@std/assert";
import type { Environment } from "../../../src/config/reader.ts";
import type { Point } from "../../../src/point/point.ts";
import { anyValue, attributes, exportJson, type Recorder } from "./recorder.ts";

const TIME = "1700000000000000000";

async function record(
  logRecord: unknown,
  resource: Record<string, unknown> = {},
  env: Environment = {},
): Promise<Recorder> {
  return (await exportJson("logs", {
    resourceLogs: [{
      resource: { attributes: attributes(resource) },
      scopeLogs: [{ scope: { name: "logger" }, logRecords: [logRecord], schemaUrl: "s" }],
    }],
  }, env));
}

async function point(
  logRecord: Record<string, unknown>,
  resource: Record<string, unknown> = {},
): Promise<Point> {
  const [first] = (await record({ timeUnixNano: TIME, ...logRecord }, resource)).points;
  if (first === undefined) throw new Error("no point");
  return first;
}

Deno.test("createLogsToPoints() makes DataKit's point of a record", async () => {
  const made = await record({
    timeUnixNano: TIME,
    severityNumber: 17,
    severityText: "ERROR",
    body: { stringValue: "boom" },
    traceId: "5B8EFFF798038103D269B633813FC60C",
    spanId: "eee19b7ec3c1b174",
    eventName: "ev",
    attributes: attributes({ "code.line": 7 }),
  }, { "service.name": "svc", "host.name": "h1" });
  assertEquals(made.lines(), [
    `svc,host=h1,remote_ip=127.0.0.1,service=svc,status=error code_line=7i,event_name="ev",host_name="h1",message="boom",` +
    `schema_url="s",scope_name="logger",service_name="svc",severity_text="ERROR",span_id="eee19b7ec3c1b174",` +
    `trace_id="5b8efff798038103d269b633813fc60c" ${TIME}`,
  ]);
});

Deno.test("createLogsToPoints() measures by log.source, else the service, else otel_logs", async () => {
  assertEquals((await point({}, { "log.source": "src", "service.name": "svc" })).measurement, "src");
  assertEquals((await point({}, { "service.name": "svc" })).measurement, "svc");
  assertEquals((await point({})).measurement, "otel_logs");
  assertEquals((await point({})).tags.get("service"), "unSetServiceName");
});

Deno.test("createLogsToPoints() writes bodies of any type, and keeps records without one", async () => {
  const message = async (body: unknown): Promise<unknown> => (await point({ body })).fields.get("message");
  assertEquals(await message(anyValue("text")), "text");
  assertEquals(await message({ intValue: "9007199254740993" }), "9007199254740993");
  assertEquals(await message(anyValue(true)), "true");
  assertEquals(await message(anyValue({ a: { b: [1, "x", 1.5] } })), '{"a":{"b":[1,"x",1.5]}}');
  assertEquals(await message({ doubleValue: "NaN" }), "NaN");
  assertEquals(await message({ bytesValue: "Af8=" }), "Af8=");
  assertEquals(await message({ bytesValue: btoa("line\n") }), "line\n");
  assertEquals(
    await message({ bytesValue: new TextEncoder().encode("\ufeff日志").toBase64() }),
    "\ufeff日志",
  );
  assertEquals(await message(undefined), "");
  assertEquals(await message({}), "");
});

Deno.test("createLogsToPoints() writes attributes in their types, or all as text beside DataKit's data", async () => {
  const values = { int: 7, double: 0.00012, bool: true, text: "x", list: [1], map: { a: 1 } };
  const written = async (env: Environment): Promise<unknown[]> => {
    const around = { resource: 5 };
    const { points } = await record(
      { attributes: [...attributes(values), { key: "empty", value: {} }] },
      around,
      env,
    );
    return [...Object.keys(values), "resource", "empty"].map((key) => points[0]?.fields.get(key));
  };
  assertEquals(await written({}), [7n, 0.00012, true, "x", "[1]", '{"a":1}', 5n, undefined]);
  assertEquals(await written({ ENV_AWSLAMBDA_SCHEMA: "datakit" }), [
    "7",
    "0.00012",
    "true",
    "x",
    "[1]",
    '{"a":1}',
    "5",
    undefined,
  ]);
});

Deno.test("createLogsToPoints() finds the status by number, else by the text, in the words of all logs", async () => {
  const status = async (severityNumber: number, severityText = ""): Promise<string | undefined> =>
    (await point({ severityNumber, severityText })).tags.get("status");
  assertEquals(await Promise.all([1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24].map((n) => status(n))), [
    ...["debug", "debug", "debug", "debug", "info", "info"],
    ...["warning", "warning", "error", "error", "critical", "critical"],
  ]);
  assertEquals(
    await Promise.all(
      ["Warning", "ERROR", "critical", "NOTICE", "verbose", "", "INFO2", "none of these"].map((text) =>
        status(0, text)
      ),
    ),
    ["warning", "error", "critical", "notice", "debug", "info", "info", "info"],
  );
  assertEquals(await status(25), "info");
  assertEquals(await status(-1), "info");
  assertEquals(await status(9, "ERROR"), "info");
});

Deno.test("createLogsToPoints() says the status in DataKit's words where its data are wanted", async () => {
  const status = async (severityNumber: number, severityText = ""): Promise<string | undefined> =>
    (await record({ timeUnixNano: TIME, severityNumber, severityText }, {}, {
      ENV_AWSLAMBDA_SCHEMA: "datakit",
    }))
      .points[0]?.tags.get("status");
  assertEquals(await Promise.all([1, 5, 9, 13, 17, 21, 0].map((n) => status(n, "ERROR"))), [
    ...["trace", "debug", "info", "warn", "error", "fatal", "unknown"],
  ]);
});

Deno.test("createLogsToPoints() settles times: event, else observed, else now", async () => {
  const at = async (timeUnixNano: string, observedTimeUnixNano: string): Promise<bigint> =>
    (await point({ timeUnixNano, observedTimeUnixNano })).timeNs;
  assertEquals(await at("5", "7"), 5n);
  assertEquals(await at("0", "7"), 7n);
  assertEquals(await at("0", "0"), 1700000010000000000n);
});

Deno.test("createLogsToPoints() takes unusable ids as none", async () => {
  const made = await point({ traceId: "0".repeat(32), spanId: "xyz" });
  assertEquals([made.fields.get("trace_id"), made.fields.get("span_id")], ["0", "0"]);
});

Deno.test("createLogsToPoints() keeps attributes named as a log's own keys", async () => {
  const made = await point({
    body: anyValue("body"),
    attributes: attributes({ message: "attr", status: 500, source: "x", service: "y" }),
  });
  assertEquals(made.fields.get("message"), "body");
  assertEquals(made.fields.get("attributes_message"), "attr");
  assertEquals(made.fields.get("attributes_status"), 500n);
  assertEquals(made.fields.get("attributes_source"), "x");
  assertEquals(made.fields.get("attributes_service"), "y");
});

Deno.test("createLogsToPoints() takes the attribute message for a body that is not there", async () => {
  const made = await point({ attributes: attributes({ message: "attr" }) });
  assertEquals([made.fields.get("message"), made.fields.has("attributes_message")], ["attr", false]);
});

Deno.test("createLogsToPoints() lets the nearest of equal attributes win", async () => {
  assertEquals(
    (await point({ attributes: attributes({ k: "record" }) }, { k: "resource" })).fields.get("k"),
    "record",
  );
});
