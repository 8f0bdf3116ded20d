/// <reference lib="dom" />
/** The trace of an invocation: platform's, OTLP's, ddtrace's and the extension's spans on one axis. */
import { type InvocationDetail, SPAN_SOURCES, type SpanDetail } from "../state.ts";
import type { App } from "./app.ts";
import { h } from "./dom.ts";
import { formatMs, formatNumber } from "./format.ts";

type SpanSource = typeof SPAN_SOURCES[number];

const INDENT_PX = 9;
const MAX_DEPTH = 8;
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

export function drawWaterfall(app: App, { spans, trace }: InvocationDetail): readonly HTMLElement[] {
  const { t } = app;
  const zero = Math.min(...spans.map((span) => span.t));
  const total = Math.max(...spans.map((span) => span.t + span.d)) - zero || 1;
  const depths: number[] = [];
  spans.forEach(({ parent }, at) => depths[at] = parent < 0 ? 0 : (depths[parent] ?? 0) + 1);
  const present = new Set(spans.map(({ source }) => sourceOf(source)));
  return [
    h(
      "div.row.tracehead",
      h("h3", t("trace")),
      h("span.soft.grow.ell", { title: trace }, `${formatNumber(spans.length)} ${t("spans")}`),
      h(
        "span.keys",
        SPAN_SOURCES.filter((s) => present.has(s)).map((s) => h(`span.${s}`, sourceName(app, s))),
      ),
    ),
    h(
      "div.axis",
      { "aria-hidden": "true" },
      QUARTERS.map((part) =>
        h("span", (part > 0 ? formatMs(total * part + zero) : formatNumber(zero)) + (part === 1 ? " ms" : ""))
      ),
    ),
    h(
      "div.scroll.trace",
      { id: "trace", tabindex: 0, role: "list", "aria-label": t("trace") },
      spans.map((span, at) => drawSpan(app, span, Math.min(MAX_DEPTH, depths[at] ?? 0), zero, total)),
    ),
  ];
}

function drawSpan(app: App, span: SpanDetail, depth: number, zero: number, total: number): HTMLElement {
  const source = sourceOf(span.source);
  const left = 100 * (span.t - zero) / total;
  const bar = { left: `${left}%`, width: `${100 * span.d / total}%` };
  const failed = span.error ? ` · ${app.t("failed")}` : "";
  return h(
    span.error ? `div.cols.span.${source}.e` : `div.cols.span.${source}`,
    { role: "listitem", title: `${span.name} · ${sourceName(app, source)}${failed}` },
    h("span.nm", { style: { "padding-left": `${depth * INDENT_PX}px` } }, h("span", span.name)),
    h("span.track", h("i", { style: bar })),
    h("span.num", formatMs(span.d)),
  );
}

function sourceOf(index: number): SpanSource {
  return SPAN_SOURCES[index] ?? "platform";
}

function sourceName({ t }: App, source: SpanSource): string {
  if (source === "platform") return t("sandbox").toLowerCase();
  return source === "extension" ? t("extension").toLowerCase() : source;
}
