/**
 * Whole batches of anything: what cannot be used costs only itself and is counted, and nobody waits in vain for an
 * end that may have been in it.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import { event, type OpenTelemetry, openTelemetry } from "./open_telemetry.ts";

const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";
const TIME = "2026-09-10T12:00:00.050Z";
/** A batch is 1 MiB at most; what these bodies take is far below, on a machine with other things to do. In ms. */
const LIMIT_MS = 3000;

const TYPES = [
  "function",
  "extension",
  "platform.initStart",
  "platform.initRuntimeDone",
  "platform.initReport",
  "platform.restoreStart",
  "platform.restoreReport",
  "platform.start",
  "platform.runtimeDone",
  "platform.report",
  "platform.logsDropped",
  "platform.fault",
  "platform.extension",
  "platform.telemetrySubscription",
  "platform.end",
  "platform.ofTheFuture",
] as const;

/** JSON that `JSON.stringify` does not write: deep, long, twice the same key, exponents, lone surrogates. */
const oddText = fc.oneof(
  fc.tuple(fc.constantFrom("[", '{"a":'), fc.integer({ min: 1, max: 20_000 }), fc.boolean()).map(
    ([open, depth, inner]) =>
      open.repeat(depth) + (inner ? "1" : "null") + (open === "[" ? "]" : "}").repeat(depth),
  ),
  fc.tuple(
    fc.constantFrom("", "-"),
    fc.integer({ min: 1, max: 300_000 }),
    fc.constantFrom("", ".5", "e400", "E-9"),
  )
    .map(([sign, digits, rest]) => `${sign}${"9".repeat(digits)}${rest}`),
  fc.constantFrom(
    '{"requestId":"a","requestId":"b","message":1,"message":{"x":[]}}',
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":0}',
    '"\\ud800 \\u0000 \\udfff \\\\ \\" \\u2028"',
    '{"":{"":[[[]],{"":""}]}}',
    "[]",
    "{}",
    "1e308",
    "-0",
  ),
  fc.integer({ min: 1, max: 60_000 }).map((n) => JSON.stringify("\u0000é🙂".repeat(n))),
);
const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
  oddText,
);

/** A record of the platform or of a function, some of its members replaced by anything. */
const recordText = fc.tuple(
  fc.dictionary(
    fc.constantFrom(
      "requestId",
      "status",
      "errorType",
      "metrics",
      "spans",
      "message",
      "level",
      "phase",
      "initializationType",
      "tenantId",
      "tracing",
      "log_level",
      "stackTrace",
      "executionArn",
    ),
    anyText,
  ),
  fc.boolean(),
).map(([members, named]) => {
  const texts = Object.entries(members).map(([key, text]) => `${JSON.stringify(key)}:${text}`);
  return `{${[...(named ? [`"requestId":"${ID}"`] : []), ...texts].join()}}`;
});

const elementText = fc.oneof(
  fc.tuple(
    fc.oneof(fc.constant(JSON.stringify(TIME)), anyText),
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...TYPES).map((type) => JSON.stringify(type)) }, {
      weight: 1,
      arbitrary: anyText,
    }),
    fc.oneof(recordText, anyText),
  ).map(([time, type, record]) => `{"time":${time},"type":${type},"record":${record}}`),
  anyText,
);
const elementTexts = fc.array(elementText, { maxLength: 12 });

const line = (message: string): string => JSON.stringify(event("12:00:00.060", "function", message));
const DONE = JSON.stringify(
  event("12:00:00.100", "platform.runtimeDone", { requestId: ID, status: "success" }),
);

function invoke(telemetry: OpenTelemetry): Promise<void> {
  return telemetry.invocations.invoked({
    type: "invoke",
    requestId: ID,
    deadlineAt: 0,
    invokedFunctionArn: "",
  })
    .waitOver;
}

function linesOf(telemetry: OpenTelemetry): unknown[] {
  return telemetry.points.filter(({ category }) => category === "logging").map(({ fields }) =>
    fields.get("message")
  );
}

