/** Settings of the second target, `ENV_OTLP_TARGET_*`. */
import type { ListenAddress } from "../pipeline/receiver.ts";
import type { Environment, SettingReader } from "./reader.ts";
import { parseKnown, readWords } from "./words.ts";

/** What OTLP tells apart. */
export type TargetSignal = "traces" | "metrics" | "logs";
export const TARGET_SIGNALS: readonly TargetSignal[] = ["traces", "metrics", "logs"];

/** Whose data goes to the target, by the names of the ways in. */
const TARGET_INPUTS = ["awslambda", "opentelemetry"] as const;
export type TargetInput = (typeof TARGET_INPUTS)[number];

/** A second place to send to, by OTLP over HTTP. */
export interface OtlpTargetConfig {
  /** Whole URLs. A query in one may be secret. A signal without one is not sent. */
  readonly endpoints: Readonly<Partial<Record<TargetSignal, string>>>;
  /** Sent with every request. Secret. */
  readonly headers: ReadonlyMap<string, string>;
  readonly inputs: ReadonlySet<TargetInput>;
  /** Longest time for the answer to one request, in ms. */
  readonly timeoutMs: number;
  readonly gzip: boolean;
  /** `auto`: AWS's hosts, where no header authorizes. */
  readonly auth: "auto" | "none" | "sigv4";
  /** What requests are signed for where the host does not tell. */
  readonly awsService: string;
  readonly awsRegion: string;
  /** PEM files. */
  readonly caFile: string | undefined;
  readonly clientCertFile: string | undefined;
  readonly clientKeyFile: string | undefined;
  /** Bound of the memory of what waits for it, in bytes. */
  readonly storeMaxBytes: number;
  /** Never to be printed. */
  readonly secrets: readonly string[];
}

export interface OtlpTargetSurroundings {
  /** Where we ourselves take OTLP: sending there would go round in circles. */
  readonly own: readonly ListenAddress[];
  /** Whether points have somewhere to go as well. */
  readonly hasDataway: boolean;
  /** Of points, in bytes. */
  readonly storeMaxBytes: number;
}

const NAME = "ENV_OTLP_TARGET";
const CLOUDWATCH = "cloudwatch";
/** Names of CloudWatch's services by signal. */
const CLOUDWATCH_SERVICES: Readonly<Record<TargetSignal, string>> = {
  traces: "xray",
  metrics: "monitoring",
  logs: "logs",
};
const LOG_GROUP = "x-aws-log-group";
const LOG_STREAM = "x-aws-log-stream";
const LEAST_STORE_BYTES = 1024 * 1024;
/** What a header's value must be longer than to be taken for a secret. */
const SECRET_CHARS = 6;

/** Reads them; `undefined`: there is no second target. What cannot be used is a problem, and is left out. */
export function readOtlpTargetConfig(
  read: SettingReader,
  env: Environment,
  surroundings: OtlpTargetSurroundings,
): OtlpTargetConfig | undefined {
  const base = read.secret(NAME, {
    description:
      "A second place to send to, by OTLP/HTTP in protobuf: a base URL that `/v1/traces`, `/v1/metrics` and `/v1/logs` " +
      "are added to, or `cloudwatch` for CloudWatch's own endpoints of the function's region",
  });
  const own = readSignalUrls(read);
  const headers = readHeaders(read);
  const awsRegion = read.text("ENV_OTLP_TARGET_AWS_REGION", {
    default: "",
    description: "Region that requests are signed for, where neither the host nor `AWS_REGION` tells it",
  }) || env["AWS_REGION"] || "us-east-1";
  const config = {
    inputs: readTargetInputs(read),
    ...readTransport(read),
    awsRegion,
    storeMaxBytes: readStoreMaxBytes(read, surroundings),
  };
  const endpoints: Partial<Record<TargetSignal, string>> = {};
  for (const signal of TARGET_SIGNALS) {
    const url = endpointOf(read, signal, base, own[signal], awsRegion, surroundings.own);
    if (url !== undefined) endpoints[signal] = url;
  }
  if (isCloudwatchLogs(endpoints.logs) && !(headers.has(LOG_GROUP) && headers.has(LOG_STREAM))) {
    delete endpoints.logs;
    read.problem({
      name: "ENV_OTLP_TARGET_HEADERS",
      message:
        `Cannot send logs to CloudWatch as ENV_OTLP_TARGET_HEADERS must name ${LOG_GROUP} and ${LOG_STREAM}`,
      used: "no logs for the target (ENV_OTLP_TARGET_LOGS=off says so)",
    });
  }
  if (Object.keys(endpoints).length === 0) return undefined;
  return { endpoints, headers, ...config, secrets: secretsOf(endpoints, headers) };
}

