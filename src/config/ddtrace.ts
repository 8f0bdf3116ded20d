import type { ListenAddress } from "../pipeline/receiver.ts";
import type { AwsLambdaSchema } from "./awslambda.ts";
import { readLifecycleListeners, readTraceAgentListeners, readTraceAgentPort } from "./listeners.ts";
import { readPattern } from "./pattern.ts";
import type { SettingReader } from "./reader.ts";

/** How a span becomes a point. */
export interface DdtraceMapping {
  /** Leaves out the field `message`, the span as JSON. */
  readonly omitMessage: boolean;
  /** Span and parent ids as 16 hex digits, as OpenTelemetry has them, instead of decimal. */
  readonly hexSpanIds: boolean;
  /** Trace ids as the 16 hex digits of their lower half. Implies {@link hexSpanIds}. */
  readonly traceId64Hex: boolean;
  /** Joins both halves of 128-bit trace ids to 32 hex digits; otherwise the lower half alone, in decimal. */
  readonly traceId128: boolean;
  /** Span tags (keys as the tracer has them) that become tags of the point. */
  readonly customerTags: ReadonlySet<string>;
  /** The same, for every key that one of these matches. */
  readonly customerTagPatterns: readonly RegExp[];
  /** Added to every span; the span's own win. */
  readonly tags: ReadonlyMap<string, string>;
  /** Texts of several lines that fit into a tag become tags on one line, as DataKit has them; otherwise fields. */
  readonly oneLineTags: boolean;
}

/** Which spans are kept. */
export interface DdtraceSampling {
  /** Share of traces kept, 0 to 1, by trace id; traces with an error, of RUM, or kept by the user always are. */
  readonly ratio: number;
  /** Keeps spans that the tracer decided to reject (priority 0 and below); traces with an error stay without it. */
  readonly keepRejected: boolean;
  /** Traces with a span whose resource matches are dropped, by the span's service; `*` is any. */
  readonly closedResources: ReadonlyMap<string, readonly RegExp[]>;
  /** Traces without an error that have a web span of one of these HTTP status codes are dropped. */
  readonly omittedStatusCodes: ReadonlySet<string>;
}

/** What is made of the events that libraries hand over: spans of what called the function. */
export interface InferredSpanSettings {
  readonly enabled: boolean;
  /** Services by what they would be called otherwise, or by kind, as `lambda_sqs`. */
  readonly serviceMapping: ReadonlyMap<string, string>;
  /** Services are called as the queue, domain or table; otherwise all of a kind have one name. */
  readonly resourceServices: boolean;
  /** Of the function. */
  readonly region: string;
  readonly functionName: string;
}

/** Settings of the ddtrace receiver. */
export interface DdtraceConfig {
  readonly enabled: boolean;
  /** Where the trace agent's routes are served. */
  readonly listen: readonly ListenAddress[];
  /** Where the Lambda lifecycle API is served. */
  readonly lifecycleListen: readonly ListenAddress[];
  readonly mapping: DdtraceMapping;
  readonly sampling: DdtraceSampling;
  readonly inferredSpans: InferredSpanSettings;
  /** Most spans of one request. */
  readonly maxSpans: number;
  /** Largest trace body in bytes; 0: the limit of all receivers. */
  readonly maxBodyBytes: number;
  /** `service` of the invocation span where the tracer names none. */
  readonly service: string;
  /** `resource` of the invocation span. */
  readonly functionName: string;
}

const REGEXP_PREFIX = "reg:";

/**
 * Reads `ENV_INPUT_DDTRACE_*`, and the few names of Datadog's that users may have set already; `schema` is whose names
 * and types Lambda's own metrics and logs have.
 */
export function readDdtraceConfig(
  read: SettingReader,
  enabled: boolean,
  schema: AwsLambdaSchema = "documented",
): DdtraceConfig {
  const port = readTraceAgentPort(read);
  const functionName = read.text("AWS_LAMBDA_FUNCTION_NAME", {
    default: "aws.lambda",
    description: "Set by Lambda: names the invocation span.",
  });
  return {
    enabled,
    listen: readTraceAgentListeners(read, port),
    lifecycleListen: readLifecycleListeners(read),
    mapping: readMapping(read, schema),
    sampling: readSampling(read),
    inferredSpans: readInferredSpans(read, functionName),
    maxSpans: read.integer("ENV_INPUT_DDTRACE_MAX_SPANS", {
      default: 100_000,
      min: 1,
      description: "Most spans of one request; more are counted as dropped.",
    }),
    maxBodyBytes: 1024 * 1024 * read.integer("ENV_INPUT_DDTRACE_MAX_BODY_MB", {
      default: 0,
      min: 0,
      max: 64,
      description: "Largest trace request in MiB; 0 means the limit of all receivers.",
    }),
    service: read.text("DD_SERVICE", {
      default: "",
      description:
        "Service of the invocation span where the tracer names none; the function's name when unset.",
    }) || functionName,
    functionName,
  };
}

