import type { PointChange } from "./point.ts";
import { cutUtf8 } from "./utf8.ts";

/** Longest measurement, in bytes. */
const MAX_MEASUREMENT_BYTES = 1024;
/** Longest tag or field key, in bytes. */
const MAX_KEY_BYTES = 256;
/** Longest tag value, in bytes. */
const MAX_TAG_VALUE_BYTES = 1024;
const DEFAULT_MEASUREMENT = "__default";

const NEWLINE = 10;
const DOT = 46;
const BACKSLASH = 92;
const LAST_ASCII = 127;

/** Told of each thing a rule did. */
type Changed = ((change: PointChange) => void) | undefined;

/** A measurement under the rules: `__default` if nothing is left of it, at most 1024 bytes, one line. */
export function cleanMeasurement(measurement: string, changed?: Changed): string {
  return cleanLine(measurement, MAX_MEASUREMENT_BYTES, "value_cut", changed) || DEFAULT_MEASUREMENT;
}

/**
 * A tag or field key under the rules: at most 256 bytes, one line, `_` for each dot unless `keepDots`. Empty when
 * nothing is left of it.
 */
export function cleanKey(key: string, keepDots: boolean, changed?: Changed): string {
  if (isPlainKey(key, keepDots)) return key;
  const line = cleanLine(key, MAX_KEY_BYTES, "key_cut", changed);
  return keepDots ? line : line.replaceAll(".", "_");
}

/** A tag's value under the rules: at most 1024 bytes, one line. Empty when nothing is left of it. */
export function cleanTagValue(value: string, changed?: Changed): string {
  return cleanLine(value, MAX_TAG_VALUE_BYTES, "value_cut", changed);
}

/**
 * The tags common to all points as they may stand in a body: keys (dots kept, as DataKit does for its global tags)
 * and values under the rules, empty ones left out.
 */
export function cleanCommonTags(tags: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const clean = new Map<string, string>();
  for (const [rawKey, rawValue] of tags) {
    const key = cleanKey(rawKey, true);
    const value = cleanTagValue(rawValue);
    if (key !== "" && value !== "") clean.set(key, value);
  }
  return clean;
}

/** One walk instead of several searches: keys are short, and nearly all of them pass. */
function isPlainKey(key: string, keepDots: boolean): boolean {
  const { length } = key;
  if (length > MAX_KEY_BYTES) return false;
  let unit = 0;
  for (let i = 0; i < length; i++) {
    unit = key.charCodeAt(i);
    if (unit > LAST_ASCII || unit === NEWLINE || (unit === DOT && !keepDots)) return false;
  }
  return unit !== BACKSLASH;
}

/**
 * Line protocol has no way to write a newline, nor a backslash before the delimiter it would escape, in anything
 * but a string field: hence the space, and no backslash at the end, cut or not.
 */
function cleanLine(text: string, maxBytes: number, cutChange: PointChange, changed: Changed): string {
  // Cut first, as what follows keeps each character's length, and the text may have megabytes.
  let line = cutUtf8(text, maxBytes);
  if (!line.isWellFormed()) line = line.toWellFormed();
  if (line.includes("\n")) line = line.replaceAll("\n", " ");
  const cut = trimBackslashes(line);
  if (cut.length !== text.length) changed?.(cutChange);
  return cut;
}

function trimBackslashes(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) end--;
  return end === text.length ? text : text.slice(0, end);
}
