import type { StatsdTagStyle } from "../../config/statsd.ts";

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
 * @see `spec/ingest.md` 4.4
 */
export function splitName(name: string, style: StatsdTagStyle): { name: string; tags: Map<string, string> } {
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
