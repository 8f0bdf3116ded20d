/** SNS, and an EventBridge event in its message. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { readMessage } from "../event_reader.ts";
import { firstRecord, objectIn, recordsOf, textIn } from "../event_values.ts";
import { eventBridgeSpan } from "./event_bridge.ts";
import { startOfText } from "./start_time.ts";
import { type InferredSpan, lastPart, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export function readSns(event: JsonObject): Trigger | undefined {
  const record = firstRecord(event);
  const notification = objectIn(record, "Sns");
  if (record === undefined || notification === undefined) return undefined;
  const arn = textOf(notification, "TopicArn");
  return {
    source: "sns",
    sourceArn: arn,
    kind: "pubsub",
    tags: new Map(),
    records: recordsOf(event).length,
    spans: notificationSpans(notification, textIn(record, "EventSubscriptionArn")),
  };
}

/** The notification's span, behind that of the event it was made of. */
export function notificationSpans(
  notification: JsonObject,
  subscriptionArn: string | undefined,
): readonly InferredSpan[] {
  const arn = textOf(notification, "TopicArn");
  const topic = lastPart(arn, ":");
  const inner = readMessage(notification, textOf(notification, "Message"));
  const cause = inner === undefined ? undefined : eventBridgeSpan(inner);
  return [...(cause === undefined ? [] : [cause]), {
    operation: "aws.sns",
    resource: topic ?? "",
    service: { instance: topic, generic: "lambda_sns", fallback: "sns" },
    type: "queue",
    startNs: startOfText(textOf(notification, "Timestamp")),
    isAsync: true,
    tags: tagsOf({
      topicname: topic,
      topic_arn: arn,
      message_id: textOf(notification, "MessageId"),
      type: textOf(notification, "Type"),
      subject: textOf(notification, "Subject"),
      event_subscription_arn: subscriptionArn,
    }),
  }];
}

/** Java's runtime writes the names of members without the capital. */
function textOf(notification: JsonObject, name: string): string | undefined {
  return textIn(notification, name) ?? textIn(notification, `${name[0]?.toLowerCase()}${name.slice(1)}`);
}
