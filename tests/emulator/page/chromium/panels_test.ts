/// <reference lib="dom" />
/** Every panel of the page in a real browser, over a run of the compiled extension with a function of its own. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "puppeteer-core";
import { type BrowserProcess, openBrowser, textsOf, waitForText } from "./chromium.ts";
import {
  checkChecks,
  checkIo,
  checkLogs,
  checkMetrics,
  checkPoints,
  checkTrace,
  checkUploads,
} from "./detail_steps.ts";
import { checkFilters, checkKeyboard, checkPressWhileRedrawn, checkTimeline } from "./hand_steps.ts";
import { type LiveRun, playMorning, startLiveRun } from "./live_run.ts";
import { checkChinese, checkContrast, checkWidths, takePictures } from "./look_steps.ts";
import { settle } from "./steps.ts";

Deno.test("the page shows a run of the compiled extension", async (t) => {
  await using run = await startLiveRun();
  await using browser = await openBrowser();
  await using live = await browser.open(`${run.url}?lang=en&theme=light`);
  await t.step("before the first invocation it says how to invoke", async () => {
    await waitForText(live.page, "#list", /No invocation yet/);
    await waitForText(live.page, "#connection", /live/);
    await waitForText(live.page, "#sources", /tells no ledger so far/);
    assertEquals(await textsOf(live.page, "#ledgerHead span"), [], "no figures that are not known");
  });
  await t.step("nothing of it is in the layer's executable", () => checkExecutable(run));
  await playMorning(run);
  await waitForText(live.page, "#count", /^14$/);
  await t.step(
    "a page that has seen it happen shows what one shows that comes later",
    () => compareWithLater(run, live.page, browser),
  );
  await t.step("the four answers are right without a click", () => checkAnswers(run, live.page));
  await t.step("the list tells each kind of end apart, in words", () => checkList(live.page));
  await t.step("platform, OTLP and ddtrace spans stand in one trace", () => checkTrace(live.page));
  await t.step("logs have levels and search, and are text whatever they say", () => checkLogs(live.page));
  await t.step("metrics have their values and charts", () => checkMetrics(live.page));
  await t.step("points are shown decoded and as sent", () => checkPoints(live.page));
  await t.step("the event and the response are shown", () => checkIo(live.page));
  await t.step("uploads are listed and lead to their invocation", () => checkUploads(live.page));
  await t.step("checks that did not run say so", () => checkChecks(run, live.page));
  await t.step(
    "the timeline tells what is under the pointer, and the ledger follows it",
    () => checkTimeline(live.page),
  );
  await t.step("sorting, filter and search", () => checkFilters(live.page));
  await t.step(
    "a press counts though all is drawn anew before its release",
    () => checkPressWhileRedrawn(live.page),
  );
  await t.step("everything is done by keyboard", () => checkKeyboard(live.page));
  await t.step("nothing is cut and nothing scrolls sideways at any width", () => checkWidths(live.page));
  await t.step("text has its contrast in both themes", () => checkContrast(live.page));
  await t.step("it is complete in Chinese", () => checkChinese(run, browser));
  await t.step("both themes have their pictures", () => takePictures(live.page));
  await t.step("the end and the ledger after it", () => checkEnd(run, live.page));
  await t.step("a report opens from a file without the emulator", () => checkReport(run, browser));
  assertEquals(live.complaints, []);
});

async function compareWithLater(run: LiveRun, page: Page, browser: BrowserProcess): Promise<void> {
  const selectors = ["#list .vrow", "#answers .big", "#deliveryTabs", "#equation"];
  const texts = async (tab: Page): Promise<readonly (readonly string[])[]> => {
    // A page in the background draws nothing.
    await tab.bringToFront();
    await settle(tab);
    // The answers are drawn a little later than the rest.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const found = [];
    for (const selector of selectors) {
      found.push((await textsOf(tab, `${selector}:not([hidden])`)).toSorted());
    }
    return found;
  };
  await using later = await browser.open(`${run.url}?lang=en&theme=light`);
  await waitForText(later.page, "#count", /^14$/);
  const expected = await texts(later.page);
  assertEquals(await texts(page), expected);
  assertEquals(later.complaints, []);
}

async function checkAnswers(run: LiveRun, page: Page): Promise<void> {
  const rows = run.page.recorder.log.rows("invocation");
  const [arrives, cold, hold, outage] = await textsOf(page, ".answer");
  const points = rows.reduce((sum, { pts }) => sum + pts[1], 0);
  assertMatch(arrives ?? "", /What Guance gets/);
  const logs = (await textsOf(page, ".three .big"))[1] ?? "";
  assert(Math.abs(Number(logs.split(" ")[0]) - points) <= 3, `${logs}, and ${points} by invocation`);
  const init = run.page.recorder.log.rows("phase").find(({ k }) => k === "init");
  assertMatch(cold ?? "", new RegExp(`Cold start${Math.round(init?.d ?? 0)} ms`));
  const holds = rows.filter((row) => row.hold > 0);
  const most = holds.reduce((a, b) => b.hold > a.hold ? b : a);
  assertMatch(hold ?? "", new RegExp(`most ${most.hold.toFixed(1)} ms \\(#${most.n},`));
  assertMatch(outage ?? "", /Outage\d\.\d s, .* lost\d+ points held, all arrived \d\.\d s after it/);
}

async function checkList(page: Page): Promise<void> {
  const statuses = await textsOf(page, "#list .vrow:not([hidden]) .st");
  for (const word of ["ok", "ok · cold", "error", "timeout", "crash"]) assert(statuses.includes(word), word);
  assert(statuses.some((status) => status.startsWith("OOM")));
  const shapes = await page.$$eval(
    "#list .vrow:not([hidden]) .st",
    (cells) =>
      cells.map((cell) => [cell.classList.contains("f"), getComputedStyle(cell, "::before").borderRadius]),
  );
  assert(
    shapes.every(([failed, radius]) => (failed === true) === (radius !== "50%")),
    "a failed one has another shape",
  );
  assertEquals(await page.$eval("#list", (list) => list.getAttribute("aria-rowcount")), "15");
}

async function checkEnd(run: LiveRun, page: Page): Promise<void> {
  await run.lambda.shutdown();
  await waitForText(page, "#connection", /sandbox ended/);
  await waitForText(page, "#ledgerHead", /adds up/);
  const [received = 0, exported = 0, held = 0, dropped = 0] = (await textsOf(page, "#equation b"))
    .map((text) => Number(text.replaceAll(",", "")));
  assertEquals(received, exported + held + dropped);
  assertEquals(held, 0);
  const counted = run.page.recorder.log.rows("upload").filter(({ status }) => status === 200)
    .reduce((sum, { pts, own }) => sum + pts - own, 0);
  assertEquals(exported, counted);
  // One point more than there is: the sum is looked at, not arranged.
  const { log } = run.page.recorder;
  log.put("held", { t: log.head.now, points: 1, bytes: 1, seen: 0 });
  await waitForText(page, "#ledgerHead .bad", /^off by -1$/);
  log.put("held", { t: log.head.now, points: 0, bytes: 0, seen: 0 });
  await waitForText(page, "#ledgerHead .good", /adds up/);
  const disabled = await page.$$eval(
    "#tools button",
    (buttons) =>
      buttons.filter((button) => button instanceof HTMLButtonElement && !button.disabled).map((button) =>
        button.textContent
      ),
  );
  assertEquals(disabled, ["Restore"]);
}

async function checkReport(run: LiveRun, browser: BrowserProcess): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".html" });
  await run.page.writeReport(path);
  await using tab = await browser.open(`file://${path}`);
  const { page } = tab;
  await waitForText(page, "#connection", /report of a run/);
  await waitForText(page, "#count", /^14$/);
  assert(await page.$eval("#tools", (tools) => tools instanceof HTMLElement && tools.hidden), "no controls");
  await page.click("#i4");
  await waitForText(page, "#whole", /PaymentDeclined/);
  await page.type("#search", "insufficient_funds");
  await waitForText(page, "#count", /^1 \/ 14$/);
  assertEquals(tab.complaints, []);
  await Deno.remove(path);
}

/** Words that are in the page and nowhere in the program. */
async function checkExecutable({ executable }: LiveRun): Promise<void> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(executable));
  assert(text.includes("awslambda-extension"), "its own words are found");
  for (const word of ["made by deno task page", "X-Emulator", "x-emulator", "foldFrozen", "createRecorder"]) {
    assert(!text.includes(word), word);
  }
}
