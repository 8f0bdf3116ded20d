/** Reads of an invocation's event what tells of its trigger and its trace, however large the rest of it is. */
import type { JsonObject } from "../../json/exact_json.ts";
import { anything, either, elements, members, readJsonParts, type Wanted } from "../../json/json_parts.ts";
import type { TimeSlice } from "../../time_slice.ts";
import { asObject } from "./event_values.ts";

/** Records of a batch that are read: traces of the others are not told of. */
const MOST_RECORDS = 10;
/** Topics and partitions of a Kafka event, and records of each, among which one with a trace is looked for. */
const MOST_PARTITIONS = 8;
const MOST_KAFKA_RECORDS = 16;

const RECORD = members({
  eventSource: anything,
  EventSource: anything,
  eventSourceARN: anything,
  awsRegion: anything,
  eventID: anything,
  eventName: anything,
  eventVersion: anything,
  eventTime: anything,
  EventSubscriptionArn: anything,
  messageId: anything,
  receiptHandle: anything,
  attributes: anything,
  messageAttributes: anything,
  body: anything,
  Sns: anything,
  kinesis: members({ data: anything, partitionKey: anything, approximateArrivalTimestamp: anything }),
  dynamodb: members({ ApproximateCreationDateTime: anything, SizeBytes: anything, StreamViewType: anything }),
  s3: anything,
  cf: members({ config: anything }),
});
const KAFKA_RECORD = members({
  topic: anything,
  partition: anything,
  timestamp: anything,
  headers: anything,
});
const STEP_FUNCTIONS = {
  Execution: members({ Id: anything, RedriveCount: anything, Input: members({ _datadog: anything }) }),
  State: members({ Name: anything, EnteredTime: anything, RetryCount: anything }),
  StateMachine: members({ Id: anything, Name: anything }),
};

const EVENT = members({
  version: anything,
  rawQueryString: anything,
  rawPath: anything,
  routeKey: anything,
  resource: anything,
  path: anything,
  httpMethod: anything,
  headers: anything,
  multiValueHeaders: anything,
  requestContext: anything,
  request: members({ headers: anything, type: anything }),
  Records: elements(RECORD, MOST_RECORDS),
  records: either(
    elements(elements(KAFKA_RECORD, MOST_KAFKA_RECORDS), MOST_PARTITIONS),
    elements(RECORD, MOST_RECORDS),
  ),
  eventSource: anything,
  eventSourceArn: anything,
  "detail-type": anything,
  source: anything,
  time: anything,
  resources: anything,
  detail: members({ _datadog: anything, EventCategories: elements(anything, 1) }),
  _datadog: anything,
  ...STEP_FUNCTIONS,
  Payload: members({ _datadog: anything, ...STEP_FUNCTIONS }),
  clientContext: members({ custom: anything }),
  DurableExecutionArn: anything,
  InitialExecutionState: members({ Operations: anything }),
  // What only tells what kind of trigger it was.
  awslogs: members({ data: anything }),
  info: members({ selectionSetGraphQL: anything, parentTypeName: anything, fieldName: anything }),
  triggerSource: anything,
  userPoolId: anything,
  "CodePipeline.job": members({ id: anything }),
  bot: members({ name: anything }),
  sessionId: anything,
  session: members({ sessionId: anything }),
  agent: members({ name: anything }),
  messageVersion: anything,
  rmqMessagesByQueue: members({}),
  currentIntent: members({}),
  configRuleArn: anything,
  configRuleName: anything,
  deliveryStreamArn: anything,
  identityPoolId: anything,
  datasetName: anything,
  Name: anything,
  Details: members({}),
  userRequest: members({}),
  xAmzRequestId: anything,
  job: members({ id: anything }),
  invocationSchemaVersion: anything,
  SecretId: anything,
  ClientRequestToken: anything,
  StackId: anything,
  LogicalResourceId: anything,
  serialNumber: anything,
  clickType: anything,
  authorizationToken: anything,
  methodArn: anything,
  events: elements(members({ event: members({}) }), 1),
  // An SNS notification that was put into a queue.
  Type: anything,
  TopicArn: anything,
  MessageId: anything,
  Message: anything,
  MessageAttributes: anything,
  Timestamp: anything,
  Subject: anything,
});

/** The parts of an event; `undefined` where it is no JSON object. Lets other work run in between. */
export async function readEvent(bytes: Uint8Array, slice: TimeSlice): Promise<JsonObject | undefined> {
  const steps = readJsonParts(bytes, EVENT, slice.isOver);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return asObject(value);
    await slice.pause();
  }
}

/** Messages that were read, by the record that holds them: several ask for each. */
const messages = new WeakMap<JsonObject, JsonObject | null>();

/**
 * The same of the message that a record holds as a text, where it is an event itself. Only of the first record one
 * longer than {@link SHORT_MESSAGE} is read: a batch of long ones would hold the event loop.
 */
export function readMessage(
  record: JsonObject,
  text: string | undefined,
  isFirst = true,
): JsonObject | undefined {
  if (text === undefined || !IS_EVENT.test(text) || (!isFirst && text.length > SHORT_MESSAGE)) {
    return undefined;
  }
  const known = messages.get(record);
  if (known !== undefined) return known ?? undefined;
  const message = readText(text, EVENT);
  messages.set(record, message ?? null);
  return message;
}

/** What SNS's and EventBridge's events have, or a carrier. */
const IS_EVENT = /_datadog|traceparent|"TopicArn"|"detail-type"|MessageAttributes/;
const SHORT_MESSAGE = 65_536;

/** What a producer's own data may carry. */
const CARRIER = members({ _datadog: anything, traceparent: anything, tracestate: anything, b3: anything });

/** The carriers out of a text that is an object of the user's. */
export function readCarriers(text: string): JsonObject | undefined {
  return readText(text, CARRIER);
}

/** A whole object out of a text. */
export function readObjectText(text: string | undefined): JsonObject | undefined {
  return readText(text, anything);
}

function readText(text: string | undefined, wanted: Wanted): JsonObject | undefined {
  if (text === undefined || !text.trimStart().startsWith("{")) return undefined;
  const { value } = readJsonParts(new TextEncoder().encode(text), wanted, () => false).next();
  return asObject(value);
}
