/// <reference lib="dom" />
/** 10,000 invocations: the page stays quick and small while it is scrolled, zoomed, searched and told of more. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { openBrowser, waitForText } from "./chromium.ts";
import { startManyRun } from "./many_run.ts";

const COUNT = 10_000;
const MAX_FRAME_MS = 200;
const MAX_HEAP_BYTES = 150 * 1024 * 1024;
const MAX_STATE_BYTES = 5_000_000;
const EVENTS_PER_SECOND = 100;

Deno.test("10,000 invocations: no frame over 200 ms, and less than 150 MB of heap", async (t) => {
  await using run = await startManyRun(COUNT);
  await using browser = await openBrowser();
  await using tab = await browser.open(`${run.url}?lang=en&theme=light`);
  const { page } = tab;
  await waitForText(page, "#count", /^10,000$/, 30_000);
  const canvas = await (await page.$("#canvas"))?.boundingBox();
  const list = await (await page.$("#list"))?.boundingBox();
  assert(canvas !== null && canvas !== undefined && list !== null && list !== undefined);

  const step = (name: string, act: () => Promise<void>): Promise<boolean> =>
    t.step(name, async () => {
      const worst = await worstFrame(page, act);
      assert(worst <= MAX_FRAME_MS, `${name}: a frame took ${worst.toFixed(0)} ms`);
    });

  await t.step("the state is small", async () => {
    const bytes = (await (await fetch(`${run.url}api/state`)).arrayBuffer()).byteLength;
    assert(bytes <= MAX_STATE_BYTES, `${bytes} bytes`);
  });
  await step("scrolling the list", async () => {
    await page.mouse.move(list.x + 100, list.y + 100);
    for (let i = 0; i < 20; i++) await page.mouse.wheel({ deltaY: i % 2 === 0 ? 3000 : 400 });
    for (const part of [0.5, 0, 1, 0.25]) {
      await page.$eval("#list", (box, to) => box.scrollTo(0, to * box.scrollHeight), part);
      await frames(page, 3);
    }
  });
  assert((await page.$$("#list .vrow")).length < 60, "rows of a fixed pool");
  await step("selecting with the keyboard", async () => {
    await page.focus("#list");
    await page.keyboard.press("End");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowUp");
  });
  await step("zooming and panning the timeline", async () => {
    await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + 60);
    for (let i = 0; i < 24; i++) await page.mouse.wheel({ deltaY: i < 16 ? -300 : 500 });
    await page.focus("#canvas");
    for (const key of ["ArrowRight", "ArrowLeft", "+", "-", "0"] as const) await page.keyboard.press(key);
  });
  await step("moving the pointer over the timeline", async () => {
    for (let x = 10; x < canvas.width; x += 40) await page.mouse.move(canvas.x + x, canvas.y + 30 + x % 70);
  });
  await step("searching in all logs", async () => {
    await page.type("#search", "paymentdeclined");
    await waitForText(page, "#count", /^1,000 \/ 10,000$/);
    await page.keyboard.press("Escape");
    await waitForText(page, "#count", /^10,000$/);
  });
  await step("sorting and filtering", async () => {
    await page.click("#columns span:nth-child(5) button");
    await page.click('#filter [data-value="failed"]');
    await waitForText(page, "#count", /^1,000 \/ 10,000$/);
    await page.click('#filter [data-value="all"]');
    await page.click("#columns span:first-child button");
  });
  await step("being told of 100 things in a second", async () => {
    const perAdd = 20;
    for (let i = 0; i < 4 * EVENTS_PER_SECOND / perAdd; i++) {
      run.add();
      await new Promise((resolve) => setTimeout(resolve, 1000 * perAdd / EVENTS_PER_SECOND));
    }
    await waitForText(page, "#count", /^10,020$/);
  });
  await t.step("memory", async () => {
    const session = await page.createCDPSession();
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    assert(usedSize < MAX_HEAP_BYTES, `${(usedSize / 1_048_576).toFixed(0)} MB`);
  });
  assertEquals(tab.complaints, []);
});

Deno.test("a report of 1,000 invocations is below 10 MB", async () => {
  await using run = await startManyRun(1000);
  const path = await Deno.makeTempFile({ suffix: ".html" });
  await run.page.writeReport(path);
  const { size } = await Deno.stat(path);
  await Deno.remove(path);
  assert(size < 10_000_000, `${size} bytes`);
});

/** The longest that the page's own work kept a frame waiting meanwhile, in ms. */
async function worstFrame(page: Page, act: () => Promise<void>): Promise<number> {
  await frames(page, 2);
  await page.evaluate(() => {
    const watch = globalThis as unknown as { worst: number; observer?: PerformanceObserver };
    watch.worst = 0;
    watch.observer?.disconnect();
    watch.observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) watch.worst = Math.max(watch.worst, duration);
    });
    watch.observer.observe({ type: "long-animation-frame" });
  });
  await act();
  await frames(page, 4);
  return await page.evaluate(() => (globalThis as unknown as { worst: number }).worst);
}

async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (times: number) => {
    for (let i = 0; i < times; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  }, count);
}
