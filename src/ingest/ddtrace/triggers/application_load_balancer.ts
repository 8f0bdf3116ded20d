/** An Application Load Balancer. Its events tell no time: the span begins with the invocation. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { objectIn, textIn } from "../event_values.ts";
import { headerOf, hostOf, httpTags, parameterize, resourceOf } from "./http_request.ts";
import { tagsOf, type Trigger } from "./trigger.ts";

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html */
export function readApplicationLoadBalancer(event: JsonObject): Trigger | undefined {
  const arn = textIn(objectIn(objectIn(event, "requestContext"), "elb"), "targetGroupArn");
  if (arn === undefined) return undefined;
  const host = hostOf(event);
  const method = textIn(event, "httpMethod");
  const path = textIn(event, "path");
  const tags = httpTags({
    scheme: headerOf(event, "x-forwarded-proto") === "https" ? "https" : "http",
    host,
    path,
    method,
    // The last one was added by the balancer: those before it are the client's word.
    sourceIp: headerOf(event, "x-forwarded-for")?.split(",").at(-1)?.trim(),
    userAgent: headerOf(event, "user-agent"),
    referer: headerOf(event, "referer"),
  });
  return {
    source: "application-load-balancer",
    sourceArn: arn,
    kind: "http",
    tags,
    http: "proxy",
    records: 0,
    spans: [{
      operation: "aws.alb",
      resource: resourceOf(method, parameterize(path)),
      service: { instance: host, generic: "lambda_alb", fallback: "aws-alb" },
      type: "http",
      startNs: undefined,
      isAsync: false,
      tags: new Map([...tags, ...tagsOf({ endpoint: path, target_group_arn: arn })]),
    }],
  };
}
