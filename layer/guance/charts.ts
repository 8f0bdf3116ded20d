/** Which charts the dashboard has: one for each figure, in its group, and those that put several together. */
import { SELF_MEASUREMENT } from "../../src/pipeline/self_metrics.ts";
import type { Condition, Namespace } from "./dql.ts";
import {
  type Aggregate,
  BYTES,
  DROPPED,
  type Figure,
  type Group,
  METRIC_FIGURES,
  MICROSECONDS,
  MILLISECONDS,
  NO_UNIT,
  REFUSED,
  type Unit,
} from "./figures.ts";
import { type Words, words } from "./words.ts";

export const METRICS = "awslambda-metric";
export const LOGS = "awslambda-logging";
/** The extension's own figures. */
export const OWN = SELF_MEASUREMENT;
/** Spans of the inputs, of whichever source. */
const SPANS = undefined;
const FUNCTION = "aws_lambda_function_name";

/** Tags by which the whole dashboard can be narrowed down. */
export const VARIABLES: readonly (readonly [tag: string, title: Words])[] = [
  ["aws_account_id", words("Account", "账号")],
  ["aws_region", words("Region", "区域")],
  [FUNCTION, words("Function", "函数")],
];

/** How it is drawn: one number, lines over time, a ranking, or the records themselves. */
export type ChartType = "singlestat" | "sequence" | "toplist" | "log";

/** One line, number or column. */
export interface ChartQuery {
  readonly namespace: Namespace;
  readonly source: string | undefined;
  readonly field: string;
  readonly aggregate: Aggregate | undefined;
  readonly title: Words;
  readonly by: readonly string[];
  /** Besides the dashboard's variables. */
  readonly where: readonly Condition[];
}

export interface Chart {
  readonly group: Group;
  readonly type: ChartType;
  readonly title: Words;
  readonly unit: Unit;
  readonly queries: readonly ChartQuery[];
}

/** All charts, in the order in which they are laid out within their groups. */
export function allCharts(): readonly Chart[] {
  const [lines, records] = logs();
  return [...cards(), ...combined(), ...traces(), lines, ...trends(), records, ...ledger()];
}

function cards(): Chart[] {
  const metric = (name: keyof typeof METRIC_FIGURES, aggregate?: Aggregate): Chart => {
    const { title, unit, aggregate: own } = METRIC_FIGURES[name];
    const query = { ...metricQuery(name, METRIC_FIGURES[name]), by: [], aggregate: aggregate ?? own };
    return { group: "overview", type: "singlestat", title, unit, queries: [query] };
  };
  return [
    metric("invocations"),
    metric("errors"),
    metric("timeouts"),
    metric("out_of_memory"),
    metric("cold_starts"),
    metric("duration_ms"),
    metric("max_memory_used_mb"),
    metric("billed_duration_ms"),
  ];
}

/** Lines that are read together. */
function combined(): Chart[] {
  const kinds = (["errors", "timeouts", "out_of_memory"] as const)
    .map((name) => ({ ...metricQuery(name, METRIC_FIGURES[name]), by: [] }));
  const percentiles = [50, 90, 99].map((aggregate) => ({
    ...metricQuery("duration_ms", METRIC_FIGURES.duration_ms),
    aggregate,
    by: [],
    title: words(`p${aggregate}`, `P${aggregate}`),
  }));
  return [
    {
      group: "errors",
      type: "sequence",
      title: words("Errors, timeouts, out of memory", "错误、超时与内存不足"),
      unit: NO_UNIT,
      queries: kinds,
    },
    {
      group: "errors",
      type: "toplist",
      title: words("Functions by errors", "函数错误数排行"),
      unit: NO_UNIT,
      queries: [metricQuery("errors", METRIC_FIGURES.errors)],
    },
    {
      group: "durations",
      type: "sequence",
      title: words("Duration, p50, p90, p99", "总耗时 P50、P90、P99"),
      unit: MILLISECONDS,
      queries: percentiles,
    },
    {
      group: "cost",
      type: "toplist",
      title: words("Functions by billed duration", "函数计费时长排行"),
      unit: MILLISECONDS,
      queries: [metricQuery("billed_duration_ms", METRIC_FIGURES.billed_duration_ms)],
    },
    {
      group: "cost",
      type: "toplist",
      title: words("Functions by estimated cost, USD", "函数估算费用排行（美元）"),
      unit: NO_UNIT,
      queries: [metricQuery("estimated_cost_usd", METRIC_FIGURES.estimated_cost_usd)],
    },
    {
      group: "invocations",
      type: "sequence",
      title: words("Ends of sandboxes, by reason", "执行环境结束次数（按原因）"),
      unit: NO_UNIT,
      queries: [{ ...metricQuery("shutdowns", METRIC_FIGURES.shutdowns), by: ["shutdown_reason"] }],
    },
  ];
}

/** Each figure over time, by function. */
function trends(): Chart[] {
  return Object.entries(METRIC_FIGURES).map(([name, figure]): Chart => ({
    group: figure.group,
    type: "sequence",
    title: figure.title,
    unit: figure.unit,
    queries: [metricQuery(name, figure)],
  }));
}

