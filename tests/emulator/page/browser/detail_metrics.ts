/// <reference lib="dom" />
/** The metrics of an invocation, each with a small chart of the invocations before it. */
import type { InvocationDetail, MetricDetail } from "../state.ts";
import type { App } from "./app.ts";
import { h, put } from "./dom.ts";
import { formatNumber } from "./format.ts";

export function drawMetrics({ t }: App, { metrics }: InvocationDetail, box: HTMLElement): HTMLElement {
  if (metrics.length === 0) return put(box, h("p.empty", t("noMetrics")));
  const groups = Map.groupBy(metrics, ({ measurement, labels }) => `${measurement}\0${labels}`);
  const children = [...groups].flatMap(([key, rows]) => {
    const [measurement = "", labels = ""] = key.split("\0");
    return [
      h("div.group", measurement, labels !== "" && h("span.mono", ` · ${labels}`)),
      ...rows.map(drawMetric),
    ];
  });
  return put(box, children);
}

function drawMetric({ field, values }: MetricDetail): HTMLElement {
  const figures = values.map((value) => value ?? 0);
  const highest = Math.max(...figures.map(Math.abs), 1e-9);
  const last = values.at(-1) ?? 0;
  const bars = values.map((value, at) => {
    const height = value === null ? 0 : Math.max(4, 100 * Math.abs(value) / highest);
    const kind = at === values.length - 1 ? "i.on" : value === null ? "i.none" : "i";
    return h(kind, { style: { height: `${height}%` } });
  });
  const title = values.map((value) => value === null ? "–" : showFigure(value)).join("  ");
  return h(
    "div.cols.met",
    { title },
    h("span.mono", field),
    h("span.spark", { "aria-hidden": "true" }, bars),
    h("span.num", showFigure(last)),
    h("span.soft", unitOf(field)),
  );
}

function showFigure(value: number): string {
  if (Number.isInteger(value)) return formatNumber(value);
  return formatNumber(value, Math.abs(value) < 1 ? 4 : 2);
}

/** By the names that this product and OpenTelemetry give. */
function unitOf(field: string): string {
  if (/_ms$|_duration$|latency$/.test(field)) return "ms";
  if (/_mb$/.test(field)) return "MB";
  return /bytes$/.test(field) ? "B" : "";
}
