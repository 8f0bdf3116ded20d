/// <reference lib="dom" />
/** The page's start: what it shows comes from the emulator, or from the report that it is. */
import type { ReportData } from "../report.ts";
import type { RunEvent, RunState } from "../state.ts";
import { drawAnswers } from "./answers.ts";
import type { App, ConnectionMode, Part, View } from "./app.ts";
import { type Chart, createChart } from "./chart.ts";
import { createLiveSource, createReportSource, type Source } from "./connection.ts";
import { createDelivery } from "./delivery.ts";
import { drawDetail } from "./detail.ts";
import { createDetailCache } from "./details.ts";
import { drawDialogs } from "./dialogs.ts";
import { byId, fieldById, setAria, setText } from "./dom.ts";
import { EMPTY_STATE } from "./empty_state.ts";
import { drawHeader, drawWords } from "./frame.ts";
import { createInvocationList } from "./invocation_list.ts";
import { listenToKeys } from "./keys.ts";
import { drawLedger } from "./ledger_pane.ts";
import { createModel, type Invocation, type Model } from "./model.ts";
import { statusKey } from "./status.ts";
import { formatMs } from "./format.ts";
import { createThemeSwitch } from "./theme.ts";
import { drawTools } from "./tools.ts";
import { type Language, word } from "./words.ts";

/** While nothing happens, time goes on in these steps, in ms. */
const TICK_MS = 250;
const SEARCH_DELAY_MS = 150;
/** What is reckoned from all invocations need not be so in each frame, in ms. */
const ANSWERS_DELAY_MS = 120;
const ALL_PARTS: readonly Part[] = [
  ...["head", "answers", "chart", "list", "detail", "ledger", "uploads", "tools"] as const,
];
/** What an event changes. */
const PARTS_OF: Readonly<Record<RunEvent["type"], readonly Part[]>> = {
  phase: ["chart", "answers"],
  invocation: ["chart", "list", "answers", "detail"],
  upload: ["chart", "uploads", "answers", "ledger", "detail"],
  ledger: ["ledger", "answers"],
  held: ["chart", "ledger", "answers"],
  start: ["chart", "answers"],
  dataway: ["chart", "answers"],
  check: ["uploads"],
  head: ["head", "tools", "ledger", "answers"],
  reset: [],
};

const query = new URLSearchParams(location.search);
start(openSource());

/** A report has its data in the page. */
function openSource(): Source {
  const data = document.getElementById("data")?.textContent;
  if (data === undefined || data === null) return createLiveSource();
  const { state, details }: ReportData = JSON.parse(data);
  return createReportSource(state, details);
}

