import { parseTimestamp } from "./number.ts";
import type { ServiceCheck, StatsdEvent } from "./sample.ts";

/** Title, text and where the rest of the line begins. */
interface EventParts {
  readonly title: string;
  readonly text: string;
  readonly restAt: number;
}

/**
 * Parses `_e{title length,text length}:title|text[|field…]`. Lengths are UTF-8 bytes; hot-shots counts UTF-16
 * units, and some clients count before escaping: what the lengths do not fit is cut at the bars.
 * `undefined` without a title or a header.
 */
export function parseEvent(line: string): StatsdEvent | undefined {
  const header = /^_e\{(\d{1,9}),(\d{1,9})\}:/.exec(line);
  if (header === null) return undefined;
  const from = header[0].length;
  const titleLength = Number(header[1]);
  const textLength = Number(header[2]);
  const parts = cutByLengths(line, from, titleLength, textLength, skipUtf8) ??
    cutByLengths(line, from, titleLength, textLength, (_, at, length) => at + length) ??
    cutAtBars(line, from);
  if (parts.title === "") return undefined;
  const fields = readFields(line, parts.restAt);
  return {
    title: unescape(parts.title),
    text: unescape(parts.text),
    timestampS: parseTimestamp(fields.get("d") ?? ""),
    host: fields.get("h") ?? "",
    aggregationKey: fields.get("k") ?? "",
    priority: fields.get("p") ?? "",
    sourceType: fields.get("s") ?? "",
    alertType: fields.get("t") ?? "",
    tagText: fields.get("#") ?? "",
  };
}

/**
 * Parses `_sc|name|status[|field…][|m:message]`. The message may hold bars, yet clients append their own fields
 * to it: those are cut off again. `undefined` without a name or a status from 0 to 3.
 */
export function parseServiceCheck(line: string): ServiceCheck | undefined {
  const nameEnd = line.indexOf("|", 4);
  const name = nameEnd < 0 ? "" : line.slice(4, nameEnd);
  const statusEnd = line.indexOf("|", nameEnd + 1);
  const status = line.slice(nameEnd + 1, statusEnd < 0 ? line.length : statusEnd);
  if (name === "" || !/^[0-3]$/.test(status)) return undefined;
  let head = statusEnd < 0 ? "" : line.slice(statusEnd);
  let message = "";
  const messageAt = head.indexOf("|m:");
  if (messageAt >= 0) {
    const cut = cutSuffixes(head, messageAt + 3);
    message = head.slice(messageAt + 3, cut);
    head = head.slice(0, messageAt) + head.slice(cut);
  }
  const fields = readFields(head, 0);
  return {
    name,
    status: Number(status),
    timestampS: parseTimestamp(fields.get("d") ?? ""),
    host: fields.get("h") ?? "",
    message: unescape(message).replaceAll("m\\:", "m:"),
    tagText: fields.get("#") ?? "",
  };
}

/** Where the fields that clients put after a message begin. */
function cutSuffixes(text: string, from: number): number {
  let end = text.length;
  for (;;) {
    const bar = text.lastIndexOf("|", end - 1);
    if (bar < from || !/^\|(c:|e:|card:|#|d:\d+(\||$))/.test(text.slice(bar, end))) return end;
    end = bar;
  }
}

function cutByLengths(
  line: string,
  from: number,
  titleLength: number,
  textLength: number,
  skip: (text: string, at: number, length: number) => number,
): EventParts | undefined {
  const titleEnd = skip(line, from, titleLength);
  if (titleEnd < 0 || line[titleEnd] !== "|") return undefined;
  const textEnd = skip(line, titleEnd + 1, textLength);
  if (textEnd < 0 || textEnd > line.length || (textEnd < line.length && line[textEnd] !== "|")) {
    return undefined;
  }
  return { title: line.slice(from, titleEnd), text: line.slice(titleEnd + 1, textEnd), restAt: textEnd };
}

function cutAtBars(line: string, from: number): EventParts {
  const titleEnd = line.indexOf("|", from);
  if (titleEnd < 0) return { title: line.slice(from), text: "", restAt: line.length };
  const textEnd = line.indexOf("|", titleEnd + 1);
  const restAt = textEnd < 0 ? line.length : textEnd;
  return { title: line.slice(from, titleEnd), text: line.slice(titleEnd + 1, restAt), restAt };
}

/** The index `lengthBytes` UTF-8 bytes after `at`; -1 past the end or inside a character. */
function skipUtf8(text: string, at: number, lengthBytes: number): number {
  let left = lengthBytes;
  while (left > 0 && at < text.length) {
    const code = text.codePointAt(at) ?? 0;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code < 0x10000 ? 1 : 2;
  }
  return left === 0 ? at : -1;
}

/** Fields by their letter: `|d:1` as `d`, `|#a,b` as `#`. The last of a kind wins, unknown ones are harmless. */
function readFields(line: string, from: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of line.slice(from).split("|")) {
    if (field.startsWith("#")) fields.set("#", field.slice(1));
    else if (field[1] === ":") fields.set(field.slice(0, 1), field.slice(2));
  }
  return fields;
}

function unescape(text: string): string {
  return text.replaceAll("\\n", "\n");
}
