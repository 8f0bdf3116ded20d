/** Whether a handler threw: the platform's facts first, the log's lines second, and never two errors for one request. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { event, type OpenOptions, type OpenTelemetry, openTelemetry } from "./open_telemetry.ts";

const SPANS = [{ name: "responseLatency", start: "2026-09-10T12:00:00.000Z", durationMs: 5 }];
const OVERHEAD = [{ name: "runtimeOverhead", start: "2026-09-10T12:00:00.000Z", durationMs: 1 }];

const start = (id: string): unknown => event("12:00:00.000", "platform.start", { requestId: id });
const line = (record: unknown): unknown => event("12:00:00.050", "function", record);
const report = (id: string): unknown =>
  event("12:00:00.200", "platform.report", {
    requestId: id,
    status: "success",
    metrics: { durationMs: 101 },
  });

/** How an invocation ends: what the platform tells of its response. */
function done(id: string, bytes: number | undefined, spans: unknown, status = "success"): unknown {
  const metrics = bytes === undefined ? { durationMs: 100 } : { durationMs: 100, producedBytes: bytes };
  return event("12:00:00.100", "platform.runtimeDone", {
    requestId: id,
    status,
    metrics,
    ...(spans === undefined ? {} : { spans }),
  });
}

const answered = (id: string): unknown => done(id, 27, SPANS);
const failed = (id: string): unknown => done(id, 0, OVERHEAD);

const certain = (id: string): unknown =>
  line({ level: "ERROR", errorType: "KeyError", errorMessage: "'x'", requestId: id, stackTrace: [] });
const likely = (id: string): unknown =>
  line({ level: "ERROR", requestId: id, message: { errorType: "Error", errorMessage: "x", stackTrace: [] } });
const node = (id: string): unknown =>
  line(`2026-09-10T12:00:00.050Z\t${id}\tERROR\tInvoke Error \t{"errorType":"E","errorMessage":"m"}`);
const plain = (id: string): unknown => line(`2026-09-10T12:00:00.050Z\t${id}\tINFO\tgoes on`);

async function errorsOf(events: readonly unknown[], options: OpenOptions = {}): Promise<OpenTelemetry> {
  const telemetry = openTelemetry(options);
  for (const one of events) await telemetry.post([one]);
  return telemetry;
}

/** A first invocation that shows that the platform tells spans. */
const KNOWN = [start("r0"), answered("r0"), report("r0")];

for (
  const [name, events, known, unknown] of [
    ["an answer", [answered("r")], 0, 0],
    ["an answer of a void handler", [done("r", 0, SPANS)], 0, 0],
    ["no response and no line", [failed("r")], 1, 0],
    ["no response and a certain line", [certain("r"), failed("r")], 1, 1],
    ["no response and a likely line", [likely("r"), failed("r")], 1, 1],
    ["no response, a likely line and another after it", [likely("r"), plain("r"), failed("r")], 1, 0],
    ["no response and two lines", [certain("r"), certain("r"), failed("r")], 1, 1],
    ["an answer after a certain line", [certain("r"), answered("r")], 0, 0],
    ["an answer after a likely line", [likely("r"), answered("r")], 0, 0],
    ["an answer after Node's own words: a stream that broke midway", [node("r"), answered("r")], 1, 1],
    ["bytes without spans after a likely line", [likely("r"), done("r", 27, undefined)], 0, 0],
    [
      "no figures at all",
      [event("12:00:00.100", "platform.runtimeDone", { requestId: "r", status: "success" })],
      0,
      0,
    ],
    ["no bytes told", [done("r", undefined, undefined)], 0, 0],
    ["a line that comes after the end", [failed("r"), certain("r")], 1, 1],
    ["a crash after its error was posted", [certain("r"), done("r", 0, undefined, "error")], 1, 1],
  ] as const
) {
  Deno.test(`of ${name} ${known} errors are counted where spans are known, and ${unknown} where they are not`, async () => {
    const withSpans = await errorsOf([...KNOWN, start("r"), ...events, report("r")]);
    assertEquals(withSpans.sum("errors"), known);
    assertEquals(withSpans.sum("invocations"), 2);
    // Twice over it is the same.
    const repeated = await errorsOf([...KNOWN, start("r"), ...events, ...events, report("r"), report("r")]);
    assertEquals(repeated.sum("errors"), known);
    const first = events.filter((one) => !JSON.stringify(one).includes("responseLatency"));
    if (first.length === events.length) {
      assertEquals((await errorsOf([start("r"), ...events, report("r")])).sum("errors"), unknown);
    }
  });
}

