import type { ListenAddress } from "../pipeline/receiver.ts";
import type { AwsLambdaSchema } from "./awslambda.ts";
import { readOtlpGrpcListeners, readOtlpHttpListeners } from "./listeners.ts";
import { readPattern } from "./pattern.ts";
import type { SettingReader } from "./reader.ts";

/** Settings of the OpenTelemetry receiver. */
export interface OtlpConfig {
  readonly enabled: boolean;
  /** Where OTLP/HTTP is served besides the main listener. */
  readonly http: readonly ListenAddress[];
  /** Where OTLP/gRPC is served. */
  readonly grpc: readonly ListenAddress[];
  /** Put on every point; what a point has itself counts more. */
  readonly tags: ReadonlyMap<string, string>;
  /** Span attributes that become fields besides the usual ones. */
  readonly customerTags: AttributeChoice;
  /** A database, RPC or messaging span is of the service `redis`, `grpc`, …; its own goes to `base_service`. */
  readonly splitServiceName: boolean;
  /** Ids as decimals of their low 64 bits, as Datadog's libraries write them. */
  readonly compatibleDdtrace: boolean;
  /** What the `message` of a span holds: what no field says, the whole span, or nothing. */
  readonly message: "rest" | "whole" | "none";
  /** Part of the traces kept, from 0 to 1. Spans with errors always are. */
  readonly samplingRatio: number;
  /** Whether cumulative metrics that name no instance get one, so that parallel sandboxes stay apart. */
  readonly instanceTag: boolean;
  /** Attributes of logs are all text, as DataKit has them, so that both can write to one workspace. */
  readonly logAttributesAsText: boolean;
}

/** Which attributes are meant: all, some by name, some by pattern. */
export interface AttributeChoice {
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
}

/** Reads `ENV_INPUT_OTEL_*`; `schema` is whose names and types Lambda's own metrics and logs have. */
export function readOtlpConfig(
  read: SettingReader,
  enabled: boolean,
  schema: AwsLambdaSchema = "documented",
): OtlpConfig {
  const deleteMessage = read.boolean("ENV_INPUT_OTEL_DEL_MESSAGE", {
    default: false,
    description: "Leaves out the field `message` of spans, and with it all attributes that are no fields.",
  });
  const cleanMessage = read.boolean("ENV_INPUT_OTEL_CLEAN_MESSAGE", {
    default: true,
    description: "Leaves out of a span's `message` what its fields and tags say already.",
  });
  return {
    enabled,
    http: readOtlpHttpListeners(read),
    grpc: readOtlpGrpcListeners(read),
    tags: read.pairs("ENV_INPUT_OTEL_TAGS", {
      description: "Tags of every point that came by OpenTelemetry, as `k=v,k=v` or JSON.",
    }),
    customerTags: readCustomerTags(read),
    splitServiceName: read.boolean("ENV_INPUT_OTEL_SPLIT_SERVICE_NAME", {
      default: true,
      description:
        "Names the service of database, RPC and messaging spans after their system; the original is `base_service`.",
    }),
    compatibleDdtrace: read.boolean("ENV_INPUT_OTEL_COMPATIBLE_DDTRACE", {
      default: false,
      description: "Writes trace and span ids as decimals of their low 64 bits, as Datadog's libraries do.",
    }),
    message: deleteMessage ? "none" : cleanMessage ? "rest" : "whole",
    samplingRatio: read.decimal("ENV_INPUT_OTEL_SAMPLER", {
      default: 1,
      min: 0,
      max: 1,
      description: "Part of the traces kept, chosen by trace id. Spans with errors always are kept.",
    }),
    instanceTag: read.boolean("ENV_INPUT_OTEL_INSTANCE_TAG", {
      default: true,
      description:
        "Adds `faas_instance` to cumulative metrics that name no instance: without it parallel sandboxes mix.",
    }),
    logAttributesAsText: schema === "datakit",
  };
}

/** `host:port`, a port, `off`, or DataKit's JSON with `enable` and `addr`. Only loopback makes sense here. */

function readCustomerTags(read: SettingReader): AttributeChoice {
  const name = "ENV_INPUT_OTEL_CUSTOMER_TAGS";
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  const words = read.list(name, {
    default: [],
    description: "More span attributes that become fields; `reg:` begins a regular expression.",
  });
  for (const word of words) {
    if (word.startsWith("reg:")) patterns.push(...readPattern(read, name, word.slice("reg:".length)));
    else names.add(word);
  }
  const all = read.boolean("ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL", {
    default: false,
    description: "Makes every span attribute a field.",
  });
  return { all, names, patterns };
}
