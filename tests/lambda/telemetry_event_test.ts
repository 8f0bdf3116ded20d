import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { finish } from "../../src/bounded_pattern.ts";
import { parseExactJson } from "../../src/json/exact_json.ts";
import { readTelemetryBody, type TelemetryBody } from "../../src/lambda/telemetry_body.ts";
import { decodeTelemetryEvent } from "../../src/lambda/telemetry_event.ts";
import { cpuMs } from "../support/cpu_time.ts";

for (
  const [time, expected] of [
    ["2026-09-10T12:00:00.431Z", 1789041600431000000n],
    ["2026-09-10T12:00:00Z", 1789041600000000000n],
    ["2026-09-10T12:00:00.123456789Z", 1789041600123456789n],
    ["2026-09-10T12:00:00.1234567899Z", 1789041600123456789n],
    ["2026-09-10T14:00:00.5+02:00", 1789041600500000000n],
    ["2026-09-10", undefined],
    ["2026-13-10T12:00:00Z", undefined],
    ["1969-09-10T12:00:00Z", undefined],
    ["yesterday", undefined],
    [1789041600431, undefined],
    [null, undefined],
  ] as const
) {
  Deno.test(`decodeTelemetryEvent() reads the time ${JSON.stringify(time)}`, () => {
    assertEquals(decodeTelemetryEvent({ time, type: "platform.end" })?.timeNs, expected);
  });
}

for (
  const [record, expected] of [
    ["text", "text"],
    [5, "5"],
    [false, "false"],
    [[1, "a"], '[1,"a"]'],
    [[12345678901234567890n], "[12345678901234567890]"],
    [{ a: 1 }, { a: 1 }],
  ] as const
) {
  Deno.test(`decodeTelemetryEvent() keeps a log record that is ${typeof record} ${String(record)}`, () => {
    const event = decodeTelemetryEvent({ type: "function", record });
    assertEquals(event?.type === "function" && event.record, expected);
  });
}

Deno.test("decodeTelemetryEvent() throws at nothing, and takes what has a type for an event", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.anything(), nearlyAnEvent()), (element) => {
      const event = decodeTelemetryEvent(element);
      if (event !== undefined) assertEquals(typeof event.type, "string");
    }),
    { numRuns: 2000 },
  );
});

function nearlyAnEvent(): fc.Arbitrary<unknown> {
  const type = fc.constantFrom("function", "platform.report", "platform.runtimeDone", "platform.initStart");
  const record = fc.record({
    requestId: fc.oneof(fc.string(), fc.anything()),
    metrics: fc.oneof(fc.anything(), fc.dictionary(fc.constant("durationMs"), fc.anything())),
    spans: fc.oneof(fc.anything(), fc.array(fc.anything())),
  }, { requiredKeys: [] });
  return fc.record({ time: fc.anything(), type, record: fc.oneof(record, fc.anything()) }, {
    requiredKeys: [],
  });
}

function read(text: string): TelemetryBody {
  return finish(readTelemetryBody(text));
}

Deno.test("readTelemetryBody() keeps the digits of integers a double cannot hold, and floats as they are", () => {
  const { elements } = read(
    '[{"a":12345678901234567,"b":-12345678901234567 ,"c":1234567890123456,"d":1e300}]',
  );
  assertEquals(elements, [{ a: 12345678901234567n, b: -12345678901234567n, c: 1234567890123456, d: 1e300 }]);
});

Deno.test("readTelemetryBody() keeps an absurdly long integer as text, without working on it", () => {
  const digits = "9".repeat(200_000);
  assertEquals(read(`[${digits}]`).elements, [digits]);
});

Deno.test("readTelemetryBody() takes one event that is no list", () => {
  assertEquals(read('{"type":"x"}'), { elements: [{ type: "x" }], bad: 0 });
});

Deno.test("readTelemetryBody() finds the next element after one whose quotes are broken", () => {
  const body = '[{"time":"t","type":"function","record":"a" b"},{"time":"t","type":"function","record":"c"}]';
  assertEquals(read(body), {
    elements: [{ time: "t", type: "function", record: "c" }],
    bad: 1,
  });
});

Deno.test("readTelemetryBody() gives up on a hostile body in bounded time", () => {
  const body = '{"time":'.repeat(250_000);
  const startedAt = cpuMs();
  const { elements, bad } = read(body);
  assertEquals(elements, []);
  assertEquals(bad > 0, true);
  // 20 ms where this was written; without a bound, hours.
  assertEquals(cpuMs() - startedAt < 5000, true);
});

/** Units from which on a body is read element by element, and more. */
const PADDING = 70_000;
const DEEP = `${"[".repeat(300)}12345678901234567890${"]".repeat(300)}`;

Deno.test("readTelemetryBody() reads of a large body what it reads of a small one", () => {
  const value = fc.oneof(
    fc.json(),
    fc.constantFrom(DEEP, "9".repeat(50), "1e400", '"]"', '{"a":"}\\\\"}', '"\\""', " {} ", "-0", "null"),
  );
  fc.assert(fc.property(fc.array(value, { maxLength: 6 }), (values) => {
    const padding = JSON.stringify("x".repeat(PADDING));
    const body = `\n[ ${values.join(" ,\t")}${values.length === 0 ? "" : ","}${padding} ]\r\n`;
    const expected = parseExactJson(body, { integers: "bigint or text" });
    assertEquals(read(body), { elements: expected, bad: 0 } as TelemetryBody);
  }));
});

for (const end of ["", ",]", "]]", "] x", "x]", " 1]", ":1]"]) {
  Deno.test(`readTelemetryBody() salvages a large list that ends with ${JSON.stringify(end)}`, () => {
    const line = { type: "function", time: "t", record: "x".repeat(PADDING) };
    const body = `[${JSON.stringify(line)},${JSON.stringify(line)}${end}`;
    assertEquals(read(body), { elements: [line, line], bad: 1 });
  });
}