function readSignalUrls(read: SettingReader): Readonly<Record<TargetSignal, string>> {
  const one = (name: string, signal: TargetSignal): string =>
    read.secret(name, {
      description: `Whole URL for ${signal}, instead of the base; \`off\`: no ${signal} for the target`,
    });
  return {
    traces: one("ENV_OTLP_TARGET_TRACES", "traces"),
    metrics: one("ENV_OTLP_TARGET_METRICS", "metrics"),
    logs: one("ENV_OTLP_TARGET_LOGS", "logs"),
  };
}

function readTransport(
  read: SettingReader,
): Pick<
  OtlpTargetConfig,
  "timeoutMs" | "gzip" | "auth" | "awsService" | "caFile" | "clientCertFile" | "clientKeyFile"
> {
  const file = (name: string, description: string): string | undefined =>
    read.text(name, { default: "", description }) || undefined;
  const files = {
    caFile: file(
      "ENV_OTLP_TARGET_CA_FILE",
      "PEM file of certificates to trust for the target, besides the built-in ones",
    ),
    clientCertFile: file(
      "ENV_OTLP_TARGET_CLIENT_CERT_FILE",
      "PEM file of a certificate to show to the target (mTLS); not through a proxy",
    ),
    clientKeyFile: file("ENV_OTLP_TARGET_CLIENT_KEY_FILE", "PEM file of its key, not encrypted"),
  };
  return {
    timeoutMs: read.durationMs("ENV_OTLP_TARGET_TIMEOUT", {
      default: 10_000,
      min: 100,
      max: 60_000,
      description: "Longest time for the target's answer; it goes on beside later invocations",
    }),
    gzip: read.choice("ENV_OTLP_TARGET_COMPRESSION", ["gzip", "none"], {
      default: "gzip",
      description: "How bodies for the target are compressed",
    }) === "gzip",
    auth: read.choice("ENV_OTLP_TARGET_AUTH", ["auto", "none", "sigv4"], {
      default: "auto",
      description:
        "`sigv4`: sign requests with the function's role, as AWS's endpoints want it; `auto`: do so for hosts of AWS's, " +
        "unless a header `authorization` is set",
    }),
    awsService: read.text("ENV_OTLP_TARGET_AWS_SERVICE", {
      default: "",
      description:
        "Service that requests are signed for, where the host does not tell it (`xray`, `logs`, …)",
    }),
    ...files,
  };
}

function readTargetInputs(read: SettingReader): ReadonlySet<TargetInput> {
  const name = "ENV_OTLP_TARGET_INPUTS";
  const inputs = readWords(read, name, {
    default: TARGET_INPUTS,
    description:
      "Whose data goes to the target: `opentelemetry`, as it came; `awslambda`: what Lambda tells, converted",
    parse: parseKnown(TARGET_INPUTS),
    complain: (quoted) => `Cannot use ${quoted} of ${name} as it must be one of ${TARGET_INPUTS.join(", ")}`,
  });
  return new Set(inputs);
}

function readStoreMaxBytes(
  read: SettingReader,
  { hasDataway, storeMaxBytes }: OtlpTargetSurroundings,
): number {
  const bytes = read.bytes("ENV_OTLP_TARGET_STORE_MAX_BYTES", {
    default: 0,
    min: 1024 * 1024,
    orZero: true,
    description:
      "Most memory that data waiting for the target may take; the oldest goes first, counted. 0: half of what data for " +
      "Dataway may take, or as much where there is no Dataway",
  });
  if (bytes > 0) return Math.max(LEAST_STORE_BYTES, bytes);
  return hasDataway ? Math.max(LEAST_STORE_BYTES, Math.floor(storeMaxBytes / 2)) : storeMaxBytes;
}

