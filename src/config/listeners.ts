/**
 * What is listened for and where. Read apart from all other settings, as the listeners are opened before anything else
 * is loaded.
 */
import type { ListenAddress } from "../pipeline/receiver.ts";
import { isLoopback, readListenAddress, readLoopbackAddresses } from "./listen.ts";
import type { SettingReader } from "./reader.ts";

/** What the user calls the ways in (`ENV_DEFAULT_ENABLED_INPUTS`), by DataKit's names. */
export const INPUTS = ["awslambda", "ddtrace", "opentelemetry", "statsd"] as const;
export type Input = (typeof INPUTS)[number];

/** Where StatsD is listened for. */
export interface StatsdSockets {
  readonly udp: readonly ListenAddress[];
  readonly tcp: readonly ListenAddress[];
  /** Path of a Unix datagram socket; empty: none. */
  readonly unixDatagramPath: string;
  /** Path of a Unix stream socket with length-prefixed packets; empty: none. */
  readonly unixStreamPath: string;
}

/** What is wanted of the platform's telemetry. */
export interface TelemetryChoice {
  /** Whether log lines become points. */
  readonly logs: boolean;
  /** Whether platform events become points. */
  readonly metrics: boolean;
  /** Whether lines of extensions are collected too. */
  readonly extensionLogs: boolean;
}

const STATSD_LISTEN = ["127.0.0.1:8125", "[::1]:8125"] as const;

/** The inputs that are on. */
export function readInputs(read: SettingReader): ReadonlySet<Input> {
  const name = "ENV_DEFAULT_ENABLED_INPUTS";
  const options = {
    default: INPUTS,
    description: "The ways in that are on; replaces the default. `-name` takes one out of it.",
  };
  const older = read.list("ENV_ENABLE_INPUTS", { default: [], description: `Older name of ${name}.` });
  const current = read.list(name, options);
  const words = current === options.default && older.length > 0 ? older : current;
  const named = words.map((word) => ({ word, input: inputOf(word), isOut: word.startsWith("-") }));
  const added = named.flatMap(({ input, isOut }) => input === undefined || isOut ? [] : [input]);
  // Nothing but misspelt words or DataKit's other inputs (`cpu,disk`) is no wish to switch all off.
  const enabled = new Set<Input>(added.length === 0 ? INPUTS : added);
  for (const { input, isOut } of named) if (input !== undefined && isOut) enabled.delete(input);
  for (const { word, input } of named) {
    if (input !== undefined) continue;
    read.problem({
      name,
      message: `Cannot use ${read.quote(word)} of ${name} as it must be one of ${INPUTS.join(", ")}`,
      used: enabled.size === 0 ? "none" : Array.from(enabled).join(","),
    });
  }
  return enabled;
}

/** The input that a word adds or, behind a hyphen, takes out. */
function inputOf(word: string): Input | undefined {
  const name = word.replace(/^-/, "").toLowerCase();
  return INPUTS.find((known) => known === name);
}

export function readTelemetryChoice(read: SettingReader): TelemetryChoice {
  return {
    logs: read.boolean("ENV_ENABLE_LOG_COLLECTION", {
      default: true,
      description: "Collect the function's log lines",
    }),
    metrics: read.boolean("ENV_ENABLE_METRIC_COLLECTION", {
      default: true,
      description: "Collect Lambda metrics",
    }),
    extensionLogs: read.boolean("ENV_AWSLAMBDA_EXTENSION_LOGS", {
      default: false,
      description: "Also collect the lines that extensions write, this one included",
    }),
  };
}

/** The main listener's address. */
export function readMainListener(read: SettingReader): ListenAddress {
  return readListenAddress(read, "ENV_HTTP_LISTEN", {
    default: { hostname: "0.0.0.0", port: 9529 },
    description:
      "The main listener: the platform's telemetry, and for local clients every HTTP route. A taken port moves to a free one, an address that the sandbox does not have to all that it has; on loopback alone the platform may not reach it.",
  });
}

export function readOtlpHttpListeners(read: SettingReader): readonly ListenAddress[] {
  return readEndpoint(read, "ENV_INPUT_OTEL_HTTP", 4318, "OTLP/HTTP");
}

export function readOtlpGrpcListeners(read: SettingReader): readonly ListenAddress[] {
  return readEndpoint(read, "ENV_INPUT_OTEL_GRPC", 4317, "OTLP/gRPC");
}

