/// <reference lib="dom" />
/** The ledger: what the extension was given and what became of it, now or at the moment under the pointer. */
import { type Account, accountAt } from "./account.ts";
import type { App } from "./app.ts";
import { byId, type Child, h, put, setAria, setText } from "./dom.ts";
import { formatClock, formatNumber } from "./format.ts";
import type { WordKey } from "./words.ts";

interface Shares {
  readonly received: number;
  readonly exported: number;
  readonly held: number;
  readonly dropped: number;
}

export function drawLedger(app: App): void {
  const { model, view, t } = app;
  const at = view.hover ?? model.now();
  const account = accountAt(model, at);
  setText(byId("asOf"), view.hover === undefined ? "" : t("at", { t: formatClock(at, 2) }));
  if (account === undefined) return drawWithout(app, at);
  put(byId("equation"), equation(app, account));
  const total = fillBar(byId("total"), account);
  const words: readonly (readonly [keyof Shares, WordKey])[] = [
    ["received", "received"],
    ["exported", "exported"],
    ["held", "held"],
    ["dropped", "dropped"],
  ];
  setAria(total, "label", words.map(([key, name]) => `${formatNumber(account[key])} ${t(name)}`).join(", "));
  const checked = t("checkedAt", { t: formatClock(account.t, 2) });
  const verdict = account.off === 0
    ? h("span.good", { title: checked }, `✓ ${t("addsUp")}`)
    : h("span.bad", { title: checked }, t("offBy", { n: formatNumber(account.off) }));
  put(
    byId("ledgerHead"),
    h("span", t("source")),
    verdict,
    words.map(([, name]) => h("span.num", { title: t(name) }, t(name))),
  );
  put(
    byId("sources"),
    account.sources.filter(({ received }) => received > 0).map((source) =>
      h(
        "div.cols.led",
        h("span", { title: sourceName(app, source.name) }, sourceName(app, source.name)),
        fillBar(h("span.bar"), source),
        h("span.num", formatNumber(source.received)),
        h("span.num", formatNumber(source.exported)),
        h(source.held > 0 ? "span.num.wait" : "span.num.soft", formatNumber(source.held)),
        h(source.dropped > 0 ? "span.num.bad" : "span.num.soft", formatNumber(source.dropped)),
      )
    ),
    reasons(app, account.t),
  );
}

function sourceName({ t }: App, name: string): string {
  return name === "untold" ? t("untold") : name;
}

/** Nothing is made up: without a word of the extension there is only what arrived. */
function drawWithout(app: App, at: number): void {
  const { model, t } = app;
  const arrived = model.sums.arrivedAt(at).reduce((sum, points) => sum + points, 0);
  put(byId("equation"), term("good", arrived, t("exported")));
  put(byId("total"));
  setAria(byId("total"), "label", `${formatNumber(arrived)} ${t("exported")}`);
  put(byId("ledgerHead"));
  const text = app.mode === "connecting" ? "" : t("noLedger");
  put(byId("sources"), h("p.soft.note", text));
}

function equation({ t }: App, { received, exported, held, dropped }: Account): readonly Child[] {
  const operator = (sign: string): HTMLElement => h("span.soft", sign);
  return [
    term("", received, t("received")),
    operator("="),
    term("good", exported, t("exported")),
    operator("+"),
    term("wait", held, t("held")),
    operator("+"),
    term("bad", dropped, t("dropped")),
  ];
}

function term(colour: string, value: number, name: string): HTMLElement {
  const label = colour === ""
    ? h("span.soft", name)
    : h("span.soft.sq", { style: { "--c": `var(--${colour})` } }, name);
  return h("span", h("b", formatNumber(value)), label);
}

function reasons({ model, t }: App, at: number): HTMLElement {
  const dropped = [...model.sums.reasonsAt(at)];
  const refused = Object.entries(model.head.refused).filter(([, count]) => count > 0);
  const text = refused.map(([reason, count]) => `${reason} ${formatNumber(count)}`).join(", ") || "0";
  return h(
    "div.note",
    dropped.length > 0 &&
      h(
        "span.bad",
        `${t("dropped")}: ${dropped.map(([why, n]) => `${why} ${formatNumber(n)}`).join(", ")} · `,
      ),
    h("span.soft", `${t("refused")}: ${text}`),
  );
}

/** Exported, held and dropped as parts of what was received; the smallest is still seen. */
export function fillBar(bar: HTMLElement, shares: Shares): HTMLElement {
  const whole = Math.max(shares.received, shares.exported + shares.held + shares.dropped, 1);
  const parts: readonly (readonly [string, number])[] = [
    ["e", shares.exported],
    ["h", shares.held],
    ["d", shares.dropped],
  ];
  return put(
    bar,
    parts.map(([kind, points]) =>
      points > 0 && h(`i.${kind}`, { style: { width: `${100 * points / whole}%`, "min-width": "2px" } })
    ),
  );
}
