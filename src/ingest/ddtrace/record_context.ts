/** Trace context out of one record of a batch: what a producer put there, and what AWS did. */
import type { JsonObject } from "../../json/exact_json.ts";
import { type CarrierObject, firstContext } from "./carriers.ts";
import { readEventText, readObjectText } from "./event_reader.ts";
import { memberIn, objectIn, textIn } from "./event_values.ts";
import type { TraceContext } from "./trace_context.ts";
import { contextOfXrayHeader } from "./xray_context.ts";

/** Attributes that other propagators than Datadog's use. */
const OTHER_ATTRIBUTES = ["traceparent", "tracestate", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled"];
const XRAY_ATTRIBUTE = "X-Amzn-Trace-Id";

/** The context of a record of SQS, SNS or Kinesis. */
export function contextOfRecord(record: JsonObject): TraceContext | undefined {
  const sns = objectIn(record, "Sns");
  return contextOfAttributes(objectIn(record, "messageAttributes")) ??
    contextOfMessage(textIn(record, "body")) ??
    contextOfAttributes(objectIn(sns, "MessageAttributes") ?? objectIn(sns, "messageAttributes")) ??
    contextOfMessage(textIn(sns, "Message") ?? textIn(sns, "message")) ??
    contextOfKinesis(objectIn(record, "kinesis")) ??
    contextOfXrayHeader(textIn(objectIn(record, "attributes"), "AWSTraceHeader"));
}

/** Datadog's attribute before all others. */
function contextOfAttributes(attributes: JsonObject | undefined): TraceContext | undefined {
  if (attributes === undefined) return undefined;
  const others: Record<string, unknown> = Object.create(null);
  for (const name of OTHER_ATTRIBUTES) others[name] = textOfAttribute(objectIn(attributes, name));
  return firstContext([readObjectText(textOfAttribute(objectIn(attributes, "_datadog"))), others]) ??
    contextOfXrayHeader(textOfAttribute(objectIn(attributes, XRAY_ATTRIBUTE)));
}

/**
 * The text of a message attribute, with SQS's member names or SNS's. Bytes are base64; a type may have a label of the
 * user's behind it, as in `Binary.gzip`.
 */
function textOfAttribute(attribute: JsonObject | undefined): string | undefined {
  if (attribute === undefined) return undefined;
  const type = textIn(attribute, "dataType") ?? textIn(attribute, "Type") ?? textIn(attribute, "type") ?? "";
  const text = textIn(attribute, "stringValue");
  const value = textIn(attribute, "Value") ?? textIn(attribute, "value");
  const binary = textIn(attribute, "binaryValue");
  if (type.startsWith("Binary")) return fromBase64(binary ?? value);
  return text ?? value ?? fromBase64(binary);
}

/** A message that is itself an SNS notification or an EventBridge event, or has the carrier at its root. */
function contextOfMessage(text: string | undefined): TraceContext | undefined {
  const isWorthIt = text !== undefined && /_datadog|traceparent|MessageAttributes/.test(text);
  const message = isWorthIt ? readEventText(text) : undefined;
  if (message === undefined) return undefined;
  return contextOfAttributes(objectIn(message, "MessageAttributes")) ??
    firstContext([objectIn(objectIn(message, "detail"), "_datadog"), objectIn(message, "_datadog")]) ??
    contextOfNested(textIn(message, "Message"));
}

/** An EventBridge event in an SNS notification in a queue. */
function contextOfNested(text: string | undefined): TraceContext | undefined {
  const nested = text?.includes("_datadog") ? readEventText(text) : undefined;
  return firstContext([objectIn(objectIn(nested, "detail"), "_datadog")]);
}

/** Datadog's member of the data, or OpenTelemetry's at its root. */
function contextOfKinesis(kinesis: JsonObject | undefined): TraceContext | undefined {
  const text = fromBase64(textIn(kinesis, "data"));
  if (text === undefined || !/_datadog|traceparent|b3/i.test(text)) return undefined;
  const data = readObjectText(text);
  const root: CarrierObject | undefined = memberIn(data, "traceparent") === undefined ? undefined : data;
  return firstContext([objectIn(data, "_datadog"), root]);
}

function fromBase64(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(text));
  } catch {
    return undefined;
  }
}
