/// <reference lib="dom" />
/** The log of an invocation, by level and search; a chosen line is shown whole. */
import { type InvocationDetail, LOG_LEVELS, type LogDetail, type LogLevel } from "../state.ts";
import type { App } from "./app.ts";
import { byId, type Child, h, put, setAria, setText } from "./dom.ts";
import { createVirtualList } from "./virtual_list.ts";

const ROW_HEIGHT = 22;
/** More of a line is not laid out in its row. */
const MAX_ROW_CHARS = 400;
/** Of a line shown whole. */
const MAX_WHOLE_CHARS = 100_000;
const LEVEL_CLASS: Readonly<Record<LogLevel, string>> = {
  debug: "soft",
  info: "soft",
  warning: "wait",
  error: "bad",
};

/** The search field of the tab. */
export function logTools(app: App): HTMLElement {
  const { t, view } = app;
  return h("input", {
    type: "search",
    id: "logSearch",
    size: 12,
    placeholder: t("logSearch"),
    "aria-label": t("logSearch"),
    value: view.logQuery,
    oninput: (event: Event) => {
      if (!(event.target instanceof HTMLInputElement)) return;
      view.logQuery = event.target.value;
      const selected = app.selected();
      const detail = selected === undefined ? undefined : app.detail(selected.n);
      if (detail !== undefined) fillLines(app, detail, byId("tab"), byId("whole"));
    },
  });
}

export function drawLogs(app: App, detail: InvocationDetail, box: HTMLElement): readonly HTMLElement[] {
  const { t, view } = app;
  const whole = h("div.mono", { id: "whole", "data-fresh": true });
  const levels = h(
    "div.row.levels",
    { role: "group", "aria-label": t("levels") },
    LOG_LEVELS.map((level) =>
      h("button.plain.lv", {
        id: `level-${level}`,
        "aria-pressed": String(view.levels.has(level)),
        onclick: (event: Event) => {
          if (view.levels.has(level)) view.levels.delete(level);
          else view.levels.add(level);
          if (event.currentTarget instanceof Element) {
            setAria(event.currentTarget, "pressed", view.levels.has(level));
          }
          fillLines(app, detail, box, whole);
        },
      }, `${level} ${detail.logs.filter((log) => log.level === level).length}`)
    ),
  );
  // The list has to know its height, which it has only in the page.
  requestAnimationFrame(() => {
    if (box.isConnected) fillLines(app, detail, box, whole);
  });
  return [levels, box, whole];
}

function fillLines(app: App, detail: InvocationDetail, box: HTMLElement, whole: HTMLElement): void {
  const { t, view } = app;
  const query = view.logQuery.trim().toLowerCase();
  const shown = detail.logs.filter((log) =>
    view.levels.has(log.level) && (query === "" || log.text.toLowerCase().includes(query))
  );
  put(whole);
  if (shown.length === 0) {
    put(box, h("p.empty", t(detail.logs.length === 0 ? "noLogs" : "noLog")));
    return;
  }
  const mark = query !== "" ? query : view.query.trim().toLowerCase();
  const list = createVirtualList(box, {
    rowHeight: ROW_HEIGHT,
    make: (index) =>
      h(
        "div.cols.log.vrow",
        { onclick: () => showWhole(whole, shown[index()]) },
        h("span.num.soft.mono"),
        h("span.lv"),
        h("span.mono"),
        h("span.soft.lv"),
      ),
    fill: (row, index) => {
      const log = shown[index];
      if (log !== undefined) fillLine(row, log, mark);
    },
  });
  list.setCount(shown.length);
  // A stack is what one came for.
  showWhole(whole, shown.find(({ text, level }) => level === "error" && text.includes("\n")));
}

function fillLine(row: HTMLElement, log: LogDetail, mark: string): void {
  const [time, level, text, source] = row.children;
  if (time === undefined || level === undefined || text === undefined || source === undefined) return;
  setText(time, log.t.toFixed(1));
  setText(level, log.level);
  level.className = `lv ${LEVEL_CLASS[log.level]}`;
  put(text, ...marked(log.text.slice(0, MAX_ROW_CHARS).replaceAll("\n", "  "), mark));
  setText(source, log.source);
}

function showWhole(box: HTMLElement, log: LogDetail | undefined): void {
  put(box, log?.text.slice(0, MAX_WHOLE_CHARS));
}

/** What was searched for stands out. */
function marked(text: string, query: string): readonly Child[] {
  if (query === "") return [text];
  const lower = text.toLowerCase();
  const parts: Child[] = [];
  let at = 0;
  for (let found = lower.indexOf(query); found >= 0; found = lower.indexOf(query, at)) {
    parts.push(text.slice(at, found), h("mark", text.slice(found, found + query.length)));
    at = found + query.length;
  }
  return [...parts, text.slice(at)];
}
