/// <reference lib="dom" />
/** The help and the event editor. */
import type { App } from "./app.ts";
import { byId, dialogById, h, put, setText } from "./dom.ts";
import type { WordKey } from "./words.ts";

const KEYS: readonly (readonly [keys: readonly string[], meaning: WordKey])[] = [
  [["↑", "↓", "j", "k"], "keySelect"],
  [["←", "→"], "keyPan"],
  [["+", "−"], "keyZoom"],
  [["0", "z"], "keyAll"],
  [["/", "l"], "keySearch"],
  [["1", "2", "3", "4"], "keyTabs"],
  [["i", "t", "g"], "keyOther"],
];

export function drawDialogs(app: App): void {
  drawHelp(app);
  drawEditor(app);
}

function drawHelp({ t, view }: App): void {
  const dialog = dialogById("help");
  const single = h("input", {
    type: "checkbox",
    onchange: (event: Event) => {
      if (event.target instanceof HTMLInputElement) view.singleKeys = event.target.checked;
    },
  });
  if (single instanceof HTMLInputElement) single.checked = view.singleKeys;
  put(
    dialog,
    h("h2", { id: "helpTitle" }, t("keys")),
    h(
      "dl",
      KEYS.map(([keys, meaning]) => [
        h("dt", keys.map((key) => [h("kbd", key), " "])),
        h("dd", t(meaning)),
      ]),
    ),
    h("label.row", single, t("single")),
    h("button", { onclick: () => dialog.close() }, t("close")),
  );
}

function drawEditor(app: App): void {
  const { t } = app;
  const dialog = dialogById("eventDialog");
  const known = dialog.querySelector("textarea")?.value;
  const text = h("textarea", { "aria-label": t("event"), spellcheck: "false" });
  if (!(text instanceof HTMLTextAreaElement)) return;
  text.value = known ?? pretty(app.model.head.sample);
  const problem = h("p.bad", { role: "alert" });
  const send = (): void => {
    try {
      const event: unknown = JSON.parse(text.value);
      app.invoke(event);
      dialog.close();
      setText(problem, "");
    } catch (error) {
      setText(problem, t("badJson") + (error instanceof Error ? error.message : ""));
    }
  };
  put(
    dialog,
    h("h2", { id: "eventTitle" }, t("eventTitle")),
    text,
    problem,
    h(
      "div.row",
      h("button.first", { onclick: send }, t("send")),
      h("button", { onclick: () => dialog.close() }, t("close")),
    ),
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** Whether a dialog has the keyboard. */
export function isDialogOpen(): boolean {
  return dialogById("help").open || dialogById("eventDialog").open;
}

/** Shows a line above the page, or takes it away. */
export function showBanner(text: string): void {
  const banner = byId("banner");
  banner.hidden = text === "";
  setText(banner, text);
}
