/**
 * Parses StatsD packets of both families: DogStatsD's grammar first, Etsy's where only that explains a line. No
 * regular expressions and no splitting of tags here: this runs once per packet, at tens of thousands a second.
 */
import type { StatsdDialect } from "../../config/statsd.ts";
import { parseEvent, parseServiceCheck } from "./event_parser.ts";
import { parseNumber, parseRate, parseTimestamp } from "./number.ts";
import type { MetricType, SampleSink } from "./sample.ts";

/** Parses one packet: lines parted by LF, the last one with or without it. Never throws. */
export function parsePacket(packet: string, dialect: StatsdDialect, sink: SampleSink): void {
  for (let from = 0; from < packet.length;) {
    const lf = packet.indexOf("\n", from);
    const to = lf < 0 ? packet.length : lf;
    // A copy per line: searching a whole packet for a character its lines lack would take quadratic time.
    const line = (from === 0 && lf < 0 ? packet : packet.slice(from, to)).trim();
    if (line !== "") parseLine(line, dialect, sink);
    from = to + 1;
  }
}

function parseLine(line: string, dialect: StatsdDialect, sink: SampleSink): void {
  if (line.startsWith("_e{")) {
    const event = parseEvent(line);
    return event === undefined ? sink.malformed(1) : sink.event(event);
  }
  if (line.startsWith("_sc|")) {
    const check = parseServiceCheck(line);
    return check === undefined ? sink.malformed(1) : sink.check(check);
  }
  if (dialect === "etsy" || !parseDogstatsd(line, sink)) parseEtsy(line, sink);
}

/** The optional parts of a line. `etsy`: only the other grammar explains them. */
type Fields = { tagText: string; rate: number; timestampS: number } | "malformed" | "etsy";

/** `name:value[:value…]|type[|field…]`. False, with nothing handed on, when the line must be Etsy's. */
function parseDogstatsd(line: string, sink: SampleSink): boolean {
  const bar = line.indexOf("|");
  const colon = nameEnd(line);
  if (colon <= 0 || bar <= colon) return malformed(sink);
  const typeEnd = fieldEnd(line, bar + 1);
  const type = metricType(line.slice(bar + 1, typeEnd));
  if (type === undefined) return line.slice(bar + 1, typeEnd).includes(":") ? false : malformed(sink);
  const fields = readFields(line, typeEnd);
  if (fields === "etsy") return false;
  if (fields === "malformed" || bar === colon + 1) return malformed(sink);

  const name = line.slice(0, colon);
  if (type === "set") {
    sink.sample({ name, type, value: 0, member: line.slice(colon + 1, bar), relative: false, ...fields });
    return true;
  }
  let bad = 0;
  let seen = 0;
  for (let from = colon + 1; from < bar;) {
    let to = line.indexOf(":", from);
    if (to < 0 || to > bar) to = bar;
    if (to > from) {
      seen++;
      const value = parseNumber(line.slice(from, to));
      if (Number.isNaN(value)) bad++;
      else sink.sample({ name, type, value, member: "", relative: false, ...fields });
    }
    from = to + 1;
  }
  if (bad > 0 || seen === 0) sink.malformed(Math.max(1, bad));
  return true;
}

/** The first colon, or the one after the bracket that closes SignalFx's tags, whose values may hold colons. */
function nameEnd(line: string): number {
  const colon = line.indexOf(":");
  const bracket = line.indexOf("[");
  if (bracket < 0 || bracket > colon) return colon;
  const close = line.indexOf("]:", bracket);
  return close < 0 ? colon : close + 1;
}

function fieldEnd(line: string, from: number): number {
  const end = line.indexOf("|", from);
  return end < 0 ? line.length : end;
}

function readFields(line: string, typeEnd: number): Fields {
  let tagText = "";
  let rate = 1;
  let timestampS = 0;
  for (let at = typeEnd; at < line.length;) {
    const from = at + 1;
    at = fieldEnd(line, from);
    switch (line[from]) {
      case "#":
        tagText = line.slice(from + 1, at);
        break;
      case "@": {
        const text = line.slice(from + 1, at);
        if (text.includes(":")) return "etsy";
        rate = parseRate(text);
        if (Number.isNaN(rate)) return "malformed";
        break;
      }
      case "T":
        timestampS = parseTimestamp(line.slice(from + 1, at));
        if (timestampS === 0) return "malformed";
        break;
      default:
        // Container id, external data, cardinality and what is not known yet mean nothing in Lambda.
    }
  }
  return { tagText, rate, timestampS };
}

/** `name:value|type[|@rate][:value|type…][|#tags]`: each piece counts or fails alone. */
function parseEtsy(line: string, sink: SampleSink): void {
  const tagsAt = line.indexOf("|#");
  const tagText = tagsAt < 0 ? "" : line.slice(tagsAt + 2);
  const [name = "", ...pieces] = (tagsAt < 0 ? line : line.slice(0, tagsAt)).split(":");
  if (name === "" || pieces.length === 0) return sink.malformed(1);
  for (const piece of pieces) {
    const [text = "", typeText, rateField] = piece.split("|");
    // Etsy's own server counts every type it does not know; `h` and `d` keep the meaning they have elsewhere.
    const type = typeText === undefined || typeText === "" ? undefined : metricType(typeText) ?? "counter";
    const rate = rateField?.startsWith("@") ? parseRate(rateField.slice(1)) : 1;
    const value = type === "set" ? 0 : parseNumber(text);
    if (
      type === undefined || text === "" || Number.isNaN(rate) || Number.isNaN(value) ||
      (type === "timing" && value < 0)
    ) {
      sink.malformed(1);
      continue;
    }
    const relative = type === "gauge" && (text.startsWith("+") || text.startsWith("-"));
    const member = type === "set" ? text : "";
    sink.sample({ name, tagText, type, value, member, rate, timestampS: 0, relative });
  }
}

function metricType(text: string): MetricType | undefined {
  switch (text) {
    case "c":
      return "counter";
    case "g":
      return "gauge";
    case "ms":
      return "timing";
    case "h":
      return "histogram";
    case "d":
      return "distribution";
    case "s":
      return "set";
    default:
      return undefined;
  }
}

function malformed(sink: SampleSink): true {
  sink.malformed(1);
  return true;
}
