/// <reference lib="dom" />
/** A real browser: Debian's Chromium, driven by Puppeteer, with an empty profile and no network but loopback. */
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const EXECUTABLES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update", "--lang=en-US"],
];

/** A page with everything it has complained of. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Messages on its console, errors, and requests to anybody but its own server. */
  readonly complaints: readonly string[];
}

/** A browser of its own. */
export interface BrowserProcess extends AsyncDisposable {
  open(url: string, options?: TabOptions): Promise<Tab>;
}

export interface TabOptions {
  readonly width?: number;
  readonly height?: number;
}

/** One browser for the whole file; closed and its profile removed by `Symbol.asyncDispose`. */
export async function openBrowser(): Promise<BrowserProcess> {
  const profile = await Deno.makeTempDir({ prefix: "chromium-" });
  const browser: Browser = await puppeteer.launch({
    executablePath: await findExecutable(),
    args: [...FLAGS],
    userDataDir: profile,
  });
  return {
    open: (url, options = {}) => openTab(browser, url, options),
    async [Symbol.asyncDispose](): Promise<void> {
      await browser.close();
      await Deno.remove(profile, { recursive: true }).catch(() => {});
    },
  };
}

async function openTab(browser: Browser, url: string, options: TabOptions): Promise<Tab> {
  const { width = 1440, height = 900 } = options;
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => void complaints.push(`${message.type()}: ${message.text()}`));
  page.on(
    "pageerror",
    (error) => void complaints.push(`error: ${error instanceof Error ? error.stack : error}`),
  );
  page.on("request", (request) => {
    const asked = request.url();
    const own = new URL(url);
    const isOwn = own.protocol === "file:" ? asked === url : new URL(asked).origin === own.origin;
    if (!isOwn && !asked.startsWith("data:")) complaints.push(`request: ${asked}`);
  });
  await page.setViewport({ width, height });
  await page.goto(url, { waitUntil: "load" });
  return {
    page,
    complaints,
    [Symbol.asyncDispose]: () => page.close(),
  };
}

async function findExecutable(): Promise<string> {
  for (const path of EXECUTABLES) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error("Cannot test the page as there is no Chromium: install Debian's package chromium");
}

/** The text of an element, whitespace as one. */
export async function textOf(page: Page, selector: string): Promise<string> {
  const text = await page.$eval(selector, (element) => element.textContent ?? "");
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Texts of all that match. */
export async function textsOf(page: Page, selector: string): Promise<readonly string[]> {
  return await page.$$eval(
    selector,
    (elements) => elements.map((element) => (element.textContent ?? "").trim()),
  );
}

/** Waits until the text of an element matches. */
export async function waitForText(
  page: Page,
  selector: string,
  pattern: RegExp,
  timeoutMs = 10_000,
): Promise<void> {
  const { source, flags } = pattern;
  try {
    await page.waitForFunction(
      (query: string, text: string, how: string) =>
        [...document.querySelectorAll(query)].some((element) =>
          new RegExp(text, how).test(element.textContent ?? "")
        ),
      { timeout: timeoutMs },
      selector,
      source,
      flags,
    );
  } catch {
    throw new Error(
      `${selector} did not come to match ${pattern}: ${(await textsOf(page, selector)).join(" | ")}`,
    );
  }
}
