import type { StatsdConfig } from "../../config/statsd.ts";
import { nameMetric } from "./naming.ts";
import type { MetricType } from "./sample.ts";
import { addTagText, splitName } from "./tags.ts";

/** What makes two samples belong together. */
export interface SeriesIdentity {
  readonly type: MetricType;
  readonly measurement: string;
  readonly field: string;
  /** Complete, `metric_type` included, sorted by key. */
  readonly tags: ReadonlyMap<string, string>;
  /** Unix seconds of a line's own time; 0: the time of the flush. */
  readonly timestampS: number;
  /** The same for all series that are stored in one point: all of the above but the field. */
  readonly pointKey: string;
  /** Unique to the series. */
  readonly key: string;
}

/** Takes names and tag texts apart. Two spellings of a name that are stored alike are one series. */
export function createSeriesIdentifier(
  config: StatsdConfig,
): (type: MetricType, name: string, tagText: string, timestampS: number) => SeriesIdentity {
  return (type, name, tagText, timestampS) => {
    const split = splitName(name, config.tagStyle);
    const collected = split.tags;
    addTagText(collected, tagText);
    for (const [key, value] of config.tags) collected.set(key, value);
    collected.set("metric_type", type);
    const tags = new Map([...collected].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
    const { measurement, field } = nameMetric(split.name, config);
    // Of a tag and a field of one name Dataway keeps the tag: the figure would be lost.
    const ownField = tags.has(field) ? `${field}_value` : field;
    // A line feed is in no part, as it ends a line.
    const tagKey = [...tags].map(([key, value]) => `${key}\n${value}`).join("\n");
    const pointKey = `${timestampS}\n${measurement}\n${tagKey}`;
    const key = `${pointKey}\n${ownField}`;
    return { type, measurement, field: ownField, tags, timestampS, pointKey, key };
  };
}
