/** Where the points come from: the platform's telemetry, and what local clients send. */
import type { Logger } from "@std/log";
import type { Config } from "./config.ts";
import type { Environment } from "./config/reader.ts";
import { hasDatadogLibrary } from "./config/datadog_library.ts";
import { spanIdentityOf } from "./identity.ts";
import { createReceivers } from "./ingest/mod.ts";
import type { Resource } from "./lambda/resource.ts";
import { createTelemetryReceiver, type TelemetryReceiver } from "./lambda/telemetry_receiver.ts";
import { loadTrace } from "./lambda/trace/load_trace.ts";
import { loadUsage } from "./lambda/usage/load_usage.ts";
import type { UsageFigures } from "./lambda/usage/usage_figures.ts";
import { loadLogMetrics } from "./log_metrics/load_log_metrics.ts";
import type { OtlpTarget } from "./otlp_target/mod.ts";
import type { Intake, Receiver, ReceiverContext } from "./pipeline/receiver.ts";
import type { Source } from "./point/point.ts";
import type { FlightRecorder } from "./recorder/flight_recorder.ts";
import { tellingRefusals } from "./refusals.ts";
import { VERSION } from "./version.ts";

export interface ReceivingOptions {
  readonly config: Config;
  readonly env: Environment;
  /** A source's own way into the store. */
  readonly intakeOf: (source: Source) => Intake;
  readonly resource: Resource;
  readonly hostname: string;
  readonly managedInstance: boolean;
  /** The sandbox's own name. */
  readonly instanceId: () => string;
  readonly recorder: FlightRecorder | undefined;
  readonly target: OtlpTarget | undefined;
  readonly requestFlush: () => void;
  /** Whether the store fills although what it holds is being sent. */
  readonly isFilling: () => boolean;
  /** This memory woke up from a snapshot: whatever is particular to a sandbox must be made anew. */
  readonly onRestore: () => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface Receiving {
  readonly telemetry: TelemetryReceiver;
  /** All of them, `telemetry` first. */
  readonly receivers: readonly Receiver[];
  readonly usage: UsageFigures | undefined;
}

/** Loads what is on, and puts it together. */
export async function createReceiving(options: ReceivingOptions): Promise<Receiving> {
  const { config, env, intakeOf, recorder, target, managedInstance, log, now } = options;
  const { core, awslambda } = config;
  const context = (source: Source): ReceiverContext => {
    const intake = intakeOf(source);
    return {
      ...intake,
      refuse: tellingRefusals(intake.refuse, source, { log, now }),
      sampledOut: recorder?.sampledOut,
      log,
      limits: core.bodyLimits,
      now,
      isFilling: options.isFilling,
      instanceId: options.instanceId,
    };
  };
  const { receivers: listening, statsd } = createReceivers({
    config,
    context,
    version: VERSION,
    hostname: options.hostname,
    requestFlush: options.requestFlush,
    expectsDatadog: hasDatadogLibrary(env),
    relay: target?.relay,
  });
  const isOn = core.inputs.has("awslambda");
  const initializationType = env["AWS_LAMBDA_INITIALIZATION_TYPE"];
  const usage = !isOn ? undefined : await loadUsage({
    config: awslambda,
    region: env["AWS_REGION"],
    initializationType,
    managedInstance,
    log,
  });
  const logMetrics = await loadLogMetrics({
    ...context("telemetry"),
    enabled: isOn,
    ...awslambda.logMetrics,
    useNowTime: awslambda.useNowTime,
    addSample: (sample) => statsd?.add({ ...sample, member: "", rate: 1, relative: false }),
  });
  const telemetry = createTelemetryReceiver({
    ...context("telemetry"),
    // Off, it still tells when the runtime is done: the other inputs' data leave with their invocation.
    config: isOn ? awslambda : { ...awslambda, metrics: false, logs: false },
    resource: options.resource,
    logMetrics,
    createTrace: await loadTrace(awslambda.trace, log),
    managedInstance,
    identity: spanIdentityOf(env),
    tap: target?.tap,
    initializationType,
    usage,
    recorder,
    onRestore: options.onRestore,
    onDone: (invocation) => receivers.forEach((receiver) => receiver.invocationDone?.(invocation)),
  });
  const receivers: readonly Receiver[] = [telemetry, ...listening];
  return { telemetry, receivers, usage };
}
