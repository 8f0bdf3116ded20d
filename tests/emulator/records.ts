/**
 * The Telemetry API's event records, one function each.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
 */

/** An event before it is written for a subscriber. A function's or extension's line is still plain text. */
export interface TelemetryEvent {
  /** Creation at the platform, in epoch ms. */
  readonly at: number;
  readonly type: string;
  readonly record: unknown;
  /** What the runtime told of a line's level beside its text. */
  readonly level?: string;
}

/** An event that happens now, unless it says when. */
export type TelemetryDraft = Omit<TelemetryEvent, "at"> & Partial<Pick<TelemetryEvent, "at">>;

export type InitializationType =
  | "on-demand"
  | "provisioned-concurrency"
  | "snap-start"
  | "lambda-managed-instances";
export type Phase = "init" | "invoke";
export type Status = "success" | "error" | "failure" | "timeout";

/** A named part of an invocation; `at` in epoch ms. */
export interface Span {
  readonly name: "responseLatency" | "responseDuration" | "runtimeOverhead" | "extensionOverhead";
  readonly at: number;
  readonly durationMs: number;
}

/** How an invocation ended. `errorType` only where the platform tells one. */
export interface Verdict {
  readonly status: Status;
  readonly errorType?: string;
}

type Draft = Pick<TelemetryEvent, "type" | "record">;

/** What `platform.initStart` tells of the sandbox. */
export interface InitIdentity {
  readonly initializationType: InitializationType;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly runtimeVersion: string;
  readonly runtimeVersionArn: string;
  /** AWS fills it with the log stream's name. */
  readonly instanceId: string;
  readonly instanceMaxMemory: number;
}

/** `platform.initStart`. */
export function initStart(identity: InitIdentity, phase: Phase): Draft {
  return { type: "platform.initStart", record: { ...identity, phase } };
}

/** `platform.initRuntimeDone`. */
export function initRuntimeDone(type: InitializationType, phase: Phase, verdict: Verdict): Draft {
  return { type: "platform.initRuntimeDone", record: { initializationType: type, phase, ...verdict } };
}

/** `platform.initReport`. */
export function initReport(
  type: InitializationType,
  phase: Phase,
  verdict: Verdict,
  durationMs: number,
): Draft {
  const metrics = { durationMs: micros(durationMs) };
  return { type: "platform.initReport", record: { initializationType: type, phase, ...verdict, metrics } };
}

/** `platform.restoreStart`: a snapshot wakes up in a new sandbox. */
export function restoreStart(identity: InitIdentity): Draft {
  const { initializationType: _type, ...record } = identity;
  return { type: "platform.restoreStart", record };
}

/** `platform.restoreRuntimeDone`. */
export function restoreRuntimeDone(verdict: Verdict): Draft {
  return { type: "platform.restoreRuntimeDone", record: verdict };
}

/** `platform.restoreReport`. */
export function restoreReport(verdict: Verdict, durationMs: number): Draft {
  return {
    type: "platform.restoreReport",
    record: { ...verdict, metrics: { durationMs: micros(durationMs) } },
  };
}

/** `platform.extension`, one for each at the end of init. */
export function extensionRecord(
  name: string,
  state: string,
  events: readonly string[],
  errorType?: string,
): Draft {
  return {
    type: "platform.extension",
    record: { name, state, events, ...(errorType === undefined ? {} : { errorType }) },
  };
}

/** `platform.telemetrySubscription`. */
export function telemetrySubscription(name: string, types: readonly string[]): Draft {
  return { type: "platform.telemetrySubscription", record: { name, state: "Subscribed", types } };
}

/** `platform.start`. */
export function start(requestId: string, version: string, tracing: object | undefined): Draft {
  return {
    type: "platform.start",
    record: { requestId, version, ...(tracing === undefined ? {} : { tracing }) },
  };
}

/** `platform.runtimeDone`. */
export function runtimeDone(
  requestId: string,
  verdict: Verdict,
  durationMs: number,
  producedBytes: number,
  spans: readonly Span[],
  tracing: object | undefined,
): Draft {
  return {
    type: "platform.runtimeDone",
    record: {
      requestId,
      ...verdict,
      metrics: { durationMs: micros(durationMs), producedBytes },
      ...spanMember(spans),
      ...(tracing === undefined ? {} : { tracing }),
    },
  };
}

/** Figures of `platform.report`; managed instances tell the duration only. */
export interface ReportMetrics {
  readonly durationMs: number;
  readonly billedDurationMs?: number;
  readonly memorySizeMB?: number;
  readonly maxMemoryUsedMB?: number;
  readonly initDurationMs?: number;
  readonly restoreDurationMs?: number;
  readonly billedRestoreDurationMs?: number;
}

/** `platform.report`. */
export function report(
  requestId: string,
  verdict: Verdict,
  metrics: ReportMetrics,
  spans: readonly Span[],
  tracing: object | undefined,
): Draft {
  const initDuration = metrics.initDurationMs === undefined
    ? {}
    : { initDurationMs: micros(metrics.initDurationMs) };
  const restoreDuration = metrics.restoreDurationMs === undefined
    ? {}
    : { restoreDurationMs: micros(metrics.restoreDurationMs) };
  return {
    type: "platform.report",
    record: {
      requestId,
      ...verdict,
      metrics: { ...metrics, durationMs: micros(metrics.durationMs), ...initDuration, ...restoreDuration },
      ...spanMember(spans),
      ...(tracing === undefined ? {} : { tracing }),
    },
  };
}

/** `platform.logsDropped`. */
export function logsDropped(droppedRecords: number, droppedBytes: number, reason: string): Draft {
  return { type: "platform.logsDropped", record: { droppedBytes, droppedRecords, reason } };
}

/** A duration as AWS prints it: ms with three decimals at most. */
export function micros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Epoch ms as AWS prints it. */
export function isoTime(at: number): string {
  return new Date(Math.floor(at)).toISOString();
}

function spanMember(spans: readonly Span[]): { readonly spans?: readonly object[] } {
  if (spans.length === 0) return {};
  return {
    spans: spans.map(({ name, at, durationMs }) => ({
      name,
      start: isoTime(at),
      durationMs: micros(durationMs),
    })),
  };
}
