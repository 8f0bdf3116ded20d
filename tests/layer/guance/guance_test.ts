/** The files for a Guance workspace: made from the code, naming only what the program emits, and of Guance's shape. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { allCharts, VARIABLES } from "../../../layer/guance/charts.ts";
import { createDashboard } from "../../../layer/guance/dashboard.ts";
import { guanceFiles } from "../../../layer/guance/files.ts";
import { GROUPS } from "../../../layer/guance/figures.ts";
import { layOut } from "../../../layer/guance/layout.ts";
import { createMonitors } from "../../../layer/guance/monitors.ts";
import { LANGUAGES } from "../../../layer/guance/words.ts";
import { METRIC_FIELDS } from "../../../src/lambda/metric_fields.ts";
import { scenario } from "../../support/scenario.ts";
import { type EmittedNames, readEmitted } from "./emitted.ts";

const FOLDER = new URL("../../../layer/guance/", import.meta.url);
const NAMESPACES: Readonly<Record<string, string>> = { M: "metric", L: "logging", T: "tracing" };

/** What a query names. */
interface Named {
  readonly text: string;
  readonly key: string;
  readonly field: string;
  /** Of conditions and groups. */
  readonly others: readonly string[];
}

scenario("layer/guance holds what deno task guance writes", async () => {
  for (const [name, text] of guanceFiles()) {
    assertEquals(
      await Deno.readTextFile(new URL(name, FOLDER)) === text,
      true,
      `${name}: run deno task guance`,
    );
  }
});

scenario(
  "every measurement, field and tag of the dashboards and monitors is emitted by the program",
  async () => {
    const emitted = await readEmitted();
    const queries = LANGUAGES.flatMap((language) => [
      ...queriesOf(createDashboard(allCharts(), language)),
      ...queriesOf(createMonitors(language)),
    ]);
    assert(queries.length > 150, String(queries.length));
    assertEquals(queries.flatMap((query) => objections(query, emitted)), []);
    for (const [tag] of VARIABLES) assert(emitted.get("metric awslambda-metric")?.tags.has(tag), tag);
  },
);

scenario("every field of the code's own list is emitted, and is on the dashboard", async () => {
  const emitted = (await readEmitted()).get("metric awslambda-metric")?.fields ?? new Set();
  assertEquals(METRIC_FIELDS.filter((field) => !emitted.has(field)), []);
  const known: readonly string[] = METRIC_FIELDS;
  assertEquals(Array.from(emitted).filter((field) => !known.includes(field)), []);
  const charted = queriesOf(createDashboard(allCharts(), "en"))
    .filter(({ key }) => key === "metric awslambda-metric").map(({ field }) => field);
  assertEquals(METRIC_FIELDS.filter((field) => !charted.includes(field)), []);
});

Deno.test("a query that names what nobody emits is found", () => {
  const emitted = new Map([["metric m", { tags: new Set(["t"]), fields: new Set(["f"]) }]]);
  const query = (text: string): Named =>
    queriesOf({ q: text })[0] ?? { text, key: "", field: "", others: [] };
  assertEquals(objections(query("M::`m`:(SUM(`f`) AS `F`) { `t` = '#{t}' } BY `t`"), emitted), []);
  for (
    const wrong of [
      "M::`n`:(SUM(`f`) AS `F`)",
      "M::`m`:(SUM(`g`) AS `F`)",
      "M::`m`:(SUM(`f`) AS `F`) { `u` = 'x' }",
      "M::`m`:(SUM(`f`) AS `F`) BY `f`",
    ]
  ) assertEquals(objections(query(wrong), emitted).length, 1, wrong);
});

Deno.test("charts stand side by side in 24 columns, in groups that are there, each with ids of its own", () => {
  for (const { group, charts } of layOut(allCharts())) {
    const cells = new Set<string>();
    for (const { place: { x, y, w, h }, chart } of charts) {
      assert(x >= 0 && x + w <= 24 && w > 0 && h > 0, `${group} ${chart.title.en}`);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          assertEquals(cells.has(`${column} ${row}`), false, `${group}: ${chart.title.en} overlaps`);
          cells.add(`${column} ${row}`);
        }
      }
    }
  }
  for (const language of LANGUAGES) {
    const { main, dashboardExtend } = dashboardOf(language);
    const groups = main.groups.map(({ name }) => name);
    assertEquals(Object.keys(dashboardExtend.groupUnfoldStatus), groups);
    assertEquals(groups, Object.values(GROUPS).map((words) => words[language]));
    assertEquals(main.charts.filter(({ group }) => !groups.includes(group.name)), []);
    assertEquals(new Set(main.charts.map(({ uuid }) => uuid)).size, main.charts.length);
    for (const { name, queries, extend, uuid, chartGroupUUID } of main.charts) {
      assertMatch(`${uuid} ${chartGroupUUID}`, /^chrt_[0-9a-f]{32} chtg_[0-9a-f]{32}$/);
      // A unit belongs to its query by the alias, and each query has its own letter.
      assertEquals(
        extend.settings.units.map(({ key }) => key),
        queries.map(({ query }) => query.alias),
        name,
      );
      assertEquals(
        queries.map(({ query }) => query.code).join(""),
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ".slice(0, queries.length),
        name,
      );
    }
  }
});

