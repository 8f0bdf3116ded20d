/// <reference lib="dom" />
/** Four answers that need no click: what arrives, what a start costs, what the extension costs, what an outage did. */
import { CATEGORIES, type DatawayMode } from "../state.ts";
import { accountAt, categoriesNow, type CategoryAccount } from "./account.ts";
import type { App } from "./app.ts";
import { byId, type Child, h, put } from "./dom.ts";
import { countUpTo, formatClock, formatNumber, formatUsd, median } from "./format.ts";
import { fillBar } from "./ledger_pane.ts";
import type { Invocation } from "./model.ts";
import { priceText } from "./price.ts";

export function drawAnswers(app: App): void {
  const { t } = app;
  put(
    byId("answers"),
    answer(t("arrives"), drawArrivals(app)),
    answer(t("coldStart"), drawColdStart(app)),
    answer(t("holdTitle"), drawHold(app)),
    answer(t("outage"), drawOutage(app)),
  );
}

function answer(title: string, children: readonly Child[]): HTMLElement {
  return h("div.answer", h("h2", title), children);
}

const unknown = (): HTMLElement => h("div.big.soft", "–");

function drawArrivals(app: App): readonly Child[] {
  const accounts = categoriesNow(app.model);
  return [
    h(
      "div.three",
      CATEGORIES.map((category, at) => {
        const account = accounts[at];
        return account !== undefined && drawArrival(app, app.t(category), account);
      }),
    ),
  ];
}

function drawArrival(
  app: App,
  name: string,
  { arrived, received, dropped, held }: CategoryAccount,
): HTMLElement {
  const { t } = app;
  if (app.mode === "connecting") return h("div", unknown(), h("p.soft", name));
  const of = received !== undefined && h("span.soft.of", ` / ${formatNumber(received)}`);
  const verdict = dropped > 0
    ? h("span.bad", ` · ${formatNumber(dropped)} ${t("dropped")}`)
    : held > 0
    ? h("span.wait", ` · ${formatNumber(held)} ${t("held")}`)
    : received !== undefined && received > 0 && h("span.good", " ✓");
  return h(
    "div",
    h("div.big", formatNumber(arrived), of),
    h("p.soft", name, verdict),
    received !== undefined && fillBar(h("div.bar"), { received, exported: arrived, held, dropped }),
  );
}

function drawColdStart(app: App): readonly Child[] {
  const { model, t } = app;
  const start = model.starts[0];
  const init = model.phases.find(({ k }) => k === "init");
  if (start === undefined || init === undefined || init.d < 0) return [unknown()];
  const { extensionReadyMs: ready, functionReadyMs } = start;
  const added = functionReadyMs < 0 ? undefined : Math.max(0, ready - functionReadyMs);
  const over = model.invocations.filter(({ status }) => status !== "running");
  const cold = over.find((i) => i.init > 0);
  const warm = median(over.filter((i) => i.init === 0 && !i.failed).map(({ usd }) => usd));
  return [
    h("div.big", `${formatNumber(init.d)} ms`),
    h(
      "p.soft",
      ready < 0
        ? t("coldNever")
        : t("coldReady", { r: formatNumber(ready), a: added === undefined ? "–" : formatNumber(added) }),
    ),
    h("p.soft", { title: priceText(app) }, t("coldCost", { c: usd(cold?.usd), w: usd(warm) })),
  ];
}

function usd(value: number | undefined): string {
  return value === undefined ? "–" : formatUsd(value);
}

function drawHold(app: App): readonly Child[] {
  const { model, t } = app;
  const over = model.invocations.filter(({ status }) => status !== "running");
  const held = over.filter(({ hold }) => hold > 0);
  const calm = median(held.filter((i) => model.modeAt(i.t) === "ok").map(({ hold }) => hold)) ??
    median(held.map(({ hold }) => hold));
  const most = held.reduce<Invocation | undefined>(
    (worst, i) => worst === undefined || i.hold > worst.hold ? i : worst,
    undefined,
  );
  if (calm === undefined || most === undefined) return [unknown()];
  const billed = over.reduce((sum, i) => sum + i.billed, 0);
  const share = 100 * held.reduce((sum, i) => sum + i.hold, 0) / Math.max(1, billed);
  const each = over.reduce((sum, i) => sum + i.usd, 0) / over.length;
  const mode = t(model.modeAt(most.t + most.run));
  return [
    h("div.big", t("holdMedian", { v: calm.toFixed(1) })),
    h("p.soft", t("holdMost", { m: most.hold.toFixed(1), n: most.n, d: mode })),
    h("p.soft", { title: priceText(app) }, t("holdCost", { usd: formatUsd(each), p: share.toFixed(1) })),
  ];
}

interface OutageSpan {
  readonly mode: DatawayMode;
  readonly from: number;
  readonly to: number;
}

function drawOutage(app: App): readonly Child[] {
  const { model, t } = app;
  if (app.mode === "connecting") return [unknown()];
  const outage = lastOutage(app);
  if (outage === undefined) return [h("div.big.soft", t("noOutage"))];
  const { from, to } = outage;
  const before = accountAt(model, from);
  const after = accountAt(model, model.now());
  const lost = after === undefined ? undefined : after.dropped - (before?.dropped ?? 0);
  const during = median(
    model.invocations.filter((i) => i.hold > 0 && i.t >= from && i.t < to).map((i) => i.hold),
  );
  const calm = median(
    model.invocations.filter((i) => i.hold > 0 && model.modeAt(i.t) === "ok").map((i) => i.hold),
  );
  return [
    h(
      "div.big",
      t("outageBig", {
        d: formatNumber((to - from) / 1000, 1),
        n: lost === undefined ? "–" : formatNumber(lost),
      }),
    ),
    h("p.soft", heldText(app, outage)),
    h("p.soft", t("outageHold", { a: during?.toFixed(1) ?? "–", b: calm?.toFixed(1) ?? "–" })),
  ];
}

/** What the extension held meanwhile, and when the last of it was gone. */
function heldText({ model, t }: App, { from, to }: OutageSpan): string {
  const { held, uploads } = model;
  if (held.length === 0) {
    const failed = uploads.filter((u) => u.t >= from && u.t <= to && (u.status < 200 || u.status >= 300));
    return t("outageFailed", { n: formatNumber(failed.length) });
  }
  const first = countUpTo(held, from, (row) => row.t);
  const last = countUpTo(held, to, (row) => row.t);
  const most = held.slice(first, last).reduce((top, { points }) => Math.max(top, points), 0);
  const emptied = held.slice(last).find(({ points }) => points === 0);
  if (emptied === undefined) return t("outageHeld", { h: formatNumber(most) });
  return t("outageArrived", { h: formatNumber(most), t: formatClock(emptied.t - to, 1) });
}

function lastOutage({ model }: App): OutageSpan | undefined {
  const at = model.dataway.findLastIndex(({ mode }) => mode !== "ok");
  const row = model.dataway[at];
  if (row === undefined) return undefined;
  return { mode: row.mode, from: row.t, to: model.dataway[at + 1]?.t ?? model.now() };
}
