/** A Kinesis data stream. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { firstRecord, numberIn, objectIn, recordsOf, textIn } from "../event_values.ts";
import { startOfSeconds } from "./start_time.ts";
import { lastPart, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function readKinesis(event: JsonObject): Trigger | undefined {
  const record = firstRecord(event);
  const kinesis = objectIn(record, "kinesis");
  if (record === undefined || kinesis === undefined) return undefined;
  const arn = textIn(record, "eventSourceARN");
  const stream = lastPart(arn, "/");
  const eventId = textIn(record, "eventID");
  return {
    source: "kinesis",
    sourceArn: arn,
    kind: "datasource",
    tags: new Map(),
    records: recordsOf(event).length,
    spans: [{
      operation: "aws.kinesis",
      resource: stream ?? "",
      service: { instance: stream, generic: "lambda_kinesis", fallback: "kinesis" },
      type: "queue",
      startNs: startOfSeconds(numberIn(kinesis, "approximateArrivalTimestamp")),
      isAsync: true,
      tags: tagsOf({
        streamname: stream,
        shardid: eventId?.split(":")[0],
        partition_key: textIn(kinesis, "partitionKey"),
        event_source_arn: arn,
        event_id: eventId,
        event_name: textIn(record, "eventName"),
        event_version: textIn(record, "eventVersion"),
      }),
    }],
  };
}
