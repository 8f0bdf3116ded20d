import { createPoint } from "../../point/create_point.ts";
import type { Point } from "../../point/point.ts";
import type { ServiceCheck, StatsdEvent } from "./sample.ts";
import { addTagText } from "./tags.ts";

/** Parts of an event's or check's point that its line does not say. */
export interface EventContext {
  /** Used when the line has no time of its own. */
  readonly nowNs: bigint;
  /** Configured tags; they win. */
  readonly tags: ReadonlyMap<string, string>;
}

const STATUS_BY_ALERT: ReadonlyMap<string, string> = new Map([
  ["error", "error"],
  ["warning", "warning"],
  ["success", "ok"],
  ["info", "info"],
]);
const CHECK_STATUSES = ["ok", "warning", "critical", "unknown"] as const;

/**
 * An event as a key event of Guance's event explorer, which reads the `df_` names. `undefined` never happens for
 * a parsed event: it has a title.
 */
export function eventToPoint(event: StatsdEvent, context: EventContext): Point | undefined {
  const tags = new Map<string, string>();
  addTagText(tags, event.tagText);
  setPresent(tags, {
    host: event.host,
    aggregation_key: event.aggregationKey,
    priority: event.priority,
    source_type: event.sourceType,
  });
  for (const [key, value] of context.tags) tags.set(key, value);
  tags.set("df_source", "custom");
  tags.set("df_status", STATUS_BY_ALERT.get(event.alertType) ?? "info");
  return createPoint({
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
 * A service check as a metric, which monitors can watch, and, when it says something, as a log: a metric takes
 * no text.
 */
export function checkToPoints(check: ServiceCheck, context: EventContext): Point[] {
  const tags = new Map<string, string>();
  addTagText(tags, check.tagText);
  setPresent(tags, { host: check.host });
  for (const [key, value] of context.tags) tags.set(key, value);
  tags.set("check", check.name);
  const shared = { measurement: "statsd_service_check", timeNs: timeNs(check.timestampS, context.nowNs) };
  const status = BigInt(check.status);
  const metricTags = [...tags].filter(([key]) => key !== "status");
  const points = [
    createPoint({ ...shared, category: "metric", tags: metricTags, fields: [["status", status]] }),
  ];
  if (check.message !== "") {
    tags.set("status", CHECK_STATUSES[check.status] ?? "unknown");
    points.push(
      createPoint({ ...shared, category: "logging", tags, fields: [["message", check.message]] }),
    );
  }
  return points.filter((point) => point !== undefined);
}

function setPresent(tags: Map<string, string>, values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) {
    if (value !== "") tags.set(key, value);
  }
}

function timeNs(timestampS: number, nowNs: bigint): bigint {
  const ownNs = BigInt(timestampS) * 1_000_000_000n;
  return timestampS === 0 || ownNs > nowNs + 3_600_000_000_000n ? nowNs : ownNs;
}
