import { assertEquals } from "@std/assert";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import {
  createExportHandler,
  type ExportOutcome,
  type Signal,
} from "../../../src/ingest/otlp/export_handler.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

async function take(
  signal: Signal,
  request: unknown,
): Promise<{ outcome: ExportOutcome; recorder: Recorder }> {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  const body = new TextEncoder().encode(typeof request === "string" ? request : JSON.stringify(request));
  return { outcome: await handle(signal, "json", body), recorder };
}

const SPAN = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", name: "s" };
const TIME = { timeUnixNano: "1700000000000000000" };
const instrumentationLibrary = { name: "lib" };

Deno.test("JSON of SDKs from before OTLP 0.15 is taken by the names that it had", async () => {
  const older: readonly (readonly [Signal, unknown])[] = [
    ["traces", {
      resourceSpans: [{ instrumentationLibrarySpans: [{ instrumentationLibrary, spans: [SPAN] }] }],
    }],
    ["metrics", {
      resourceMetrics: [{
        instrumentationLibraryMetrics: [{
          instrumentationLibrary,
          metrics: [{ name: "m", gauge: { dataPoints: [{ ...TIME, asInt: "1" }] } }],
        }],
      }],
    }],
    ["logs", {
      resource_logs: [{
        instrumentation_library_logs: [{
          instrumentationLibrary,
          logs: [{ ...TIME, body: { stringValue: "x" } }],
        }],
      }],
    }],
  ];
  for (const [signal, request] of older) {
    const { outcome, recorder } = await take(signal, request);
    assertEquals(outcome, { kind: "taken", rejected: 0, message: "" }, signal);
    assertEquals(recorder.points.length, 1, signal);
  }
});

Deno.test("JSON of another signal is counted and told of, not swallowed", async () => {
  const { outcome, recorder } = await take("logs", { resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] });
  assertEquals(outcome, {
    kind: "taken",
    rejected: 1,
    message: "Cannot take 1 log records as the request is none for logs",
  });
  assertEquals(recorder.refused, new Map([["malformed", 1]]));
  for (const empty of ["{}", " {\n} ", '{"resourceLogs":[]}', '{"resource_logs":null}']) {
    assertEquals((await take("logs", empty)).outcome, { kind: "taken", rejected: 0, message: "" }, empty);
  }
});
