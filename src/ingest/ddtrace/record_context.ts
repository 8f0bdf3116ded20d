/** Trace context out of one record of a batch: what a producer put there, and what AWS did. */
import type { JsonObject } from "../../json/exact_json.ts";
import { firstContext } from "./carriers.ts";
import { readCarriers, readMessage, readObjectText } from "./event_reader.ts";
import { objectIn, textIn } from "./event_values.ts";
import type { TraceContext } from "./trace_context.ts";
import { contextOfXrayHeader } from "./xray_context.ts";

/** Attributes that other propagators than Datadog's use. */
const OTHER_ATTRIBUTES = ["traceparent", "tracestate", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled"];
const XRAY_ATTRIBUTE = "X-Amzn-Trace-Id";
/** Longer data is decoded of the first record only, in characters of base64. */
const SHORT_DATA = 65_536;

/** The context of a record of SQS, SNS or Kinesis, the first or another of its batch. */
export function contextOfRecord(record: JsonObject, isFirst = true): TraceContext | undefined {
  const sns = objectIn(record, "Sns");
  return contextOfAttributes(objectIn(record, "messageAttributes")) ??
    contextOfMessage(record, textIn(record, "body"), isFirst) ??
    contextOfAttributes(objectIn(sns, "MessageAttributes") ?? objectIn(sns, "messageAttributes")) ??
    contextOfMessage(sns, textIn(sns, "Message") ?? textIn(sns, "message"), isFirst) ??
    contextOfKinesis(objectIn(record, "kinesis"), isFirst) ??
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
 * user's after it, as in `Binary.gzip`.
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
function contextOfMessage(
  holder: JsonObject | undefined,
  text: string | undefined,
  isFirst: boolean,
): TraceContext | undefined {
  const message = holder === undefined ? undefined : readMessage(holder, text, isFirst);
  if (message === undefined) return undefined;
  return contextOfAttributes(objectIn(message, "MessageAttributes")) ??
    firstContext([objectIn(objectIn(message, "detail"), "_datadog"), objectIn(message, "_datadog")]) ??
    contextOfNested(message, isFirst);
}

/** An EventBridge event in an SNS notification in a queue. */
function contextOfNested(message: JsonObject, isFirst: boolean): TraceContext | undefined {
  const nested = readMessage(message, textIn(message, "Message"), isFirst);
  return firstContext([objectIn(objectIn(nested, "detail"), "_datadog")]);
}

/** Datadog's member of the data, or OpenTelemetry's at its root. */
function contextOfKinesis(kinesis: JsonObject | undefined, isFirst: boolean): TraceContext | undefined {
  const encoded = textIn(kinesis, "data");
  const text = isFirst || (encoded?.length ?? 0) <= SHORT_DATA ? fromBase64(encoded) : undefined;
  const data = text === undefined || !/_datadog|traceparent|"b3"/.test(text) ? undefined : readCarriers(text);
  return firstContext([objectIn(data, "_datadog"), data]);
}

function fromBase64(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(text));
  } catch {
    return undefined;
  }
}
