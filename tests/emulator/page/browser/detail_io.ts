/// <reference lib="dom" />
/** What the function was asked, and what it answered. */
import type { InvocationDetail } from "../state.ts";
import type { App } from "./app.ts";
import { h, put } from "./dom.ts";

export function drawIo({ t }: App, { event, response }: InvocationDetail, box: HTMLElement): HTMLElement {
  return put(
    box,
    h("div.group", t("io")),
    h("pre.mono.io", pretty(event)),
    h("div.group", t("responseTitle")),
    h("pre.mono.io", response === "" ? "–" : pretty(response)),
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
