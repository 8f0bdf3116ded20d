/**
 * The Datadog trace agent's routes and the Lambda lifecycle API, so that Datadog's tracers and Lambda libraries
 * work unchanged.
 * @see `spec/ingest.md` 3
 */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { FinishedInvocation, Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { createAgentApp } from "./agent_app.ts";
import type { Engine } from "./engine.ts";
import { createLifecycleApp } from "./lifecycle_app.ts";

/** Ways to other parts. */
export interface DdtraceLinks {
  /** Takes DogStatsD lines that tracers send through the trace agent's port. */
  readonly statsd?: ((lines: Uint8Array) => void) | undefined;
  /** Asks for a flush; returns at once. */
  readonly requestFlush?: (() => void) | undefined;
}

/** The trace receiver and the lifecycle receiver, which share what they know of invocations. */
export function createDdtraceReceivers(
  config: DdtraceConfig,
  context: ReceiverContext,
  links: DdtraceLinks = {},
): readonly [traces: Receiver, lifecycle: Receiver] {
  let loading: Promise<Engine> | undefined;
  let engine: Engine | undefined;

  /** Decoders and mapping, loaded with the first request. */
  function load(): Promise<Engine> {
    loading ??= import("./engine.ts").then(({ createEngine }) => engine = createEngine(config, context));
    return loading;
  }

  const { limits, log } = context;
  const maxWireBytes = Math.min(config.maxBodyBytes || limits.maxWireBytes, limits.maxWireBytes);
  const traces: Receiver = {
    name: "ddtrace",
    app: createAgentApp({
      ...context,
      limits: { ...limits, maxWireBytes },
      engine: load,
      statsd: links.statsd,
    }),
    ports: config.listen,
    collect: () => engine?.collect(),
    invocationDone: (invocation: FinishedInvocation) => engine?.invocationDone(invocation),
  };
  const lifecycle: Receiver = {
    name: "ddtrace-lifecycle",
    app: createLifecycleApp({ engine: load, limits, log, requestFlush: links.requestFlush }),
    ports: config.lifecycleListen,
  };
  return [traces, lifecycle];
}
