import type { SocketAddress } from "../net/sockets.ts";
import type { ListenAddress } from "../pipeline/receiver.ts";
import {
  readInputs,
  readLifecycleListeners,
  readMainListener,
  readOtlpGrpcListeners,
  readOtlpHttpListeners,
  readStatsdSockets,
  readTelemetryChoice,
  readTraceAgentListeners,
  readTraceAgentPort,
} from "./listeners.ts";
import { readLogMetricsConfig } from "./log_metrics.ts";
import { createSettingReader, type Environment, type SettingReader } from "./reader.ts";

/** What a subscriber to the Telemetry API asks for. */
export type TelemetryType = "platform" | "function" | "extension";

/** The few settings that are needed before everything else. What is wrong with them is told when all are read. */
export interface ShellConfig {
  readonly main: ListenAddress;
  /** All that the inputs listen on besides it. */
  readonly sockets: readonly SocketAddress[];
  /** What is wanted of the platform. */
  readonly telemetry: readonly TelemetryType[];
}

/** Reads them. Never throws. */
export function readShellConfig(env: Environment): ShellConfig {
  const read = createSettingReader(env);
  const inputs = readInputs(read);
  const sockets: SocketAddress[] = [];
  const addAll = (transport: "tcp" | "udp", addresses: readonly ListenAddress[]): void => {
    for (const address of addresses) sockets.push({ ...address, transport });
  };
  if (inputs.has("opentelemetry")) {
    addAll("tcp", [...readOtlpHttpListeners(read), ...readOtlpGrpcListeners(read)]);
  }
  if (inputs.has("ddtrace")) {
    addAll("tcp", readTraceAgentListeners(read, readTraceAgentPort(read)));
    addAll("tcp", readLifecycleListeners(read));
  }
  if (inputs.has("statsd")) {
    const { udp, tcp, unixDatagramPath, unixStreamPath } = readStatsdSockets(read);
    addAll("udp", udp);
    addAll("tcp", tcp);
    if (unixDatagramPath !== "") sockets.push({ transport: "unix_datagram", path: unixDatagramPath });
    if (unixStreamPath !== "") sockets.push({ transport: "unix_stream", path: unixStreamPath });
  }
  return {
    main: readMainListener(read),
    sockets,
    telemetry: readTelemetryTypes(read, inputs.has("awslambda")),
  };
}

function readTelemetryTypes(
  read: SettingReader,
  isOn: boolean,
): readonly TelemetryType[] {
  const { logs, metrics, extensionLogs } = readTelemetryChoice(read);
  const hasLogMetrics = readLogMetricsConfig(read).formats.size > 0;
  return [
    "platform",
    // Lines also tell of exceptions and of memory that ran out.
    ...(isOn && (logs || metrics || hasLogMetrics) ? ["function" as const] : []),
    ...(isOn && extensionLogs ? ["extension" as const] : []),
  ];
}