Deno.test("an error of the first invocation is counted once a later one shows that spans are told", async () => {
  const telemetry = await errorsOf([start("r1"), failed("r1"), report("r1")]);
  assertEquals(telemetry.sum("errors"), 0);
  await telemetry.post([start("r2"), answered("r2")]);
  assertEquals(telemetry.sum("errors"), 1);
  const [error] = telemetry.points.filter(({ fields }) => fields.get("errors") === 1n);
  assertEquals(error?.timeNs, BigInt(Date.parse("2026-09-10T12:00:00.100Z")) * 1_000_000n);
});

Deno.test("lines alone decide where that is wanted, and nothing where handled errors are not", async () => {
  const events = [
    ...KNOWN,
    start("r1"),
    failed("r1"),
    start("r2"),
    certain("r2"),
    answered("r2"),
    report("r2"),
  ];
  assertEquals((await errorsOf(events, { handledErrors: "lines" })).sum("errors"), 1);
  assertEquals((await errorsOf(events, { handledErrors: "nowhere" })).sum("errors"), 0);
});

Deno.test("managed instances have it in their status", async () => {
  const status = event("12:00:00.100", "platform.report", {
    requestId: "r1",
    status: "error",
    metrics: { durationMs: 5 },
  });
  const telemetry = await errorsOf([
    start("r1"),
    certain("r1"),
    status,
    start("r2"),
    likely("r2"),
    report("r2"),
  ], {
    managedInstance: true,
  });
  assertEquals([telemetry.sum("invocations"), telemetry.sum("errors")], [2, 1]);
});

Deno.test("type and message of the failure are fields of its log, which is an error, and are told with the invocation", async () => {
  const telemetry = await errorsOf([...KNOWN, start("r"), certain("r"), failed("r")]);
  const [log] = telemetry.points.filter(({ category }) => category === "logging");
  assertEquals(
    ["status", "error_type", "error_message", "aws_request_id"].map((key) => log?.fields.get(key)),
    ["error", "KeyError", "'x'", "r"],
  );
  const { status, errorType, errorMessage } = telemetry.done.at(-1) ?? {};
  assertEquals([status, errorType, errorMessage], ["error", "KeyError", "'x'"]);
});

Deno.test("disagreements of spans and lines are counted by which of them decided", async () => {
  const telemetry = await errorsOf([
    ...KNOWN,
    ...[start("r1"), failed("r1"), report("r1")],
    ...[start("r2"), certain("r2"), answered("r2"), report("r2")],
    ...[start("r3"), node("r3"), answered("r3"), report("r3")],
    ...[start("r4"), certain("r4"), failed("r4"), report("r4")],
    ...[start("r5"), failed("r5"), certain("r5"), report("r5")],
  ]);
  assertEquals(telemetry.disagreements(), { bySpan: 2, byLine: 1 });
});

Deno.test("the sums are the same whatever the order in which lines and platform come within an invocation", async () => {
  const kinds = fc.constantFrom("certain", "none", "node");
  const invocations = fc.array(fc.tuple(kinds, fc.boolean()), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(invocations, fc.infiniteStream(fc.nat()), async (picked, numbers) => {
      const draw = (below: number): number => (numbers.next().value ?? 0) % below;
      let expected = 0;
      const all: unknown[] = [...KNOWN];
      for (const [index, [kind, isAnswered]] of picked.entries()) {
        const id = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
        const lines = kind === "certain" ? [certain(id)] : kind === "node" ? [node(id)] : [plain(id)];
        const events = [isAnswered ? answered(id) : failed(id), report(id)];
        for (const one of lines) events.splice(draw(events.length + 1), 0, one);
        all.push(start(id), ...events);
        expected += !isAnswered || kind === "node" ? 1 : 0;
      }
      const telemetry = openTelemetry();
      while (all.length > 0) await telemetry.post(all.splice(0, 1 + draw(5)));
      // What an answer vetoes may have been counted by a line that came first: it is never taken back.
      const early = picked.filter(([kind, isAnswered]) => kind === "certain" && isAnswered).length;
      const errors = telemetry.sum("errors");
      assertEquals(errors >= expected && errors <= expected + early, true, `${errors} of ${expected}`);
    }),
    { numRuns: 100 },
  );
});
