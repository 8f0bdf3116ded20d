/// <reference lib="dom" />
/** What the parts of the page share: what is shown, what is chosen, and how to say that either has changed. */
import type { ControlRequest, InvocationDetail, LogLevel } from "../state.ts";
import type { Invocation, Model } from "./model.ts";
import type { Language, WordKey } from "./words.ts";

export type ConnectionMode = "connecting" | "live" | "disconnected" | "ended" | "error" | "report";
export type DetailTab = "logs" | "metrics" | "points" | "io";
export const DETAIL_TABS: readonly DetailTab[] = ["logs", "metrics", "points", "io"];

/** What the person at the page has chosen. */
export interface View {
  /** Number of the selected invocation; 0: none. */
  selected: number;
  /** Nobody has chosen another one: the newest is shown. */
  followsNewest: boolean;
  query: string;
  /** Invocations whose logs hold the query; undefined while that is not known. */
  logMatches: ReadonlySet<number> | undefined;
  only: "all" | "failed" | "cold";
  sort: { readonly key: SortKey; readonly direction: 1 | -1 };
  tab: DetailTab;
  deliveryTab: "uploads" | "checks";
  logQuery: string;
  readonly levels: Set<LogLevel>;
  pointForm: "raw" | "decoded";
  /** The moment under the pointer, over the timeline. */
  hover: number | undefined;
  singleKeys: boolean;
}

export type SortKey = "n" | "t" | "status" | "d" | "hold" | "billed" | "mem" | "usd";

/** What is to be drawn anew. */
export type Part = "head" | "answers" | "chart" | "list" | "detail" | "ledger" | "uploads" | "tools";

export interface App {
  readonly model: Model;
  readonly view: View;
  readonly mode: ConnectionMode;
  readonly language: Language;
  t(key: WordKey, values?: Readonly<Record<string, string | number>>): string;
  /** Draws these parts in the next frame. */
  redraw(...parts: readonly Part[]): void;
  select(invocation: Invocation | undefined): void;
  selected(): Invocation | undefined;
  /** What is known of it now; asks for it when that is nothing. */
  detail(n: number): InvocationDetail | undefined;
  /** Tells a screen reader. */
  say(text: string): void;
  invoke(event?: unknown): void;
  control(request: ControlRequest): void;
}

/** Invocations that the list shows, in its order. */
export function shownInvocations({ model, view }: App): readonly Invocation[] {
  const query = view.query.trim().toLowerCase();
  const shown = model.invocations.filter((i) =>
    (view.only === "all" || (view.only === "failed" ? i.failed : i.init > 0)) &&
    (query === "" || matches(i, query, view.logMatches))
  );
  const { key, direction } = view.sort;
  if (key === "n" || key === "t") return direction > 0 ? shown : shown.toReversed();
  return shown.toSorted((a, b) => direction * compare(a[key], b[key]) || a.n - b.n);
}

function matches(i: Invocation, query: string, logMatches: ReadonlySet<number> | undefined): boolean {
  if (/^#\d+$/.test(query)) return query === `#${i.n}`;
  return i.id.includes(query) || i.status.includes(query) || i.ev.toLowerCase().includes(query) ||
    i.err.toLowerCase().includes(query) || (logMatches?.has(i.n) ?? false);
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
