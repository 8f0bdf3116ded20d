/** What StatsD lines mean, before aggregation. */

/** The kinds of metrics, named as DataKit's tag `metric_type` names them. */
export type MetricType = "counter" | "gauge" | "set" | "timing" | "histogram" | "distribution";

/** One value of one line. */
export interface Sample {
  /** As sent, tags inside the name included. */
  readonly name: string;
  /** What followed `|#`, unsplit: the same text is the same series, so it is split once per series. */
  readonly tagText: string;
  readonly type: MetricType;
  /** Finite; 0 for sets. */
  readonly value: number;
  /** The member of a set, else empty. */
  readonly member: string;
  /** In (0, 1]. */
  readonly rate: number;
  /** Unix seconds, 0 when the line has no time of its own. */
  readonly timestampS: number;
  /** A gauge's value that is added to the last one. */
  readonly relative: boolean;
}

/** A DogStatsD event. Absent parts are empty. */
export interface StatsdEvent {
  readonly title: string;
  readonly text: string;
  readonly timestampS: number;
  readonly host: string;
  readonly aggregationKey: string;
  readonly priority: string;
  readonly sourceType: string;
  readonly alertType: string;
  readonly tagText: string;
}

/** A DogStatsD service check. Absent parts are empty. */
export interface ServiceCheck {
  readonly name: string;
  /** 0 ok, 1 warning, 2 critical, 3 unknown. */
  readonly status: number;
  readonly timestampS: number;
  readonly host: string;
  readonly message: string;
  readonly tagText: string;
}

/** Where parsed lines go. */
export interface SampleSink {
  readonly sample: (sample: Sample) => void;
  readonly event: (event: StatsdEvent) => void;
  readonly check: (check: ServiceCheck) => void;
  /** Lines, or values of a packed line, that could not be read. */
  readonly malformed: (count: number) => void;
}
