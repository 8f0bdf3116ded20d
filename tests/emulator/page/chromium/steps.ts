/// <reference lib="dom" />
/** What several tests do on the page. */
import type { Page } from "puppeteer-core";
import { waitForText } from "./chromium.ts";

export async function select(page: Page, n: number): Promise<void> {
  await page.$eval("#list", (list) => list.scrollTo(0, 0));
  await settle(page);
  await page.click(`#i${n}`);
  await waitForText(page, "#detail h2", new RegExp(`^#${n}$`));
  await page.waitForSelector("#trace");
  await settle(page);
}

/** Two frames: what was asked for has been drawn. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(() =>
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  );
}
