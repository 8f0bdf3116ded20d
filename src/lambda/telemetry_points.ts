/**
 * Platform events to metric points: pure, what is counted once is decided by {@link Observation} and
 * {@link Outcome}.
 * @see `tests/spec/lambda.md` 3.3, `tests/spec/datakit.md` 1.9 and 10
 */
import type { FieldValue, PointDraft } from "../point/point.ts";
import { integer, unsigned } from "../point/integers.ts";
import type { Observation } from "./invocations.ts";
import { type Figure, FRACTIONS } from "./metric_fields.ts";
import type { Outcome } from "./outcome.ts";
import type { TelemetryEvent } from "./telemetry_event.ts";

export interface MetricOptions {
  readonly schema: "documented" | "datakit";
  /** `platform.report` carries what `platform.runtimeDone` does elsewhere. */
  readonly managedInstance: boolean;
}

/** What DataKit 1.84 emits, and as which type. */
const DATAKIT_TYPES: Readonly<Record<string, "float" | "unsigned" | "failures">> = {
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

/**
 * The points of one event, with the outcome it led to, if any, and what goes `beside` its figures. None for an event
 * without a figure.
 */
export function telemetryEventToDrafts(
  event: TelemetryEvent,
  observation: Omit<Observation, "others">,
  options: MetricOptions,
  timeNs: bigint,
  beside: readonly Figure[] = [],
): readonly PointDraft[] {
  return figuresToDrafts(
    figuresOfEvent(event, observation, options.managedInstance, beside),
    options,
    timeNs,
  );
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

/** The points of an outcome that no event led to, or another invocation's event. */
export function outcomeToDrafts(
  outcome: Outcome,
  options: MetricOptions,
  timeNs: bigint,
): readonly PointDraft[] {
  return figuresToDrafts(outcomeFigures(outcome), options, timeNs);
}

/** The point of a sandbox's end. */
export function shutdownToDrafts(
  figures: readonly Figure[],
  reason: string,
  options: MetricOptions,
  timeNs: bigint,
): readonly PointDraft[] {
  const tags: PointDraft["tags"] = [["shutdown_reason", reason]];
  return figuresToDrafts(figures, options, timeNs).map((draft) => ({ ...draft, tags }));
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

function figuresToDrafts(
  figures: readonly Figure[],
  options: MetricOptions,
  timeNs: bigint,
): readonly PointDraft[] {
  const documented: [string, FieldValue | undefined][] = [];
  const datakit: [string, FieldValue | undefined][] = [];
  for (const [name, value] of figures) {
    if (value === undefined) continue;
    const type = options.schema === "datakit" ? DATAKIT_TYPES[name] : undefined;
    if (FRACTIONS.has(name)) documented.push([name, value]);
    else if (type === undefined) documented.push([name, integer(Math.round(value))]);
    else if (type === "float") datakit.push([name, value]);
    else if (type === "unsigned") datakit.push([name, unsigned(Math.round(value))]);
    else if (value > 0) datakit.push([name, integer(value)]);
  }
  const measurement = options.schema === "datakit" ? "awslambda" : "awslambda-metric";
  // What DataKit never emitted goes beside its own point, which so stays what it was.
  return [datakit, documented]
    .filter((fields) => fields.length > 0)
    .map((fields) => ({ category: "metric", measurement, tags: [], fields, timeNs }));
}
