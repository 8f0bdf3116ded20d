/// <reference lib="dom" />
/** Every control of the page: each acts on the sandbox, and what is seen of it comes from an event. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { type BrowserProcess, openBrowser, textOf, waitForText } from "./chromium.ts";
import { type LiveRun, startLiveRun } from "./live_run.ts";

Deno.test("the page's controls act on the sandbox of the compiled extension", async (t) => {
  await using run = await startLiveRun();
  await using browser = await openBrowser();
  await using tab = await browser.open(`${run.url}?lang=en&theme=light`);
  const { page } = tab;
  await waitForText(page, "#connection", /live/);
  await t.step("Invoke starts the sandbox and invokes", async () => {
    await press(page, "invoke");
    await waitForText(page, "#detail .st", /^ok$/);
    await waitForText(page, "#tab", /order by hand/);
  });
  await t.step("the event editor sends what it holds, and refuses what is no JSON", () => checkEditor(page));
  await t.step("Dataway's ways are told back before they are shown", () => checkDataway(run, page));
  await t.step("Time out and Crash happen to the next invocation, and are used up", () => checkFaults(page));
  await t.step("Kill extension ends it, and the next invocation has a new one", () => checkKill(run, page));
  await t.step("an event is seen within 200 ms", () => checkDelay(run, page));
  await t.step("a page that was asleep catches up", () => checkSleep(run, page));
  await t.step("Freeze stops every process, and is over by itself", () => checkFreeze(run, page));
  await t.step(
    "Restore puts everything back, and starts a sandbox that has ended",
    () => checkRestore(run, page),
  );
  assertEquals(tab.complaints, []);
});

Deno.test("a page whose emulator goes and comes back shows the new run by itself", async () => {
  await using browser = await openBrowser();
  await checkReconnect(browser);
});

async function press(page: Page, value: string): Promise<void> {
  await page.waitForSelector(`#tools [data-value="${value}"]:not(:disabled)`);
  await page.click(`#tools [data-value="${value}"]`);
}

function isPressed(page: Page, value: string): Promise<boolean> {
  return page.$eval(
    `#tools [data-value="${value}"]`,
    (button) =>
      button.getAttribute("aria-pressed") === "true" || button.getAttribute("aria-checked") === "true",
  );
}

async function waitPressed(page: Page, value: string, pressed: boolean): Promise<void> {
  const name = await page.$eval(
    `#tools [data-value="${value}"]`,
    (button) => button.hasAttribute("aria-checked") ? "aria-checked" : "aria-pressed",
  );
  await page.waitForSelector(`#tools [data-value="${value}"][${name}="${pressed}"]`);
}

async function invokeAndWait(page: Page, status: RegExp): Promise<void> {
  const before = Number(await textOf(page, "#count"));
  await press(page, "invoke");
  await waitForText(page, "#count", new RegExp(`^${before + 1}$`));
  await waitForText(page, "#detail h2", new RegExp(`^#${before + 1}$`));
  await waitForText(page, "#detail .st", status);
}

async function checkEditor(page: Page): Promise<void> {
  await press(page, "event");
  await page.waitForSelector("#eventDialog[open]");
  const write = async (text: string): Promise<void> => {
    await page.$eval(
      "#eventDialog textarea",
      (area) => area instanceof HTMLTextAreaElement && (area.value = ""),
    );
    await page.type("#eventDialog textarea", text);
    await page.click("#eventDialog .first");
  };
  await write("{no json");
  await waitForText(page, "#eventDialog [role=alert]", /^Not JSON: /);
  await write('{"httpMethod":"PUT","path":"/carts/7","logs":["from the editor"]}');
  await page.waitForSelector("#eventDialog:not([open])");
  await waitForText(page, "#detail .head", /PUT \/carts\/7/);
  await waitForText(page, "#tab", /from the editor/);
}

async function checkDataway(run: LiveRun, page: Page): Promise<void> {
  // An answer that is slow, or never comes, is still waited for by the next flush, which then sends nothing new.
  for (const mode of ["403", "slow", "hang", "down"] as const) {
    await press(page, mode);
    await waitPressed(page, mode, true);
    assertEquals(run.controls.armed.dataway, mode);
    await invokeAndWait(page, /^(ok|timeout)/);
  }
  const rows = run.page.recorder.log.rows("upload");
  await press(page, "ok");
  await waitPressed(page, "ok", true);
  assert(rows.some(({ status }) => status === 403), "403 was answered");
  assert(rows.some(({ status, d }) => status === 0 && d >= 0), "some had no answer");
  await waitForText(page, "#answers", /Outage\d/);
}

async function checkFaults(page: Page): Promise<void> {
  await press(page, "timeout");
  await waitPressed(page, "timeout", true);
  await invokeAndWait(page, /^timeout/);
  await waitPressed(page, "timeout", false);
  await press(page, "crash");
  await waitPressed(page, "crash", true);
  await invokeAndWait(page, /^crash/);
  await waitPressed(page, "crash", false);
}

async function checkKill(run: LiveRun, page: Page): Promise<void> {
  await invokeAndWait(page, /^ok/);
  const lives = run.page.recorder.log.rows("start").length;
  await press(page, "kill");
  await invokeAndWait(page, /^crash|^ok/);
  await invokeAndWait(page, /^ok/);
  assert(run.page.recorder.log.rows("start").length > lives, "there is a new extension");
}

async function checkDelay(run: LiveRun, page: Page): Promise<void> {
  await page.evaluate(() => {
    const target = document.querySelector("#connection");
    const watch = globalThis as unknown as { seenAt?: number };
    new MutationObserver(() => watch.seenAt = Date.now())
      .observe(document.querySelector("#banner") ?? document.body, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    return target !== null;
  });
  const delays: number[] = [];
  for (let i = 0; i < 5; i++) {
    const at = Date.now();
    run.page.recorder.log.patch({ error: `note ${i}` });
    await waitForText(page, "#banner", new RegExp(`^note ${i}$`));
    delays.push(await page.evaluate(() => (globalThis as unknown as { seenAt: number }).seenAt) - at);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  run.page.recorder.log.patch({ error: "" });
  assert(Math.min(...delays) <= 200, `${delays.join(", ")} ms`);
}

/** As when the lid is closed: no statement runs in the page, and time goes on. */
async function checkSleep(run: LiveRun, page: Page): Promise<void> {
  const before = Number(await textOf(page, "#count"));
  const session = await page.createCDPSession();
  await session.send("Debugger.enable");
  const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
  await session.send("Debugger.pause");
  await paused;
  await run.order({ name: "while it slept" });
  await run.order({ name: "and again" });
  await session.send("Debugger.resume");
  await session.send("Debugger.disable");
  await waitForText(page, "#count", new RegExp(`^${before + 2}$`));
  await waitForText(page, "#detail .head", /and again/);
}

