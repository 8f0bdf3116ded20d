/// <reference lib="dom" />
/** The controls. A button shows what is in force, which an event tells: never what was clicked. */
import { type ControlRequest, DATAWAY_MODES } from "../state.ts";
import type { App } from "./app.ts";
import { byId, dialogById, h, patch, radios } from "./dom.ts";
import type { WordKey } from "./words.ts";

/** How long "Freeze" stops the sandbox, in ms: longer than a connection that nobody uses is kept by many. */
const FREEZE_MS = 12_000;

export function drawTools(app: App): void {
  const { t, model, mode } = app;
  const tools = byId("tools");
  tools.hidden = mode === "report";
  const { armed } = model.head;
  const press = (key: WordKey, request: ControlRequest, pressed?: boolean, title?: string): HTMLElement =>
    h("button", {
      "data-value": key,
      "aria-pressed": pressed === undefined ? undefined : String(pressed),
      title,
      onclick: () => app.control(request),
    }, t(key));
  patch(
    tools,
    h(
      "span.row",
      h("button.first", { "data-value": "invoke", onclick: () => app.invoke() }, t("invoke")),
      h("button", {
        "data-value": "event",
        "aria-haspopup": "dialog",
        onclick: () => dialogById("eventDialog").showModal(),
      }, t("event")),
    ),
    h(
      "span.row",
      h("span.soft", { id: "datawayLabel" }, "Dataway"),
      radios({ "aria-labelledby": "datawayLabel" }, DATAWAY_MODES, armed.dataway, (v) => t(v), (chosen) => {
        app.control({ do: "dataway", mode: chosen });
      }),
    ),
    h(
      "span.row",
      { role: "group", "aria-label": t("next") },
      h("span.soft", t("next")),
      press("timeout", { do: "timeout", on: !armed.timeout }, armed.timeout),
      press("crash", { do: "crash", on: !armed.crash }, armed.crash),
    ),
    h(
      "span.row",
      { role: "group", "aria-label": t("sandbox") },
      h("span.soft", t("sandbox")),
      press("freeze", { do: "freeze", ms: FREEZE_MS }, armed.frozen, t("freezeTip")),
      press("kill", { do: "kill" }),
      press("restore", { do: "restore" }, undefined, t("restoreTip")),
    ),
    h("span.grow.mono.soft.ell", { id: "told", role: "status" }),
  );
  const isLive = mode === "live";
  for (const button of tools.querySelectorAll("button")) {
    const isRestore = button.dataset["value"] === "restore";
    button.disabled = !isLive && !(isRestore && mode === "ended");
  }
}
