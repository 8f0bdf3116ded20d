/** The monitors as the file that Guance imports, in one language. */
import { createHash } from "node:crypto";
import { METRICS, OWN } from "./charts.ts";
import { encodeQuery, functionOf } from "./dql.ts";
import { type Aggregate, DROPPED } from "./figures.ts";
import { type Language, type Words, words } from "./words.ts";

const BY = ["aws_region", "aws_lambda_function_name"] as const;
const RESULT = "Result";

/** From the worst to the mildest, as Guance orders levels. */
type Level = "critical" | "error" | "warning";

interface Monitor {
  readonly title: Words;
  /** What happened, with `{{Result}}` for the value. */
  readonly message: Words;
  readonly source: string;
  readonly field: string;
  readonly aggregate: Aggregate;
  /** At least so much in the interval, from the worst to the mildest. */
  readonly levels: readonly (readonly [Level, number])[];
  /** Seconds that are looked at, each minute. */
  readonly intervalSeconds: number;
}

const FIVE_MINUTES = 300;
const TEN_MINUTES = 600;

const MONITORS: readonly Monitor[] = [
  {
    title: words("errors", "错误"),
    message: words("{{Result}} errors in 5 minutes", "5 分钟内有 {{Result}} 个错误"),
    source: METRICS,
    field: "errors",
    aggregate: "SUM",
    levels: [["error", 10], ["warning", 1]],
    intervalSeconds: FIVE_MINUTES,
  },
  {
    title: words("timeouts", "超时"),
    message: words("{{Result}} timeouts in 5 minutes", "5 分钟内有 {{Result}} 次超时"),
    source: METRICS,
    field: "timeouts",
    aggregate: "SUM",
    levels: [["error", 1]],
    intervalSeconds: FIVE_MINUTES,
  },
  {
    title: words("out of memory", "内存不足"),
    message: words(
      "{{Result}} invocations ran out of memory in 5 minutes",
      "5 分钟内有 {{Result}} 次调用内存不足",
    ),
    source: METRICS,
    field: "out_of_memory",
    aggregate: "SUM",
    levels: [["critical", 1]],
    intervalSeconds: FIVE_MINUTES,
  },
  {
    title: words("p99 duration", "P99 耗时"),
    message: words("p99 of 10 minutes is {{Result}} ms", "10 分钟的 P99 为 {{Result}} ms"),
    source: METRICS,
    field: "duration_ms",
    aggregate: 99,
    levels: [["error", 10_000], ["warning", 3000]],
    intervalSeconds: TEN_MINUTES,
  },
  {
    title: words("logs lost by the platform", "平台丢失日志"),
    message: words(
      "Lambda itself dropped {{Result}} log records in 10 minutes, before they reached the extension",
      "10 分钟内 Lambda 在送达扩展之前丢弃了 {{Result}} 条日志",
    ),
    source: METRICS,
    field: "logs_dropped_records",
    aggregate: "SUM",
    levels: [["warning", 1]],
    intervalSeconds: TEN_MINUTES,
  },
  ...Object.entries(DROPPED).map(([reason, { title, advice }]): Monitor => ({
    title: words(`extension dropped data: ${title.en}`, `扩展丢弃数据：${title.zh}`),
    message: words(
      `The extension dropped {{Result}} points in 10 minutes (${reason}). ${advice.en}`,
      `10 分钟内扩展丢弃了 {{Result}} 个数据点（${reason}）。${advice.zh}`,
    ),
    source: OWN,
    field: `dropped_${reason}`,
    aggregate: "SUM",
    levels: [["warning", 1]],
    intervalSeconds: TEN_MINUTES,
  })),
];

const HEAD = words(
  "> Level: {{df_status}}\n> Function: {{aws_lambda_function_name}} ({{aws_region}})\n> ",
  "> 级别：{{df_status}}\n> 函数：{{aws_lambda_function_name}}（{{aws_region}}）\n> ",
);

/** The file's contents, as an object to be written as JSON. */
export function createMonitors(language: Language): Readonly<Record<string, unknown>> {
  return { checkers: MONITORS.map((monitor) => encodeMonitor(monitor, language)) };
}

function encodeMonitor(monitor: Monitor, language: Language): Readonly<Record<string, unknown>> {
  const { title, message, source, field, aggregate, levels, intervalSeconds } = monitor;
  const dql = encodeQuery({
    namespace: "metric",
    source,
    field,
    aggregate,
    alias: RESULT,
    where: [],
    by: BY,
  });
  const rules = levels.map(([status, operand]) => ({
    conditionLogic: "and",
    conditions: [{ alias: RESULT, operands: [String(operand)], operator: ">=" }],
    status,
  }));
  return {
    extend: {
      funcName: "",
      querylist: [{
        datasource: "dataflux",
        qtype: "dql",
        uuid: createHash("sha256").update(`datakit-lambda monitor ${title.en}`).digest("hex").slice(0, 32),
        query: {
          alias: "",
          code: RESULT,
          dataSource: source,
          field,
          fieldFunc: functionOf(aggregate),
          fieldType: "integer",
          filters: [],
          groupBy: BY,
          groupByTime: "",
          namespace: "metric",
          q: dql,
          type: "simple",
        },
      }],
      rules,
    },
    is_disable: false,
    jsonScript: {
      checkerOpt: { rules },
      every: "1m",
      groupBy: BY,
      interval: intervalSeconds,
      message: HEAD[language] + message[language],
      noDataMessage: "",
      noDataTitle: "",
      recoverNeedPeriodCount: 1,
      targets: [{ alias: RESULT, dql }],
      title: `Lambda {{aws_lambda_function_name}}: ${title[language]}`,
      type: "simpleCheck",
    },
    monitorName: "AWS Lambda",
  };
}
