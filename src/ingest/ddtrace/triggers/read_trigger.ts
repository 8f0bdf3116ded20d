/** Tells by an event's form what called the function. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { readApiGatewayHttp } from "./api_gateway_http.ts";
import { readApiGatewayRest } from "./api_gateway_rest.ts";
import { readApiGatewayWebsocket } from "./api_gateway_websocket.ts";
import { readApplicationLoadBalancer } from "./application_load_balancer.ts";
import { readDynamodb } from "./dynamodb.ts";
import { readEventBridge } from "./event_bridge.ts";
import { readFunctionUrl } from "./function_url.ts";
import { readKinesis } from "./kinesis.ts";
import { readMsk } from "./msk.ts";
import { readOtherSource } from "./other_sources.ts";
import { readS3 } from "./s3.ts";
import { readSns } from "./sns.ts";
import { readSqs } from "./sqs.ts";
import { readStepFunctions } from "./step_functions.ts";
import type { Surroundings, Trigger, TriggerReader } from "./trigger.ts";

/** In the order of Datadog's extension, as forms overlap: the first that fits counts. */
const READERS: readonly TriggerReader[] = [
  readApiGatewayHttp,
  readApiGatewayRest,
  readApiGatewayWebsocket,
  readApplicationLoadBalancer,
  readFunctionUrl,
  readMsk,
  readSqs,
  readSns,
  readDynamodb,
  readS3,
  readEventBridge,
  readKinesis,
  readStepFunctions,
  readOtherSource,
];

/** The event's trigger; `undefined` when it is of no known form, as those that users make up. */
export function readTrigger(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  for (const read of READERS) {
    const trigger = read(event, surroundings);
    if (trigger !== undefined) return trigger;
  }
  return undefined;
}
