/**
 * The tables of settings, English and Chinese, made from the code's own list so that they cannot drift.
 * `deno task settings` writes them into src/config/README.md; `tests/readme_test.ts` compares.
 */
import { parseConfig } from "../../src/config.ts";
import type { Setting } from "../../src/config/reader.ts";
import { SETTINGS_ZH } from "./settings_zh.ts";

/** Where the tables stand, from the repository's root. */
export const SETTINGS_DOCUMENT = "src/config/README.md";

/** The words of one language, and where its tables stand in the document. */
interface Language {
  readonly begin: string;
  readonly end: string;
  /** Of {@link GROUPS}, in their order. */
  readonly titles: readonly string[];
  readonly headings: readonly string[];
  readonly kindOf: (kind: string) => string;
  readonly meaningOf: (setting: Setting) => string;
}

const GROUPS: readonly RegExp[] = [
  /^ENV_(DATAWAY(?!_BUDGET)|SINKER|IO_FILTERS)/,
  /^ENV_OTLP_TARGET/,
  /^ENV_INPUT_OTEL/,
  /^(ENV_INPUT_DDTRACE|DD_)/,
  /^ENV_INPUT_STATSD/,
  /^ENV_(DATAWAY_BUDGET|FLUSH|STORE|SPOOL|MEMORY|HTTP)/,
  /^ENV_/,
];

const KINDS_ZH: ReadonlyMap<string, string> = new Map([
  ["text", "文本"],
  ["boolean", "布尔"],
  ["integer", "整数"],
  ["number", "数值"],
  ["duration", "时长"],
  ["size", "大小"],
  ["choice", "选项"],
  ["list", "列表"],
]);

const ENGLISH: Language = {
  begin: "<!-- settings: made by deno task settings -->",
  end: "<!-- /settings -->",
  titles: [
    "Dataway",
    "Second target (OTLP)",
    "OpenTelemetry",
    "ddtrace",
    "StatsD",
    "Sending and limits",
    "What is collected, and under which names",
  ],
  headings: ["variable", "kind", "default", "meaning"],
  kindOf: (kind) => kind,
  meaningOf: ({ description }) => description.replace(/\.$/, ""),
};

const CHINESE: Language = {
  begin: "<!-- settings zh: made by deno task settings -->",
  end: "<!-- /settings zh -->",
  titles: [
    "上传到 Dataway",
    "第二目标（OTLP）",
    "采集器 OpenTelemetry",
    "采集器 ddtrace",
    "采集器 StatsD",
    "上传时机与限制",
    "采集内容与命名",
  ],
  headings: ["变量", "类型", "默认值", "说明"],
  kindOf: (kind) => KINDS_ZH.get(kind) ?? kind,
  meaningOf: ({ name }) => SETTINGS_ZH.get(name) ?? "",
};

/** All settings of the code that a user sets, in its order. */
export function userSettings(): readonly Setting[] {
  return parseConfig({}).settings.filter(({ name }) => !name.startsWith("AWS_"));
}

/** `document` with its settings replaced by those of the code. Throws when a marker is missing. */
export function withSettings(document: string): string {
  return [ENGLISH, CHINESE].reduce(withTables, document);
}

function withTables(document: string, language: Language): string {
  const { begin, end } = language;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`Cannot find the settings in ${SETTINGS_DOCUMENT} as its markers are missing: ${begin}`);
  }
  // Unpadded, as the formatter leaves it: one long cell would otherwise make every line of its table as long.
  const tables = `<!-- deno-fmt-ignore-start -->\n\n${
    renderTables(language)
  }\n\n<!-- deno-fmt-ignore-end -->`;
  return `${document.slice(0, from)}${begin}\n${tables}\n\n${document.slice(to)}`;
}

/** All settings as Markdown, in groups: each in the first whose rule fits. */
function renderTables(language: Language): string {
  const left = new Set(userSettings());
  const tables = GROUPS.map((group, index) => {
    const own = [...left].filter(({ name }) => group.test(name));
    for (const setting of own) left.delete(setting);
    return own.length === 0 ? "" : `### ${language.titles[index]}\n\n${renderTable(own, language)}`;
  });
  return tables.filter((text) => text !== "").join("\n\n");
}

function renderTable(settings: readonly Setting[], language: Language): string {
  const rows = settings.map((setting) => [
    `\`${setting.name}\``,
    language.kindOf(setting.kind),
    setting.default === "" ? "–" : `\`${setting.default}\``,
    language.meaningOf(setting),
  ]);
  return [language.headings, ["---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

if (import.meta.main) {
  const path = new URL(`../../${SETTINGS_DOCUMENT}`, import.meta.url);
  await Deno.writeTextFile(path, withSettings(await Deno.readTextFile(path)));
}
