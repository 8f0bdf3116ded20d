/** What HTTP triggers have in common: headers, tags of the request, and routes without the ids in them. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { memberIn, objectIn } from "../event_values.ts";
import { partitionOf, type Surroundings, type Tags, tagsOf } from "./trigger.ts";

/** A request, as far as it is known. */
export interface HttpRequest {
  readonly scheme?: string | undefined;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly method: string | undefined;
  /** With the names of its parameters. */
  readonly route?: string | undefined;
  readonly protocol?: string | undefined;
  readonly sourceIp?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly referer?: string | undefined;
}

/** The request's tags. A query is in none of them: it may hold secrets. */
export function httpTags(request: HttpRequest): Tags {
  const { scheme = "https", host, path = "" } = request;
  return tagsOf({
    "http.url": host === undefined ? undefined : `${scheme}://${host}${path}`,
    "http.url_details.path": path,
    "http.method": request.method,
    "http.route": request.route,
    "http.protocol": request.protocol,
    "http.source_ip": request.sourceIp,
    "http.user_agent": request.userAgent,
    "http.referer": request.referer?.replace(/[?#].*$/s, ""),
  });
}

/** A header by its lower-case name, the first of several values. */
export function headerOf(event: JsonObject, name: string): string | undefined {
  for (const headers of [objectIn(event, "headers"), objectIn(event, "multiValueHeaders")]) {
    for (const [key, value] of Object.entries(headers ?? {})) {
      if (key.toLowerCase() !== name) continue;
      const first: unknown = Array.isArray(value) ? value[0] : value;
      if (typeof first === "string") return first;
    }
  }
  return undefined;
}

/** The host that the client names, if it can be one: services are called by it. */
export function hostOf(event: JsonObject): string | undefined {
  const host = headerOf(event, "host");
  return host !== undefined && /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i.test(host) ? host : undefined;
}

/** Whether the caller does not wait for the function. */
export function isEventInvocation(event: JsonObject): boolean {
  return headerOf(event, "x-amz-invocation-type") === "Event";
}

/** A method and a path or route. */
export function resourceOf(method: string | undefined, path: string | undefined): string {
  return [method, path].filter((part) => part !== undefined).join(" ");
}

/** The ARN of an API's stage. `kind`: what API Gateway calls such APIs. */
export function stageArn(
  context: JsonObject,
  { region }: Surroundings,
  kind: "restapis" | "apis",
): string | undefined {
  const [api, stage] = [memberIn(context, "apiId"), memberIn(context, "stage")];
  if (typeof api !== "string" || typeof stage !== "string" || region === "") return undefined;
  return `arn:${partitionOf(region)}:apigateway:${region}::/${kind}/${api}/stages/${stage}`;
}

const IDS = [
  /^\d+$/,
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  // ULID.
  /^[0-7][0-9a-hjkmnp-tv-z]{25}$/i,
];

/** The path with ids named after what they are of: `/users/42` becomes `/users/{user_id}`. */
export function parameterize(path: string | undefined): string | undefined {
  if (path === undefined || path.includes("{")) return path;
  let previous = "";
  return path.split("/").map((segment) => {
    const named = IDS.some((pattern) => pattern.test(segment)) ? nameOfId(previous) : segment;
    previous = segment;
    return named;
  }).join("/");
}

function nameOfId(previous: string): string {
  if (previous === "" || previous === "id") return "{id}";
  return `{${previous.replace(/s$/, "")}_id}`;
}
