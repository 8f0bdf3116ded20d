/** A DynamoDB table's stream. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { firstRecord, numberIn, objectIn, recordsOf, textIn } from "../event_values.ts";
import { startOfSeconds } from "./start_time.ts";
import { tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export function readDynamodb(event: JsonObject): Trigger | undefined {
  const record = firstRecord(event);
  const change = objectIn(record, "dynamodb");
  if (record === undefined || change === undefined) return undefined;
  // `arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<time>`
  const arn = textIn(record, "eventSourceARN");
  const table = arn?.split("/")[1];
  const eventName = textIn(record, "eventName");
  return {
    source: "dynamodb",
    sourceArn: arn,
    kind: "datasource",
    tags: new Map(),
    records: recordsOf(event).length,
    spans: [{
      operation: "aws.dynamodb",
      resource: [eventName, table].filter((part) => part !== undefined).join(" "),
      service: { instance: table, generic: "lambda_dynamodb", fallback: "dynamodb" },
      type: "queue",
      startNs: startOfSeconds(numberIn(change, "ApproximateCreationDateTime")),
      isAsync: true,
      tags: tagsOf({
        table_name: table,
        event_source_arn: arn,
        event_id: textIn(record, "eventID"),
        event_name: eventName,
        event_version: textIn(record, "eventVersion"),
        size_bytes: numberIn(change, "SizeBytes"),
        stream_view_type: textIn(change, "StreamViewType"),
      }),
    }],
  };
}
