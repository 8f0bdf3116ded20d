/** A run of the compiled extension beside a function in a process of its own, with its page. */
import { buildBinary } from "../../../../build.ts";
import { type Controls, createControls } from "../../controls.ts";
import { startDataway } from "../../dataway.ts";
import { type Lambda, startLambda } from "../../lambda.ts";
import { openPage, type Page } from "../open_page.ts";
import { withStart } from "../show_run.ts";
import { type Order, orderScript } from "./orders.ts";

export interface LiveRun extends AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  /** The extension in it. */
  readonly executable: string;
  readonly lambda: Lambda;
  readonly controls: Controls;
  order(order: Order): Promise<void>;
}

const MEMORY_MB = 512;
export const TIMEOUT_MS = 1500;
/** What "Invoke" sends: an order as the function's script has it. */
const SAMPLE = { name: "by hand", logs: ["order by hand"], sleepMs: 30, response: { ok: true } };

/** Starts everything but the sandbox. */
export async function startLiveRun(port?: number): Promise<LiveRun> {
  const extension = await buildBinary({
    arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    log: () => {},
  });
  const page = await openPage({
    function: { name: "orders", runtime: "deno", arch: "x86_64", memoryMb: MEMORY_MB, timeoutMs: TIMEOUT_MS },
    extension: { name: "datakit", version: "2.0.0" },
    sample: JSON.stringify(SAMPLE),
    ...(port === undefined ? {} : { port }),
  });
  const { recorder, url } = page;
  if (url === undefined) throw new TypeError("the page is not served");
  const dataway = await startDataway({ onUpload: recorder.onUpload });
  const lambda = await startLambda({
    extension,
    function: "process",
    functionName: "orders",
    memorySizeMb: MEMORY_MB,
    timeoutMs: TIMEOUT_MS,
    logFormat: "JSON",
    env: { ENV_DATAWAY: dataway.url },
    onEvent: recorder.onEvent,
    beforeFreeze: recorder.beforeFreeze,
  });
  const controls = createControls({ lambda, dataway, onChange: recorder.onArmed });
  page.control(withStart(lambda, controls));
  return {
    page,
    url,
    executable: extension,
    lambda,
    controls,
    order: async (order) => void await lambda.invoke(orderScript(order)),
    [Symbol.asyncDispose]: async () => {
      await lambda[Symbol.asyncDispose]();
      await dataway[Symbol.asyncDispose]();
      await page[Symbol.asyncDispose]();
    },
  };
}

/** A morning of a shop: a cold start, orders, an error, a timeout, an outage, a crash, no memory, a long sleep. */
export async function playMorning({ lambda, controls, order }: LiveRun): Promise<void> {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await lambda.init();
  for (const [i, name] of ["POST /orders", "GET /orders/1042", "POST /orders"].entries()) {
    await order({ name, sleepMs: 80 + 10 * i });
    await pause(400);
  }
  await order({ name: "POST /orders", outcome: "error" });
  await pause(500);
  await order({ name: "POST /orders", outcome: "hang" });
  await pause(600);
  await order({ name: "POST /orders", extraLogs: ["<img src=x onerror=alert(1)>", "y".repeat(1_000_000)] });
  await pause(600);
  await controls.dataway("down");
  for (let i = 0; i < 3; i++) {
    await order({ name: "POST /orders" });
    await pause(500);
  }
  await controls.dataway("ok");
  await pause(300);
  await order({ name: "POST /orders" });
  await pause(2500);
  await order({ name: "GET /orders/1042", sleepMs: 30 });
  await order({ name: "POST /orders", outcome: "crash" });
  await pause(400);
  await order({ name: "POST /orders", outcome: "oom_killed" });
  await pause(400);
  await order({ name: "POST /orders" });
}