async function checkFreeze(run: LiveRun, page: Page): Promise<void> {
  await press(page, "freeze");
  await waitPressed(page, "freeze", true);
  assertEquals(run.controls.armed.frozen, true);
  assertEquals(await isPressed(page, "freeze"), true);
  await page.waitForSelector('#tools [data-value="freeze"][aria-pressed="false"]', { timeout: 20_000 });
  await invokeAndWait(page, /^ok/);
}

async function checkRestore(run: LiveRun, page: Page): Promise<void> {
  await press(page, "down");
  await waitPressed(page, "down", true);
  await press(page, "crash");
  await waitPressed(page, "crash", true);
  await press(page, "restore");
  await waitPressed(page, "ok", true);
  assertEquals(await isPressed(page, "crash"), false);
  await run.lambda.shutdown();
  await waitForText(page, "#connection", /sandbox ended/);
  await press(page, "restore");
  await waitForText(page, "#connection", /^live$/);
  await invokeAndWait(page, /^ok/);
}

/** The emulator goes and comes back on the same port: another run, which the page shows by itself. */
async function checkReconnect(browser: BrowserProcess): Promise<void> {
  const first = await startLiveRun();
  const port = Number(new URL(first.url).port);
  await using tab = await browser.open(`${first.url}?lang=en`);
  await first.lambda.init();
  await first.order({ name: "before" });
  await waitForText(tab.page, "#count", /^1$/);
  await first[Symbol.asyncDispose]();
  await waitForText(tab.page, "#connection", /disconnected/);
  await waitForText(tab.page, "#banner", /No connection to the emulator: shown as of/);
  assertEquals(await textOf(tab.page, "#count"), "1", "what was there stays");
  await using second = await startLiveRun(port);
  await second.lambda.init();
  await second.order({ name: "after" });
  await second.order({ name: "again" });
  await waitForText(tab.page, "#connection", /^live$/);
  await waitForText(tab.page, "#count", /^2$/);
  await waitForText(tab.page, "#list", /ok/);
  // What the browser says of a connection that is lost is all it may say.
  assertEquals(tab.complaints.filter((text) => !/ERR_|Failed to load resource/.test(text)), []);
}
