/** What a function was called by, as its event tells. */
import type { JsonObject } from "../../../json/exact_json.ts";

/** Texts by tag name, as Datadog's libraries call them. */
export type Tags = ReadonlyMap<string, string>;

/** What is known of an event's source. */
export interface Trigger {
  /** `function_trigger.event_source`: Datadog's word for it. */
  readonly source: string;
  readonly sourceArn: string | undefined;
  /** `faas.trigger` of OpenTelemetry's conventions. */
  readonly kind: TriggerKind;
  /** What the invocation's own span is told of it. */
  readonly tags: Tags;
  /** What happened before the function was called, the earliest first; each is the cause of the next. */
  readonly spans: readonly InferredSpan[];
  /** What it means that the result of an HTTP request's function has no status code; see {@link HttpForm}. */
  readonly http?: HttpForm | undefined;
  /** Records of the batch; 0 where there is none. */
  readonly records: number;
}

/** @see https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/ */
export type TriggerKind = "http" | "pubsub" | "datasource" | "timer" | "other";

/**
 * Who answers the client. `proxy` (API Gateway's REST API, a load balancer) makes a 502 of a result without a status
 * code, `simple` (HTTP API, function URL) a 200.
 */
export type HttpForm = "proxy" | "simple";

/** A span that nobody sends: what AWS did before the function ran. */
export interface InferredSpan {
  readonly operation: string;
  readonly resource: string;
  readonly service: ServiceName;
  /** The span's type: what is asked for an answer is `http`, what waits for the function `queue`. */
  readonly type: "http" | "queue";
  /** Unix time in ns; `undefined` where the event tells none: it starts with the invocation then. */
  readonly startNs: bigint | undefined;
  /** It ends when the function begins: nobody waits for the function's end. */
  readonly isAsync: boolean;
  readonly tags: Tags;
}

/** What a span's service may be called, by the user's settings. */
export interface ServiceName {
  /** The resource's own name: what the service is called, unless the settings say otherwise. */
  readonly instance: string | undefined;
  /** Its name in `DD_SERVICE_MAPPING`, if that is another. */
  readonly mapped?: string | undefined;
  /** The name of all services of the kind in `DD_SERVICE_MAPPING`. */
  readonly generic: string;
  /** Without names of resources. */
  readonly fallback: string;
}

/** What a trigger's reader knows besides the event. */
export interface Surroundings {
  /** Of the function. */
  readonly region: string;
  readonly functionName: string;
}

/** Reads an event of one kind; `undefined`: it is of another. */
export type TriggerReader = (event: JsonObject, surroundings: Surroundings) => Trigger | undefined;

/** Tags of which some may be missing. */
export function tagsOf(tags: Readonly<Record<string, string | number | undefined>>): Tags {
  const known = new Map<string, string>();
  for (const [name, value] of Object.entries(tags)) {
    if (value !== undefined && value !== "") known.set(name, String(value));
  }
  return known;
}

/** The part of AWS that a region is in, as in ARNs. */
export function partitionOf(region: string): string {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/** The last part of an ARN after a sign. */
export function lastPart(arn: string | undefined, sign: string): string | undefined {
  return arn?.slice(arn.lastIndexOf(sign) + 1) || undefined;
}