Deno.test("what people read is Chinese in the Chinese files, and has no Chinese in the English ones", () => {
  const textsOf = (language: "en" | "zh"): readonly string[] => {
    const { title, main } = dashboardOf(language);
    return [
      title,
      ...main.groups.map(({ name }) => name),
      ...main.vars.map(({ name }) => name),
      ...main.charts.flatMap(({ name, queries }) => [name, ...queries.map(({ query }) => query.alias)]),
      ...checkersOf(language).flatMap(({ jsonScript }) => [jsonScript.title, jsonScript.message]),
    ];
  };
  const plain = /^(P\d+|Dataway|token)$/;
  assertEquals(textsOf("zh").filter((text) => !/\p{Script=Han}/u.test(text) && !plain.test(text)), []);
  assertEquals(textsOf("en").filter((text) => /\p{Script=Han}/u.test(text)), []);
});

Deno.test("monitors ask what they show, and their levels fall from the worst to the mildest", () => {
  const levels = ["fatal", "critical", "error", "warning"];
  for (const { extend, jsonScript } of checkersOf("en")) {
    assertEquals(jsonScript.targets.map(({ dql }) => dql), extend.querylist.map(({ query }) => query.q));
    assertEquals(jsonScript.checkerOpt.rules, extend.rules);
    const order = extend.rules.map(({ status }) => levels.indexOf(status));
    const bounds = extend.rules.map(({ conditions }) => Number(conditions[0]?.operands[0]));
    assertEquals([order, bounds], [order.toSorted((a, b) => a - b), bounds.toSorted((a, b) => b - a)]);
    assertEquals(order.includes(-1) || bounds.some(Number.isNaN), false);
    for (const name of jsonScript.groupBy) {
      assert(jsonScript.message.includes(`{{${name}}}`), jsonScript.title);
    }
    assert(jsonScript.message.includes("{{Result}}"), jsonScript.title);
  }
});

/** The parts of the files that are looked at here. */
interface Dashboard {
  readonly title: string;
  readonly dashboardExtend: { readonly groupUnfoldStatus: Readonly<Record<string, boolean>> };
  readonly main: {
    readonly vars: readonly { readonly name: string }[];
    readonly groups: readonly { readonly name: string }[];
    readonly charts: readonly {
      readonly name: string;
      readonly uuid: string;
      readonly chartGroupUUID: string;
      readonly group: { readonly name: string };
      readonly extend: { readonly settings: { readonly units: readonly { readonly key: string }[] } };
      readonly queries: readonly { readonly query: { readonly alias: string; readonly code: string } }[];
    }[];
  };
}

interface Checker {
  readonly extend: {
    readonly querylist: readonly { readonly query: { readonly q: string } }[];
    readonly rules: readonly {
      readonly status: string;
      readonly conditions: readonly { readonly operands: readonly string[] }[];
    }[];
  };
  readonly jsonScript: {
    readonly title: string;
    readonly message: string;
    readonly groupBy: readonly string[];
    readonly targets: readonly { readonly dql: string }[];
    readonly checkerOpt: { readonly rules: unknown };
  };
}

function dashboardOf(language: "en" | "zh"): Dashboard {
  return JSON.parse(guanceFiles().get(`dashboard.${language}.json`) ?? "");
}

function checkersOf(language: "en" | "zh"): readonly Checker[] {
  return JSON.parse(guanceFiles().get(`monitors.${language}.json`) ?? "").checkers;
}

/** Every text under `q` or `dql` anywhere, taken apart. One of another form than `encodeQuery` writes fails. */
function queriesOf(value: unknown): readonly Named[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    (name === "q" || name === "dql") && typeof inner === "string" ? [parseQuery(inner)] : queriesOf(inner)
  );
}

function parseQuery(text: string): Named {
  const form =
    /^([MLT])::(?:`([^`]+)`|re\(`\.\*`\)):\((?:\w+\()?`([^`]+)`[^`]*(?:AS `[^`]+`)?\)(?: \{ (.+) \})?(?: BY (.+))?$/;
  const [, letter = "", source = "*", field = "", where = "", by = ""] = form.exec(text) ?? [];
  assert(letter !== "", `${text} cannot be read`);
  const others = Array.from(`${where} ${by}`.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
  return { text, key: `${NAMESPACES[letter]} ${source}`, field, others };
}

/** What of the query no point of the program has. Metrics are narrowed and grouped by tags only. */
function objections({ text, key, field, others }: Named, emitted: EmittedNames): readonly string[] {
  const found = emitted.get(key);
  if (found === undefined) return [`${text}: nothing is emitted as ${key}`];
  const isKnown = (name: string): boolean =>
    found.tags.has(name) || !key.startsWith("metric ") && found.fields.has(name);
  return [
    ...field === "*" || found.fields.has(field) || isKnown(field) ? [] : [`${text}: no field ${field}`],
    ...others.filter((name) => !isKnown(name)).map((name) => `${text}: no tag ${name}`),
  ];
}
