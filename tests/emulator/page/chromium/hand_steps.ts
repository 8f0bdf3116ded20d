/// <reference lib="dom" />
/** Pointer and keyboard. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { waitForText } from "./chromium.ts";
import { settle } from "./steps.ts";

export async function checkTimeline(page: Page): Promise<void> {
  const box = await (await page.$("#canvas"))?.boundingBox();
  assert(box !== null && box !== undefined);
  const seen = new Set<string>();
  for (const y of [29, 52, 74, 90, 98, 106]) {
    for (let x = 4; x < box.width; x += 18) {
      await page.mouse.move(box.x + x, box.y + y);
      const title = await page.$eval(
        "#tip",
        (tip) => tip instanceof HTMLElement && !tip.hidden ? tip.firstElementChild?.textContent ?? "" : "",
      );
      if (title !== "") seen.add(title.replace(/\d+/g, "N").split(" · ")[0] ?? "");
    }
  }
  for (const kind of ["init", "frozen", "reset", "#N", "Upload N"]) {
    assert(seen.has(kind), `${kind} in ${[...seen]}`);
  }
  await page.mouse.move(box.x + box.width / 2, box.y + 60);
  await waitForText(page, "#asOf", /^at \d/);
  await page.mouse.move(10, 10);
  await waitForText(page, "#asOf", /^$/);
  await page.mouse.move(box.x + box.width / 2, box.y + 60);
  await page.mouse.wheel({ deltaY: -600 });
  await page.click("#fit");
  await page.click("#fold");
  assertEquals(await page.$eval("#fold", (button) => button.getAttribute("aria-pressed")), "false");
  await page.click("#fold");
}

export async function checkFilters(page: Page): Promise<void> {
  await page.click('#filter [data-value="failed"]');
  await waitForText(page, "#count", /^4 \/ 14$/);
  await page.click('#filter [data-value="cold"]');
  await waitForText(page, "#count", /^\d \/ 14$/);
  await page.click('#filter [data-value="all"]');
  const search = async (text: string, count: RegExp): Promise<void> => {
    await page.click("#search", { count: 3 });
    await page.type("#search", text);
    await waitForText(page, "#count", count);
    await page.keyboard.press("Escape");
    await waitForText(page, "#count", /^14$/);
  };
  await search("#7", /^1 \/ 14$/);
  await search("get /orders", /^2 \/ 14$/);
  await search("insufficient_funds", /^1 \/ 14$/);
  await search("timeout", /^1 \/ 14$/);
  await search("nowhere at all", /^0 \/ 14$/);
  await page.click("#columns span:nth-child(5) button");
  await settle(page);
  assertEquals(
    await page.$eval("#columns span:nth-child(5)", (head) => head.getAttribute("aria-sort")),
    "descending",
  );
  const durations = (await page.$$eval(
    "#list .vrow:not([hidden])",
    (rows) =>
      rows.map((row) =>
        [Number(row.getAttribute("aria-rowindex")), row.children[4]?.textContent ?? ""] as const
      ),
  ))
    .toSorted(([a], [b]) => a - b).map(([, text]) => Number(text.replaceAll(",", "")));
  assertEquals(durations, durations.toSorted((a, b) => b - a));
  await page.click("#columns span:first-child button");
  await settle(page);
}

/** A button that is replaced between press and release would never be clicked. */
export async function checkPressWhileRedrawn(page: Page): Promise<void> {
  const press = async (selector: string, attribute: string, value = "true"): Promise<void> => {
    const box = await (await page.$(selector))?.boundingBox();
    assert(box !== null && box !== undefined, selector);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    for (let twice = 0; twice < 2; twice++) {
      await page.$eval("#language", (button) => button instanceof HTMLElement && button.click());
      await settle(page);
    }
    await page.mouse.up();
    await settle(page);
    assertEquals(await page.$eval(selector, (it, name) => it.getAttribute(name), attribute), value, selector);
  };
  await press('#deliveryTabs [data-value="checks"]', "aria-selected");
  await press('#deliveryTabs [data-value="uploads"]', "aria-selected");
  await press('#filter [data-value="failed"]', "aria-checked");
  await press('#filter [data-value="all"]', "aria-checked");
  await press("#t-metrics", "aria-selected");
  await press("#t-logs", "aria-selected");
  await press("#level-debug", "aria-pressed", "false");
  await press("#level-debug", "aria-pressed");
}

export async function checkKeyboard(page: Page): Promise<void> {
  await page.focus("#list");
  await page.keyboard.press("Home");
  await waitForText(page, "#detail h2", /^#1$/);
  for (const [key, n] of [["ArrowDown", 2], ["j", 3], ["k", 2], ["ArrowUp", 1], ["End", 14]] as const) {
    await page.keyboard.press(key);
    await waitForText(page, "#detail h2", new RegExp(`^#${n}$`));
  }
  assertEquals(await page.$eval("#list", (list) => list.getAttribute("aria-activedescendant")), "i14");
  for (const [key, tab] of [["2", "metrics"], ["3", "points"], ["4", "io"], ["1", "logs"]] as const) {
    await page.keyboard.press(key);
    await page.waitForSelector(`#t-${tab}[aria-selected="true"]`);
  }
  await page.focus("#t-logs");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector('#t-metrics[aria-selected="true"]:focus');
  await page.keyboard.press("ArrowLeft");
  await page.waitForSelector('#t-logs[aria-selected="true"]:focus');
  await page.keyboard.press("/");
  await page.waitForSelector("#search:focus");
  await page.keyboard.type("j");
  await waitForText(page, "#count", /\/ 14$/);
  await page.keyboard.press("Escape");
  await page.focus("#canvas");
  for (const key of ["+", "+", "ArrowRight", "z", "-", "0"] as const) await page.keyboard.press(key);
  await page.keyboard.press("?");
  await page.waitForSelector("#help[open]");
  await page.click("#help input");
  await page.click("#help button");
  await page.focus("#list");
  await page.keyboard.press("2");
  await settle(page);
  assertEquals(await page.$("#t-metrics[aria-selected='true']"), null, "single keys are off");
  await page.click("#helpButton");
  await page.click("#help input");
  await page.keyboard.press("Escape");
  await checkFocusRing(page);
}

/** Tab reaches every control, and each shows that it has the focus. */
async function checkFocusRing(page: Page): Promise<void> {
  await page.$eval(
    "body",
    () => document.activeElement instanceof HTMLElement && document.activeElement.blur(),
  );
  const reached = new Set<string>();
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    const [name, outline] = await page.evaluate(() => {
      const element = document.activeElement;
      const id = element?.id || element?.getAttribute("data-value") || element?.textContent || "";
      return [
        id,
        element === null || element === document.body ? "body" : getComputedStyle(element).outlineStyle,
      ];
    });
    // From the end of the page it goes on at its start.
    if (outline === "body") continue;
    assertEquals(outline, "solid", name);
    reached.add(name ?? "");
  }
  for (
    const id of [
      "language",
      "theme",
      "helpButton",
      "invoke",
      "ok",
      "freeze",
      "canvas",
      "search",
      "list",
      "tab",
      "deliveries",
    ]
  ) {
    assert(reached.has(id), `${id} in ${[...reached].join(", ")}`);
  }
}
