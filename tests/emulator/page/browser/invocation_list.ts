/// <reference lib="dom" />
/** The list of invocations: a grid of a fixed pool of rows, sorted and filtered, driven by the keyboard. */
import { type App, shownInvocations, type SortKey } from "./app.ts";
import { CATEGORIES } from "../state.ts";
import { byId, h, patch, radios, setAria, setText } from "./dom.ts";
import { formatClock, formatMs, formatNumber, formatTime, formatUsd } from "./format.ts";
import type { Invocation } from "./model.ts";
import { priceText } from "./price.ts";
import { statusKey } from "./status.ts";
import { createVirtualList } from "./virtual_list.ts";
import type { WordKey } from "./words.ts";

export interface InvocationList {
  /** Filters and sorts anew. */
  redraw(): void;
  /** In another language. */
  redrawHead(): void;
  /** The selection is another. */
  reveal(): void;
  /** Selects the next or the one before, in the order shown. */
  step(by: number): void;
  selectEdge(edge: "first" | "last"): void;
}

const ROW_HEIGHT = 26;
const LETTERS = ["M", "L", "T"];

interface Column {
  readonly key: WordKey | undefined;
  readonly sort?: SortKey;
  readonly isFigure?: boolean;
}

const COLUMNS: readonly Column[] = [
  { key: undefined, sort: "n", isFigure: true },
  { key: "start", sort: "t", isFigure: true },
  { key: "status", sort: "status" },
  { key: "parts" },
  { key: "ms", sort: "d", isFigure: true },
  { key: "holdShort", sort: "hold", isFigure: true },
  { key: "billed", sort: "billed", isFigure: true },
  { key: "mb", sort: "mem", isFigure: true },
  { key: "usdMillion", sort: "usd", isFigure: true },
  { key: "sent", isFigure: true },
];

export function createInvocationList(app: App): InvocationList {
  const box = byId("list");
  let shown: readonly Invocation[] = [];
  /** The longest bar, in ms. */
  let longestMs = 1;
  const list = createVirtualList(box, {
    rowHeight: ROW_HEIGHT,
    make: (index) => makeRow(() => app.select(shown[index()])),
    fill: (element, index) => {
      const invocation = shown[index];
      if (invocation !== undefined) fillRow(app, element, invocation, index, longestMs);
    },
  });

  function redraw(): void {
    const wasAtEnd = list.isAtEnd;
    const before = shown.length;
    shown = shownInvocations(app);
    const all = app.model.invocations;
    longestMs = 1;
    for (const i of all) {
      if (i.status !== "timeout") longestMs = Math.max(longestMs, i.d + (i.inside === 1 ? 0 : i.init));
    }
    const panes = byId("panes");
    panes.style.setProperty("--n", `${Math.max(2, String(all.length).length)}`);
    panes.style.setProperty("--s", `${formatTime(app.model.now()).length}`);
    const count = formatNumber(shown.length);
    setText(byId("count"), shown.length === all.length ? count : `${count} / ${formatNumber(all.length)}`);
    setAria(box, "rowcount", shown.length + 1);
    list.setCount(shown.length);
    const { key, direction } = app.view.sort;
    // The newest comes into view only when the person was there already.
    if (
      shown.length > before && wasAtEnd && app.view.followsNewest && direction > 0 &&
      (key === "n" || key === "t")
    ) {
      list.scrollTo(shown.length - 1);
    }
    box.querySelector(".empty")?.remove();
    if (shown.length === 0 && app.mode !== "connecting") {
      box.append(h("p.empty", app.t(all.length > 0 ? "noMatch" : "noInvocation")));
    }
  }

  function reveal(): void {
    list.refresh();
    const selected = app.selected();
    if (selected === undefined) return;
    const place = shown.findIndex(({ n }) => n === selected.n);
    if (place >= 0) list.scrollTo(place);
    setAria(box, "activedescendant", `i${selected.n}`);
  }

  return {
    redraw,
    redrawHead: () => drawHead(app),
    reveal,
    step: (by) => {
      const place = shown.findIndex(({ n }) => n === app.view.selected);
      const next = place < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, place + by));
      app.select(shown[next]);
    },
    selectEdge: (edge) => app.select(shown.at(edge === "first" ? 0 : -1)),
  };
}

function drawHead(app: App): void {
  const { view, t } = app;
  patch(byId("columns"), COLUMNS.map((column) => headCell(app, column)));
  const filter = radios(
    { "aria-label": t("show") },
    ["all", "failed", "cold"],
    view.only,
    (v) => t(v),
    (only) => {
      view.only = only;
      drawHead(app);
      app.redraw("list");
    },
  );
  patch(byId("filter"), filter);
}

