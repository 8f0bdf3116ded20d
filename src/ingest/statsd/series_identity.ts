/** What makes samples one series: names and tags taken apart, in all the ways in which clients write them. */
import type { StatsdConfig, StatsdTagStyle } from "../../config/statsd.ts";
import type { MetricType } from "./sample.ts";

/** Tags of one point; more are left out by Dataway's rules, the last ones first. */
const MAX_TAGS = 256;
/** Tag texts of each type that are kept taken apart, and UTF-16 units of each. */
const KEPT_TEXTS = 256;
const KEPT_CHARS = 512;

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
  const tagSets = createTagSets(config.tags);
  return (type, name, tagText, timestampS) => {
    const split = splitName(name, config.tagStyle);
    const { tags, text } = tagSets(type, split.tags, tagText);
    const { measurement, field } = nameMetric(split.name, config);
    // Of a tag and a field of one name Dataway keeps the tag: the figure would be lost.
    const ownField = tags.has(field) ? `${field}_value` : field;
    const pointKey = `${timestampS}\n${measurement}\n${text}`;
    const key = `${pointKey}\n${ownField}`;
    return { type, measurement, field: ownField, tags, timestampS, pointKey, key };
  };
}

/** The tags of a point. */
interface TagSet {
  readonly tags: ReadonlyMap<string, string>;
  /** All of them, sorted. */
  readonly text: string;
}

/** Makes the tags of a sample of those in its name and in its text. Usual texts are taken apart once for all their series. */
function createTagSets(
  configured: StatsdConfig["tags"],
): (type: MetricType, nameTags: ReadonlyMap<string, string>, tagText: string) => TagSet {
  const byType = new Map<MetricType, Map<string, TagSet>>();

  function make(type: MetricType, nameTags: ReadonlyMap<string, string>, tagText: string): TagSet {
    const own = new Map(nameTags);
    addTagText(own, tagText);
    const ours = new Map([...configured, ["metric_type", type]]);
    const complete = new Map([...ours, ...own, ...ours]);
    // Without a function of ours that compares, as there may be thousands.
    const sorted = [...complete.keys()].sort().map((key) => [key, complete.get(key) ?? ""] as const);
    return {
      tags: sorted.length > MAX_TAGS ? complete : new Map(sorted),
      // A line feed is in no part, as it ends a line.
      text: sorted.map(([key, value]) => `${key}\n${value}`).join("\n"),
    };
  }

  return (type, nameTags, tagText) => {
    if (nameTags.size > 0 || tagText.length > KEPT_CHARS) return make(type, nameTags, tagText);
    let kept = byType.get(type);
    if (kept === undefined) byType.set(type, kept = new Map());
    let found = kept.get(tagText);
    if (found === undefined) {
      found = make(type, nameTags, tagText);
      if (kept.size >= KEPT_TEXTS) kept.clear();
      kept.set(tagText, found);
    }
    return found;
  };
}

/** Where a metric is stored. */
interface MetricName {
  readonly measurement: string;
  readonly field: string;
}

/**
 * Names as DataKit does: dots become the separator, whose first occurrence parts measurement and field; a name
 * without one stands for both. With mappings, only these part a name.
 */
function nameMetric(
  name: string,
  config: Pick<StatsdConfig, "separator" | "mappings" | "dialect">,
): MetricName {
  const { separator, mappings } = config;
  const full = (config.dialect === "etsy" ? cleanUp(name) : name).replaceAll(".", separator);
  if (mappings.length > 0) {
    for (const { prefix, measurement } of mappings) {
      const start = prefix.replaceAll(".", separator);
      if (full.startsWith(start)) return { measurement, field: full.slice(start.length) || full };
    }
    return { measurement: full, field: full };
  }
  const at = full.indexOf(separator);
  const field = full.slice(at + separator.length);
  return at <= 0 || field === ""
    ? { measurement: full, field: full }
    : { measurement: full.slice(0, at), field };
}

/** Etsy's server makes names fit for Graphite. A name of nothing else stays as it is. */
function cleanUp(name: string): string {
  return name.replace(/\s+/g, "_").replaceAll("/", "-").replace(/[^\w.;=-]/g, "") || name;
}

type Form = Exclude<StatsdTagStyle, "auto" | "datadog">;

const FORMS: Readonly<Record<string, Form>> = {
  ",": "influx",
  "#": "librato",
  "[": "signalfx",
  ";": "graphite",
};

/**
 * Splits a name that carries tags. `auto` goes by the first character that opens one of the forms, and leaves
 * the name whole unless every piece reads `key=value`.
 */
function splitName(name: string, style: StatsdTagStyle): { name: string; tags: Map<string, string> } {
  const tags = new Map<string, string>();
  const whole = { name, tags };
  if (style === "datadog") return whole;
  const at = name.search(/[,#[;]/);
  if (at <= 0) return whole;
  const form = FORMS[name[at] ?? ""];
  if (form === undefined || (style !== "auto" && style !== form)) return whole;
  let rest = name.slice(at + 1);
  let suffix = "";
  if (form === "signalfx") {
    const close = rest.lastIndexOf("]");
    if (close < 0) return whole;
    suffix = rest.slice(close + 1);
    rest = rest.slice(0, close);
  }
  for (const piece of rest.split(form === "graphite" ? ";" : ",")) {
    const equals = piece.indexOf("=");
    if (equals <= 0) return { name, tags: new Map() };
    addTag(tags, piece.slice(0, equals), piece.slice(equals + 1));
  }
  return { name: name.slice(0, at) + suffix, tags };
}

/**
 * Adds the tags of `|#a:b,c`: the first colon splits, a bare tag is `true`, the last of a key wins. Some clients
 * begin each tag by `#`. Tags that only the Datadog agent uses are left out.
 */
export function addTagText(tags: Map<string, string>, tagText: string): void {
  if (tagText === "") return;
  for (const piece of tagText.split(",")) {
    const tag = piece.trim().replace(/^#+/, "");
    if (tag === "" || tag.startsWith("dd.internal.")) continue;
    const colon = tag.indexOf(":");
    if (colon < 0) addTag(tags, tag, "true");
    else addTag(tags, tag.slice(0, colon).trim(), tag.slice(colon + 1).trim());
  }
}

/** A tag without a key or a value says nothing; Dataway leaves it out too. */
function addTag(tags: Map<string, string>, key: string, value: string): void {
  if (key !== "" && value !== "") tags.set(key, value);
}
