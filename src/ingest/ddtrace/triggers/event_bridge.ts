/** EventBridge. Its own events, which a schedule sends, are another source. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { listIn, memberIn, numberIn, objectIn, textIn } from "../event_values.ts";
import { startOfMs, startOfText } from "./start_time.ts";
import { type InferredSpan, tagsOf, type Trigger } from "./trigger.ts";

/** The source of events that a schedule or a rule of EventBridge makes. */
export const SCHEDULED = "aws.events";

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export function readEventBridge(event: JsonObject): Trigger | undefined {
  const span = eventBridgeSpan(event);
  if (span === undefined) return undefined;
  const [first] = listIn(event, "resources") ?? [];
  return {
    source: "eventbridge",
    sourceArn: typeof first === "string" ? first : textIn(event, "source"),
    kind: "pubsub",
    tags: new Map(),
    records: 0,
    spans: [span],
  };
}

/** The span of an event; `undefined` when it is not EventBridge's. */
export function eventBridgeSpan(event: JsonObject): InferredSpan | undefined {
  const detailType = memberIn(event, "detail-type");
  const source = textIn(event, "source");
  if (typeof detailType !== "string" || source === undefined || source === SCHEDULED) return undefined;
  // What Datadog's libraries add when they put the event: its time to the ms, and the name of the bus.
  const carrier = objectIn(objectIn(event, "detail"), "_datadog");
  return {
    operation: "aws.eventbridge",
    resource: textIn(carrier, "x-datadog-resource-name") ?? source,
    service: { instance: source, generic: "lambda_eventbridge", fallback: "eventbridge" },
    type: "queue",
    startNs: startOfMs(numberIn(carrier, "x-datadog-start-time")) ?? startOfText(textIn(event, "time")),
    isAsync: true,
    tags: tagsOf({ detail_type: detailType, event_source: source }),
  };
}
