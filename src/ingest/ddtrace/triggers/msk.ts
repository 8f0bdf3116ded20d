/** Kafka: Amazon MSK, and clusters of one's own, of which there is no span. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { numberIn, textIn } from "../event_values.ts";
import { countKafkaRecords, kafkaRecords } from "../kafka_context.ts";
import { startOfMs } from "./start_time.ts";
import { tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html */
export function readMsk(event: JsonObject): Trigger | undefined {
  const [record] = kafkaRecords(event);
  const topic = textIn(record, "topic");
  if (topic === undefined) return undefined;
  const arn = textIn(event, "eventSourceArn");
  const isOwn = textIn(event, "eventSource") === "SelfManagedKafka";
  const tags = tagsOf({ topic, partition: numberIn(record, "partition") });
  return {
    source: isOwn ? "kafka" : "msk",
    sourceArn: arn,
    kind: "pubsub",
    tags,
    records: countKafkaRecords(event),
    spans: isOwn ? [] : [{
      operation: "aws.msk",
      resource: topic,
      // `arn:aws:kafka:<region>:<account>:cluster/<name>/<id>`
      service: { instance: topic, mapped: arn?.split("/")[1], generic: "lambda_msk", fallback: "msk" },
      type: "queue",
      startNs: startOfMs(numberIn(record, "timestamp")),
      isAsync: true,
      tags: new Map([...tags, ...tagsOf({ event_source_arn: arn, cluster_arn: arn })]),
    }],
  };
}
