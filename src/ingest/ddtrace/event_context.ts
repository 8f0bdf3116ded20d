/** Trace context out of an invocation's event, wherever its kind of event carries it. */
import { isJsonObject, type JsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import { type Carrier, extractContext, type TraceContext } from "./trace_context.ts";

/** Finding none of these is far cheaper than parsing 6 MB. Kinesis hides its data in base64. */
const ANY_CARRIER = /x-datadog-trace-id|traceparent|x-b3-traceid|"b3"|_datadog|aws:kinesis/i;

/** Looks for a context in the event's JSON text; `undefined` when it has none or is not JSON. */
export function contextOfEvent(eventJson: string): TraceContext | undefined {
  if (!ANY_CARRIER.test(eventJson)) return undefined;
  const event = parseObject(eventJson);
  if (event === undefined) return undefined;
  for (const carrier of carriersOf(event)) {
    const found = carrier === undefined ? undefined : extractContext(carrierOf(carrier));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The places in turn: HTTP headers, what a producer put in by hand, EventBridge, then the first record. */
function* carriersOf(event: JsonObject): Iterable<JsonObject | undefined> {
  yield objectIn(event, "headers");
  yield objectIn(event, "multiValueHeaders");
  yield objectIn(event, "_datadog");
  yield objectIn(objectIn(event, "detail"), "_datadog");
  const records = event["Records"];
  const record = Array.isArray(records) ? asObject(records[0]) : undefined;
  if (record === undefined) return;
  yield* recordCarriers(record);
}

function* recordCarriers(record: JsonObject): Iterable<JsonObject | undefined> {
  // SQS, and what SNS or EventBridge put into its queue.
  yield attributeCarrier(objectIn(record, "messageAttributes"));
  yield* envelopeCarriers(textIn(record, "body"));
  const sns = objectIn(record, "Sns");
  yield attributeCarrier(objectIn(sns, "MessageAttributes"));
  yield* envelopeCarriers(textIn(sns, "Message"));
  const data = textIn(objectIn(record, "kinesis"), "data");
  yield objectIn(parseObject(fromBase64(data)), "_datadog");
}

/** A message that is itself an SNS notification or an EventBridge event. */
function* envelopeCarriers(text: string | undefined): Iterable<JsonObject | undefined> {
  const envelope = text?.includes("_datadog") ? parseObject(text) : undefined;
  yield attributeCarrier(objectIn(envelope, "MessageAttributes"));
  yield objectIn(objectIn(envelope, "detail"), "_datadog");
  yield objectIn(envelope, "_datadog");
}

/** The JSON in the attribute `_datadog`, text or base64, with SQS's member names or SNS's. */
function attributeCarrier(attributes: JsonObject | undefined): JsonObject | undefined {
  const attribute = objectIn(attributes, "_datadog");
  const text = textIn(attribute, "stringValue");
  if (text !== undefined) return parseObject(text);
  const value = textIn(attribute, "Value");
  const isBinary = textIn(attribute, "Type") === "Binary";
  if (value !== undefined && !isBinary) return parseObject(value);
  return parseObject(fromBase64(value ?? textIn(attribute, "binaryValue")));
}

/** Header names are taken in any case; of several values the first counts. */
function carrierOf(headers: JsonObject): Carrier {
  const byName = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string") byName.set(name.toLowerCase(), first);
    else if (typeof first === "number" && Number.isSafeInteger(first)) {
      byName.set(name.toLowerCase(), String(first));
    }
  }
  return (name) => byName.get(name);
}

function fromBase64(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(text));
  } catch {
    return undefined;
  }
}

/** Ids may stand there as bare numbers, beyond what a number holds: they are wanted as text anyway. */
function parseObject(text: string | undefined): JsonObject | undefined {
  return text === undefined ? undefined : asObject(tryParseExactJson(text, { integers: "text" }));
}

function objectIn(parent: JsonObject | undefined, key: string): JsonObject | undefined {
  return parent !== undefined && Object.hasOwn(parent, key) ? asObject(parent[key]) : undefined;
}

function textIn(parent: JsonObject | undefined, key: string): string | undefined {
  const value = parent !== undefined && Object.hasOwn(parent, key) ? parent[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

function asObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