function traces(): Chart[] {
  const spans = { namespace: "tracing", source: SPANS, where: [] } as const;
  const errors = [{ name: "status", value: "error" }];
  return [
    {
      group: "traces",
      type: "sequence",
      title: words("Spans by service", "各服务的 Span 数"),
      unit: NO_UNIT,
      queries: [{
        ...spans,
        field: "span_id",
        aggregate: "COUNT",
        title: words("Spans", "Span 数"),
        by: ["service"],
      }],
    },
    {
      group: "traces",
      type: "sequence",
      title: words("Failed spans by service", "各服务的错误 Span 数"),
      unit: NO_UNIT,
      queries: [{
        ...spans,
        where: errors,
        field: "span_id",
        aggregate: "COUNT",
        title: words("Failed spans", "错误 Span 数"),
        by: ["service"],
      }],
    },
    {
      group: "traces",
      type: "toplist",
      title: words("Resources by duration, p99", "资源耗时 P99 排行"),
      unit: MICROSECONDS,
      queries: [{
        ...spans,
        field: "duration",
        aggregate: 99,
        title: words("Duration, p99", "耗时 P99"),
        by: ["resource"],
      }],
    },
  ];
}

function logs(): readonly [lines: Chart, records: Chart] {
  const lines = { namespace: "logging", source: LOGS, where: [], field: "*" } as const;
  return [
    {
      group: "logs",
      type: "sequence",
      title: words("Log lines by status", "各等级的日志数"),
      unit: NO_UNIT,
      queries: [{ ...lines, aggregate: "COUNT", title: words("Lines", "日志数"), by: ["status"] }],
    },
    {
      group: "logs",
      type: "log",
      title: words("Log lines", "日志"),
      unit: NO_UNIT,
      queries: [{ ...lines, aggregate: undefined, title: words("Lines", "日志"), by: [] }],
    },
  ];
}

/** What the extension took, sent, lost and cost. */
function ledger(): Chart[] {
  const own = (
    field: string,
    aggregate: Aggregate,
    title: Words,
    by: readonly string[] = [],
  ): ChartQuery => ({
    namespace: "metric",
    source: OWN,
    field,
    aggregate,
    title,
    by,
    where: [],
  });
  const chart = (title: Words, unit: Unit, ...queries: ChartQuery[]): Chart => ({
    group: "extension",
    type: "sequence",
    title,
    unit,
    queries,
  });
  const dropped = Object.entries(DROPPED).map(([reason, { title }]) =>
    own(`dropped_${reason}`, "SUM", title)
  );
  const refused = Object.entries(REFUSED).map(([reason, title]) => own(`refused_${reason}`, "SUM", title));
  return [
    chart(
      words("Points taken, by source", "收下的数据点（按来源）"),
      NO_UNIT,
      own("received", "SUM", words("Taken", "收下"), ["source"]),
    ),
    chart(
      words("Points acknowledged by Dataway, by source", "Dataway 已确认的数据点（按来源）"),
      NO_UNIT,
      own("exported", "SUM", words("Acknowledged", "已确认"), ["source"]),
    ),
    chart(words("Points dropped, by reason", "丢弃的数据点（按原因）"), NO_UNIT, ...dropped),
    chart(
      words("Refused before they became points, by reason", "未成为数据点的内容（按原因）"),
      NO_UNIT,
      ...refused,
    ),
    chart(
      words("Points held and put back", "等待与放回的数据点"),
      NO_UNIT,
      own("held_points", "MAX", words("Held in memory", "内存中等待")),
      own("spooled_points", "MAX", words("Held in files", "文件中等待")),
      own("retried", "SUM", words("Put back", "放回重试")),
    ),
    chart(
      words("Bytes held", "等待的字节数"),
      BYTES,
      own("held_bytes", "MAX", words("In memory", "内存中")),
      own("spooled_bytes", "MAX", words("In files", "文件中")),
    ),
    chart(
      words("Time of flushes, and what of it was billed", "上传用时，与其中的计费时间"),
      MILLISECONDS,
      own("flush_ms", "SUM", words("Flushes", "上传")),
      own("billed_ms", "SUM", words("Billed", "计费")),
    ),
    chart(words("Flushes", "上传次数"), NO_UNIT, own("flushes", "SUM", words("Flushes", "上传次数"))),
    chart(
      words("The spool after a restart", "重启之后的落盘数据"),
      NO_UNIT,
      own("spool_recovered", "SUM", words("Recovered points", "恢复的数据点")),
      own("spool_torn", "SUM", words("Unusable files", "无法使用的文件")),
      own("spool_gone", "SUM", words("Files gone before they were read", "读取前已消失的文件")),
    ),
  ];
}

function metricQuery(field: string, { aggregate, title }: Figure): ChartQuery {
  return { namespace: "metric", source: METRICS, field, aggregate, title, by: [FUNCTION], where: [] };
}