/** `k=v,k=v` with values in percent-encoding, as OpenTelemetry's own variables have them. Values are never shown. */
function readHeaders(read: SettingReader): ReadonlyMap<string, string> {
  const name = "ENV_OTLP_TARGET_HEADERS";
  const text = read.secret(name, {
    description: "Headers for the target, `name=value,name=value`, values in percent-encoding",
  });
  const headers = new Map<string, string>();
  let bad = 0;
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(0, at)).trim().toLowerCase();
    const value = decode(pair.slice(at + 1).trim());
    if (isHeader(key, value)) headers.set(key, value);
    else bad++;
  }
  if (bad > 0) {
    read.problem({
      name,
      message:
        `Cannot use ${bad} of the headers of ${name} as each must read name=value, and be of none that are ` +
        "set here (content-type, host, …)",
      used: `the other ${headers.size}`,
    });
  }
  return headers;
}

const OWN_HEADERS: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-type",
  "content-length",
  "content-encoding",
  "transfer-encoding",
]);

function isHeader(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && !OWN_HEADERS.has(name) && /^[\t\x20-\x7e]+$/.test(value);
}

/** The signal's URL; `undefined`: it is off, or cannot be used, which is a problem. What it holds is not shown. */
function endpointOf(
  read: SettingReader,
  signal: TargetSignal,
  base: string,
  own: string,
  region: string,
  ownListeners: readonly ListenAddress[],
): string | undefined {
  if (own.toLowerCase() === "off") return undefined;
  const name = own === "" ? NAME : `${NAME}_${signal.toUpperCase()}`;
  const text = own === "" ? base : own;
  if (text === "") return undefined;
  if (own === "" && base.toLowerCase() === CLOUDWATCH) return cloudwatchUrl(signal, region);
  const url = URL.parse(text);
  const broken = url === null || !/^https?:$/.test(url.protocol)
    ? "it must be a URL that starts with http:// or https://"
    : url.username !== "" || url.password !== ""
    ? "it must not hold a user name or password: ENV_OTLP_TARGET_HEADERS takes an authorization"
    : isOwn(url, ownListeners)
    ? "it must not be where this extension takes OTLP itself"
    : undefined;
  if (broken !== undefined || url === null) {
    const isTold = read.problems.some((problem) => problem.name === name);
    if (!isTold) {
      read.problem({
        name,
        message: `Cannot use ${name} as ${broken}`,
        used: own === "" ? "no second target" : `no ${signal} for the target`,
      });
    }
    return undefined;
  }
  if (own !== "") return url.href;
  // Copied with a signal's path, the base is what stands before it.
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1\/(?:traces|metrics|logs)$/, "");
  url.pathname = `${path}/v1/${signal}`;
  return url.href;
}

function cloudwatchUrl(signal: TargetSignal, region: string): string {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `https://${CLOUDWATCH_SERVICES[signal]}.${region}.${domain}/v1/${signal}`;
}

function isCloudwatchLogs(url: string | undefined): boolean {
  return url !== undefined && /^logs\.[^.]+\.amazonaws\.com(\.cn)?$/.test(new URL(url).hostname);
}

function isOwn(url: URL, own: readonly ListenAddress[]): boolean {
  const isHere =
    /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f.*\]|sandbox(\.localdomain)?)$/
      .test(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return isHere && own.some((address) => address.port === port);
}

/** Values of headers, but for names of log groups; and what stands in the queries of URLs. */
function secretsOf(
  endpoints: OtlpTargetConfig["endpoints"],
  headers: ReadonlyMap<string, string>,
): readonly string[] {
  const secrets = new Set<string>();
  for (const [name, value] of headers) {
    if (name === LOG_GROUP || name === LOG_STREAM) continue;
    // The credentials alone are as secret as with their scheme before them.
    for (const part of [value, value.replace(/^\S+\s+/, "")]) {
      if (part.length > SECRET_CHARS) secrets.add(part).add(encodeURIComponent(part));
    }
  }
  for (const url of Object.values(endpoints)) {
    for (const value of new URL(url).searchParams.values()) {
      if (value.length > SECRET_CHARS) secrets.add(value).add(encodeURIComponent(value));
    }
  }
  return [...secrets];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
