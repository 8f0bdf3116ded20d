/** Metrics out of a function's log. Loaded only when they are wanted. */
import type { JsonObject } from "../json/exact_json.ts";
import type { Intake } from "../pipeline/receiver.ts";
import { type LineSample, readDatadogObject, readDatadogText } from "./datadog.ts";
import { readEmf } from "./emf.ts";

/** A line, as far as metrics are looked for in it. */
export interface MetricLine {
  /** Members of a JSON log. */
  readonly members: JsonObject | undefined;
  readonly message: string;
}

export interface LogMetrics {
  /** Takes the metrics that a line of the function holds; `true`: it was written to tell these. */
  take(line: MetricLine): boolean;
  /** Whether such lines are logs as well. */
  readonly keepLines: boolean;
}

export interface LogMetricsOptions extends Pick<Intake, "begin" | "writer" | "refuse"> {
  readonly formats: ReadonlySet<"emf" | "datadog">;
  readonly keepLines: boolean;
  /** The time to write for what has a time of its own, Unix time in ns. */
  readonly stamp: (timeNs: bigint) => bigint;
  /** Where Datadog's metrics are aggregated. */
  readonly addSample: (sample: LineSample) => void;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Reads lines for metrics of these formats. */
export function createLogMetrics(options: LogMetricsOptions): LogMetrics {
  const { formats, writer, begin, refuse, stamp, addSample, now } = options;
  const hasEmf = formats.has("emf");
  const hasDatadog = formats.has("datadog");

  function takeEmf(members: JsonObject): boolean {
    const reading = readEmf(members, now());
    if (reading === undefined) return false;
    const timeNs = stamp(reading.timeNs);
    for (const { namespace, tags, fields, isTrimmed } of reading.points) {
      const kind = writer.kind("metric", namespace);
      begin(kind);
      for (const [key, value] of tags) writer.tag(kind.keys.of(key), value);
      for (const [key, value] of fields) writer.field(kind.keys.of(key), value);
      if (isTrimmed) writer.trim();
      if (!writer.endAt(timeNs)) refuse("malformed");
    }
    if (reading.refused > 0) refuse("malformed", reading.refused);
    return true;
  }

  function takeDatadog({ members, message }: MetricLine): boolean {
    const found = (members === undefined ? undefined : readDatadogObject(members)) ??
      readDatadogText(message);
    if (found === undefined) return false;
    if (found === "malformed") refuse("malformed");
    else addSample(found);
    return true;
  }

  return {
    keepLines: options.keepLines,
    take: (line) =>
      (hasEmf && line.members !== undefined && takeEmf(line.members)) || (hasDatadog && takeDatadog(line)),
  };
}
