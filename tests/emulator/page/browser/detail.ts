/// <reference lib="dom" />
/** The selected invocation: figures, trace, and under it logs, metrics, points or the event. */
import type { InvocationDetail } from "../state.ts";
import { type App, DETAIL_TABS, type DetailTab } from "./app.ts";
import { drawIo } from "./detail_io.ts";
import { drawLogs, logTools } from "./detail_logs.ts";
import { drawMetrics } from "./detail_metrics.ts";
import { drawPoints, pointTools } from "./detail_points.ts";
import { byId, h, patch } from "./dom.ts";
import { formatMs, formatNumber, formatUsd } from "./format.ts";
import type { Invocation } from "./model.ts";
import { priceText } from "./price.ts";
import { statusKey } from "./status.ts";
import { drawWaterfall } from "./waterfall.ts";

/** Draws all of it. */
export function drawDetail(app: App): void {
  const pane = byId("detail");
  const selected = app.selected();
  if (selected === undefined) {
    const text = app.mode === "connecting" ? "" : app.t("noInvocation");
    patch(pane, h("div.head.row", h("h2", app.t("selected"))), h("p.empty", text));
    return;
  }
  const detail = app.detail(selected.n);
  const focused = pane.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const scrolled = new Map(
    [...pane.querySelectorAll(".scroll")].map((box) => [box.id, box.scrollTop] as const),
  );
  const top = [drawTop(app, selected), drawFigures(app, selected)];
  if (detail === undefined) {
    patch(pane, top, h("p.empty", app.t("loading")));
    return;
  }
  patch(pane, top, drawWaterfall(app, detail), drawTabs(app, detail), drawTab(app, detail));
  // It is drawn anew when more of it arrives: that must take nobody away from where he is.
  for (const [id, top] of scrolled) {
    const box = document.getElementById(id);
    if (box !== null) box.scrollTop = top;
  }
  if (focused !== undefined && focused !== "") document.getElementById(focused)?.focus();
}

function drawTop({ t }: App, i: Invocation): HTMLElement {
  const status = t(statusKey(i.status)) + (i.err === "" ? "" : `: ${i.err}`);
  const kind = i.failed ? "span.st.f" : i.status === "running" ? "span.st.r" : "span.st";
  return h(
    "div.head.row",
    h("h2", `#${i.n}`),
    h(kind, status),
    h("span.soft.grow.ell", { title: i.ev }, i.ev),
    h("span.mono.soft", { title: i.id }, i.id.slice(0, 8)),
  );
}

function drawFigures(app: App, i: Invocation): HTMLElement {
  const { t } = app;
  const isOver = i.status !== "running";
  const figures: readonly (readonly [string, string])[] = [
    [t("duration"), isOver ? `${formatMs(i.d)} ms` : "–"],
    [t("initFigure"), i.init > 0 ? `${formatMs(i.init)} ms` : "–"],
    [t("holdShort"), i.hold > 0 ? `${formatMs(i.hold)} ms` : "–"],
    [t("billed"), isOver ? `${formatNumber(i.billed)} ms` : "–"],
    [t("memory"), isOver ? `${i.mem} MB` : "–"],
    [t("cost"), isOver ? formatUsd(i.usd) : "–"],
  ];
  return h(
    "dl.fig",
    figures.map(([name, value], at) =>
      h("div", { title: at === 5 ? priceText(app) : undefined }, h("dt", name), h("dd", value))
    ),
  );
}

function drawTabs(app: App, detail: InvocationDetail): HTMLElement {
  const { t, view } = app;
  const counts: Readonly<Record<DetailTab, number | undefined>> = {
    logs: detail.logs.length,
    metrics: detail.metrics.length,
    points: detail.points.length,
    io: undefined,
  };
  const choose = (tab: DetailTab): void => {
    view.tab = tab;
    drawDetail(app);
    byId(`t-${tab}`).focus();
  };
  return h(
    "div.tabs",
    { role: "tablist", "aria-label": t("selected") },
    DETAIL_TABS.map((tab) => {
      const count = counts[tab];
      return h(
        "button",
        {
          role: "tab",
          id: `t-${tab}`,
          "aria-selected": String(view.tab === tab),
          "aria-controls": "tab",
          tabindex: view.tab === tab ? 0 : -1,
          onclick: () => choose(tab),
        },
        t(tab),
        count !== undefined && h("b", formatNumber(count)),
      );
    }),
    h("span.grow"),
    view.tab === "logs" && logTools(app),
    view.tab === "points" && pointTools(app),
  );
}

function drawTab(app: App, detail: InvocationDetail): readonly HTMLElement[] {
  const { tab } = app.view;
  const box = h("div.scroll", {
    role: "tabpanel",
    id: "tab",
    "data-fresh": true,
    tabindex: 0,
    "aria-labelledby": `t-${tab}`,
  });
  switch (tab) {
    case "logs":
      return drawLogs(app, detail, box);
    case "metrics":
      return [drawMetrics(app, detail, box)];
    case "points":
      return [drawPoints(app, detail, box)];
    case "io":
      return [drawIo(app, detail, box)];
    default:
      return tab satisfies never;
  }
}