function headCell(app: App, { key, sort, isFigure }: Column): HTMLElement {
  const { view, t } = app;
  const name = key === undefined ? "#" : t(key);
  const isSorted = sort !== undefined && view.sort.key === sort;
  const order = view.sort.direction > 0 ? "ascending" : "descending";
  const props = {
    role: "columnheader",
    title: sort === "usd" ? priceText(app) : name,
    "aria-sort": isSorted ? order : undefined,
  };
  if (sort === undefined) return h(isFigure ? "span.num" : "span", props, name);
  // The order of numbers is the usual one, which needs no mark.
  const mark = isSorted && (sort !== "n" || view.sort.direction < 0)
    ? (view.sort.direction > 0 ? " ↑" : " ↓")
    : "";
  const press = (): void => {
    const first = sort === "n" || sort === "t" || sort === "status" ? 1 : -1;
    view.sort = { key: sort, direction: isSorted ? (view.sort.direction > 0 ? -1 : 1) : first };
    drawHead(app);
    app.redraw("list");
  };
  return h(isFigure ? "span.num" : "span", props, h("button", { onclick: press }, name + mark));
}

function makeRow(choose: () => void): HTMLElement {
  const figure = (): HTMLElement => h("span.num", { role: "gridcell" });
  return h(
    "div.cols.inv.vrow",
    { role: "row", onclick: choose },
    h("span.num.soft", { role: "gridcell" }),
    figure(),
    h("span.st", { role: "gridcell" }),
    h("span", { role: "gridcell" }, h("span.dur", { "aria-hidden": "true" }, h("i"), h("i"), h("i"))),
    [0, 1, 2, 3, 4].map(figure),
    h("span.mlt.num", { role: "gridcell" }, LETTERS.map(() => h("b"))),
  );
}

function fillRow(app: App, row: HTMLElement, i: Invocation, index: number, longestMs: number): void {
  const { t } = app;
  row.id = `i${i.n}`;
  setAria(row, "rowindex", index + 2);
  setAria(row, "selected", i.n === app.view.selected);
  const isOver = i.status !== "running";
  const texts = [
    `${i.n}`,
    formatTime(i.t),
    t(statusKey(i.status)) + (i.init > 0 ? ` · ${t("coldShort")}` : ""),
    undefined,
    isOver ? formatMs(i.d) : "–",
    i.hold > 0 ? formatMs(i.hold) : "–",
    isOver ? formatNumber(i.billed) : "–",
    isOver ? `${i.mem}` : "–",
    isOver ? formatUsd(i.usd).slice(1) : "–",
  ];
  const cells = [...row.children];
  texts.forEach((text, at) => {
    const cell = cells[at];
    if (text !== undefined && cell !== undefined) setText(cell, text);
  });
  const [, , status, bars, , , , , , letters] = cells;
  if (status !== undefined) {
    status.className = `st${i.failed ? " f" : ""}${isOver ? "" : " r"}`;
    status.setAttribute("title", i.err);
  }
  const bar = bars?.firstElementChild;
  if (bar !== undefined && bar !== null) fillBar(app, bar, i, longestMs);
  if (letters !== undefined) fillLetters(app, letters, i);
}

/** Linear to the longest that did not time out; what is longer is cut, with a gap to show it. */
function fillBar({ t }: App, bar: Element, i: Invocation, longestMs: number): void {
  const whole = i.d + (i.inside === 1 ? 0 : i.init);
  const isCut = whole > longestMs;
  bar.className = `dur${i.failed ? " f" : ""}${isCut ? " over" : ""}`;
  bar.setAttribute("title", isCut ? `${formatClock(whole)}: ${t("cutBar")}` : "");
  const percent = 100 / longestMs;
  const run = Math.min(100, (i.run - (i.inside === 1 ? i.init : 0)) * percent);
  const widths = [i.init * percent, run, i.hold > 0 ? Math.max(i.hold * percent, 1.5) : 0];
  [...bar.children].forEach((part, at) => {
    if (part instanceof HTMLElement) part.style.width = `${widths[at] ?? 0}%`;
  });
}

/** Arrived, held or lost, never by colour alone: what is held is in lower case, what is lost is struck. */
function fillLetters({ t }: App, cell: Element, i: Invocation): void {
  const titles: string[] = [];
  CATEGORIES.forEach((category, at) => {
    const letter = cell.children[at];
    const [arrived = 0, held = 0, lost = 0] = [i.pts[at], i.wait[at], i.lost[at]];
    if (letter === undefined) return;
    const initial = LETTERS[at] ?? "";
    const [text, kind] = lost > 0
      ? [initial, "bad"]
      : held > 0
      ? [initial.toLowerCase(), "wait"]
      : arrived > 0
      ? [initial, "good"]
      : ["·", "soft"];
    setText(letter, text);
    letter.className = kind;
    titles.push(
      `${t(category)} ${arrived}${held > 0 ? ` + ${held} ${t("held")}` : ""}${
        lost > 0 ? ` + ${lost} ${t("lostWord")}` : ""
      }`,
    );
  });
  cell.setAttribute("title", titles.join(", "));
}
