/**
 * The body of a Telemetry API subscription, checked as AWS checks it.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html
 */
import { type ApiReply, errorReply } from "./reply.ts";

export type TelemetryType = "platform" | "function" | "extension";
export type TelemetrySchema = "2022-07-01" | "2022-12-13" | "2025-01-29";

/** A subscription that was found right. */
export interface Subscription {
  readonly schemaVersion: TelemetrySchema;
  readonly types: readonly TelemetryType[];
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly destination:
    | { readonly protocol: "HTTP"; readonly uri: string; readonly port: number }
    | { readonly protocol: "TCP"; readonly port: number };
}

const TYPES: readonly TelemetryType[] = ["platform", "function", "extension"];
const SCHEMAS: readonly TelemetrySchema[] = ["2022-07-01", "2022-12-13", "2025-01-29"];
const HOSTS: readonly string[] = ["sandbox.localdomain", "sandbox"];
/** The platform's own port. */
const RESERVED_PORT = 9001;

/** The subscription in `body`, or the 400 that names everything wrong with it. */
export function parseSubscription(body: string, managed: boolean): Subscription | ApiReply {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch (error) {
    return invalid([`Invalid JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const faults: string[] = [];
  const buffering = member(request, "buffering");
  const subscription: Subscription = {
    schemaVersion: parseSchema(member(request, "schemaVersion"), managed, faults),
    destination: parseDestination(member(request, "destination"), faults),
    types: parseTypes(member(request, "types"), faults),
    maxItems: bounded(buffering, "maxItems", 1000, 10_000, 10_000, faults),
    maxBytes: bounded(buffering, "maxBytes", 262_144, 1_048_576, 262_144, faults),
    timeoutMs: bounded(buffering, "timeoutMs", 25, 30_000, 1000, faults),
  };
  return faults.length === 0 ? subscription : invalid(faults);
}

function invalid(faults: readonly string[]): ApiReply {
  return errorReply(400, "ValidationError", faults.join("; "));
}

function parseTypes(value: unknown, faults: string[]): readonly TelemetryType[] {
  if (!Array.isArray(value) || value.length === 0) {
    faults.push("types should not be empty");
    return [];
  }
  const known = TYPES.filter((type) => value.includes(type));
  if (value.some((type) => !TYPES.includes(type))) faults.push("types contains an unknown type");
  return known;
}

function parseSchema(value: unknown, managed: boolean, faults: string[]): TelemetrySchema {
  const known = SCHEMAS.find((schema) => schema === value);
  if (known === undefined) faults.push("schemaVersion is not supported");
  else if (managed && known !== "2025-01-29") faults.push("schemaVersion must be 2025-01-29");
  return known ?? "2022-12-13";
}

function parseDestination(value: unknown, faults: string[]): Subscription["destination"] {
  const protocol = member(value, "protocol");
  if (protocol === "TCP") {
    const port = member(value, "port");
    if (!isPort(port)) faults.push("TCP port is not valid");
    return { protocol, port: isPort(port) ? port : 0 };
  }
  if (protocol !== "HTTP") faults.push("protocol should be HTTP or TCP");
  const uri = member(value, "URI");
  const url = typeof uri === "string" && URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || url.protocol !== "http:") faults.push("URI is not valid");
  else if (!HOSTS.includes(url.hostname)) faults.push("URI host should be sandbox.localdomain");
  // The URL parser hides port 80, which is a port all the same.
  const port = typeof uri === "string" && /^http:\/\/[^/]+:80(\/|$)/.test(uri) ? 80 : Number(url?.port);
  if (!isPort(port)) faults.push("URI port is not provided");
  return { protocol: "HTTP", uri: url?.href ?? "", port };
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535 && value !== RESERVED_PORT;
}

function bounded(
  buffering: unknown,
  key: string,
  min: number,
  max: number,
  fallback: number,
  faults: string[],
): number {
  const value = member(buffering, key);
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  faults.push(`${key} should be from ${min} to ${max}`);
  return fallback;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
