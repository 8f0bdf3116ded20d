/**
 * The lines START, END and REPORT as the function's log group has them, which the Telemetry API tells of in events
 * only.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
import type { PlatformLine } from "../config/platform_lines.ts";
import type { LogStatus } from "../point/log_status.ts";
import type { AssembledLog } from "./lines/assembler.ts";
import type { ReportEvent, TelemetryEvent } from "./telemetry_event.ts";

/** The line that the log group has of an event, as a log; `undefined`: it has none, or it is not wanted. */
export function platformLog(
  event: TelemetryEvent,
  wanted: ReadonlySet<PlatformLine>,
  timeNs: bigint,
): AssembledLog | undefined {
  switch (event.type) {
    case "platform.start":
      if (!wanted.has("start")) return undefined;
      return logOf(
        `START RequestId: ${event.requestId} Version: ${event.version ?? "$LATEST"}`,
        event,
        timeNs,
      );
    case "platform.runtimeDone":
      return wanted.has("end") ? logOf(`END RequestId: ${event.requestId}`, event, timeNs) : undefined;
    case "platform.report":
      return wanted.has("report") ? logOf(reportText(event), event, timeNs, statusOf(event)) : undefined;
    default:
      return undefined;
  }
}

function reportText({ requestId, ...event }: ReportEvent): string {
  const parts = [
    `REPORT RequestId: ${requestId}`,
    figure("Duration", event.durationMs?.toFixed(2), "ms"),
    figure("Billed Duration", event.billedDurationMs, "ms"),
    figure("Memory Size", event.memorySizeMb, "MB"),
    figure("Max Memory Used", event.maxMemoryUsedMb, "MB"),
    figure("Init Duration", event.initDurationMs?.toFixed(2), "ms"),
    figure("Restore Duration", event.restoreDurationMs?.toFixed(2), "ms"),
    event.status === undefined || event.status === "success" ? undefined : `Status: ${event.status}`,
    event.errorType === undefined ? undefined : `Error Type: ${event.errorType}`,
  ];
  return parts.filter((part) => part !== undefined).join("\t");
}

function figure(name: string, value: string | number | undefined, unit: string): string | undefined {
  return value === undefined ? undefined : `${name}: ${value} ${unit}`;
}

function statusOf({ status }: ReportEvent): LogStatus {
  return status === undefined || status === "success" ? "info" : "error";
}

const NONE: readonly string[] = [];

function logOf(
  text: string,
  { requestId }: { readonly requestId: string },
  timeNs: bigint,
  status: LogStatus = "info",
): AssembledLog {
  return {
    from: "platform",
    requestId,
    timeNs,
    line: {
      message: text,
      status,
      requestId,
      traceId: undefined,
      spanId: undefined,
      text,
      members: undefined,
      record: undefined,
      told: NONE,
      idKeys: NONE,
    },
    texts: undefined,
    failure: undefined,
  };
}
