/**
 * What each figure of the program means in a workspace: its group, its unit, how it is aggregated, its titles. The
 * one place to add a new figure: it gets a chart in its group by that alone. The compiler refuses a figure of the
 * program's own list that has no line here.
 */
import type { MetricField } from "../../src/lambda/metric_fields.ts";
import type { DropReason } from "../../src/pipeline/ledger.ts";
import type { RefusalReason } from "../../src/pipeline/receiver.ts";
import { type Words, words } from "./words.ts";

/** The dashboard's groups, in the order of a search for a fault. */
export const GROUPS = {
  overview: words("Overview", "概览"),
  invocations: words("Invocations", "调用"),
  errors: words("Errors by kind", "错误分类"),
  durations: words("Durations", "耗时"),
  memory: words("Memory", "内存"),
  coldStarts: words("Cold starts", "冷启动"),
  cost: words("Cost and CPU", "成本与 CPU"),
  traces: words("Traces", "链路"),
  logs: words("Logs", "日志"),
  extension: words("The extension's ledger", "扩展自身"),
} as const satisfies Readonly<Record<string, Words>>;

export type Group = keyof typeof GROUPS;

/** A unit as Guance writes it: its class and itself. */
export type Unit = readonly [kind: string, unit: string];

export const NO_UNIT: Unit = ["custom", ""];
export const MILLISECONDS: Unit = ["time", "ms"];
export const MICROSECONDS: Unit = ["time", "μs"];
const MEGABYTES: Unit = ["digital", "MB"];
export const BYTES: Unit = ["digital", "B"];
const PERCENT: Unit = ["percent", "percent"];

/** How values of one field are joined, as DQL names it; a percentile by its number. */
export type Aggregate = "SUM" | "AVG" | "MAX" | "LAST" | "COUNT" | number;

export interface Figure {
  readonly group: Group;
  readonly title: Words;
  readonly unit: Unit;
  readonly aggregate: Aggregate;
}

const figure = (group: Group, title: Words, unit: Unit, aggregate: Aggregate): Figure => ({
  group,
  title,
  unit,
  aggregate,
});

/** Fields of `awslambda-metric`. */
export const METRIC_FIGURES: Readonly<Record<MetricField, Figure>> = {
  invocations: figure("invocations", words("Invocations", "调用次数"), NO_UNIT, "SUM"),
  produced_bytes: figure("invocations", words("Response size, largest", "响应大小（最大）"), BYTES, "MAX"),
  errors: figure("errors", words("Errors", "错误数"), NO_UNIT, "SUM"),
  timeouts: figure("errors", words("Timeouts", "超时数"), NO_UNIT, "SUM"),
  out_of_memory: figure("errors", words("Out of memory", "内存不足数"), NO_UNIT, "SUM"),
  duration_ms: figure("durations", words("Duration, p99", "总耗时 P99"), MILLISECONDS, 99),
  runtime_duration_ms: figure("durations", words("Runtime, p99", "运行时耗时 P99"), MILLISECONDS, 99),
  response_latency: figure("durations", words("Until the response, p99", "响应延迟 P99"), MILLISECONDS, 99),
  response_duration_ms: figure(
    "durations",
    words("Sending the response, p99", "响应耗时 P99"),
    MILLISECONDS,
    99,
  ),
  post_runtime_duration: figure(
    "durations",
    words("After the runtime, p99", "运行时结束之后的耗时 P99"),
    MILLISECONDS,
    99,
  ),
  runtime_overhead_ms: figure(
    "durations",
    words("The runtime after the response, p99", "响应之后运行时的耗时 P99"),
    MILLISECONDS,
    99,
  ),
  extension_overhead_ms: figure(
    "durations",
    words("All extensions after the response, p99", "响应之后各扩展的耗时 P99"),
    MILLISECONDS,
    99,
  ),
  max_memory_used_mb: figure("memory", words("Memory used, peak", "内存使用峰值"), MEGABYTES, "MAX"),
  memory_size_mb: figure("memory", words("Memory configured", "配置的内存"), MEGABYTES, "MAX"),
  cold_starts: figure("coldStarts", words("Cold starts", "冷启动次数"), NO_UNIT, "SUM"),
  init_duration_ms: figure("coldStarts", words("Init, longest", "初始化耗时（最大）"), MILLISECONDS, "MAX"),
  restore_duration_ms: figure(
    "coldStarts",
    words("SnapStart restore, longest", "SnapStart 恢复耗时（最大）"),
    MILLISECONDS,
    "MAX",
  ),
  billed_duration_ms: figure("cost", words("Billed duration", "计费时长"), MILLISECONDS, "SUM"),
  estimated_cost_usd: figure("cost", words("Estimated cost, USD", "估算费用（美元）"), NO_UNIT, "SUM"),
  init_cost_usd: figure("cost", words("Of it for init, USD", "其中初始化的费用（美元）"), NO_UNIT, "SUM"),
  extension_billed_ms: figure(
    "cost",
    words("Billed for the extension", "扩展占用的计费时间"),
    MILLISECONDS,
    "SUM",
  ),
  cpu_total_ms: figure("cost", words("CPU time", "CPU 时间"), MILLISECONDS, "SUM"),
  cpu_user_ms: figure("cost", words("CPU time, user", "CPU 时间（用户态）"), MILLISECONDS, "SUM"),
  cpu_system_ms: figure("cost", words("CPU time, system", "CPU 时间（内核态）"), MILLISECONDS, "SUM"),
  cpu_utilization_pct: figure("cost", words("CPU utilisation, p99", "CPU 使用率 P99"), PERCENT, 99),
  sandbox_memory_used_mb: figure(
    "memory",
    words("The sandbox's memory in use, peak", "执行环境已用内存峰值"),
    MEGABYTES,
    "MAX",
  ),
  sandbox_memory_total_mb: figure(
    "memory",
    words("The sandbox's memory in all", "执行环境内存总量"),
    MEGABYTES,
    "MAX",
  ),
  tmp_used_bytes: figure("memory", words("/tmp in use, peak", "/tmp 已用空间峰值"), BYTES, "MAX"),
  tmp_free_bytes: figure("memory", words("/tmp free, last", "/tmp 剩余空间（最新）"), BYTES, "LAST"),
  shutdowns: figure("invocations", words("Ends of sandboxes", "执行环境结束次数"), NO_UNIT, "SUM"),
  unused_init: figure(
    "coldStarts",
    words("Sandboxes that never served", "从未处理请求的执行环境数"),
    NO_UNIT,
    "SUM",
  ),
  logs_dropped_records: figure(
    "logs",
    words("Log records dropped by the platform", "平台丢弃的日志条数"),
    NO_UNIT,
    "SUM",
  ),
  logs_dropped_bytes: figure(
    "logs",
    words("Log bytes dropped by the platform", "平台丢弃的日志字节数"),
    BYTES,
    "SUM",
  ),
};

