/** The README's table of what was seen, and its list of what is not right yet. */
import type { Finding, Subject } from "./judge.ts";
import type { Surroundings } from "./observe.ts";

/** All that was seen of one client in one kind of surroundings. */
export interface Row extends Surroundings {
  readonly language: string;
  /** Name and version. */
  readonly client: string;
  readonly findings: readonly Finding[];
}

/** The lines of the table, without its head: one for each client, log format and pipe. */
export function tableLines(rows: readonly Row[]): readonly string[] {
  const groups = Map.groupBy(rows, placeOf);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const spans = group.filter((row) => row.spans);
    const alone = group.filter((row) => !row.spans);
    const cells = [
      first?.language,
      first?.client,
      first?.logFormat,
      first?.logPipe,
      count(spans, "errors"),
      count(alone, "errors"),
      count(spans, "failure"),
      count(spans, "logger"),
    ];
    return `| ${cells.join(" | ")} |`;
  });
}

/** One line for each thing that is not right, with where that is so. */
export function gapLines(rows: readonly Row[]): readonly string[] {
  const byText = Map.groupBy(rows.flatMap(gapsOf), ({ text }) => text);
  return [...byText].map(([text, found]) => `${text} (${found.map(({ place }) => place).join("; ")})`);
}

/** Whether the text lists exactly the gaps of this row. */
export function listsGapsOf(row: Row, text: string): boolean {
  const own = new Set(gapsOf(row).map((gap) => gap.text));
  const place = shortPlaceOf(row);
  const listed = linesAbout(text, row.language).flatMap((line) => {
    const [, what = "", places = ""] = /^(- .*) \(([^()]*)\)$/.exec(line) ?? [];
    const alone = what.includes(" by lines alone: ");
    return places.split("; ").includes(place) && alone === !row.spans ? [what] : [];
  });
  return listed.length === own.size && listed.every((what) => own.has(what));
}

interface Gap {
  readonly text: string;
  readonly place: string;
}

function gapsOf(row: Row): readonly Gap[] {
  return row.findings.filter(({ gaps }) => gaps.length > 0).map(({ subject, name, gaps }) => {
    const what = `${wordOf(subject)}“${name}”${row.spans ? "" : " by lines alone"}`;
    return { text: `- ${row.language}, ${what}: ${gaps.join(", ")}`, place: shortPlaceOf(row) };
  });
}

/** The text with the lines of `language` in place of those it has. */
export function withLines(text: string, language: string, lines: readonly string[]): string {
  const [tableMark, gapsMark] = ["| ---", "<!-- gaps -->"];
  const kept = text.split("\n").filter((line) => !isAbout(line, language));
  const insert = (mark: string, more: readonly string[]): void => {
    const at = kept.findIndex((line) => line.startsWith(mark));
    if (at < 0) throw new Error(`Cannot find ${mark} in the README`);
    let end = at + 1;
    while (
      end < kept.length && languageOf(kept[end] ?? "") !== undefined && rank(kept[end]) < rank(more[0])
    ) {
      end++;
    }
    kept.splice(end, 0, ...more);
  };
  insert(tableMark, lines.filter((line) => line.startsWith("|")));
  insert(gapsMark, lines.filter((line) => line.startsWith("-")));
  return kept.join("\n");
}

/** The lines of the text that tell of `language`. */
export function linesAbout(text: string, language: string): readonly string[] {
  return text.split("\n").filter((line) => isAbout(line, language));
}

const ORDER: readonly string[] = ["Python", "Node.js", "Go", "Java", "Rust"];

function isAbout(line: string, language: string): boolean {
  return languageOf(line) === language;
}

function languageOf(line: string): string | undefined {
  return ORDER.find((language) => line.startsWith(`| ${language} |`) || line.startsWith(`- ${language}, `));
}

function rank(line = ""): number {
  return ORDER.indexOf(languageOf(line) ?? "");
}

function count(rows: readonly Row[], subject: Subject): string {
  const findings = rows.flatMap((row) => row.findings).filter((finding) => finding.subject === subject);
  if (findings.length === 0) return "–";
  return `${findings.filter(({ gaps }) => gaps.length === 0).length} of ${findings.length}`;
}

function wordOf(subject: Subject): string {
  return { errors: "errors of ", failure: "log of ", logger: "the logger " }[subject];
}

function placeOf({ client, logFormat, logPipe }: Row): string {
  return `${client}, ${logFormat}, ${logPipe}`;
}

function shortPlaceOf({ client, logFormat, logPipe }: Row): string {
  return `${client.split(" ").at(-1)} ${logFormat} ${logPipe}`;
}
