/** S3. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { firstRecord, numberIn, objectIn, recordsOf, textIn } from "../event_values.ts";
import { startOfText } from "./start_time.ts";
import { tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
export function readS3(event: JsonObject): Trigger | undefined {
  const record = firstRecord(event);
  const s3 = objectIn(record, "s3");
  if (record === undefined || s3 === undefined) return undefined;
  const bucket = objectIn(s3, "bucket");
  const object = objectIn(s3, "object");
  const name = textIn(bucket, "name");
  const arn = textIn(bucket, "arn");
  return {
    source: "s3",
    sourceArn: arn,
    kind: "datasource",
    tags: new Map(),
    records: recordsOf(event).length,
    spans: [{
      operation: "aws.s3",
      resource: name ?? "",
      service: { instance: name, generic: "lambda_s3", fallback: "s3" },
      type: "queue",
      startNs: startOfText(textIn(record, "eventTime")),
      isAsync: true,
      tags: tagsOf({
        event_name: textIn(record, "eventName"),
        bucketname: name,
        bucket_arn: arn,
        object_key: textIn(object, "key"),
        object_size: numberIn(object, "size"),
        object_etag: textIn(object, "eTag")?.replaceAll('"', ""),
      }),
    }],
  };
}
