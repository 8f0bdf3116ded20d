/** The page for a task: opened before the run as the command line says, kept open after it. */
import { VERSION } from "../../../src/version.ts";
import type { CheckOptions, CheckResult } from "../checks/check.ts";
import { CHECKS, runChecks } from "../checks/mod.ts";
import type { Controls } from "../controls.ts";
import { TEST_TOKEN } from "../dataway.ts";
import { extensionName } from "../generation.ts";
import type { Lambda } from "../lambda.ts";
import type { ExtensionSource } from "../options.ts";
import type { PageArguments } from "./arguments.ts";
import { CHECK_TITLES_ZH } from "./checks_zh.ts";
import { openPage, type Page } from "./open_page.ts";
import type { PageControls } from "./server.ts";
import type { CheckRow } from "./state.ts";
import { freePort } from "../../support/loopback.ts";

export interface ShowRunOptions {
  readonly asked: PageArguments;
  readonly extension: ExtensionSource;
  readonly functionName: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** An event for the editor, as JSON. */
  readonly sample: string;
  readonly print: (line: string) => void;
}

export interface ShownRun extends AsyncDisposable {
  /** `undefined` when neither a page nor a report was asked for. */
  readonly page: Page | undefined;
  /** Variables the extension needs, so that it can be asked for its ledger. */
  readonly env: Readonly<Record<string, string>>;
  /** To be called when the sandbox is there. */
  control(lambda: Lambda, controls: Controls): void;
  /** To be called when the run is over: checks, report, and the wait for Ctrl-C. */
  stay(): Promise<void>;
}

const OUTCOMES: Readonly<Record<CheckResult["outcome"], CheckRow["out"]>> = {
  pass: "pass",
  fail: "fail",
  "not applicable": "na",
  "not judged": "na",
};
const OPENERS: Readonly<Partial<Record<typeof Deno.build.os, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  windows: ["cmd", "/c", "start", ""],
};

/** Opens the page and says where it is. */
export async function showRun(options: ShowRunOptions): Promise<ShownRun> {
  const { asked, extension, print } = options;
  const isWanted = asked.isServed || asked.report !== undefined;
  // Our extension answers on its own HTTP port; of others nothing is known.
  const listen = `127.0.0.1:${isWanted ? freePort() : 0}`;
  const page = isWanted
    ? await openPage({
      function: {
        name: options.functionName,
        runtime: options.runtime,
        arch: Deno.build.arch === "aarch64" ? "arm64" : "x86_64",
        memoryMb: options.memoryMb,
        timeoutMs: options.timeoutMs,
      },
      extension: describeExtension(extension),
      sample: options.sample,
      serve: asked.isServed,
      ...(asked.port === undefined ? {} : { port: asked.port }),
      ...(asked.isQuiet ? {} : { statusUrl: `http://${listen}/status` }),
    })
    : undefined;
  if (page?.url !== undefined) {
    print(`The page is ${page.url}`);
    if (asked.opensBrowser) openBrowser(page.url);
  }
  return {
    page,
    env: { ENV_HTTP_LISTEN: listen },
    control: (lambda, controls) => page?.control(withStart(lambda, controls)),
    stay: async () => {
      if (page === undefined) return;
      if (asked.runsChecks) await showChecks(page, extension);
      if (asked.report !== undefined) {
        await page.writeReport(asked.report);
        print(`The report is ${asked.report}`);
      }
      if (page.url === undefined) return;
      print(`The page stays at ${page.url} until Ctrl-C`);
      await new Promise<void>((resolve) => globalThis.addEventListener("unload", () => resolve()));
    },
    [Symbol.asyncDispose]: async () => {
      await page?.[Symbol.asyncDispose]();
    },
  };
}

/** To put everything back to normal is to have a sandbox again, too. */
export function withStart(lambda: Pick<Lambda, "running" | "init">, controls: Controls): PageControls {
  return {
    invoke: controls.invoke,
    dataway: controls.dataway,
    arm: controls.arm,
    freeze: controls.freeze,
    kill: controls.kill,
    restore: async () => {
      await controls.restore();
      if (!lambda.running) await lambda.init();
    },
  };
}

/** One after the other, each shown when it is done. */
async function showChecks(page: Page, extension: ExtensionSource): Promise<void> {
  const options: CheckOptions = {
    extension,
    env: { ENV_DATAWAY: `{backend}?token=${TEST_TOKEN}`, ENV_HTTP_LISTEN: "127.0.0.1:0" },
    freezeMs: 1500,
    flushTimeoutMs: 1000,
    sideBySide: false,
    quick: false,
  };
  for (const { number } of CHECKS.toSorted((a, b) => a.number - b.number)) {
    const [report] = await runChecks(options, new Set([number]));
    if (report === undefined) continue;
    page.recorder.check({
      n: number,
      out: OUTCOMES[report.outcome],
      got: report.measured,
      en: report.title,
      zh: CHECK_TITLES_ZH[number] ?? report.title,
    });
  }
}

function describeExtension(source: ExtensionSource): { readonly name: string; readonly version: string } {
  const name = extensionName(source);
  return { name, version: name === "datakit" ? VERSION : "" };
}

/** Where there is none, the address has been printed. */
export function openBrowser(url: string): void {
  const [command, ...args] = OPENERS[Deno.build.os] ?? ["xdg-open"];
  try {
    new Deno.Command(command, { args: [...args, url], stdout: "null", stderr: "null" }).spawn().unref();
  } catch {
    // A machine without a browser.
  }
}
