/**
 * The function as an OpenTelemetry resource.
 * @see https://opentelemetry.io/docs/specs/semconv/resource/faas/
 */
import type { Environment } from "../config/reader.ts";
import { createProtobufWriter } from "../point/protobuf_writer.ts";
import { type AttributeValue, putAttribute } from "./proto.ts";

/** Of the names used here. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.43.0";

export interface ResourceSource {
  readonly env: Environment;
  readonly service: string;
  /** The user's tags for everything. */
  readonly globalTags: ReadonlyMap<string, string>;
  /** As known now. */
  readonly accountId: () => string | undefined;
  /** This sandbox's own name, where the platform tells none. */
  readonly instanceId: () => string;
}

const MIB = 1024 * 1024;
const ATTRIBUTES = 0x0a;
/** `2026/11/25/[$LATEST]2f39…`. */
const LOG_STREAM = /^\d{4}\/\d\d\/\d\d\/.*\[/;

/**
 * What is known of the function, by name: the user's tags, then those of `OTEL_RESOURCE_ATTRIBUTES`, then what Lambda
 * says, which nobody's word replaces. `instance`: what the platform calls the sandbox. Names of log groups and streams
 * are not in an extension's environment.
 */
export function resourceAttributes(
  source: ResourceSource,
  instance: string | undefined,
): ReadonlyMap<string, AttributeValue> {
  const { env, accountId, instanceId } = source;
  const name = env["AWS_LAMBDA_FUNCTION_NAME"];
  const version = env["AWS_LAMBDA_FUNCTION_VERSION"];
  const region = env["AWS_REGION"];
  const memoryMb = Number(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]);
  const account = accountId();
  const known: [string, AttributeValue | undefined][] = [
    ["service.name", source.service],
    ["cloud.provider", "aws"],
    ["cloud.platform", "aws_lambda"],
    ["cloud.region", region],
    ["cloud.account.id", account],
    ["cloud.resource_id", arnOf(name, version, region, account)],
    ["faas.name", name],
    ["faas.version", version],
    // As the conventions want it, the log stream: the platform calls the sandbox so.
    ["faas.instance", instance ?? instanceId()],
    ["faas.max_memory", memoryMb > 0 ? memoryMb * MIB : undefined],
    ["aws.log.stream.names", instance !== undefined && LOG_STREAM.test(instance) ? [instance] : undefined],
  ];
  const attributes = new Map<string, AttributeValue>(source.globalTags);
  for (const [key, value] of readAttributes(env["OTEL_RESOURCE_ATTRIBUTES"] ?? "")) {
    attributes.set(key, value);
  }
  for (const [key, value] of known) if (value !== undefined && value !== "") attributes.set(key, value);
  return attributes;
}

/** A `Resource`. */
export function encodeResource(attributes: ReadonlyMap<string, AttributeValue>): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(1024);
  for (const [key, value] of attributes) putAttribute(writer, ATTRIBUTES, key, value);
  return writer.finish();
}

/** The function's ARN with a published version, never with an alias. */
function arnOf(
  name: string | undefined,
  version: string | undefined,
  region: string | undefined,
  account: string | undefined,
): string | undefined {
  if (!name || !region || !account) return undefined;
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  const qualifier = version && version !== "$LATEST" ? `:${version}` : "";
  return `arn:${partition}:lambda:${region}:${account}:function:${name}${qualifier}`;
}

/** `key=value,key=value`, values in percent-encoding; parts that are not so are left out. */
function* readAttributes(text: string): Generator<readonly [string, string]> {
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const key = part.slice(0, Math.max(0, at)).trim();
    if (key === "") continue;
    try {
      yield [decodeURIComponent(key), decodeURIComponent(part.slice(at + 1).trim())];
    } catch {
      // Not in percent-encoding.
    }
  }
}
