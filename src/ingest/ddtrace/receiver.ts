/**
 * The Datadog trace agent's routes and the Lambda lifecycle API, so that Datadog's tracers and Lambda libraries
 * work unchanged.
 */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { FinishedInvocation, Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { createAgentApp } from "./agent_app.ts";
import type { TraceIntake } from "./trace_intake.ts";
import { createLifecycleApp } from "./lifecycle_app.ts";

/** Ways to other parts. */
export interface DdtraceLinks {
  /** Takes DogStatsD lines that tracers send through the trace agent's port. */
  readonly statsd?: ((lines: Uint8Array) => Promise<void>) | undefined;
  /** Asks for a flush; returns at once. */
  readonly requestFlush?: (() => void) | undefined;
  /** The function seems to have a library of Datadog's, whose first call it will wait for. @default false */
  readonly isExpected?: boolean;
}

/** The trace receiver and the lifecycle receiver, which share what they know of invocations. */
export function createDdtraceReceivers(
  config: DdtraceConfig,
  context: ReceiverContext,
  links: DdtraceLinks = {},
): readonly [traces: Receiver, lifecycle: Receiver] {
  let loading: Promise<TraceIntake> | undefined;
  let intake: TraceIntake | undefined;
  let isPrepared = false;

  /** Decoders and mapping, loaded with the first request, or ahead of it where one is sure to come. */
  function load(): Promise<TraceIntake> {
    loading ??= import("./trace_intake.ts")
      .then(({ createTraceIntake }) => intake = createTraceIntake(config, context));
    return loading;
  }

  /** What the function would wait for at its first call, once; a failure is told by that call. */
  function prepare(): void {
    if (isPrepared) return;
    isPrepared = true;
    void load().then(({ warmUp }) => warmUp()).catch(() => {});
  }

  const { limits, log } = context;
  const maxWireBytes = Math.min(config.maxBodyBytes || limits.maxWireBytes, limits.maxWireBytes);
  const traces: Receiver = {
    name: "ddtrace",
    app: createAgentApp({
      ...context,
      limits: { ...limits, maxWireBytes },
      intake: load,
      statsd: links.statsd,
    }),
    ports: config.listen,
    collect: () => intake?.collect(),
    invocationDone: (invocation: FinishedInvocation) => intake?.invocationDone(invocation),
  };
  const lifecycle: Receiver = {
    name: "ddtrace-lifecycle",
    app: createLifecycleApp({ intake: load, prepare, limits, log, requestFlush: links.requestFlush }),
    ports: config.lifecycleListen,
    prepare: () => {
      if (links.isExpected === true) prepare();
    },
  };
  return [traces, lifecycle];
}