function start(source: Source): void {
  let model: Model = createModel(EMPTY_STATE, clock);
  let link: ConnectionMode = "connecting";
  let language: Language = initialLanguage();
  const view = createView();
  const asked = new Set<Part>();
  let isAsked = false;
  let searchTimer = 0;
  let answersTimer: number | undefined;

  const details = createDetailCache({
    fetch: source.detail,
    onArrival: (n) => n === view.selected && app.redraw("detail"),
  });
  const app: App = {
    get model(): Model {
      return model;
    },
    view,
    get mode(): ConnectionMode {
      if (link !== "live") return link;
      const { mode } = model.head;
      return mode === "error" ? "error" : mode === "ended" ? "ended" : "live";
    },
    get language(): Language {
      return language;
    },
    t: (key, values) => word(language, key, values),
    redraw: (...parts) => {
      for (const part of parts) asked.add(part);
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(draw);
    },
    select,
    selected: () => model.invocations[view.selected - 1],
    detail: details.get,
    say: (text) => void setText(byId("say"), text),
    invoke: (event = JSON.parse(model.head.sample)) => command(source.invoke(event)),
    control: (request) => command(source.control(request)),
  };
  const theme = createThemeSwitch(query.get("theme"), () => {
    chart.recolour();
    setText(byId("theme"), app.t(theme.word));
  });
  const chart: Chart = createChart(app, (t) => {
    view.hover = t;
    app.redraw("ledger");
  });
  const list = createInvocationList(app);
  const delivery = createDelivery(app);
  const painters: Readonly<Record<Part, () => void>> = {
    head: () => drawHeader(app),
    tools: () => drawTools(app),
    answers: () => drawAnswers(app),
    chart: chart.redraw,
    list: list.redraw,
    detail: () => drawDetail(app),
    ledger: () => drawLedger(app),
    uploads: delivery.redraw,
  };

  function draw(): void {
    isAsked = false;
    const parts = [...asked];
    asked.clear();
    for (const part of parts) painters[part]();
  }

  function drawAll(): void {
    drawWords(app);
    setText(byId("theme"), app.t(theme.word));
    drawDialogs(app);
    list.redrawHead();
    app.redraw(...ALL_PARTS);
  }

  /** Commands have no effect here: what they change comes back as an event. */
  function command(done: Promise<void>): void {
    done.then(() => tell(""), (error: unknown) => {
      tell(app.t("notTaken", { why: error instanceof Error ? error.message : String(error) }));
    });
  }

  function tell(text: string): void {
    setText(byId("told"), text);
  }

  function select(invocation: Invocation | undefined): void {
    if (invocation === undefined) return;
    view.selected = invocation.n;
    view.followsNewest = invocation.n === model.invocations.length;
    list.reveal();
    chart.reveal();
    delivery.reveal();
    app.redraw("chart", "detail");
    app.say(`#${invocation.n}, ${app.t(statusKey(invocation.status))}, ${formatMs(invocation.d)} ms`);
  }

  function onState(state: RunState): void {
    const isOther = state.run !== model.head.run;
    model = createModel(state, clock);
    details.clear();
    if (isOther) {
      view.selected = Math.min(Number(query.get("sel") ?? 0), model.invocations.length);
      view.followsNewest = view.selected === 0;
      chart.showAll();
    }
    if (view.followsNewest) view.selected = model.invocations.length;
    searchLogs();
    drawAll();
    requestAnimationFrame(() => {
      list.reveal();
      delivery.reveal();
    });
  }

  function onEvent(event: RunEvent): void {
    const before = model.invocations.length;
    model.apply(event);
    if (event.type === "invocation") {
      details.outdate(Number(event.row[0]));
      if (view.query !== "") searchLogs();
    }
    if (event.type === "upload") details.outdate(view.selected);
    if (view.followsNewest && model.invocations.length > before) {
      view.selected = model.invocations.length;
      app.redraw("detail");
    }
    const parts = PARTS_OF[event.type];
    const isOfAnother = event.type === "invocation" && Number(event.row[0]) !== view.selected;
    app.redraw(...parts.filter((part) => part !== "answers" && !(isOfAnother && part === "detail")));
    if (parts.includes("answers")) redrawAnswersSoon();
  }

  function redrawAnswersSoon(): void {
    answersTimer ??= setTimeout(() => {
      answersTimer = undefined;
      app.redraw("answers");
    }, ANSWERS_DELAY_MS);
  }

  function onMode(mode: ConnectionMode): void {
    link = mode;
    app.redraw("head", "tools", "list", "detail", "answers", "ledger", "uploads");
  }

  /** Logs are the emulator's: which invocations have the text, it says. */
  function searchLogs(): void {
    clearTimeout(searchTimer);
    const text = view.query.trim();
    if (text === "" || text.startsWith("#")) {
      view.logMatches = undefined;
      return;
    }
    searchTimer = setTimeout(() => {
      source.search(text).then((found) => {
        if (text !== view.query.trim()) return;
        view.logMatches = new Set(found);
        app.redraw("list");
      }, () => {});
    }, SEARCH_DELAY_MS);
  }

  function nextLanguage(): void {
    language = language === "zh" ? "en" : "zh";
    drawAll();
  }

  byId("theme").onclick = theme.next;
  byId("language").onclick = nextLanguage;
  byId("helpButton").onclick = () => document.querySelector<HTMLDialogElement>("#help")?.showModal();
  byId("zoomIn").onclick = () => chart.zoom(0.6);
  byId("zoomOut").onclick = () => chart.zoom(1 / 0.6);
  byId("fit").onclick = chart.showAll;
  byId("fold").onclick = () => {
    chart.foldsFrozen = !chart.foldsFrozen;
    setAria(byId("fold"), "pressed", chart.foldsFrozen);
    chart.showAll();
  };
  const search = fieldById("search");
  search.oninput = () => {
    view.query = search.value;
    searchLogs();
    app.redraw("list", "detail");
  };
  listenToKeys({ app, chart, list, nextTheme: theme.next, nextLanguage });
  setInterval(() => {
    if (app.mode === "live" && !document.hidden) app.redraw("chart", "ledger");
  }, TICK_MS);
  drawAll();
  source.start({ onState, onEvent, onMode });
}

function createView(): View {
  const tab = query.get("tab");
  return {
    selected: 0,
    followsNewest: true,
    query: "",
    logMatches: undefined,
    only: "all",
    sort: { key: "n", direction: 1 },
    tab: tab === "metrics" || tab === "points" || tab === "io" ? tab : "logs",
    deliveryTab: query.get("dtab") === "checks" ? "checks" : "uploads",
    logQuery: "",
    levels: new Set(["debug", "info", "warning", "error"]),
    pointForm: "decoded",
    hover: undefined,
    singleKeys: true,
  };
}

/** The one that is asked for, or the browser's. */
function initialLanguage(): Language {
  const asked = query.get("lang") ?? navigator.language;
  return asked.startsWith("zh") ? "zh" : "en";
}

function clock(): number {
  return performance.now();
}
