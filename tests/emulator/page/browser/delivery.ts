/// <reference lib="dom" />
/** Under the ledger: the uploads, or the conformance checks. */
import { CATEGORIES, type CheckRow, type UploadRow } from "../state.ts";
import type { App } from "./app.ts";
import { byId, h, patch, put, setAria, setText } from "./dom.ts";
import { countUpTo, formatBytes, formatMs, formatNumber, formatTime } from "./format.ts";
import { createVirtualList, type VirtualList } from "./virtual_list.ts";

export interface Delivery {
  redraw(): void;
  /** The selection is another: its uploads come into view. */
  reveal(): void;
}

const ROW_HEIGHT = 22;
/** Time is shown in 10 ms as long as that says something, in ms. */
const FINE_UNTIL_MS = 60_000;
const TABS = ["uploads", "checks"] as const;
const MARKS: Readonly<Record<CheckRow["out"], readonly [mark: string, kind: string]>> = {
  pass: ["✓", "b.good"],
  fail: ["✗", "b.bad"],
  na: ["–", "b.soft"],
};

export function createDelivery(app: App): Delivery {
  const box = byId("deliveries");
  let list: VirtualList | undefined;
  let shownLanguage = app.language;

  function redraw(): void {
    drawTabs(app, () => {
      list = undefined;
      redraw();
      reveal();
    });
    setAria(box, "label", app.t(app.view.deliveryTab));
    if (app.view.deliveryTab === "checks") {
      list = undefined;
      return drawChecks(app, box);
    }
    const { uploads } = app.model;
    if (uploads.length === 0) {
      list = undefined;
      put(box, app.mode !== "connecting" && h("p.empty", app.t("noUpload")));
      return;
    }
    if (list === undefined || shownLanguage !== app.language) list = makeList(app, box);
    shownLanguage = app.language;
    const follows = list.isAtEnd && app.view.followsNewest;
    list.setCount(uploads.length);
    if (follows) list.scrollTo(uploads.length - 1);
  }

  function reveal(): void {
    if (app.view.deliveryTab !== "uploads" || list === undefined) return;
    const { uploads } = app.model;
    const after = countUpTo(uploads, app.view.selected, (upload) => upload.inv);
    const first = countUpTo(uploads, app.view.selected - 1, (upload) => upload.inv);
    list.refresh();
    if (after === first) return;
    list.scrollTo(after - 1);
    list.scrollTo(first);
  }

  return { redraw, reveal };
}

function drawTabs(app: App, onChoose: () => void): void {
  const { model, view, t } = app;
  const passed = model.checks.filter(({ out }) => out === "pass").length;
  const counts = {
    uploads: formatNumber(model.uploads.length),
    checks: model.checks.length === 0 ? "–" : `${passed} / ${model.checks.length}`,
  };
  patch(
    byId("deliveryTabs"),
    TABS.map((tab) =>
      h(
        "button",
        {
          role: "tab",
          "data-value": tab,
          "aria-selected": String(view.deliveryTab === tab),
          "aria-controls": "deliveries",
          tabindex: view.deliveryTab === tab ? 0 : -1,
          onclick: () => {
            view.deliveryTab = tab;
            onChoose();
          },
        },
        t(tab),
        h("b", counts[tab]),
      )
    ),
  );
}

function drawChecks({ model, t, language }: App, box: HTMLElement): void {
  if (model.checks.length === 0) {
    put(box, h("p.empty", t("checksNotRun")));
    return;
  }
  put(
    box,
    model.checks.toSorted((a, b) => a.n - b.n).map(({ n, out, got, en, zh }) => {
      const [mark, kind] = MARKS[out];
      const title = language === "zh" ? zh : en;
      return h(
        "div.cols.chk",
        { title },
        h(kind, { role: "img", "aria-label": t(out) }, mark),
        h("span.wrap", h("span.soft", `${n} `), title),
        h("span.soft.wrap.num", got),
      );
    }),
  );
}

function makeList(app: App, box: HTMLElement): VirtualList {
  return createVirtualList(box, {
    rowHeight: ROW_HEIGHT,
    make: (index) =>
      h(
        "div.cols.up.vrow",
        {
          onclick: () => app.select(app.model.invocations[(app.model.uploads[index()]?.inv ?? 0) - 1]),
        },
        h("span.num.soft"),
        h("span"),
        h("span.num"),
        h("span.num.soft"),
        h("span.num"),
        h("span"),
      ),
    fill: (row, index) => {
      const upload = app.model.uploads[index];
      if (upload !== undefined) fillRow(app, row, upload);
    },
  });
}

function fillRow(app: App, row: HTMLElement, upload: UploadRow): void {
  const { t, model, view } = app;
  const { t: start, cat, pts, wire, d, status, tries, inv } = upload;
  const category = CATEGORIES[cat];
  const isTaken = status >= 200 && status < 300;
  const answer = d < 0 ? t("underWay") : isTaken ? `${status}` : `× ${status === 0 ? t("noAnswer") : status}`;
  const texts = [
    formatTime(start, model.now() < FINE_UNTIL_MS ? 2 : 1),
    category === undefined ? t("other") : t(category),
    formatNumber(pts),
    formatBytes(wire),
    d < 0 ? "–" : `${formatMs(d)} ms`,
    tries > 0 ? `${answer} ↻${tries}` : answer,
  ];
  texts.forEach((text, at) => {
    const cell = row.children[at];
    if (cell !== undefined) setText(cell, text);
  });
  const last = row.children[5];
  if (last !== undefined) {
    last.className = d < 0 ? "wait" : isTaken ? "good" : "bad";
    last.setAttribute(
      "title",
      tries > 0 ? `${answer}, ${t("again")} ${t("retention", { n: tries })}` : answer,
    );
  }
  setAria(row, "selected", inv > 0 && inv === view.selected);
}
