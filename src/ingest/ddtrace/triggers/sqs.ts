/** SQS, and what SNS or EventBridge put into its queue. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { readMessage } from "../event_reader.ts";
import { firstRecord, memberIn, numberIn, objectIn, recordsOf, textIn } from "../event_values.ts";
import { eventBridgeSpan } from "./event_bridge.ts";
import { notificationSpans } from "./sns.ts";
import { startOfMs } from "./start_time.ts";
import { type InferredSpan, lastPart, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function readSqs(event: JsonObject): Trigger | undefined {
  const record = firstRecord(event);
  if (record === undefined || textIn(record, "eventSource") !== "aws:sqs") return undefined;
  const attributes = objectIn(record, "attributes");
  const arn = textIn(record, "eventSourceARN");
  const queue = lastPart(arn, ":");
  const tags = tagsOf({
    retry_count: numberIn(attributes, "ApproximateReceiveCount"),
    sender_id: textIn(attributes, "SenderId"),
    source_arn: arn,
    aws_region: textIn(record, "awsRegion"),
  });
  return {
    source: "sqs",
    sourceArn: arn,
    kind: "pubsub",
    tags,
    records: recordsOf(event).length,
    spans: [...wrappedSpans(record), {
      operation: "aws.sqs",
      resource: queue ?? "",
      service: { instance: queue, generic: "lambda_sqs", fallback: "sqs" },
      type: "queue",
      startNs: startOfMs(numberIn(attributes, "SentTimestamp")),
      isAsync: true,
      tags: new Map([
        ...tags,
        ...tagsOf({
          queuename: queue,
          event_source_arn: arn,
          message_id: textIn(record, "messageId"),
          receipt_handle: textIn(record, "receiptHandle"),
        }),
      ]),
    }],
  };
}

function wrappedSpans(record: JsonObject): readonly InferredSpan[] {
  const message = readMessage(record, textIn(record, "body"));
  if (message === undefined) return [];
  const isNotification = ["TopicArn", "MessageId", "Type", "Timestamp"].every((name) =>
    memberIn(message, name) !== undefined
  );
  if (isNotification) return notificationSpans(message, undefined);
  const span = eventBridgeSpan(message);
  return span === undefined ? [] : [span];
}
