/**
 * Platform events to metric points: what is counted once is decided by {@link Observation} and {@link Outcome}.
 * @see `tests/spec/lambda.md` 3.3, `tests/spec/datakit.md` 1.9 and 10
 */
import type { Intake } from "../pipeline/receiver.ts";
import { unsigned } from "../point/integers.ts";
import type { Key } from "../point/point_keys.ts";
import type { Observation } from "./invocations.ts";
import { type Figure, FRACTIONS, type MetricField } from "./metric_fields.ts";
import type { Outcome } from "./outcome.ts";
import type { TelemetryEvent } from "./telemetry_event.ts";

export interface MetricPointOptions extends Pick<Intake, "begin" | "writer"> {
  readonly schema: "documented" | "datakit";
}

/**
 * Writes the point of these figures, of Unix time in nanoseconds; none if no figure is known. `shutdownReason`: they are
 * of a sandbox's end.
 */
export type WriteFigures = (figures: readonly Figure[], timeNs: bigint, shutdownReason?: string) => void;

type DataKitType = "float" | "unsigned" | "failures";

/** What DataKit 1.84 emits, and as which type. */
const DATAKIT_TYPES: Readonly<Partial<Record<MetricField, DataKitType>>> = {
  init_duration_ms: "float",
  runtime_duration_ms: "float",
  duration_ms: "float",
  post_runtime_duration: "float",
  billed_duration_ms: "unsigned",
  max_memory_used_mb: "unsigned",
  memory_size_mb: "unsigned",
  errors: "failures",
  timeouts: "failures",
};

/** A writer of one schema's points. */
export function createMetricPoints({ begin, writer, schema }: MetricPointOptions): WriteFigures {
  const isDatakit = schema === "datakit";
  const kind = writer.kind("metric", isDatakit ? "awslambda" : "awslambda-metric");

  function putDocumented(key: Key, name: MetricField, value: number): void {
    if (FRACTIONS.has(name)) return writer.float(key, value);
    const whole = Math.round(value);
    if (Number.isSafeInteger(whole)) writer.integer(key, whole);
    else if (Number.isFinite(whole)) writer.field(key, BigInt(whole));
  }

  function putDatakit(key: Key, type: DataKitType, value: number): void {
    if (type === "float") writer.float(key, value);
    else if (type === "unsigned") writer.field(key, unsigned(Math.round(value)));
    else if (value > 0) writer.integer(key, value);
  }

  /** The point of those that DataKit emits, or of all others. */
  function writePoint(
    figures: readonly Figure[],
    timeNs: bigint,
    shutdownReason: string | undefined,
    ofDatakit: boolean,
  ): void {
    begin(kind);
    if (shutdownReason !== undefined) writer.tag(kind.keys.of("shutdown_reason"), shutdownReason);
    for (const figure of figures) {
      const name = figure[0];
      const value = figure[1];
      if (value === undefined) continue;
      const type = isDatakit ? DATAKIT_TYPES[name] : undefined;
      if ((type !== undefined) !== ofDatakit) continue;
      if (type === undefined) putDocumented(kind.keys.of(name), name, value);
      else putDatakit(kind.keys.of(name), type, value);
    }
    // What has no field says nothing.
    writer.endAt(timeNs);
  }

  return (figures, timeNs, shutdownReason) => {
    if (figures.length === 0) return;
    // What DataKit never emitted goes beside its own point, which so stays what it was.
    if (isDatakit) writePoint(figures, timeNs, shutdownReason, true);
    writePoint(figures, timeNs, shutdownReason, false);
  };
}

/** All figures of one event, with those of the outcome it led to, if any. */
export function figuresOfEvent(
  event: TelemetryEvent,
  observation: Omit<Observation, "others">,
  managedInstance: boolean,
  beside: readonly Figure[] = [],
): readonly Figure[] {
  const { outcome } = observation;
  const figures = [...eventFigures(event, observation, managedInstance), ...beside];
  return outcome === undefined ? figures : [...outcomeFigures(outcome), ...figures];
}

/** Those of an outcome. */
export function outcomeFigures(outcome: Outcome): readonly Figure[] {
  const failures: readonly Figure[] = [
    ["errors", outcome.errors],
    ["timeouts", outcome.timeouts],
    ["out_of_memory", outcome.outOfMemory],
  ];
  if (outcome.finished !== undefined) {
    return [["invocations", 1], ...failures, ["cold_starts", outcome.coldStarts]];
  }
  return failures.filter(([, value]) => value !== 0);
}

function eventFigures(
  event: TelemetryEvent,
  observation: Omit<Observation, "others">,
  managedInstance: boolean,
): readonly Figure[] {
  if (observation.repeated === true) return [];
  switch (event.type) {
    case "platform.initReport":
      return [["init_duration_ms", observation.initDurationMs]];
    case "platform.restoreReport":
      return [["restore_duration_ms", observation.restoreDurationMs]];
    case "platform.runtimeDone":
      return [
        ["runtime_duration_ms", event.durationMs],
        ["produced_bytes", event.producedBytes],
        ["response_latency", event.spans.responseLatencyMs],
        ["response_duration_ms", event.spans.responseDurationMs],
        ["runtime_overhead_ms", event.spans.runtimeOverheadMs],
        ["post_runtime_duration", observation.postRuntimeMs],
      ];
    case "platform.report": {
      const { responseLatencyMs, responseDurationMs, extensionOverheadMs } = event.spans;
      return [
        ["duration_ms", event.durationMs],
        ["billed_duration_ms", event.billedDurationMs],
        ["memory_size_mb", event.memorySizeMb],
        ["max_memory_used_mb", event.maxMemoryUsedMb],
        ["post_runtime_duration", observation.postRuntimeMs],
        ["init_duration_ms", observation.initDurationMs],
        ["restore_duration_ms", observation.restoreDurationMs],
        ["extension_overhead_ms", extensionOverheadMs],
        ["runtime_duration_ms", managedInstance ? responseLatencyMs : undefined],
        ["response_latency", managedInstance ? responseLatencyMs : undefined],
        ["response_duration_ms", managedInstance ? responseDurationMs : undefined],
      ];
    }
    case "platform.logsDropped":
      return [["logs_dropped_records", event.droppedRecords], ["logs_dropped_bytes", event.droppedBytes]];
    default:
      return [];
  }
}
