/// <reference lib="dom" />
/** How the page looks: widths, contrast, languages, themes. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { type BrowserProcess, waitForText } from "./chromium.ts";
import type { LiveRun } from "./live_run.ts";
import { select, settle } from "./steps.ts";

/** Pictures are left here; those in the repository were looked at and are copies. */
const PICTURES = new URL("../../../../.cache/page/", import.meta.url).pathname;
const WIDTHS = [900, 1180, 1280, 1440, 1920];

export async function checkWidths(page: Page): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewport({ width, height: 900 });
    await settle(page);
    const faults = await page.evaluate(() => {
      const wide = document.documentElement.scrollWidth > innerWidth
        ? [`page of ${document.documentElement.scrollWidth}`]
        : [];
      // These are made to be cut, with a mark; canvas and hidden things have no text.
      const cut = [
        ...document.querySelectorAll<HTMLElement>(
          "header *, #tools *, .answer *, #time button, .fig *, #equation *, #columns *, .head h2, .tabs > button",
        ),
      ]
        .filter((element) =>
          !element.matches(".ell, .vh, svg *") && element.offsetParent !== null &&
          element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 &&
          getComputedStyle(element).display !== "inline"
        )
        .map((element) => `${element.tagName} ${element.id} ${element.textContent?.trim()}`);
      return [...wide, ...cut];
    });
    assertEquals(faults, [], `${width} px`);
  }
  await page.setViewport({ width: 1440, height: 900 });
}

const MIN_CONTRAST = 4.5;
const MIN_BAR_CONTRAST = 3;
/** What is told by a bar alone. The init of the dark theme is told by its place and its figure. */
const BARS = ["run", "ext", "good", "wait", "bad", "ddtrace"];

export async function checkContrast(page: Page): Promise<void> {
  for (const theme of ["light", "dark"]) {
    await page.evaluate((name: string) => document.documentElement.setAttribute("data-theme", name), theme);
    await settle(page);
    const low = await page.evaluate(findLowContrast, MIN_CONTRAST);
    assertEquals(low, [], theme);
    assertEquals(await page.evaluate(findFaintBars, BARS, MIN_BAR_CONTRAST), [], theme);
  }
  await page.evaluate(() => document.documentElement.setAttribute("data-theme", "light"));
}

/** Runs in the page: texts whose colour is too near to what is behind them. */
function findLowContrast(least: number): string[] {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (context === null) return ["no canvas"];
  const draw = (colours: readonly string[]): readonly number[] => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb: readonly number[]): number => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = new Set<string>();
  for (const element of document.querySelectorAll<HTMLElement>("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent)
      .join("").trim();
    if (
      text === "" || element.offsetParent === null ||
      element.closest("dialog, [disabled], .vh, .skip, script, style")
    ) continue;
    const grounds: string[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      grounds.unshift(getComputedStyle(at).backgroundColor);
    }
    const behind = draw(grounds);
    const ink = draw([...grounds, getComputedStyle(element).color]);
    const [a, b] = [luminance(ink), luminance(behind)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least) found.add(`${contrast.toFixed(2)} ${element.className} ${text.slice(0, 30)}`);
  }
  return [...found];
}

export async function checkChinese(run: LiveRun, browser: BrowserProcess): Promise<void> {
  await using tab = await browser.open(`${run.url}?lang=zh&theme=light`);
  await waitForText(tab.page, "#count", /^14$/);
  assertEquals(await tab.page.$eval("html", (html) => html.getAttribute("lang")), "zh-CN");
  const latin = await tab.page.$$eval(
    "[data-text], #tools button, .answer h2, #legend span, #lanes span, .fig dt, .tabs > button",
    (elements) =>
      elements.map((element) => element.textContent ?? "").filter((text) => /[A-Za-z]{3,}/.test(text)),
  );
  assertEquals(latin.filter((text) => !/Dataway|English/.test(text)), []);
  await tab.page.click("#language");
  await waitForText(tab.page, "#detail .fig dt", /Duration/);
  assertEquals(tab.complaints, []);
}

export async function takePictures(page: Page): Promise<void> {
  await page.bringToFront();
  await Deno.mkdir(PICTURES, { recursive: true });
  const box = await (await page.$("#canvas"))?.boundingBox();
  await select(page, 8);
  for (const theme of ["light", "dark"]) {
    const current = async (): Promise<string> =>
      await page.$eval("html", (html) => html.getAttribute("data-theme") ?? "auto");
    while (await current() !== theme) await page.click("#theme");
    // In the dark one the pointer is on a failed upload of the outage.
    if (theme === "dark" && box !== null && box !== undefined) {
      await page.mouse.move(...await findFailedUpload(page, box));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    const bytes = await page.screenshot({ type: "webp", quality: 76 });
    assert(bytes.length > 20_000, `${bytes.length} bytes`);
    await Deno.writeFile(`${PICTURES}${theme}.webp`, bytes);
  }
  await page.mouse.move(10, 10);
}

async function findFailedUpload(
  page: Page,
  box: { readonly x: number; readonly y: number; readonly width: number },
): Promise<[number, number]> {
  for (let x = 0; x < box.width; x += 3) {
    await page.mouse.move(box.x + x, box.y + 98);
    const tip = await page.$eval("#tip", (element) => element.textContent ?? "");
    if (/no answer/.test(tip)) return [box.x + x, box.y + 98];
  }
  throw new Error("no failed upload is on the timeline");
}

/** Runs in the page: bars that are too near to the panel they stand on. */
function findFaintBars(names: readonly string[], least: number): string[] {
  const probe = document.createElement("i");
  document.body.append(probe);
  const luminance = (name: string): number => {
    probe.style.color = `var(--${name})`;
    const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map((text) => {
      const part = Number(text) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const panel = luminance("panel");
  const faint = names.flatMap((name) => {
    const bar = luminance(name);
    const contrast = (Math.max(bar, panel) + 0.05) / (Math.min(bar, panel) + 0.05);
    return contrast < least ? [`${name} ${contrast.toFixed(2)}`] : [];
  });
  probe.remove();
  return faint;
}
