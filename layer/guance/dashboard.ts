/** The dashboard as the file that Guance imports, in one language. */
import { createHash } from "node:crypto";
import { type Chart, type ChartQuery, type ChartType, METRICS, VARIABLES } from "./charts.ts";
import { type Condition, encodeQuery, functionOf } from "./dql.ts";
import { GROUPS } from "./figures.ts";
import { layOut, type PlacedChart } from "./layout.ts";
import { type Language, type Words, words } from "./words.ts";

export const DASHBOARD_TITLE = words("AWS Lambda (DataKit extension)", "AWS Lambda（DataKit 扩展）");

const CARD_COLORS = ["#06B6D4", "#EF4444", "#F97316", "#8B5CF6", "#EAB308", "#10B981", "#EC4899", "#06B6D4"];
const TOP = 10;

/** The file's contents, as an object to be written as JSON. Equal charts give equal files. */
export function createDashboard(
  charts: readonly Chart[],
  language: Language,
): Readonly<Record<string, unknown>> {
  const groups = layOut(charts);
  const names = groups.map(({ group }) => GROUPS[group][language]);
  return {
    title: DASHBOARD_TITLE[language],
    dashboardType: "CUSTOM",
    dashboardExtend: { groupUnfoldStatus: Object.fromEntries(names.map((name) => [name, true])) },
    dashboardMapping: [],
    dashboardOwnerType: "node",
    iconSet: { url: "", icon: "" },
    dashboardBindSet: [],
    thumbnail: "",
    tagInfo: [],
    summary: "",
    main: {
      vars: VARIABLES.map(([tag, title], index) => variable(tag, title, index, language)),
      charts: groups.flatMap((placed) =>
        placed.charts.map((each, index) => encodeChart(each, index, language))
      ),
      groups: names.map((name) => ({ name, extend: { bgColor: "rgba(0,0,0,0)" } })),
    },
  };
}

function variable(
  tag: string,
  title: Words,
  seq: number,
  language: Language,
): Readonly<Record<string, unknown>> {
  return {
    name: title[language],
    seq,
    datasource: "dataflux",
    code: tag,
    type: "QUERY",
    definition: {
      tag: "",
      field: "",
      value: `SHOW_TAG_VALUE(from=['${METRICS}'],keyin=['${tag}'])[10m]`,
      metric: "",
      object: "",
    },
    valueSort: "asc",
    hide: 0,
    isHiddenAsterisk: 0,
    multiple: true,
    includeStar: true,
    extend: {},
  };
}

function encodeChart(
  { chart, place }: PlacedChart,
  index: number,
  language: Language,
): Readonly<Record<string, unknown>> {
  const { group, type, title, unit, queries } = chart;
  const units = queries.map((query) => ({
    key: query.title[language],
    name: query.title[language],
    unit: "",
    units: unit,
  }));
  return {
    name: title[language],
    type,
    uuid: uuid("chrt", `${group} ${type} ${title.en}`),
    chartGroupUUID: uuid("chtg", group),
    prevGroupName: null,
    group: { name: GROUPS[group][language] },
    pos: place,
    extend: {
      fixedTime: "",
      settings: {
        showTitle: true,
        titleDesc: "",
        units,
        colors: [],
        alias: [],
        levels: [],
        fixedTime: "",
        currentChartType: type,
        ...settingsOf(type, index),
      },
    },
    queries: queries.map((query, at) => encodeChartQuery(query, at, type, language)),
  };
}

/** What one type of chart has besides all others. */
function settingsOf(type: ChartType, index: number): Readonly<Record<string, unknown>> {
  switch (type) {
    case "singlestat":
      return {
        valueColor: CARD_COLORS[index % CARD_COLORS.length],
        bgColor: "rgba(0,0,0,0)",
        borderColor: "#E5E7EB",
        precision: "2",
      };
    case "sequence":
      return { currentChartType: "area", chartType: "areaLine", density: "medium", isTimeInterval: true };
    case "toplist":
      return {
        chartType: "bar",
        bar: { direction: "horizontal", xAxisShowType: "groupBy" },
        isTimeInterval: false,
        mainMeasurementQueryCode: "A",
        mainMeasurementSort: "top",
        mainMeasurementLimit: TOP,
      };
    case "log":
      return { isTimeInterval: false, inColumns: [], addColumns: [] };
  }
}

function encodeChartQuery(
  query: ChartQuery,
  index: number,
  type: ChartType,
  language: Language,
): Readonly<Record<string, unknown>> {
  const { namespace, source, field, aggregate, by } = query;
  const variables = VARIABLES.map(([tag]): Condition => ({ name: tag, value: `#{${tag}}` }));
  const where = [...variables, ...query.where];
  const alias = query.title[language];
  return {
    name: "",
    type,
    unit: "",
    color: "",
    qtype: "dql",
    datasource: "dataflux",
    query: {
      q: encodeQuery({ ...query, where, alias }),
      code: String.fromCharCode("A".charCodeAt(0) + index),
      type: "simple",
      alias,
      namespace,
      dataSource: source ?? "*",
      field,
      fieldFunc: type === "singlestat" ? "last" : functionOf(aggregate),
      fieldType: field === "*" ? "" : "integer",
      fill: type === "sequence" ? "linear" : null,
      filters: where.map(({ name, value }) => ({
        id: uuid("fltr", `${name} ${value}`),
        op: "=",
        name,
        type: "",
        logic: "and",
        value,
      })),
      funcList: type === "toplist" ? ["last", `top:${TOP}`] : [],
      groupBy: by,
      groupByTime: "",
      queryFuncs: [],
    },
  };
}

/** An id of Guance's form that stays the same as long as `name` does: a new import replaces no other chart's. */
function uuid(kind: string, name: string): string {
  return `${kind}_${
    createHash("sha256").update(`datakit-lambda ${kind} ${name}`).digest("hex").slice(0, 32)
  }`;
}
