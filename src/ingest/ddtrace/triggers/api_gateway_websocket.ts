/** API Gateway's WebSocket API. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { numberIn, objectIn, textIn } from "../event_values.ts";
import { headerOf, httpTags, stageArn } from "./http_request.ts";
import { startOfMs } from "./start_time.ts";
import { type Surroundings, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html */
export function readApiGatewayWebsocket(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  const context = objectIn(event, "requestContext");
  const direction = textIn(context, "messageDirection");
  if (context === undefined || direction === undefined) return undefined;
  const domain = textIn(context, "domainName");
  const route = textIn(context, "routeKey");
  const apiId = textIn(context, "apiId");
  const stage = textIn(context, "stage");
  const identity = objectIn(context, "identity");
  const tags = httpTags({
    scheme: "wss",
    host: domain,
    path: stage === undefined ? undefined : `/${stage}`,
    method: undefined,
    route,
    sourceIp: textIn(identity, "sourceIp"),
    userAgent: textIn(identity, "userAgent") ?? headerOf(event, "user-agent"),
    referer: headerOf(event, "referer"),
  });
  return {
    source: "api-gateway",
    sourceArn: stageArn(context, surroundings, "apis"),
    kind: "http",
    tags,
    records: 0,
    spans: [{
      operation: "aws.apigateway",
      resource: route ?? "",
      service: {
        instance: domain ?? apiId,
        mapped: apiId,
        generic: "lambda_api_gateway",
        fallback: "api_gateway_websocket",
      },
      type: "http",
      startNs: startOfMs(numberIn(context, "requestTimeEpoch")),
      isAsync: true,
      tags: new Map([
        ...tags,
        ...tagsOf({
          endpoint: route,
          apiid: apiId,
          stage,
          connection_id: textIn(context, "connectionId"),
          event_type: textIn(context, "eventType"),
          message_direction: direction,
          "apigateway.request_id": textIn(context, "requestId"),
        }),
      ]),
    }],
  };
}
