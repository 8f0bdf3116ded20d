/// <reference lib="dom" />
/** The keyboard. Single letters can be switched off (WCAG 2.1.4) and never act in a field or a dialog. */
import { type App, DETAIL_TABS } from "./app.ts";
import type { Chart } from "./chart.ts";
import { isDialogOpen } from "./dialogs.ts";
import { byId, dialogById, fieldById } from "./dom.ts";
import type { InvocationList } from "./invocation_list.ts";

export interface KeyTargets {
  readonly app: App;
  readonly chart: Chart;
  readonly list: InvocationList;
  readonly nextTheme: () => void;
  readonly nextLanguage: () => void;
}

const PAN = 0.15;
const ZOOM = 0.6;

export function listenToKeys(targets: KeyTargets): void {
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLElement)) return;
    const isField = target.matches("input:not([type=checkbox]), textarea");
    if (event.key === "Escape" && target instanceof HTMLInputElement && isField) return leaveField(target);
    if (isField || event.ctrlKey || event.metaKey || event.altKey || isDialogOpen()) return;
    if (moveInGroup(event, target)) return event.preventDefault();
    const action = actionOf(targets, event.key, target);
    if (action === undefined || scrollsItself(target, event.key)) return;
    event.preventDefault();
    action();
  });
}

function leaveField(field: HTMLInputElement): void {
  field.value = "";
  field.dispatchEvent(new Event("input"));
  field.blur();
}

/** Arrows go on within a group; of radio buttons they choose as well, as those of a form do. */
function moveInGroup(event: KeyboardEvent, target: HTMLElement): boolean {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const group = target.closest("[role=radiogroup], [role=tablist], [role=toolbar]");
  if (step === undefined || group === null || target.tagName !== "BUTTON") return false;
  const buttons = [...group.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const at = buttons.findIndex((button) => button === target);
  const next = buttons[(at + step + buttons.length) % buttons.length];
  if (next === undefined) return false;
  const value = next.dataset["value"];
  const { id } = next;
  next.focus();
  // Choosing among Dataway's ways is a command: it waits for the space bar.
  const isCommand = group.closest("#tools") !== null;
  if (group.getAttribute("role") !== "toolbar" && !isCommand) {
    next.click();
    const again = value !== undefined ? `[data-value="${value}"]` : `#${id}`;
    document.querySelector<HTMLElement>(`${again}[tabindex="0"]`)?.focus();
  }
  return true;
}

/** A pane that scrolls keeps its keys, but for the list, whose rows are what they choose. */
function scrollsItself(target: HTMLElement, key: string): boolean {
  return target.matches(".scroll:not(#list)") && /^(Page|Arrow(Up|Down)|Home|End)/.test(key);
}

function actionOf(targets: KeyTargets, key: string, target: HTMLElement): (() => void) | undefined {
  const { chart, list, app } = targets;
  switch (key) {
    case "ArrowDown":
      return () => list.step(1);
    case "ArrowUp":
      return () => list.step(-1);
    case "ArrowLeft":
      return () => chart.pan(-PAN);
    case "ArrowRight":
      return () => chart.pan(PAN);
  }
  if (target.id === "list") {
    if (key === "Home") return () => list.selectEdge("first");
    if (key === "End") return () => list.selectEdge("last");
    const rows = Math.max(1, Math.floor(target.clientHeight / 26) - 1);
    if (key === "PageDown") return () => list.step(rows);
    if (key === "PageUp") return () => list.step(-rows);
  }
  return app.view.singleKeys ? singleAction(targets, key) : undefined;
}

function singleAction(targets: KeyTargets, key: string): (() => void) | undefined {
  const { app, chart, list } = targets;
  const tab = DETAIL_TABS[Number(key) - 1];
  if (tab !== undefined) {
    return () => {
      app.view.tab = tab;
      app.redraw("detail");
    };
  }
  switch (key) {
    case "j":
      return () => list.step(1);
    case "k":
      return () => list.step(-1);
    case "+":
    case "=":
      return () => chart.zoom(ZOOM);
    case "-":
    case "−":
      return () => chart.zoom(1 / ZOOM);
    case "0":
      return chart.showAll;
    case "z":
      return chart.showSelection;
    case "/":
      return () => fieldById("search").focus();
    case "l":
      return () => searchLogs(app);
    case "?":
      return () => dialogById("help").showModal();
    case "i":
      return () => app.mode === "live" && app.invoke();
    case "t":
      return targets.nextTheme;
    case "g":
      return targets.nextLanguage;
  }
  return undefined;
}

function searchLogs(app: App): void {
  app.view.tab = "logs";
  app.redraw("detail");
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("logSearch")?.focus()));
  byId("detail").scrollIntoView({ block: "nearest" });
}
