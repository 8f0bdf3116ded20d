/// <reference lib="dom" />
/** What the timeline says of the thing under the pointer. */
import { CATEGORIES } from "../state.ts";
import type { App } from "./app.ts";
import type { HitTarget } from "./chart_hit.ts";
import { phaseKey } from "./chart_paint.ts";
import { byId, type Child, h, put } from "./dom.ts";
import { formatBytes, formatClock, formatMs, formatNumber, formatUsd } from "./format.ts";
import { statusKey } from "./status.ts";
import type { WordKey } from "./words.ts";

type Line = readonly [key: WordKey, value: string | undefined];

/** Beside the pointer, inside the window. */
export function showTooltip(app: App, target: HitTarget, x: number, y: number): void {
  const tip = put(byId("tip"), ...describe(app, target));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  // Never over the ledger, which tells the same moment.
  const ledger = byId("deliver").getBoundingClientRect();
  const edge = ledger.top < y + height + 16 && ledger.left > innerWidth / 2 ? ledger.left : innerWidth;
  const isRight = x + 14 + width > edge;
  tip.style.left = `${isRight ? Math.min(x, edge) - width - 14 : x + 14}px`;
  tip.style.top = `${y + 16 + height > innerHeight ? y - height - 10 : y + 16}px`;
}

export function hideTooltip(): void {
  byId("tip").hidden = true;
}

function describe(app: App, target: HitTarget): readonly Child[] {
  const { t, model } = app;
  switch (target.kind) {
    case "phase": {
      const { k, why, t: start } = target.item;
      const d = model.endOf(target.item) - start;
      const reason = why === "control" ? t("whyControl") : why === "init" ? "" : why;
      return list(app, `${t(phaseKey(k))}${reason === "" ? "" : ` · ${reason}`}`, [
        ["start", formatClock(start, 3)],
        ["duration", d >= 1000 ? formatClock(d, 3) : `${formatMs(d)} ms`],
      ]);
    }
    case "upload": {
      const { n, cat, t: start, d, pts, raw, wire, inv, tries, status } = target.item;
      const category = CATEGORIES[cat];
      return list(app, `${t("upload")} ${n} · ${category === undefined ? t("other") : t(category)}`, [
        ["result", d < 0 ? t("underWay") : status === 0 ? t("noAnswer") : `${status}`],
        ["start", formatClock(start, 3)],
        ["duration", d < 0 ? "–" : `${formatMs(d)} ms`],
        ["points", formatNumber(pts)],
        ["wire", `${formatBytes(raw)} → ${formatBytes(wire)}`],
        ["invocation", inv > 0 ? `#${inv}` : undefined],
        ["again", tries > 0 ? t("retention", { n: tries }) : undefined],
      ]);
    }
    default: {
      const i = target.item;
      const isOver = i.status !== "running";
      return list(app, `#${i.n} · ${t(statusKey(i.status))}${i.err === "" ? "" : ` · ${i.err}`}`, [
        ["start", formatClock(i.t, 3)],
        ["duration", isOver ? `${formatMs(i.d)} ms` : undefined],
        ["initFigure", i.init > 0 ? `${formatMs(i.init)} ms` : undefined],
        ["holdShort", i.hold > 0 ? `${formatMs(i.hold)} ms` : undefined],
        ["billed", isOver ? `${formatNumber(i.billed)} ms` : undefined],
        ["memory", isOver ? `${i.mem} MB` : undefined],
        ["cost", isOver ? formatUsd(i.usd) : undefined],
      ]);
    }
  }
}

function list({ t }: App, title: string, lines: readonly Line[]): readonly Child[] {
  const rows = lines.flatMap(([key, value]) => value === undefined ? [] : [h("dt", t(key)), h("dd", value)]);
  return [h("b", title), h("dl", rows)];
}
