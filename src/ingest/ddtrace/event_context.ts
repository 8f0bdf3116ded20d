/** Trace context of an invocation: out of its event, wherever its kind of event carries it, or out of the call. */
import type { JsonObject } from "../../json/exact_json.ts";
import { firstContext } from "./carriers.ts";
import { readObjectText } from "./event_reader.ts";
import { asObject, firstRecord, listIn, memberIn, objectIn, textIn } from "./event_values.ts";
import { contextOfKafka } from "./kafka_context.ts";
import { contextOfRecord } from "./record_context.ts";
import { contextOfState, stateOf } from "./step_functions_context.ts";
import { extractContext, type TraceContext } from "./trace_context.ts";

/** The event's context, of the first of its records; what a producer put in goes before what can be worked out. */
export async function contextOfEvent(event: JsonObject): Promise<TraceContext | undefined> {
  const record = firstRecord(event);
  const found = record === undefined ? contextOfKafka(event) : contextOfRecord(record);
  if (found !== undefined) return found;
  const state = stateOf(event);
  if (state !== undefined) return await contextOfState(state);
  return firstContext([
    objectIn(objectIn(event, "detail"), "_datadog"),
    objectIn(objectIn(event, "request"), "headers"),
    objectIn(event, "headers"),
    objectIn(event, "multiValueHeaders"),
    objectIn(event, "_datadog"),
  ]) ?? contextOfClient(objectIn(event, "clientContext")) ?? contextOfDurable(event);
}

/** The context that the headers of a lifecycle call carry: the library's own, or the caller's client context. */
export function contextOfCall(headers: Headers): TraceContext | undefined {
  const found = extractContext((name) => headers.get(name) ?? undefined);
  if (found !== undefined) return found;
  return contextOfClient(readObjectText(headers.get("lambda-runtime-client-context") ?? undefined)) ??
    firstContext([readObjectText(headers.get("_datadog") ?? undefined)]);
}

/** The caller of a function may hand it a client context. */
function contextOfClient(client: JsonObject | undefined): TraceContext | undefined {
  const custom = objectIn(client, "custom") ?? objectIn(client, "Custom");
  return firstContext([objectIn(custom, "_datadog"), custom]);
}

/** A durable function keeps its trace in its checkpoints, `_datadog_<number>`; the highest is the latest. */
function contextOfDurable(event: JsonObject): TraceContext | undefined {
  if (textIn(event, "DurableExecutionArn") === undefined) return undefined;
  const state = objectIn(event, "InitialExecutionState");
  const operations = listIn(state, "Operations") ?? Object.values(objectIn(state, "Operations") ?? {});
  let latest: JsonObject | undefined;
  let highest = -1;
  for (const operation of operations.map(asObject)) {
    const number = Number(/^_datadog_(\d{1,9})$/.exec(textIn(operation, "Name") ?? "")?.[1] ?? -1);
    if (number > highest) [highest, latest] = [number, operation];
  }
  const result = memberIn(objectIn(latest, "StepDetails"), "Result") ?? memberIn(latest, "Payload");
  return firstContext([typeof result === "string" ? readObjectText(result) : asObject(result)]);
}
