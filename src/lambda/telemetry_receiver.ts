/** What becomes of the platform's telemetry: the points of logs and platform events, and what invocations come to. */
import { describeError } from "@std/log";
import type { AwsLambdaConfig } from "../config/awslambda.ts";
import { isJsonObject, type JsonObject } from "../json/exact_json.ts";
import { toExactJsonSteps } from "../json/steps_json.ts";
import { createDeadline, settledBefore } from "../pipeline/deadline.ts";
import type { FinishedInvocation, InvocationSpan, Receiver, ReceiverContext } from "../pipeline/receiver.ts";
import type { FlightRecorder } from "../recorder/flight_recorder.ts";
import { createBatchSlice } from "./batch_slice.ts";
import { createContained } from "./contained.ts";
import type { Disagreements } from "./handled_errors.ts";
import { createInvocations, type Observation } from "./invocations.ts";
import type { ShutdownReason } from "./extensions_api.ts";
import type { InvocationWatch } from "./lifecycle.ts";
import { createLineAssembler } from "./lines/assembler.ts";
import { readHandlerError } from "./lines/handler_error.ts";
import { createLineReader, type Line } from "./lines/line.ts";
import { createLogPoints } from "./log_points.ts";
import { createLogTelling } from "./log_telling.ts";
import { createLogWriting } from "./log_writing.ts";
import { platformLog } from "./platform_lines.ts";
import type { Figure } from "./metric_fields.ts";
import type { Outcome } from "./outcome.ts";
import type { Resource } from "./resource.ts";
import type { LogMetrics } from "../log_metrics/mod.ts";
import type { Steps } from "../bounded_pattern.ts";
import { createLogRules } from "../log_rules/rules.ts";
import type { SpanIdentity } from "./trace/platform_span.ts";
import type { createReceiverTrace } from "./trace/receiver_trace.ts";
import { createBatchTaker } from "./telemetry_batch.ts";
import { createTelemetryEndpoint } from "./telemetry_endpoint.ts";
import { decodeTelemetryEvent, type LogEvent, type TelemetryEvent } from "./telemetry_event.ts";
import type { PlatformTap } from "./platform_tap.ts";
import { createMetricPoints, figuresOfEvent, outcomeFigures } from "./telemetry_points.ts";
import type { UsageFigures } from "./usage/usage_figures.ts";

export interface TelemetryReceiverOptions extends Omit<ReceiverContext, "limits"> {
  readonly config: Pick<
    AwsLambdaConfig,
    | "schema"
    | "logs"
    | "metrics"
    | "handledErrors"
    | "multiLine"
    | "useNowTime"
    | "trace"
    | "traceShare"
    | "logTraceId"
    | "logRules"
    | "platformLines"
  >;
  readonly managedInstance: boolean;
  /** Takes the metrics that the function writes into its log. @default none */
  readonly logMetrics?: LogMetrics | undefined;
  /** Makes the platform's trace. @default none */
  readonly createTrace?: typeof createReceiverTrace | undefined;
  /** Whose spans the platform's trace is made of. */
  readonly identity: SpanIdentity;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType?: string | undefined;
  /** Cost and use, where they are wanted. */
  readonly usage?: UsageFigures | undefined;
  /** Learns from init events and INVOKEs. */
  readonly resource: Pick<Resource, "observe" | "invoked">;
  /** Told of each invocation once, at its first outcome. */
  readonly onDone?: (invocation: FinishedInvocation) => void;
  /** Holds logs until it is known how their request ended, where that is wanted. */
  readonly recorder?: FlightRecorder | undefined;
  /** Told when this memory woke up from a snapshot: whatever is particular to a sandbox must be made anew. */
  readonly onRestore?: () => void;
  /** Where the same data goes in another form too. */
  readonly tap?: PlatformTap | undefined;
}

/** The receiver, and the invocations it keeps, whose outcomes become points also without a telemetry event. */
export interface TelemetryReceiver extends Receiver {
  readonly invocations: InvocationWatch;
  /** How often the platform and the log disagreed about handlers' exceptions. */
  readonly disagreements: () => Disagreements;
  /** A tracer's span came: from now on the platform's trace makes no root of its own. */
  readonly tracerSeen: () => void;
  /** A tracer tells of an invocation: that one's logs and spans are in its trace. */
  readonly traced: (span: InvocationSpan) => void;
}

/** How long logs are written at a time beside what else has to be done, and when an INVOKE comes: `next` waits for it. In ms. */
const SLICE_MS = 7;
const INVOKE_SLICE_MS = 3;
/** How long the last batches are taken in slices at SHUTDOWN, and their logs written: then sending has to begin. In ms. */
const LAST_LOGS_MS = 300;

