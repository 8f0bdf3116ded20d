/**
 * Lines of real functions (each file tells its runtime, log format, and to which route of the Runtime API each
 * invocation was posted): every failure of a handler is seen once, every trace is one log.
 */
import { assertEquals } from "@std/assert";
import { createLineAssembler } from "../../../src/lambda/lines/assembler.ts";
import { type HandlerError, readHandlerError } from "../../../src/lambda/lines/handler_error.ts";
import { createLineReader } from "../../../src/lambda/lines/line.ts";
import type { JsonObject } from "../../../src/json/exact_json.ts";
import { scenario } from "../../support/scenario.ts";

const FOLDER = new URL("../../fixtures/lines/", import.meta.url);
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

interface Expected {
  readonly failures:
    readonly (readonly [certainty: string, type: string | undefined, message: string | undefined])[];
  /** By status; `failed`: those that tell of a failure. */
  readonly logs: Readonly<Record<string, number>>;
  /** Logs of more than one line. */
  readonly traces: number;
  /** Logs that name their trace. */
  readonly traced: number;
}

const JAVA_FAILURE = ["certain", "java.lang.IllegalStateException", "java handler failed"] as const;
const GO_FAILURE = ["certain", "errorString", "boom"] as const;
const PYTHON_FAILURE = ["certain", "ValueError", "py handler failed"] as const;
const RUST_LOGGED = ["likely", undefined, 'tracing bad err="boom"'] as const;
const RUST_FAILURE = ["likely", undefined, '"rust handler failed"'] as const;

const EXPECTED: Readonly<Record<string, Expected>> = {
  "go.text": {
    failures: [GO_FAILURE],
    logs: { error: 10, warning: 2, none: 6, failed: 1 },
    traces: 2,
    traced: 4,
  },
  "go.json": {
    failures: [GO_FAILURE],
    logs: { error: 10, warning: 2, info: 6, failed: 1 },
    traces: 2,
    traced: 4,
  },
  "java.text": { failures: [JAVA_FAILURE], logs: { error: 8, none: 6, failed: 1 }, traces: 5, traced: 2 },
  "java.json": { failures: [JAVA_FAILURE], logs: { error: 8, info: 6, failed: 1 }, traces: 4, traced: 2 },
  "node.text": { failures: [], logs: { error: 7, warning: 1, info: 1, none: 1 }, traces: 0, traced: 7 },
  "node.json": { failures: [], logs: { error: 8, warning: 1, none: 1 }, traces: 0, traced: 7 },
  "node_handler_error.text": {
    failures: [["certain", "TypeError", "handler failed"]],
    logs: { info: 3, error: 3, failed: 1 },
    traces: 0,
    traced: 0,
  },
  "node_handler_error.json": {
    failures: [["likely", "TypeError", "handler failed"]],
    logs: { info: 3, error: 3, failed: 1 },
    traces: 0,
    traced: 0,
  },
  "python.text": {
    failures: [PYTHON_FAILURE],
    // Two of the errors are traces that the function prints.
    logs: { error: 12, warning: 2, none: 6, failed: 1 },
    traces: 2,
    traced: 6,
  },
  "python.json": {
    failures: [PYTHON_FAILURE],
    logs: { error: 12, warning: 2, info: 4, none: 2, failed: 1 },
    traces: 2,
    traced: 6,
  },
  "rust.text": {
    failures: [RUST_LOGGED, RUST_LOGGED, RUST_FAILURE, RUST_LOGGED],
    logs: { failed: 4 },
    traces: 0,
    traced: 0,
  },
  "rust.json": { failures: [RUST_FAILURE], logs: { error: 3, failed: 1 }, traces: 0, traced: 4 },
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  scenario(`lines of real functions are read right: ${name}`, async () => {
    const { logFormat, records } = JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, FOLDER)));
    const reader = createLineReader();
    const assembler = createLineAssembler({ kind: "auto" });
    const failures: HandlerError[] = [];
    let timeNs = 1_800_000_000_000_000_000n;
    for (const recorded of records) {
      const line = reader.read(logFormat === "JSON" ? inEnvelope(recorded) : recorded);
      const failure = readHandlerError(line);
      timeNs += 1_000_000n;
      const together = assembler.add({ from: "function", requestId: "r1", timeNs, line, failure });
      for (const each of [failure, together]) if (each !== undefined) failures.push(each);
    }
    const logs: Record<string, number> = {};
    let [traces, traced] = [0, 0];
    for (const log of assembler.take(true)) {
      const status = log.failure === undefined ? log.line.status ?? "none" : "failed";
      logs[status] = (logs[status] ?? 0) + 1;
      if (log.texts !== undefined) traces++;
      if (log.line.traceId !== undefined) traced++;
      if (log.line.traceId?.length === TRACE.length && log.line.traceId.startsWith("4bf")) {
        assertEquals(log.line.traceId, TRACE);
      }
    }
    assertEquals(failures.map(({ certainty, type, message }) => [certainty, type, message]), [
      ...expected.failures.map((failure) => [...failure]),
    ]);
    assertEquals(logs, { ...expected.logs });
    assertEquals([traces, traced], [expected.traces, expected.traced]);
  });
}

/** Where functions log JSON, the platform puts a line that is none into an object; the recordings have it bare. */
function inEnvelope(recorded: string | JsonObject): JsonObject {
  if (typeof recorded !== "string") return recorded;
  return { timestamp: "2026-11-25T13:26:39.885Z", level: "INFO", message: recorded };
}
