/// <reference lib="dom" />
/** What stands around the panes: the header, the lanes' names, the fixed words. */
import type { App } from "./app.ts";
import { showBanner } from "./dialogs.ts";
import { byId, h, put, setAria, setText } from "./dom.ts";
import { formatClock, formatNumber } from "./format.ts";
import { type Lane, LANES } from "./lanes.ts";
import type { WordKey } from "./words.ts";

const LANE_WORDS: Readonly<Record<keyof typeof LANES, WordKey>> = {
  sandbox: "sandbox",
  function: "function",
  extension: "extension",
  uploads: "uploads",
  held: "heldLane",
};
const LEGEND: readonly (readonly [colour: string, key: WordKey])[] = [
  ["run", "invocation"],
  ["bad", "failed"],
  ["init", "init"],
  ["ext", "hold"],
  ["good", "taken"],
  ["wait", "held"],
];

/** Words that the page has where they stand, by `data-text`, `data-label` and `data-placeholder`. */
export function drawWords(app: App): void {
  const { t, language } = app;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  // The page names its words; that each exists is what a test looks at.
  const read = (element: Element, name: string): string =>
    t((element.getAttribute(name) ?? "title") as WordKey);
  for (const element of document.querySelectorAll("[data-text]")) {
    setText(element, read(element, "data-text"));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    setAria(element, "label", read(element, "data-label"));
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.setAttribute("placeholder", read(element, "data-placeholder"));
  }
  const other = byId("language");
  setText(other, language === "zh" ? "English" : "中文");
  other.lang = language === "zh" ? "en" : "zh";
  const lanes = Object.entries(LANES) as readonly (readonly [keyof typeof LANES, Lane])[];
  put(
    byId("lanes"),
    lanes.map(([name, { top, height }]) =>
      h("span", { style: { top: `${top + height / 2 - 8}px` } }, t(LANE_WORDS[name]))
    ),
  );
  put(
    byId("legend"),
    LEGEND.map(([colour, key]) => h("span", { style: { "--c": `var(--${colour})` } }, t(key))),
    h("span.hatch", t("frozen")),
  );
}

/** Which function and extension this is, and whether it can be reached. */
export function drawHeader(app: App): void {
  const { model, mode, t } = app;
  const { function: fn, extension } = model.head;
  setText(byId("functionName"), fn.name === "" ? t("title") : fn.name);
  const facts = [
    fn.runtime,
    fn.arch,
    fn.memoryMb > 0 ? `${formatNumber(fn.memoryMb)} MB` : "",
    fn.timeoutMs > 0 ? `${fn.timeoutMs / 1000} s` : "",
    `${extension.name} ${extension.version}`.trim(),
  ];
  setText(byId("facts"), facts.filter((fact) => fact !== "").join(" · "));
  document.title = fn.name === "" ? t("title") : `${fn.name} · ${t("title")}`;
  const connection = byId("connection");
  connection.dataset["mode"] = mode;
  const length = mode === "ended" || mode === "report" ? ` · ${formatClock(model.now())}` : "";
  const text = connection.lastElementChild;
  if (text !== null) setText(text, t(mode) + length);
  showBanner(bannerText(app));
}

/** The one thing that is wrong, if something is. */
function bannerText({ model, mode, t }: App): string {
  const { error, failedStart } = model.head;
  if (mode === "disconnected") return t("disconnectedBanner", { t: formatClock(model.now()) });
  return error !== "" || failedStart === "" ? error : t("failedStart", { why: failedStart });
}
