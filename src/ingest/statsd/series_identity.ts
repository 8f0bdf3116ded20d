/** What makes samples one series: names and tags taken apart, in all the ways in which clients write them. */
import type { StatsdConfig, StatsdTagStyle } from "../../config/statsd.ts";
import type { MetricType } from "./sample.ts";

/** Tags of one point; more are left out by Dataway's rules, the last ones first. */
const MAX_TAGS = 256;
/** Tag texts of each type that are kept taken apart, and UTF-16 units of each. */
const KEPT_TEXTS = 256;
const KEPT_CHARS = 512;
/** So many texts are not kept after {@link KEPT_TEXTS} of which few came again. */
const PASSED_OVER = 16 * KEPT_TEXTS;

/** What makes two samples belong together. There may be very many: it has as little as it can. */
export interface SeriesIdentity {
  readonly type: MetricType;
  readonly measurement: string;
  readonly field: string;
  /** Keys, each followed by its value: complete, `metric_type` included. See {@link TagSet.tags}. */
  readonly tags: readonly string[];
  /** Unix seconds of a line's own time; 0: the time of the flush. */
  readonly timestampS: number;
  /** Unique to the series; begins by all of the above but the field. */
  readonly key: string;
  /** Length of that begin in UTF-16 units: the same one for all series that are stored in one point. */
  readonly pointKeyLength: number;
}

/** Takes names and tag texts apart. Two spellings of a name that are stored alike are one series. */
export function createSeriesIdentifier(
  config: StatsdConfig,
): (type: MetricType, name: string, tagText: string, timestampS: number) => SeriesIdentity {
  const tagSets = createTagSets(config.tags);
  return (type, name, tagText, timestampS) => {
    const split = splitName(name, config.tagStyle);
    const { tags, text, keys } = tagSets(type, split.tags, tagText);
    const { measurement, field } = nameMetric(split.name, config);
    // Of a tag and a field of one name Dataway keeps the tag: the figure would be lost.
    const ownField = keys.has(field) ? `${field}_value` : field;
    const pointKey = `${timestampS}\n${measurement}\n${text}`;
    const key = `${pointKey}\n${ownField}`;
    return { type, measurement, field: ownField, tags, timestampS, key, pointKeyLength: pointKey.length };
  };
}

/** The tags of a point. */
interface TagSet {
  /** Keys, each followed by its value; sorted by key, but our own first where they are more than a point may have. */
  readonly tags: readonly string[];
  readonly keys: { has(key: string): boolean };
  /** All of them, sorted. */
  readonly text: string;
}

type Tags = ReadonlyMap<string, string>;

/** What is known of all samples of a type. */
interface TypeTags {
  readonly ours: Tags;
  /** Usual texts taken apart, by text. */
  readonly kept: Map<string, TagSet>;
  /** Texts found there since it was cleared. */
  hits: number;
  /** Texts that are not kept. */
  passedOver: number;
}

/** Makes the tags of a sample of those in its name and in its text. Usual texts are taken apart once for all their series. */
function createTagSets(
  configured: StatsdConfig["tags"],
): (type: MetricType, nameTags: Tags | undefined, tagText: string) => TagSet {
  const byType = new Map<MetricType, TypeTags>();

  function ofType(type: MetricType): TypeTags {
    const found = byType.get(type);
    if (found !== undefined) return found;
    const ours = new Map([...configured, ["metric_type", type]]);
    const made = { ours, kept: new Map<string, TagSet>(), hits: 0, passedOver: 0 };
    byType.set(type, made);
    return made;
  }

  return (type, nameTags, tagText) => {
    const known = ofType(type);
    if (nameTags !== undefined || tagText.length > KEPT_CHARS) {
      return makeTagSet(known.ours, nameTags, tagText);
    }
    const found = known.kept.get(tagText);
    if (found === undefined) return keep(known, tagText, makeTagSet(known.ours, undefined, tagText));
    known.hits++;
    return found;
  };
}

/** Where no text comes twice, what is kept would only live long enough to be V8's hardest garbage. */
function keep(known: TypeTags, tagText: string, made: TagSet): TagSet {
  const { kept } = known;
  if (known.passedOver > 0) known.passedOver--;
  else {
    if (kept.size >= KEPT_TEXTS) {
      if (known.hits < KEPT_TEXTS) known.passedOver = PASSED_OVER;
      kept.clear();
      known.hits = 0;
    }
    kept.set(tagText, made);
  }
  return made;
}

/** `ours` win over those of a name, and over those of a text, which win over a name's. */
function makeTagSet(ours: Tags, nameTags: Tags | undefined, tagText: string): TagSet {
  const all = new Map(ours);
  nameTags?.forEach((value, key) => all.set(key, value));
  addTagText(all, tagText);
  ours.forEach((value, key) => all.set(key, value));
  // Without a function of ours that compares, as there may be thousands.
  const sorted = Array.from(all.keys()).sort();
  const tags: string[] = [];
  for (const key of sorted) tags.push(key, all.get(key) ?? "");
  return {
    tags: sorted.length > MAX_TAGS ? Array.from(all).flat() : tags,
    keys: all,
    text: tags.join("\n"),
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

/** A name without the tags that it carried; `undefined`: it carried none. */
interface SplitName {
  readonly name: string;
  readonly tags: Tags | undefined;
}

/**
 * Splits a name that carries tags. `auto` goes by the first character that opens one of the forms, and leaves
 * the name whole unless every piece reads `key=value`.
 */
function splitName(name: string, style: StatsdTagStyle): SplitName {
  const whole = { name, tags: undefined };
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
  const tags = new Map<string, string>();
  for (const piece of rest.split(form === "graphite" ? ";" : ",")) {
    const equals = piece.indexOf("=");
    if (equals <= 0) return whole;
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
    const trimmed = piece.trim();
    const tag = trimmed.startsWith("#") ? trimmed.replace(/^#+/, "") : trimmed;
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
