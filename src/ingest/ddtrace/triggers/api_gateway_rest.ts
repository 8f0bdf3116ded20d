/** API Gateway's REST API, and HTTP API with payload format 1.0. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { memberIn, numberIn, objectIn, textIn } from "../event_values.ts";
import {
  headerOf,
  hostOf,
  httpTags,
  isEventInvocation,
  parameterize,
  resourceOf,
  stageArn,
} from "./http_request.ts";
import { startOfMs } from "./start_time.ts";
import { type Surroundings, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
export function readApiGatewayRest(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  const context = objectIn(event, "requestContext");
  const isRest = memberIn(event, "httpMethod") !== undefined && memberIn(event, "resource") !== undefined;
  if (context === undefined || textIn(context, "stage") === undefined || !isRest) return undefined;
  const identity = objectIn(context, "identity");
  const method = textIn(context, "httpMethod") ?? textIn(event, "httpMethod");
  const path = textIn(context, "path") ?? textIn(event, "path");
  const apiId = textIn(context, "apiId");
  const host = textIn(context, "domainName") ?? hostOf(event);
  const tags = httpTags({
    host,
    path,
    method,
    route: textIn(context, "resourcePath") ?? textIn(event, "resource"),
    protocol: textIn(context, "protocol"),
    sourceIp: textIn(identity, "sourceIp"),
    userAgent: textIn(identity, "userAgent") ?? headerOf(event, "user-agent"),
    referer: headerOf(event, "referer"),
  });
  return {
    source: "api-gateway",
    sourceArn: stageArn(context, surroundings, "restapis"),
    kind: "http",
    tags,
    http: "proxy",
    records: 0,
    spans: [{
      operation: "aws.apigateway",
      resource: resourceOf(method, parameterize(path)),
      service: {
        instance: host ?? apiId,
        mapped: apiId,
        generic: "lambda_api_gateway",
        fallback: host ?? "aws-apigateway",
      },
      type: "http",
      startNs: startOfMs(numberIn(context, "requestTimeEpoch")),
      isAsync: isEventInvocation(event),
      tags: new Map([
        ...tags,
        ...tagsOf({
          endpoint: path,
          apiid: apiId,
          stage: textIn(context, "stage"),
          "apigateway.request_id": textIn(context, "requestId"),
        }),
      ]),
    }],
  };
}
