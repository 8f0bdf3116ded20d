import { createLogger } from "@std/log";
import type { LogMetricsConfig } from "../../src/config/log_metrics.ts";
import type { Environment } from "../../src/config/reader.ts";
import type { HandledErrorSource, MultiLine } from "../../src/config/awslambda.ts";
import type { Disagreements } from "../../src/lambda/handled_errors.ts";
import type { InvocationWatch } from "../../src/lambda/lifecycle.ts";
import { createResource } from "../../src/lambda/resource.ts";
import type { LineSample } from "../../src/log_metrics/datadog.ts";
import { createLogMetrics } from "../../src/log_metrics/mod.ts";
import type { PlatformLine } from "../../src/config/platform_lines.ts";
import {
  createTelemetryReceiver,
  type TelemetryReceiverOptions,
} from "../../src/lambda/telemetry_receiver.ts";
import { createReceiverTrace } from "../../src/lambda/trace/receiver_trace.ts";
import type { FinishedInvocation, InvocationSpan } from "../../src/pipeline/receiver.ts";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import type { Point } from "../../src/point/point.ts";
import { createRecordingIntake } from "../support/points.ts";

export interface OpenOptions {
  readonly schema?: "documented" | "datakit";
  readonly logs?: boolean;
  readonly metrics?: boolean;
  readonly handledErrors?: HandledErrorSource;
  readonly trace?: "auto" | "full" | "off";
  readonly traceShare?: number;
  readonly logTraceId?: boolean;
  readonly logRules?: readonly unknown[];
  readonly platformLines?: readonly PlatformLine[];
  readonly logMetrics?: Partial<LogMetricsConfig>;
  readonly multiLine?: MultiLine;
  readonly useNowTime?: boolean;
  readonly managedInstance?: boolean;
  readonly initializationType?: string;
  readonly env?: Environment;
  readonly hostname?: string;
  readonly globalTags?: ReadonlyMap<string, string>;
  /** In place of those that are made here. */
  readonly parts?: Partial<
    Pick<TelemetryReceiverOptions, "tap" | "usage" | "logMetrics" | "recorder" | "onDone">
  >;
}

/** A telemetry receiver whose every outcome can be looked at. */
export interface OpenTelemetry {
  readonly invocations: InvocationWatch;
  /** Has everything written that a flush is to have. */
  readonly collect: () => Promise<void>;
  /** A tracer tells of an invocation. */
  readonly traced: (span: InvocationSpan) => void;
  readonly points: Point[];
  readonly done: FinishedInvocation[];
  readonly refused: Map<string, number>;
  /** How often spans and lines disagreed. */
  readonly disagreements: () => Disagreements;
  /** What the receiver said of errors of its own. */
  readonly errors: string[];
  /** Values for the StatsD aggregator. */
  readonly samples: LineSample[];
  /** Posts a batch (events, or a body as it is) and gives the answer's status. */
  post(batch: unknown, headers?: Record<string, string>, path?: string): Promise<number>;
  /** Everything so far as line protocol, common tags joined. */
  lines(): string[];
  /** Lets time pass for what has no time of its own. */
  passMs(ms: number): void;
  /** Sets the time of what has none of its own, Unix time in ms. */
  setTime(ms: number): void;
  /** The sum of a field over all points. */
  sum(field: string): number;
}

/** The time at which everything happens that has no time of its own: 2026-09-10T12:30:00Z. */
export const NOW_MS = 1789043400000;

export function openTelemetry(options: OpenOptions = {}): OpenTelemetry {
  const intake = createRecordingIntake("telemetry");
  const { points, refused } = intake;
  const done: FinishedInvocation[] = [];
  const errors: string[] = [];
  const samples: LineSample[] = [];
  let passedMs = 0;
  const schema = options.schema ?? "documented";
  const resource = createResource({
    env: options.env ?? {},
    hostname: options.hostname ?? "",
    globalTags: options.globalTags ?? new Map(),
    schema,
  });
  const receiver = createTelemetryReceiver({
    ...intake,
    log: createLogger({ level: "error", write: (line) => void errors.push(line) }),
    now: () => NOW_MS + passedMs,
    managedInstance: options.managedInstance ?? false,
    initializationType: options.initializationType,
    resource,
    logMetrics: options.logMetrics === undefined ? undefined : createLogMetrics({
      ...intake,
      formats: new Set(),
      keepLines: true,
      ...options.logMetrics,
      now: () => NOW_MS + passedMs,
      stamp: (timeNs) => timeNs,
      addSample: (sample) => void samples.push(sample),
    }),
    createTrace: createReceiverTrace,
    identity: { service: "fn", resource: "fn" },
    instanceId: () => "sandbox-1",
    onDone: (invocation) => void done.push(invocation),
    ...options.parts,
    config: {
      schema,
      logs: options.logs ?? true,
      metrics: options.metrics ?? true,
      trace: options.trace ?? "off",
      traceShare: options.traceShare ?? 1,
      logTraceId: options.logTraceId ?? true,
      logRules: options.logRules ?? [],
      platformLines: new Set(options.platformLines),
      handledErrors: options.handledErrors ?? "platform",
      multiLine: options.multiLine ?? { kind: "auto" },
      useNowTime: options.useNowTime ?? false,
    },
  });
  return {
    invocations: receiver.invocations,
    collect: async () => await receiver.collect?.(),
    traced: receiver.traced,
    points,
    done,
    refused,
    errors,
    samples,
    disagreements: receiver.disagreements,
    post: async (batch, headers = {}, path = "/awslambda"): Promise<number> => {
      const isBody = typeof batch === "string" || batch instanceof Uint8Array ||
        batch instanceof ReadableStream;
      const body = isBody ? batch : JSON.stringify(batch);
      const response = await receiver.app?.request(path, { method: "POST", body, headers });
      return response?.status ?? 0;
    },
    lines: () =>
      points.flatMap((point) =>
        new TextDecoder().decode(encodeLineProtocol([point], resource.tags())).trimEnd().split("\n")
      ),
    passMs: (ms) => void (passedMs += ms),
    setTime: (ms) => void (passedMs = ms - NOW_MS),
    sum: (field) => points.reduce((total, point) => total + Number(point.fields.get(field) ?? 0), 0),
  };
}

/** One element as the platform sends it. */
export function event(time: string, type: string, record: unknown): unknown {
  return { time: `2026-09-10T${time}Z`, type, record };
}