/** Datadog's own name for the trace agent's port. */
export function readTraceAgentPort(read: SettingReader): number {
  return read.integer("DD_APM_RECEIVER_PORT", {
    default: 8126,
    min: 0,
    max: 65535,
    description: "Port of the trace agent's routes where ENV_INPUT_DDTRACE_LISTEN is unset; 0 opens none.",
  });
}

/** `port`: where nothing else is set. */
export function readTraceAgentListeners(read: SettingReader, port: number): readonly ListenAddress[] {
  return readLoopbackAddresses(read, "ENV_INPUT_DDTRACE_LISTEN", {
    default: port === 0 ? [] : [`127.0.0.1:${port}`, `[::1]:${port}`],
    description: "Loopback addresses of the Datadog trace agent's routes; `off` opens none.",
  });
}

export function readLifecycleListeners(read: SettingReader): readonly ListenAddress[] {
  return readLoopbackAddresses(read, "ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN", {
    default: ["127.0.0.1:8124"],
    description: "Loopback addresses of the Datadog Lambda lifecycle API; `off` opens none.",
  });
}

export function readStatsdSockets(read: SettingReader): StatsdSockets {
  return {
    udp: readLoopbackAddresses(read, "ENV_INPUT_STATSD_LISTEN", {
      default: STATSD_LISTEN,
      description: "Loopback addresses of the StatsD UDP sockets; `off` opens none.",
    }),
    tcp: readLoopbackAddresses(read, "ENV_INPUT_STATSD_LISTEN_TCP", {
      default: STATSD_LISTEN,
      description: "Loopback addresses of the StatsD TCP listeners (one metric a line); `off` opens none.",
    }),
    unixDatagramPath: readSocketPath(
      read,
      "ENV_INPUT_STATSD_UNIXGRAM",
      "Path under /tmp of a StatsD Unix datagram socket.",
    ),
    unixStreamPath: readSocketPath(
      read,
      "ENV_INPUT_STATSD_UNIX_STREAM",
      "Path under /tmp of a StatsD Unix stream socket (4-byte little-endian length before each packet).",
    ),
  };
}

function readEndpoint(read: SettingReader, name: string, port: number, what: string): ListenAddress[] {
  const options = {
    default: { hostname: "127.0.0.1", port },
    description: `Loopback address of ${what}, or \`off\`.`,
  };
  const text = read.text(name, { default: `127.0.0.1:${port}`, description: options.description });
  if (/^(off|false|no|none|0)$/i.test(text)) return [];
  const datakit = text.startsWith("{") ? parseDatakitEndpoint(text, port) : undefined;
  const address = datakit ?? readListenAddress(read, name, options);
  if (address === "off") return [];
  if (address.hostname !== "::1" && isLoopback(address.hostname)) {
    // `localhost` is ::1 first to some clients; a port of the user's own choice is only where it was put.
    const alsoV6 = address.hostname === "127.0.0.1" && address.port !== 0;
    return alsoV6 ? [address, { hostname: "::1", port: address.port }] : [address];
  }
  if (address.hostname === "::1") return [address];
  const used = [{ hostname: "127.0.0.1", port: address.port }];
  read.problem({
    name,
    message: `Cannot use ${name} as it must be a loopback address: current value is ${
      read.quote(address.hostname)
    }`,
    used: `127.0.0.1:${address.port}`,
  });
  return used;
}

/** DataKit's form: `{"enable":true,…}` for HTTP, `{"trace_enable":true,"addr":"127.0.0.1:4317"}` for gRPC. */
function parseDatakitEndpoint(text: string, port: number): ListenAddress | "off" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const entries = new Map<string, unknown>(Object.entries(value));
  if (entries.get("enable") === false) return "off";
  const addr = entries.get("addr");
  if (addr === undefined) return { hostname: "127.0.0.1", port };
  const match = typeof addr === "string" ? /^(.*):(\d{1,5})$/.exec(addr) : null;
  const chosen = Number(match?.[2]);
  if (match === null || chosen > 65535) return undefined;
  return { hostname: (match[1] ?? "").replace(/^\[|\]$/g, "").toLowerCase() || "127.0.0.1", port: chosen };
}

function readSocketPath(read: SettingReader, name: string, description: string): string {
  const path = read.text(name, { default: "", description });
  // Nothing but /tmp can be written in Lambda, and the stale file at this path is removed.
  if (path === "" || (/^\/tmp\/[^\0]{1,95}$/.test(path) && !path.split("/").includes(".."))) return path;
  read.problem({
    name,
    message:
      `Cannot use ${name} as it must be a path under /tmp of at most 100 characters: current value is ${
        read.quote(path)
      }`,
    used: "no socket",
  });
  return "";
}