/** Every point can be sent, and says something. */
function assertSendable(telemetry: OpenTelemetry): void {
  for (const point of telemetry.points) {
    assert(point.fields.size > 0);
    assert(point.timeNs >= 0n);
    assert(encodeLineProtocol([point], new Map()).length > 0);
    for (const value of point.fields.values()) {
      if (typeof value === "number") assert(Number.isFinite(value));
      if (typeof value === "string") assert(value.isWellFormed());
    }
  }
}

Deno.test("a batch with anything in it keeps the events between, ends the wait for one of them, and counts the rest", async () => {
  await fc.assert(
    fc.asyncProperty(elementTexts, elementTexts, fc.boolean(), async (before, after, managedInstance) => {
      const telemetry = openTelemetry({ managedInstance });
      const waitOver = invoke(telemetry);
      const startedAt = performance.now();
      const body = `[${[...before, line("between"), DONE, ...after].join()}]`;
      assertEquals(await telemetry.post(body), 200);
      await waitOver;
      assertLess(performance.now() - startedAt, LIMIT_MS);
      assert(linesOf(telemetry).includes("between"));
      assert(telemetry.sum("invocations") >= 1);
      assertEquals(telemetry.errors, []);
      assertSendable(telemetry);
      const { refused } = telemetry;
      assertLess(refused.get("malformed") ?? 0, before.length + after.length + 1);
      telemetry.invocations.shutdown("failure");
      assertSendable(telemetry);
      assertEquals(Object.getOwnPropertyNames(Object.prototype).includes("polluted"), false);
    }),
    { numRuns: 300 },
  );
});

Deno.test("each element of a batch becomes an event or is counted", async () => {
  const kinds = fc.array(fc.tuple(elementText, fc.constantFrom("function", "nothing")), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(kinds, async (picked) => {
      const telemetry = openTelemetry();
      const texts = picked.map(([text, kind]) => kind === "function" ? line(text.slice(0, 50)) : "5");
      await telemetry.post(`[${texts.join()}]`);
      const lines = picked.filter(([, kind]) => kind === "function").length;
      assertEquals([linesOf(telemetry).length, telemetry.refused.get("malformed") ?? 0], [
        lines,
        picked.length - lines,
      ]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("a body cut anywhere keeps what came before the cut, and nobody waits for what came after", async () => {
  await fc.assert(
    fc.asyncProperty(elementTexts, fc.double({ min: 0, max: 1, noNaN: true }), async (after, share) => {
      const telemetry = openTelemetry();
      const waitOver = invoke(telemetry);
      const head = `[${line("before")},`;
      const tail = `${[line("x"), DONE, ...after].join()}]`;
      const cut = Math.floor(share * (tail.length - 1));
      const startedAt = performance.now();
      assertEquals(await telemetry.post(head + tail.slice(0, cut)), 200);
      await waitOver;
      assertLess(performance.now() - startedAt, LIMIT_MS);
      assertEquals(linesOf(telemetry)[0], "before");
      assertEquals(telemetry.errors, []);
      assertSendable(telemetry);
    }),
    { numRuns: 200 },
  );
});

Deno.test("bytes that are no text, in chunks of any size, are answered with 200, and nobody waits for what was in them", async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.tuple(elementTexts, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 20 })).map(
      ([texts, changes]) => {
        const body = new TextEncoder().encode(`[${[line("x"), ...texts].join()}]`);
        for (const [at, byte] of changes) body[at % body.length] = byte;
        return body;
      },
    ),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 4000 }), async (body, chunkBytes) => {
      const telemetry = openTelemetry();
      const chunks = new ReadableStream({
        start: (controller) => {
          for (let at = 0; at < body.length; at += chunkBytes) {
            controller.enqueue(body.subarray(at, at + chunkBytes));
          }
          controller.close();
        },
      });
      assertEquals(await telemetry.post(chunks), 200);
      assertEquals(telemetry.errors, []);
      assertSendable(telemetry);
      // Whatever that was, the next batch is taken.
      const waitOver = invoke(telemetry);
      await telemetry.post(`[${DONE}]`);
      await waitOver;
    }),
    { numRuns: 200 },
  );
});
