/// <reference lib="dom" />
/** The selected invocation, and what was delivered. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "puppeteer-core";
import { textOf, textsOf, waitForText } from "./chromium.ts";
import type { LiveRun } from "./live_run.ts";
import { select, settle } from "./steps.ts";

export async function checkTrace(page: Page): Promise<void> {
  await select(page, 1);
  const spans = await textsOf(page, "#trace .nm");
  for (
    const name of ["init", "invocation", "handler", "POST /orders", "SELECT stock", "redis GET stock:77"]
  ) {
    assert(spans.includes(name), `${name} in ${spans.join(", ")}`);
  }
  const sources = await page.$$eval("#trace .span", (rows) => rows.map((row) => row.classList.item(2)));
  assertEquals(new Set(sources), new Set(["platform", "otlp", "ddtrace", "extension"]));
  await select(page, 4);
  assert(
    (await textsOf(page, "#trace .span.e .nm")).includes("HTTP POST payments"),
    "failed spans are marked",
  );
}

export async function checkLogs(page: Page): Promise<void> {
  await page.click("#t-logs");
  await select(page, 4);
  await waitForText(page, "#whole", /PaymentDeclined: card 4242.*at authorize/s);
  await page.click("#level-error");
  await settle(page);
  const hidden = await textsOf(page, "#tab .vrow:not([hidden]) .lv:first-of-type");
  assert(!hidden.includes("error"));
  await page.click("#level-error");
  await page.type("#logSearch", "declined");
  await settle(page);
  const marks = await textsOf(page, "#tab mark");
  assertEquals(new Set(marks.map((text) => text.toLowerCase())), new Set(["declined"]));
  await page.keyboard.press("Escape");
  await select(page, 6);
  await waitForText(page, "#tab", /<img src=x onerror=alert\(1\)>/);
  assertEquals(await page.$$eval("#tab img, #whole img", (images) => images.length), 0);
  await waitForText(page, "#tab", /y{300}/);
}

export async function checkMetrics(page: Page): Promise<void> {
  await page.click("#t-metrics");
  await settle(page);
  const names = await textsOf(page, "#tab .met > :first-child");
  for (const name of ["invocations", "duration_ms", "orders.total"]) {
    assert(names.includes(name), `${name} in ${names}`);
  }
  assert((await page.$$("#tab .spark .on")).length === names.length, "each chart marks this invocation");
}

export async function checkPoints(page: Page): Promise<void> {
  await page.click("#t-points");
  await waitForText(page, "#tab .pt", /awslambda-logging/);
  await waitForText(page, "#tab .pt", /message/);
  await page.click('[data-value="raw"]');
  await waitForText(page, "#tab .dump", /^0000 {2}0a [0-9a-f]{2}.*awslambda|opentelemetry|otel/s);
  await page.click('[data-value="decoded"]');
  await waitForText(page, "#tab .kv", /.+/);
}

export async function checkIo(page: Page): Promise<void> {
  await select(page, 4);
  await page.click("#t-io");
  await waitForText(page, "#tab", /"name": "POST \/orders"/);
  await waitForText(page, "#tab", /"errorType": "PaymentDeclined"/);
  await page.click("#t-logs");
}

export async function checkUploads(page: Page): Promise<void> {
  await page.$eval("#deliveries", (box) => box.scrollTo(0, 0));
  await settle(page);
  await page.click("#deliveries .vrow:not([hidden])");
  await waitForText(page, "#detail h2", /^#[01]$/);
  assertMatch(await textOf(page, "#deliveryTabs"), /Uploads\d+/);
  const failed = await page.$$eval("#deliveries .vrow .bad", (cells) => cells.length);
  await page.click("#filter [data-value='all']");
  await select(page, 8);
  await settle(page);
  const shown = await textsOf(page, "#deliveries .vrow:not([hidden]) > :last-child");
  assert(shown.some((text) => text.startsWith("× no answer")), `${failed}: ${shown.join(", ")}`);
}

export async function checkChecks(run: LiveRun, page: Page): Promise<void> {
  await page.click('#deliveryTabs [data-value="checks"]');
  await waitForText(page, "#deliveries", /Not run/);
  const { recorder } = run.page;
  recorder.check({ n: 2, out: "fail", got: "2 at once", en: "one next at a time", zh: "同时只有一个 next" });
  recorder.check({ n: 1, out: "pass", got: "41.3 ms", en: "registers in time", zh: "按时注册" });
  await waitForText(page, "#deliveryTabs", /Checks1 \/ 2/);
  assertEquals(await textsOf(page, "#deliveries .chk"), [
    "✓1 registers in time41.3 ms",
    "✗2 one next at a time2 at once",
  ]);
  await page.click("#language");
  await waitForText(page, "#deliveries .chk", /按时注册/);
  await page.click("#language");
  await page.click('#deliveryTabs [data-value="uploads"]');
  await waitForText(page, "#deliveries", /Metrics/);
}