/** Why the extension dropped points (`dropped_…` of `awslambda-extension`), and what to do about it. */
export const DROPPED: Readonly<Record<DropReason, { readonly title: Words; readonly advice: Words }>> = {
  rejected: {
    title: words("refused by Dataway", "Dataway 拒绝"),
    advice: words("See the function's log for Dataway's answer.", "Dataway 的答复见函数日志。"),
  },
  forbidden: {
    title: words("token refused", "token 被拒绝"),
    advice: words("Check the token, or the secret that holds it.", "请检查 token，或保存 token 的密钥。"),
  },
  quota: {
    title: words("workspace quota used up", "工作空间额度已用完"),
    advice: words("Raise the workspace's quota, or send less.", "请提高工作空间额度，或减少上报。"),
  },
  too_large: {
    title: words("one point too large", "单个数据点过大"),
    advice: words(
      "A single log or span is larger than Dataway takes.",
      "单条日志或链路超过 Dataway 的上限。",
    ),
  },
  store_full: {
    title: words("no room in memory", "内存队列已满"),
    advice: words(
      "Dataway was slow or away, or the function sends more than can be uploaded: see ENV_STORE_MAX_BYTES and ENV_SPOOL.",
      "Dataway 慢或不可达，或函数产生的数据多于可上传的：参见 ENV_STORE_MAX_BYTES 与 ENV_SPOOL。",
    ),
  },
  memory_pressure: {
    title: words("short of memory", "内存紧张"),
    advice: words("Give the function more memory, or send less.", "请增大函数内存，或减少上报。"),
  },
  spool_full: {
    title: words("no room on the disk", "落盘空间已满"),
    advice: words(
      "Dataway was away for long: see ENV_SPOOL_MAX_BYTES.",
      "Dataway 长时间不可达：参见 ENV_SPOOL_MAX_BYTES。",
    ),
  },
  spool_lost: {
    title: words("spool file gone or spoilt", "落盘文件丢失或损坏"),
    advice: words("Something else removed or changed files in /tmp.", "/tmp 中的文件被其他程序删除或修改。"),
  },
  export_off: {
    title: words("no usable ENV_DATAWAY", "ENV_DATAWAY 不可用"),
    advice: words(
      "Set ENV_DATAWAY or a secret: nothing is sent.",
      "请设置 ENV_DATAWAY 或密钥：目前没有上传任何数据。",
    ),
  },
};

/** What arrived and never became a point (`refused_…` of `awslambda-extension`). */
export const REFUSED: Readonly<Record<RefusalReason, Words>> = {
  malformed: words("malformed", "格式错误"),
  unsupported: words("unsupported", "不支持"),
  too_large: words("too large", "过大"),
  overloaded: words("no room beside others", "同时到达过多"),
  sampled_out: words("sampled out", "采样丢弃"),
  duplicate: words("duplicate", "重复"),
  filtered: words("filtered", "被过滤"),
  too_many_series: words("too many series", "时间线过多"),
  socket_full: words("packets to a full socket", "套接字已满的数据包"),
  recorder_discarded: words("held and not needed", "留存后不需要"),
  recorder_evicted: words("no room in the recorder", "记录仪空间不足"),
  trimmed: words("trimmed", "被截短"),
};
