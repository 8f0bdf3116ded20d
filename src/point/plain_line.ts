/**
 * The usual line, fast: of a point whose keys and values need no more than escapes. Whatever asks for more is left to
 * the rules of `line_protocol.ts`, with which this agrees to the byte.
 */
import type { FieldValue, Point } from "./point.ts";
import { compareUtf8 } from "./utf8.ts";

/** Tags as they stand in a line. */
export interface WrittenTag {
  readonly key: string;
  /** `key=value`, escaped. */
  readonly text: string;
}

/** Of more parts than this, which are put in order one by one, sorting all at once is faster. */
const MOST_PARTS = 64;

/** How the parts of a line are written. */
export interface LineWriting {
  /** Longest measurement with its tags, in UTF-16 units, that is short enough whatever it consists of. */
  readonly maxUnits: number;
  measurement(text: string): string;
  tag(key: string, value: string): string;
  field(key: string, value: FieldValue): string;
}

/** Common tags in their order, written once for all points of a body; `undefined`: they need all of the rules. */
export function writeCommonTags(
  tags: readonly (readonly [key: string, value: string])[],
  writing: LineWriting,
): readonly WrittenTag[] | undefined {
  const written: WrittenTag[] = [];
  for (const [key, value] of tags) {
    if (isOdd(key) || isOdd(value)) return undefined;
    written.push({ key, text: writing.tag(key, value) });
  }
  return written.sort((a, b) => compareUtf8(a.key, b.key));
}

/** The point's line with the common tags whose keys it does not have; `undefined`: it needs all of the rules. */
export function writePlainLine(
  { measurement, tags, fields, timeNs }: Point,
  common: readonly WrittenTag[],
  writing: LineWriting,
): string | undefined {
  if (measurement.includes('"') || tags.size > MOST_PARTS || fields.size > MOST_PARTS) return undefined;
  const own: WrittenTag[] = [];
  for (const [key, value] of tags) {
    if (isOdd(key) || isOdd(value)) return undefined;
    insert(own, { key, text: writing.tag(key, value) });
  }
  const written: WrittenTag[] = [];
  for (const [key, value] of fields) {
    if (isOddFieldKey(key) || typeof value === "object" && !("unsigned" in value)) return undefined;
    insert(written, { key, text: writing.field(key, value) });
  }
  let line = writing.measurement(measurement);
  let next = 0;
  for (const tag of common) {
    if (tags.has(tag.key) || fields.has(tag.key)) continue;
    for (let mine = own[next]; mine !== undefined && compareUtf8(mine.key, tag.key) < 0; mine = own[next]) {
      line += `,${mine.text}`;
      next++;
    }
    line += `,${tag.text}`;
  }
  for (; next < own.length; next++) line += `,${own[next]?.text ?? ""}`;
  if (line.length > writing.maxUnits) return undefined;
  let separator = " ";
  for (const { text } of written) {
    line += separator + text;
    separator = ",";
  }
  return `${line} ${timeNs}\n`;
}

/** Puts it where it belongs; points have few tags and fields. */
function insert(sorted: WrittenTag[], part: WrittenTag): void {
  let at = sorted.length;
  for (let before = sorted[at - 1]; before !== undefined; before = sorted[at - 1]) {
    if (compareUtf8(before.key, part.key) <= 0) break;
    at--;
  }
  if (at === sorted.length) sorted.push(part);
  else sorted.splice(at, 0, part);
}

function isOdd(text: string): boolean {
  return text.includes('"') || text.includes("\\");
}

/** Tabs and NULs in front are guarded. */
function isOddFieldKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return first === 9 || first === 0 || key.includes("\\");
}
