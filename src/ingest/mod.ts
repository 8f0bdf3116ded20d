import type { Config } from "../config.ts";
import type { Receiver, ReceiverContext } from "../pipeline/receiver.ts";
import type { Source } from "../point/point.ts";
import { createDatakitApiReceiver } from "./datakit/receiver.ts";
import { createDdtraceReceivers } from "./ddtrace/receiver.ts";
import type { Relay } from "./otlp/export_handler.ts";
import { createOtlpReceiver } from "./otlp/receiver.ts";
import { createStatsdReceiver, type StatsdReceiver } from "./statsd/receiver.ts";

export interface ReceiversOptions {
  readonly config: Config;
  /** What a receiver is built with: its own way into the store. */
  readonly context: (source: Source) => ReceiverContext;
  /** Our version. */
  readonly version: string;
  readonly hostname: string;
  /** Asks for a flush beside the function; returns at once. */
  readonly requestFlush: () => void;
  /** The function seems to have a library of Datadog's. */
  readonly expectsDatadog: boolean;
  /** Takes what comes by OTLP, besides its points, for another target. */
  readonly relay?: Relay | undefined;
}

/** The list of local protocols, and the StatsD aggregator that others may add to. */
export interface Receivers {
  readonly receivers: readonly Receiver[];
  readonly statsd: Pick<StatsdReceiver, "add"> | undefined;
}

/** Those that are on. The log may hold metrics for the aggregator where nothing listens for StatsD. */
export function createReceivers(options: ReceiversOptions): Receivers {
  const { config, context, version, hostname, requestFlush } = options;
  const receivers: Receiver[] = [createDatakitApiReceiver({ version, hostname }, context("datakit"))];
  const isOn = config.statsd.enabled;
  const statsd = isOn || config.awslambda.logMetrics.formats.has("datadog")
    ? createStatsdReceiver(isOn ? config.statsd : { ...config.statsd, ...NO_SOCKETS }, context("statsd"))
    : undefined;
  if (statsd !== undefined) receivers.push(statsd);
  if (config.otlp.enabled) receivers.push(createOtlpReceiver(config.otlp, context("otlp"), options.relay));
  if (config.ddtrace.enabled) {
    // Tracers send metrics of their own through the trace agent's port.
    const feed = isOn ? statsd?.feed : undefined;
    const links = { statsd: feed, requestFlush, isExpected: options.expectsDatadog };
    receivers.push(...createDdtraceReceivers(config.ddtrace, context("ddtrace"), links));
  }
  return { receivers, statsd };
}

const NO_SOCKETS = { udp: [], tcp: [], unixDatagramPath: "", unixStreamPath: "" };
