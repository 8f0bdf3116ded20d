/** API Gateway's HTTP API, payload format 2.0. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { memberIn, numberIn, objectIn, textIn } from "../event_values.ts";
import { isFunctionUrl } from "./function_url.ts";
import { headerOf, httpTags, isEventInvocation, parameterize, resourceOf, stageArn } from "./http_request.ts";
import { startOfMs } from "./start_time.ts";
import { type Surroundings, tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
export function readApiGatewayHttp(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  const context = objectIn(event, "requestContext");
  const http = objectIn(context, "http");
  const domain = textIn(context, "domainName");
  if (textIn(event, "version") !== "2.0" || domain === undefined || isFunctionUrl(domain)) return undefined;
  const hasPath = memberIn(event, "rawQueryString") !== undefined ||
    memberIn(event, "routeKey") !== undefined;
  if (context === undefined || http === undefined || !hasPath) return undefined;
  const method = textIn(http, "method");
  const path = textIn(http, "path") ?? textIn(event, "rawPath");
  const apiId = textIn(context, "apiId");
  const tags = httpTags({
    host: domain,
    path,
    method,
    route: textIn(event, "routeKey")?.split(" ").at(-1),
    protocol: textIn(http, "protocol"),
    sourceIp: textIn(http, "sourceIp"),
    userAgent: textIn(http, "userAgent") ?? headerOf(event, "user-agent"),
    referer: headerOf(event, "referer"),
  });
  return {
    source: "api-gateway",
    sourceArn: stageArn(context, surroundings, "restapis"),
    kind: "http",
    tags,
    http: "simple",
    records: 0,
    spans: [{
      operation: "aws.apigateway.http",
      resource: resourceOf(method, parameterize(path)),
      service: { instance: domain, mapped: apiId, generic: "lambda_api_gateway", fallback: domain },
      type: "http",
      startNs: startOfMs(numberIn(context, "timeEpoch")),
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
