import type { Intake } from "../../pipeline/receiver.ts";
import type { LogStatus } from "../../point/log_status.ts";
import { writePoint } from "../write_point.ts";
import type { ServiceCheck, StatsdEvent } from "./sample.ts";
import { addTagText } from "./series_identity.ts";

/** Parts of an event's or check's point that its line does not say. */
export interface EventContext {
  /** Used when the line has no time of its own. */
  readonly nowNs: bigint;
  /** Configured tags; they win. */
  readonly tags: ReadonlyMap<string, string>;
  readonly intake: Intake;
}

const STATUS_BY_ALERT: ReadonlyMap<string, string> = new Map([
  ["error", "error"],
  ["warning", "warning"],
  ["success", "ok"],
  ["info", "info"],
]);
/** Of a check's log; nothing is known of the fourth. */
const CHECK_STATUSES: readonly LogStatus[] = ["OK", "warning", "critical", "info"];

/**
 * Writes an event as a key event of Guance's event explorer, which reads the `df_` names. A parsed event has a title,
 * so there always is one.
 */
export function writeEvent(event: StatsdEvent, context: EventContext): void {
  const tags = completeTags(
    [["df_source", "custom"], ["df_status", STATUS_BY_ALERT.get(event.alertType) ?? "info"]],
    context.tags,
    [
      ["host", event.host],
      ["aggregation_key", event.aggregationKey],
      ["priority", event.priority],
      ["source_type", event.sourceType],
    ],
    event.tagText,
  );
  writePoint(context.intake, {
    category: "keyevent",
    measurement: "statsd_event",
    tags,
    fields: [
      ["df_event_id", `event-${crypto.randomUUID().replaceAll("-", "")}`],
      ["df_title", event.title],
      ["df_message", event.text],
    ],
    timeNs: timeNs(event.timestampS, context.nowNs),
  });
}

/**
 * Writes a service check as a metric, which monitors can watch, and, when it says something, as a log: a metric takes
 * no text.
 */
export function writeCheck(check: ServiceCheck, context: EventContext): void {
  const tags = completeTags([["check", check.name]], context.tags, [["host", check.host]], check.tagText);
  const shared = {
    measurement: "statsd_service_check",
    timeNs: timeNs(check.timestampS, context.nowNs),
    // The line's own tag `status` has no place beside ours.
    isTrimmed: tags.has("status"),
  };
  const status = BigInt(check.status);
  const metricTags = [...tags].filter(([key]) => key !== "status");
  writePoint(context.intake, {
    ...shared,
    category: "metric",
    tags: metricTags,
    fields: [["status", status]],
  });
  if (check.message === "") return;
  const logTags = new Map([["status", CHECK_STATUSES[check.status] ?? "info"], ...metricTags]);
  writePoint(context.intake, {
    ...shared,
    category: "logging",
    tags: logTags,
    fields: [["message", check.message]],
  });
}

/** All tags; the first with a key wins, and stays where a point has too many. */
function completeTags(
  ours: Iterable<readonly [string, string]>,
  configured: ReadonlyMap<string, string>,
  ofLine: Iterable<readonly [string, string]>,
  tagText: string,
): Map<string, string> {
  const ofText = new Map<string, string>();
  addTagText(ofText, tagText);
  const tags = new Map<string, string>();
  for (const [key, value] of [...ours, ...configured, ...ofLine, ...ofText]) {
    if (value !== "" && !tags.has(key)) tags.set(key, value);
  }
  return tags;
}

function timeNs(timestampS: number, nowNs: bigint): bigint {
  const ownNs = BigInt(timestampS) * 1_000_000_000n;
  return timestampS === 0 || ownNs > nowNs + 3_600_000_000_000n ? nowNs : ownNs;
}
