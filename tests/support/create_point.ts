import { cleanFieldValue } from "../../src/point/clean_field_value.ts";
import { cleanKey, cleanMeasurement, cleanTagValue } from "../../src/point/clean_text.ts";
import { MAX_FIELDS, MAX_TAGS, MAX_TIME_NS, MIN_TIME_NS } from "../../src/point/limits.ts";
import type { Category, FieldValue, Point, PointChange, PointDraft } from "../../src/point/point.ts";

type Changed = ((change: PointChange) => void) | undefined;

/**
 * Makes a point of a draft under Dataway's rules, the plain way, by which the program's writer of bytes is judged;
 * `undefined` when no field is left, which `changed` hears as `no_field`. `changed` is told, once for each key or
 * value, of everything that was shortened or left out; not of what keeps its content in another form (a dot or newline in a key, an integer too wide for its type), and not of
 * `undefined` fields and empty tags, which say nothing.
 *
 * Of equal keys the last one wins, and a tag wins over a field. A key that only becomes equal by the rules (a dot
 * turned into `_`, a cut) never replaces one that was written so.
 * @see `tests/spec/datakit.md` 3.7
 */
export function createPoint(
  draft: PointDraft,
  changed?: (change: PointChange) => void,
): Point | undefined {
  const { category } = draft;
  const measurement = cleanMeasurement(draft.measurement, changed);
  const rewritten = new Set<string>();
  const tags = collectTags(draft, rewritten, changed);
  const fields = collectFields(draft, tags, rewritten, changed);
  addRequiredField(category, tags, fields, changed);
  if (fields.size === 0) {
    changed?.("no_field");
    return undefined;
  }
  const timeNs = clampTime(draft.timeNs, changed);
  const point = { category, measurement, tags, fields, timeNs };
  return draft.ownTagsOnly === true ? { ...point, ownTagsOnly: true } : point;
}

/** `rewritten` learns which keys were not written so, for they yield to those that were. */
function collectTags(
  draft: PointDraft,
  rewritten: Set<string>,
  changed: Changed,
): Map<string, string> {
  const { category } = draft;
  const tags = new Map<string, string>();
  for (const pair of draft.tags) {
    const key = cleanKey(pair[0], category === "metric", changed);
    if (!isAllowedKey(category, key)) {
      changed?.("key_dropped");
      continue;
    }
    const value = cleanTagValue(pair[1], changed);
    if (value === "") continue;
    const isExact = key === pair[0];
    if (tags.has(key)) {
      changed?.("key_dropped");
      if (!isExact && !rewritten.has(key)) continue;
    } else if (tags.size >= MAX_TAGS) {
      changed?.("too_many_keys");
      continue;
    }
    tags.set(key, value);
    noteRewritten(rewritten, key, isExact);
  }
  return tags;
}

/** Takes a tag out of `tags` where an exact field key replaces a rewritten tag key. */
function collectFields(
  draft: PointDraft,
  tags: Map<string, string>,
  rewritten: Set<string>,
  changed: Changed,
): Map<string, FieldValue> {
  const { category } = draft;
  const isMetric = category === "metric";
  const fields = new Map<string, FieldValue>();
  for (const pair of draft.fields) {
    if (pair[1] === undefined) continue;
    const key = cleanKey(pair[0], isMetric, changed);
    if (!isAllowedKey(category, key)) {
      changed?.("key_dropped");
      continue;
    }
    const value = cleanFieldValue(pair[1], isMetric, changed);
    if (value === undefined) continue;
    const isExact = key === pair[0];
    const isTag = tags.has(key);
    const isField = fields.has(key);
    if (isTag || isField) {
      changed?.("key_dropped");
      const replaces = isTag ? isExact && rewritten.has(key) : isExact || rewritten.has(key);
      if (!replaces) continue;
    }
    if (!isField && fields.size >= MAX_FIELDS) {
      changed?.("too_many_keys");
      continue;
    }
    if (isTag) tags.delete(key);
    fields.set(key, value);
    noteRewritten(rewritten, key, isExact);
  }
  return fields;
}

function noteRewritten(rewritten: Set<string>, key: string, isExact: boolean): void {
  if (!isExact) rewritten.add(key);
  else if (rewritten.size > 0) rewritten.delete(key);
}

/** Dataway stores the measurement of logs and objects under these names, so no key of a point may have them. */
function isAllowedKey(category: Category, key: string): boolean {
  switch (category) {
    case "logging":
      return key !== "" && key !== "source" && key !== "date";
    case "object":
    case "custom_object":
      return key !== "" && key !== "class" && key !== "date";
    default:
      return key !== "";
  }
}

/** A log without `status` or an object without `name` would be refused. */
function addRequiredField(
  category: Category,
  tags: ReadonlyMap<string, string>,
  fields: Map<string, FieldValue>,
  changed: Changed,
): void {
  const isObject = category === "object" || category === "custom_object";
  if (!isObject && category !== "logging") return;
  const key = isObject ? "name" : "status";
  if (fields.has(key) || tags.has(key)) return;
  if (fields.size >= MAX_FIELDS) {
    const last = [...fields.keys()].at(-1);
    if (last !== undefined) fields.delete(last);
    changed?.("too_many_keys");
  }
  fields.set(key, isObject ? "default" : "info");
}

function clampTime(timeNs: bigint, changed: Changed): bigint {
  if (timeNs >= MIN_TIME_NS && timeNs <= MAX_TIME_NS) return timeNs;
  changed?.("value_cut");
  return timeNs < MIN_TIME_NS ? MIN_TIME_NS : MAX_TIME_NS;
}
