/**
 * The README's settings tables, made from the code's own list so that they cannot drift.
 * `deno run -P tests/support/settings_table.ts` writes them into README.md; `tests/readme_test.ts` compares.
 */
import { parseConfig } from "../../src/config.ts";
import type { Setting } from "../../src/config/reader.ts";

const BEGIN = "<!-- settings: made by tests/support/settings_table.ts -->";
const END = "<!-- /settings -->";

const GROUPS: readonly (readonly [title: string, matches: RegExp])[] = [
  ["Dataway", /^ENV_DATAWAY(?!_BUDGET)/],
  ["OpenTelemetry", /^ENV_INPUT_OTEL/],
  ["ddtrace", /^(ENV_INPUT_DDTRACE|DD_)/],
  ["StatsD", /^ENV_INPUT_STATSD/],
  ["Sending and limits", /^ENV_(DATAWAY_BUDGET|FLUSH|STORE|SPOOL|MEMORY|HTTP)/],
  ["What is collected, and under which names", /^ENV_/],
];

/** All settings as Markdown, in groups. */
export function renderSettings(): string {
  const left = new Set(parseConfig({}).settings.filter(({ name }) => !name.startsWith("AWS_")));
  const tables = GROUPS.map(([title, matches]) => {
    const own = [...left].filter(({ name }) => matches.test(name));
    for (const setting of own) left.delete(setting);
    return own.length === 0 ? "" : `#### ${title}\n\n${table(own)}`;
  });
  return `${BEGIN}\n\n${tables.filter((text) => text !== "").join("\n\n")}\n\n${END}`;
}

function table(settings: readonly Setting[]): string {
  const rows = settings.map(({ name, kind, default: value, description }) => {
    const text = description.replace(/\.$/, "").replaceAll("|", "\\|");
    return `| \`${name}\` | ${kind} | ${
      value === "" ? "–" : `\`${value.replaceAll("|", "\\|")}\``
    } | ${text} |`;
  });
  return ["| variable | kind | default | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** The README with its settings replaced by those of the code. */
export function withSettings(readme: string): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) {
    throw new Error("Cannot find the settings in the README as its markers are missing");
  }
  return readme.slice(0, from) + renderSettings() + readme.slice(to + END.length);
}

if (import.meta.main) {
  const path = new URL("../../README.md", import.meta.url);
  await Deno.writeTextFile(path, withSettings(await Deno.readTextFile(path)));
}
