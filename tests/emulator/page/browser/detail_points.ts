/// <reference lib="dom" />
/** The points of an invocation as they went to Dataway: their own bytes, or what those mean. */
import { CATEGORIES, type InvocationDetail, type PointDetail } from "../state.ts";
import type { App } from "./app.ts";
import { h, put, radios } from "./dom.ts";
import { formatClock } from "./format.ts";

const MAX_VALUE_CHARS = 2000;
/** As many bytes in a line of a dump as fit beside their text. */
const DUMP_WIDTH = 12;
const MAX_DUMP_BYTES = 4096;
/** Drawn at once; more are drawn when asked for by scrolling. */
const PAGE_POINTS = 60;

export function pointTools(app: App): HTMLElement {
  const { t, view } = app;
  return radios(
    { "aria-label": t("points") },
    ["decoded", "raw"],
    view.pointForm,
    (form) => t(form),
    (form) => {
      view.pointForm = form;
      app.redraw("detail");
    },
  );
}

export function drawPoints(app: App, { points }: InvocationDetail, box: HTMLElement): HTMLElement {
  if (points.length === 0) return put(box, h("p.empty", app.t("noPoints")));
  let drawn = 0;
  const more = (): void => {
    const next = points.slice(drawn, drawn + PAGE_POINTS);
    drawn += next.length;
    box.append(...next.map((point) => drawPoint(app, point)));
  };
  box.addEventListener("scroll", () => {
    if (drawn < points.length && box.scrollTop + box.clientHeight > box.scrollHeight - 200) more();
  });
  more();
  return box;
}

function drawPoint(app: App, point: PointDetail): HTMLElement {
  const { t, model, view } = app;
  const upload = model.uploads[point.upload - 1];
  const category = CATEGORIES[point.category];
  const state = point.arrived ? h("span.good", "✓") : h("span.wait", t("notArrived"));
  const head = h(
    "div.row.pthead",
    h("b", point.measurement),
    h("span.soft.grow", category === undefined ? t("other") : t(category)),
    h("span.soft", `${t("upload")} ${point.upload}`),
    upload !== undefined && h("span.soft", formatClock(upload.t, 2)),
    state,
  );
  return h("div.pt", head, view.pointForm === "raw" ? drawBytes(app, point) : drawValues(app, point));
}

/** Without the tags that all points share, which would bury the rest. */
function drawValues({ model }: App, point: PointDetail): HTMLElement {
  const tags = point.tags.filter(([key, value]) => model.head.tags[key] !== value);
  return h(
    "dl.mono.kv",
    tags.map(([key, value]) => [h("dt.tag", key), h("dd", cut(value))]),
    point.fields.map(([key, value]) => [h("dt", key), h("dd", cut(value))]),
  );
}

function drawBytes({ t }: App, { bytes, form }: PointDetail): HTMLElement {
  if (bytes === "") return h("div.mono.soft", t("rawLeftOut"));
  const raw = Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0));
  if (form === "text") return h("div.mono.line", cut(new TextDecoder().decode(raw)));
  return h("pre.mono.dump", dump(raw));
}

/** Offset, hex and text, as of any dump. */
function dump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, MAX_DUMP_BYTES); at += DUMP_WIDTH) {
    const part = [...bytes.subarray(at, at + DUMP_WIDTH)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(DUMP_WIDTH * 3);
    const text = part.map((byte) => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·").join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex} ${text}`);
  }
  if (bytes.length > MAX_DUMP_BYTES) lines.push(`… ${bytes.length} B`);
  return lines.join("\n");
}

function cut(text: string): string {
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}… (${text.length})` : text;
}
