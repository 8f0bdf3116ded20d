/**
 * What an OTLP request says, in the protocol's own names, whichever encoding it came in. Only what is used later
 * is here. Ids are lower-case hex (empty when absent), 64-bit values are `bigint`, enums are numbers.
 * @see `spec/ingest.md` 2.4
 */

/** An `AnyValue`: `bigint` is its int, `number` its double, `undefined` its empty value, a map its `kvlist`. */
export type OtlpValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | readonly OtlpValue[]
  | ReadonlyMap<string, OtlpValue>
  | undefined;

/** Attributes; of a key given twice the last value counts. */
export type OtlpAttributes = ReadonlyMap<string, OtlpValue>;

/** Shared by everything without attributes: most events, links and scopes. */
export const NO_ATTRIBUTES: OtlpAttributes = new Map();

/** Shared by everything without events or links. */
export const NONE: readonly never[] = [];

/** Deeper values are cut to {@link TOO_DEEP}: nothing real nests so far, and recursion needs an end. */
export const MAX_DEPTH = 32;
export const TOO_DEEP = "…";

/** More buckets than this in one data point cannot be meant: SDKs make 160 at most. */
export const MAX_BUCKETS = 4096;

export interface OtlpResource {
  readonly attributes: OtlpAttributes;
}

export interface OtlpScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: OtlpAttributes;
}

/** One scope's spans, metrics or records. */
export interface OtlpScopeItems<Item> {
  readonly scope: OtlpScope;
  readonly items: readonly Item[];
  readonly schemaUrl: string;
}

/** One resource's spans, metrics or records. */
export interface OtlpResourceItems<Item> {
  readonly resource: OtlpResource;
  readonly scopes: readonly OtlpScopeItems<Item>[];
  readonly schemaUrl: string;
}

/** A whole export request. */
export interface OtlpRequest<Item> {
  readonly resources: readonly OtlpResourceItems<Item>[];
  /** Elements that could not be read and are not in it. */
  readonly malformed: number;
  /** Resources and scopes that are without a part that could not be read; only JSON knows such. */
  readonly trimmed?: number;
}

/** What is one datum of a request. */
export interface OtlpItem {
  /** It is without a part that could not be read, as an attribute; only JSON knows such. */
  readonly trimmed?: boolean;
}

export interface OtlpSpan extends OtlpItem {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: OtlpAttributes;
  readonly droppedAttributesCount: number;
  readonly events: readonly OtlpEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly OtlpLink[];
  readonly droppedLinksCount: number;
  readonly status: OtlpStatus | undefined;
  readonly flags: number;
}

export interface OtlpStatus {
  readonly code: number;
  readonly message: string;
}

export interface OtlpEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: OtlpAttributes;
  readonly droppedAttributesCount: number;
}

export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: OtlpAttributes;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

export interface OtlpMetric extends OtlpItem {
  readonly name: string;
  readonly unit: string;
  /** `undefined` when the metric has no member of the oneof we know. */
  readonly data: OtlpMetricData | undefined;
}

export type OtlpMetricData =
  | { readonly kind: "gauge"; readonly dataPoints: readonly OtlpNumberPoint[] }
  | {
    readonly kind: "sum";
    readonly dataPoints: readonly OtlpNumberPoint[];
    readonly aggregationTemporality: number;
    readonly isMonotonic: boolean;
  }
  | {
    readonly kind: "histogram";
    readonly dataPoints: readonly OtlpHistogramPoint[];
    readonly aggregationTemporality: number;
  }
  | {
    readonly kind: "exponentialHistogram";
    readonly dataPoints: readonly OtlpExponentialPoint[];
    readonly aggregationTemporality: number;
  }
  | { readonly kind: "summary"; readonly dataPoints: readonly OtlpSummaryPoint[] };

/** What all data points have. */
export interface OtlpPointBase extends OtlpItem {
  readonly timeUnixNano: bigint;
  readonly attributes: OtlpAttributes;
  readonly flags: number;
}

export interface OtlpNumberPoint extends OtlpPointBase {
  /** A double as `number`, an int as `bigint`. */
  readonly value: number | bigint | undefined;
}

export interface OtlpDistribution extends OtlpPointBase {
  readonly count: bigint;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export interface OtlpHistogramPoint extends OtlpDistribution {
  readonly bucketCounts: readonly bigint[];
  readonly explicitBounds: readonly number[];
}

export interface OtlpExponentialPoint extends OtlpDistribution {
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: OtlpBuckets;
  readonly negative: OtlpBuckets;
}

export interface OtlpBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

export interface OtlpSummaryPoint extends OtlpPointBase {
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[];
}

export interface OtlpLogRecord extends OtlpItem {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: OtlpValue;
  readonly attributes: OtlpAttributes;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}