function readInferredSpans(read: SettingReader, functionName: string): InferredSpanSettings {
  const managed = read.boolean("DD_TRACE_MANAGED_SERVICES", {
    default: true,
    description:
      "Datadog's name of `ENV_INPUT_DDTRACE_INFERRED_SPANS`, which counts where that one is not set.",
  });
  return {
    enabled: read.boolean("ENV_INPUT_DDTRACE_INFERRED_SPANS", {
      default: managed,
      description:
        "Makes spans of what called the function (API Gateway, SQS, ...) for the tracers that hand the event over (Java, " +
        ".NET, Go, Ruby): 1 to 2 more spans an invocation. Off, the trace is continued all the same.",
    }),
    serviceMapping: readServiceMapping(read),
    resourceServices: read.boolean("DD_TRACE_AWS_SERVICE_REPRESENTATION_ENABLED", {
      default: true,
      description:
        "Services of these spans have the name of the queue, table, domain; off, that of their kind, as `sqs`.",
    }),
    region: read.text("AWS_REGION", {
      default: "",
      description: "Set by Lambda: the region in the ARNs of these spans.",
    }),
    functionName,
  };
}

/** Datadog's form; what else stands there is the tracer's to complain of. */
function readServiceMapping(read: SettingReader): ReadonlyMap<string, string> {
  const words = read.list("DD_SERVICE_MAPPING", {
    default: [],
    description:
      "Other names for the services of these spans, `from:to,from:to`: by queue, topic, API id, ... or by kind, as `lambda_sqs`.",
  });
  const pairs = words.map((word) => word.split(":")).filter((parts) => parts.length === 2);
  return new Map(pairs.map(([from = "", to = ""]) => [from, to] as const).filter(([, to]) => to !== ""));
}

function readMapping(read: SettingReader, schema: AwsLambdaSchema): DdtraceMapping {
  const words = read.list("ENV_INPUT_DDTRACE_CUSTOMER_TAGS", {
    default: [],
    description:
      "Span tags that become tags of the point; `reg:` before a word makes it a regular expression.",
  });
  const traceId64Hex = read.boolean("ENV_INPUT_DDTRACE_TRACE_ID_64_BIT_HEX", {
    default: false,
    description: "Trace ids as the 16 hex digits of their lower half, span ids as hex.",
  });
  return {
    omitMessage: read.boolean("ENV_INPUT_DDTRACE_DEL_MESSAGE", {
      default: false,
      description: "Leaves out the field `message` (the span as JSON).",
    }),
    hexSpanIds: read.boolean("ENV_INPUT_DDTRACE_COMPATIBLE_OTEL", {
      default: false,
      description: "Span and parent ids as 16 hex digits, so that they join with OpenTelemetry's.",
    }) || traceId64Hex,
    traceId64Hex,
    traceId128: read.boolean("ENV_INPUT_DDTRACE_TRACE_128_BIT_ID", {
      default: true,
      description: "Joins 128-bit trace ids to 32 hex digits; off, their lower half in decimal.",
    }),
    customerTags: new Set(words.filter((word) => !word.startsWith(REGEXP_PREFIX))),
    customerTagPatterns: words.filter((word) => word.startsWith(REGEXP_PREFIX))
      .flatMap((word) =>
        readPattern(read, "ENV_INPUT_DDTRACE_CUSTOMER_TAGS", word.slice(REGEXP_PREFIX.length))
      ),
    tags: read.pairs("ENV_INPUT_DDTRACE_TAGS", { description: "Tags added to every span, `k=v,k=v`." }),
    oneLineTags: schema === "datakit",
  };
}

function readSampling(read: SettingReader): DdtraceSampling {
  return {
    ratio: read.decimal("ENV_INPUT_DDTRACE_SAMPLER", {
      default: 1,
      min: 0,
      max: 1,
      description: "Share of traces kept; those with an error, of RUM or kept by hand always are.",
    }),
    keepRejected: read.boolean("ENV_INPUT_DDTRACE_KEEP_REJECTED", {
      default: false,
      description:
        "Keeps spans that the tracer's own sampling rejected; off, they are counted as sampled out, but for traces with an error.",
    }),
    closedResources: readClosedResources(read),
    omittedStatusCodes: new Set(read.list("ENV_INPUT_DDTRACE_OMIT_ERR_STATUS", {
      default: [],
      description:
        "Traces without an error and with a web span of one of these HTTP status codes are dropped, e.g. `404`.",
    })),
  };
}

function readClosedResources(read: SettingReader): ReadonlyMap<string, readonly RegExp[]> {
  const name = "ENV_INPUT_DDTRACE_CLOSE_RESOURCE";
  const text = read.text(name, {
    default: "",
    description:
      'JSON of regular expressions by service (`*`: any), e.g. `{"*":["^GET /health"]}`: a trace with a span whose resource matches is dropped.',
  });
  const closed = new Map<string, readonly RegExp[]>();
  if (text === "") return closed;
  for (const [service, patterns] of parseObject(text) ?? [[name, undefined] as const]) {
    if (isTexts(patterns)) {
      closed.set(
        service,
        patterns.flatMap((pattern) => readPattern(read, name, pattern)),
      );
    } else {
      read.problem({
        name,
        message: `Cannot use ${name} as it must be a JSON object of lists of texts: current value is ${
          read.quote(text)
        }`,
        used: "the services that are",
      });
    }
  }
  return closed;
}

function parseObject(text: string): [string, unknown][] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value)
      : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
