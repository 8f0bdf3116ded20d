import { createLogger } from "@std/log";
import { parseConfig } from "../../../src/config.ts";
import type { Environment } from "../../../src/config/reader.ts";
import { createExportHandler, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { createOtlpReceiver } from "../../../src/ingest/otlp/receiver.ts";
import type {
  BodyLimits,
  InvocationSpan,
  Receiver,
  ReceiverContext,
} from "../../../src/pipeline/receiver.ts";
import { encodeLineProtocol } from "../../../src/point/line_protocol.ts";
import type { Point } from "../../../src/point/point.ts";
import { createRecordingIntake } from "../../support/points.ts";

/** 2023-11-14T22:13:30Z: ten seconds after the worked bytes' time. */
export const NOW_MS = 1_700_000_010_000;

const LIMITS: BodyLimits = { maxWireBytes: 1 << 20, maxInflatedBytes: 4 << 20, timeoutMs: 5000 };

/** A context that remembers what it is given. */
export interface Recorder {
  readonly context: ReceiverContext;
  readonly points: Point[];
  /** Refused data by reason. */
  readonly refused: Map<string, number>;
  /** What the rest of the program is told of invocations. */
  readonly invocationSpans: readonly InvocationSpan[];
  readonly logged: string[];
  /** The points as line protocol, one a line. */
  lines(): string[];
}

export function createRecorder(limits: Partial<BodyLimits> = {}): Recorder {
  const intake = createRecordingIntake("otlp");
  const { points, refused, invocationSpans } = intake;
  const logged: string[] = [];
  return {
    points,
    refused,
    invocationSpans,
    logged,
    lines: () => new TextDecoder().decode(encodeLineProtocol(points, new Map())).split("\n").slice(0, -1),
    context: {
      ...intake,
      log: createLogger({ level: "debug", write: (line) => void logged.push(line) }),
      instanceId: () => "instance-1",
      limits: { ...LIMITS, ...limits },
      now: () => NOW_MS,
    },
  };
}

/** The receiver with settings from `env`. */
export function createTestReceiver(recorder: Recorder, env: Environment = {}): Receiver {
  return createOtlpReceiver(parseConfig(env).config.otlp, recorder.context);
}

/** What becomes of one JSON request: the points, as recorded. */
export async function exportJson(
  signal: Signal,
  request: unknown,
  env: Environment = {},
): Promise<Recorder> {
  const recorder = createRecorder();
  const handle = createExportHandler(parseConfig(env).config.otlp, recorder.context);
  await handle(signal, "json", new TextEncoder().encode(JSON.stringify(request)));
  return recorder;
}

/** Attributes as OTLP/JSON has them, of strings, integers and other plain values. */
export function attributes(values: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function anyValue(value: unknown): unknown {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value === "object" && value !== null) {
    return { kvlistValue: { values: attributes(Object.fromEntries(Object.entries(value))) } };
  }
  return {};
}
