import type { StatsdConfig } from "../../config/statsd.ts";
import { nameMetric } from "./naming.ts";
import type { MetricType } from "./sample.ts";
import { addTagText, splitName } from "./tags.ts";

/** Tags of one point; more are left out by Dataway's rules, the last ones first. */
const MAX_TAGS = 256;

/** What makes two samples belong together. */
export interface SeriesIdentity {
  readonly type: MetricType;
  readonly measurement: string;
  readonly field: string;
  /** Complete, `metric_type` included, sorted by key; our own first where they are more than a point may have. */
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
    addTagText(split.tags, tagText);
    const ours = new Map([...config.tags, ["metric_type", type]]);
    const complete = new Map([...ours, ...split.tags, ...ours]);
    const sorted = [...complete].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    const tags = sorted.length > MAX_TAGS ? complete : new Map(sorted);
    const { measurement, field } = nameMetric(split.name, config);
    // Of a tag and a field of one name Dataway keeps the tag: the figure would be lost.
    const ownField = tags.has(field) ? `${field}_value` : field;
    // A line feed is in no part, as it ends a line.
    const tagKey = sorted.map(([key, value]) => `${key}\n${value}`).join("\n");
    const pointKey = `${timestampS}\n${measurement}\n${tagKey}`;
    const key = `${pointKey}\n${ownField}`;
    return { type, measurement, field: ownField, tags, timestampS, pointKey, key };
  };
}
