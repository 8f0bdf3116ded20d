/** A function's own URL. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { numberIn, objectIn, textIn } from "../event_values.ts";
import { headerOf, httpTags, isEventInvocation, resourceOf } from "./http_request.ts";
import { startOfMs } from "./start_time.ts";
import { partitionOf, type Surroundings, tagsOf, type Trigger } from "./trigger.ts";

/** Whether a domain is one of Lambda's: `<id>.lambda-url.<region>.on.aws`. */
export function isFunctionUrl(domain: string): boolean {
  return domain.split(".")[1] === "lambda-url";
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export function readFunctionUrl(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  const context = objectIn(event, "requestContext");
  const domain = textIn(context, "domainName");
  if (context === undefined || domain === undefined || !isFunctionUrl(domain)) return undefined;
  const http = objectIn(context, "http");
  const method = textIn(http, "method");
  const path = textIn(http, "path") ?? textIn(event, "rawPath");
  const tags = httpTags({
    host: domain,
    path,
    method,
    protocol: textIn(http, "protocol"),
    sourceIp: textIn(http, "sourceIp"),
    userAgent: textIn(http, "userAgent") ?? headerOf(event, "user-agent"),
    referer: headerOf(event, "referer"),
  });
  return {
    source: "lambda-function-url",
    sourceArn: urlArn(context, surroundings),
    kind: "http",
    tags,
    http: "simple",
    records: 0,
    spans: [{
      operation: "aws.lambda.url",
      resource: resourceOf(method, path),
      service: {
        instance: domain,
        mapped: textIn(context, "apiId"),
        generic: "lambda_url",
        fallback: domain,
      },
      type: "http",
      startNs: startOfMs(numberIn(context, "timeEpoch")),
      isAsync: isEventInvocation(event),
      tags: new Map([
        ...tags,
        ...tagsOf({ endpoint: path, "apigateway.request_id": textIn(context, "requestId") }),
      ]),
    }],
  };
}

function urlArn(context: JsonObject, { region, functionName }: Surroundings): string | undefined {
  const account = textIn(context, "accountId");
  // Without a signature the caller has no account.
  if (account === undefined || account === "anonymous" || region === "") return undefined;
  return `arn:${partitionOf(region)}:lambda:${region}:${account}:url:${functionName}`;
}
