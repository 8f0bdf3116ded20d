import type { Config } from "../config.ts";
import type { Receiver, ReceiverContext } from "../pipeline/receiver.ts";
import type { Source } from "../point/point.ts";
import { createStatsdReceiver } from "./statsd/receiver.ts";

/** The list of local protocols: those that are on, each with its own way into the store. */
export function createReceivers(config: Config, context: (source: Source) => ReceiverContext): Receiver[] {
  const receivers: Receiver[] = [];
  const statsd = config.statsd.enabled ? createStatsdReceiver(config.statsd, context("statsd")) : undefined;
  if (statsd !== undefined) receivers.push(statsd);
  return receivers;
}