/** The endpoint and its state. */
export function createTelemetryReceiver(options: TelemetryReceiverOptions): TelemetryReceiver {
  const { config, refuse, log, managedInstance, usage, logMetrics } = options;
  const nowNs = (): bigint => BigInt(Math.floor(options.now())) * 1_000_000n;
  const writeMetrics = createMetricPoints({ ...options, schema: config.schema });
  const invocations = createInvocations({
    managedInstance,
    initializationType: options.initializationType,
    handledErrors: config.handledErrors,
    now: options.now,
  });
  const lines = createLineReader();
  const assembler = createLineAssembler(config.multiLine);
  const trace = options.createTrace?.(options);
  const contextOf = config.logTraceId ? trace?.contextOf : undefined;
  const rules = config.logRules.length === 0 ? undefined : createLogRules(config.logRules).rules;
  const logPoints = createLogPoints({
    ...options,
    schema: config.schema,
    rules,
    contextOf,
    isCold: invocations.isCold,
  });
  const contained = createContained(log);
  const tell = createLogTelling({
    logPoints: config.logs ? logPoints : undefined,
    rules,
    trace,
    isCold: invocations.isCold,
    contained,
    stamp,
    refuse,
  });
  const writing = createLogWriting(assembler, tell);
  /** An outcome comes behind the logs of its invocation. */
  const waiting: Outcome[] = [];

  function stamp(timeNs: bigint | undefined): bigint {
    return config.useNowTime || timeNs === undefined ? nowNs() : timeNs;
  }

  function tellOutcome(outcome: Outcome): void {
    const { finished } = outcome;
    if (finished !== undefined) contained("Telling the inputs an end", () => options.onDone?.(finished));
    contained("The platform's trace", () => trace?.ended(outcome));
    contained("The flight recorder", () => options.recorder?.ended(outcome));
  }

  function writeFigures(figures: readonly Figure[], timeNs: bigint, shutdownReason?: string): void {
    if (options.tap !== undefined) contained("The OTLP target", () => options.tap?.figures(figures));
    writeMetrics(figures, timeNs, shutdownReason);
  }

  function writeOutcomes(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      tellOutcome(outcome);
      if (config.metrics) writeFigures(outcomeFigures(outcome), stamp(outcome.timeNs));
    }
  }

  function writeWaiting(): void {
    writeOutcomes(waiting.splice(0));
  }

  function takeObservation({ outcome, others }: Observation): void {
    if (outcome !== undefined) writeOutcomes([outcome]);
    writeOutcomes(others);
  }

  function takeLine(event: LogEvent, line: Line): void {
    const { type: from } = event;
    const timeNs = event.timeNs ?? nowNs();
    const failure = from === "function" ? readHandlerError(line) : undefined;
    const observation = invocations.observeLine(from, line, failure, timeNs);
    takeObservation(observation);
    const isMetric = from === "function" && logMetrics !== undefined &&
      contained("Metrics from logs", () => logMetrics.take(line));
    if (isMetric === true && logMetrics?.keepLines === false) {
      return config.logs ? refuse("filtered") : undefined;
    }
    const { requestId } = observation;
    const together = assembler.add({ from, requestId, timeNs, line, failure });
    if (together === undefined || from !== "function") return;
    takeObservation(invocations.failed(requestId, together, timeNs));
  }

  function writePlatformLog(event: TelemetryEvent): void {
    if (!config.logs || config.platformLines.size === 0) return;
    const made = platformLog(event, config.platformLines, event.timeNs ?? nowNs());
    if (made !== undefined) logPoints.write(made, stamp(event.timeNs));
  }

  function takePlatformEvent(event: Exclude<TelemetryEvent, LogEvent>): void {
    options.resource.observe(event);
    if (event.type === "platform.restoreStart") {
      options.onRestore?.();
      contained("The flight recorder", () => options.recorder?.restored());
    }
    if (event.type === "platform.initStart" || event.type === "platform.restoreStart") {
      contained("The OTLP target", () => options.tap?.started(event.instanceId));
    }
    // A log is not held beyond the outcome of its invocation.
    if (event.type === "platform.runtimeDone" || event.type === "platform.report") writing.now();
    if (event.type === "unknown") refuse("unsupported");
    contained("The platform's trace", () => trace?.observe(event));
    const observation = invocations.observe(event);
    if (observation.repeated !== true) writePlatformLog(event);
    const { outcome, others } = observation;
    if (outcome !== undefined) tellOutcome(outcome);
    const beside = observation.repeated === true || usage === undefined
      ? undefined
      : contained("Cost and usage", () => usage.of(event));
    if (config.metrics) {
      writeFigures(figuresOfEvent(event, observation, managedInstance, beside), stamp(event.timeNs));
    }
    writeOutcomes(others);
  }

  /** Takes one element; how many data were lost with it. */
  function takeElement(element: unknown): 0 | 1 {
    try {
      const event = decodeTelemetryEvent(element);
      if (event !== undefined) {
        if (isLogEvent(event)) takeLine(event, lines.read(event.record));
        else takePlatformEvent(event);
        return 0;
      }
    } catch (error) {
      tellUnused(error);
    }
    if (!isLine(element)) invocations.releaseWaits();
    return 1;
  }

  /** The same of an element that takes long. */
  function* takeLarge(element: unknown): Steps<0 | 1> {
    if (!isLine(element)) return takeElement(element);
    try {
      const event = decodeTelemetryEvent(yield* withTextRecord(element));
      if (event === undefined || !isLogEvent(event)) return 1;
      takeLine(event, yield* lines.readSteps(event.record));
      return 0;
    } catch (error) {
      tellUnused(error);
      return 1;
    }
  }

  function tellUnused(error: unknown): void {
    log.error("A telemetry event could not be used", { error: describeError(error) });
  }

  const batches = createBatchTaker({
    now: options.now,
    refuse,
    writing,
    isRuled: rules !== undefined,
    takeElement,
    takeLarge,
    releaseWaits: invocations.releaseWaits,
  });

  const endpoint = createTelemetryEndpoint({
    refuse,
    log,
    take: batches.take,
    releaseWaits: invocations.releaseWaits,
  });

  /** Has the last batches taken and their logs written, in slices as long as there is time for it. */
  async function lastLogs(): Promise<void> {
    using patience = createDeadline(LAST_LOGS_MS, options.now);
    if (!await endpoint.answered(patience.signal)) {
      const taken = batches.hurry();
      writing.now();
      await taken;
    }
    const rest = writing.write(true, createBatchSlice(SLICE_MS));
    if (rest !== undefined && !await settledBefore(rest, patience.signal)) writing.now();
  }

  function endAll(reason: ShutdownReason): void {
    writeWaiting();
    writeOutcomes(invocations.shutdown(reason));
    contained("The platform's trace", () => trace?.close());
    contained("The flight recorder", () => options.recorder?.shutdown(reason));
    const figures = usage === undefined ? undefined : contained("Cost and usage", () => usage.shutdown());
    if (figures !== undefined) writeFigures(figures, nowNs(), reason);
  }

  return {
    name: "awslambda",
    app: endpoint.app,
    collect: () => writing.write(true, createBatchSlice(SLICE_MS)),
    disagreements: () => invocations.disagreements,
    tracerSeen: () => trace?.tracerSeen(),
    traced: (span) => trace?.traced(span),
    invocations: {
      invoked: (event) => {
        // What takes longer is written beside the function; a flush has it, too.
        const rest = writing.write(true, createBatchSlice(INVOKE_SLICE_MS));
        options.resource.invoked(event);
        contained("The platform's trace", () => trace?.invoked(event));
        contained("Cost and usage", () => usage?.invoked(event.requestId));
        contained("The flight recorder", () => options.recorder?.invoked(event));
        const { open, outcomes, end } = invocations.invoked(event);
        waiting.push(...outcomes);
        if (rest === undefined) writeWaiting();
        else if (waiting.length > 0) void rest.then(writeWaiting);
        if (end !== undefined && config.metrics) {
          writeFigures(figuresOfEvent(end, {}, managedInstance), stamp(end.timeNs));
        }
        return open;
      },
      lastReported: invocations.lastReported,
      shutdown: (reason) => {
        const isWritten = !endpoint.isBusy && writing.write(true, createBatchSlice(SLICE_MS)) === undefined;
        return isWritten ? endAll(reason) : lastLogs().then(() => endAll(reason));
      },
      get batches() {
        return endpoint.batches;
      },
    },
  };
}

function isLogEvent(event: TelemetryEvent): event is LogEvent {
  return event.type === "function" || event.type === "extension";
}

/** A line whose record is a large list, with that as the text that it becomes. */
function* withTextRecord(element: JsonObject): Steps<unknown> {
  const { record } = element;
  return Array.isArray(record) ? { ...element, record: yield* toExactJsonSteps(record) } : element;
}

/** Whether an element is, or was meant to be, a line: no invocation ends with one. */
function isLine(element: unknown): element is JsonObject {
  return isJsonObject(element) && (element["type"] === "function" || element["type"] === "extension");
}
