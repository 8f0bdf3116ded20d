/**
 * The Telemetry API of one generation of the sandbox: subscribers, replay, and the writing of events for each.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html
 */
import { type ApiReply, errorReply } from "./reply.ts";
import { toJsonRecord } from "./function_log.ts";
import {
  isoTime,
  logsDropped,
  type TelemetryDraft,
  type TelemetryEvent,
  telemetrySubscription,
} from "./records.ts";
import type { TelemetryChaos } from "./telemetry_chaos.ts";
import {
  createTelemetryBatcher,
  type DeliveryModel,
  type DeliveryResult,
  type TelemetryBatcher,
} from "./telemetry_batcher.ts";
import { createDestination, type Destination } from "./telemetry_delivery.ts";
import { parseSubscription, type Subscription } from "./telemetry_subscription.ts";
import { nowMs } from "./waiters.ts";

/** How a subscription is answered: rightly (200), or as a degraded environment does. */
export type SubscribeReply = 200 | 202 | 400 | 404 | 500 | "closed";

export interface TelemetryOptions {
  readonly managed: boolean;
  readonly jsonLogs: boolean;
  readonly model: DeliveryModel;
  readonly subscribeReply: SubscribeReply;
  readonly chaos: TelemetryChaos;
  /** Each POST made, with its outcome. */
  readonly onDelivery: (name: string, delivery: Delivery) => void;
}

/** One POST to a subscriber. */
export interface Delivery {
  readonly at: number;
  readonly tookMs: number;
  readonly bytes: number;
  readonly result: DeliveryResult;
}

/** The hub between what happens and who is told. */
export interface Telemetry {
  /** Answers a subscription; `undefined` means: close the socket without an answer. */
  subscribe(name: string, body: string): ApiReply | undefined;
  emit(draft: TelemetryDraft): void;
  /** No subscription from now on, and nothing is kept for late ones. */
  closeSubscription(): void;
  hold(): void;
  release(): void;
  flush(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
  /** Where the subscribers listen. */
  readonly ports: readonly number[];
  /** Everything emitted, in order. */
  readonly events: readonly TelemetryEvent[];
  /** Sends a body of any form to every HTTP subscriber, outside the batches: for hostile input. */
  inject(body: string): Promise<readonly DeliveryResult[]>;
}

interface Subscriber {
  readonly name: string;
  readonly subscription: Subscription;
  readonly batcher: TelemetryBatcher;
  readonly destination: Destination;
}

/** A hub without subscribers. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const events: TelemetryEvent[] = [];
  const subscribers: Subscriber[] = [];
  let open = true;

  function emit(draft: TelemetryDraft): void {
    const event = { at: nowMs(), ...draft };
    events.push(event);
    for (const subscriber of subscribers) offer(subscriber, event);
  }

  function offer({ subscription, batcher }: Subscriber, event: TelemetryEvent): void {
    const type = event.type.startsWith("platform.") ? "platform" : event.type;
    if (!subscription.types.some((subscribed) => subscribed === type)) return;
    const record = type === "platform" ? event.record : logRecord(event, subscription);
    batcher.add(JSON.stringify({ time: isoTime(event.at), type: event.type, record }));
  }

  /** A line stays text unless schema and log format make it an object. */
  function logRecord({ record, at, level }: TelemetryEvent, subscription: Subscription): unknown {
    const objects = options.jsonLogs && subscription.schemaVersion !== "2022-07-01";
    return objects && typeof record === "string" ? toJsonRecord({ text: record, level }, at) : record;
  }

  function addSubscriber(name: string, subscription: Subscription): void {
    const destination = createDestination(subscription.destination, options);
    const batcher = createTelemetryBatcher({
      ...subscription,
      model: options.model,
      chaos: options.chaos,
      deliver: async (body, sequenceId, signal) => {
        const at = nowMs();
        const result = await destination.post(body, sequenceId, signal);
        options.onDelivery(name, { at, tookMs: nowMs() - at, bytes: body.length, result });
        return result;
      },
      onDropped: (records, bytes, reason) => emit(logsDropped(records, bytes, reason)),
    });
    const subscriber = { name, subscription, batcher, destination };
    for (const event of events) offer(subscriber, event);
    subscribers.push(subscriber);
    emit(telemetrySubscription(name, subscription.types));
  }

  function subscribe(name: string, body: string): ApiReply | undefined {
    const scripted = scriptedReply(options.subscribeReply);
    if (scripted !== "accept") return scripted;
    if (!open) return errorReply(403, "Telemetry.SubscriptionClosed", "Telemetry API subscription is closed");
    const subscription = parseSubscription(body, options.managed);
    if ("status" in subscription) return subscription;
    if (subscribers.some((subscriber) => subscriber.name === name)) {
      return errorReply(500, "InternalServerError", "Internal Server Error");
    }
    addSubscriber(name, subscription);
    return { status: 200, body: "OK" };
  }

  return {
    subscribe,
    emit,
    events,
    get ports(): readonly number[] {
      return subscribers.map(({ subscription }) => subscription.destination.port);
    },
    closeSubscription: () => void (open = false),
    hold: () => subscribers.forEach(({ batcher }) => batcher.hold()),
    release: () => subscribers.forEach(({ batcher }) => batcher.release()),
    flush: async (timeoutMs) => {
      await Promise.all(subscribers.map(({ batcher }) => batcher.flush(timeoutMs)));
    },
    inject: (body) => {
      const bytes = new TextEncoder().encode(body);
      return Promise.all(
        subscribers.map(({ destination }) => destination.post(bytes, "", new AbortController().signal)),
      );
    },
    close: async () => {
      await Promise.all(subscribers.map(({ batcher }) => batcher.close()));
      subscribers.forEach(({ destination }) => destination.close());
    },
  };
}

/** The answers of environments without a Telemetry API. @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html */
function scriptedReply(reply: SubscribeReply): ApiReply | undefined | "accept" {
  switch (reply) {
    case 200:
      return "accept";
    case 202:
      return errorReply(202, "Telemetry.NotSupported", "Telemetry API is not supported");
    case 400:
      return errorReply(400, "ValidationError", "URI port is not provided; types should not be empty");
    case 404:
      return { status: 404, body: new TextEncoder().encode("404 page not found\n") };
    case 500:
      return errorReply(500, "InternalServerError", "Internal Server Error");
    case "closed":
      return undefined;
  }
}
