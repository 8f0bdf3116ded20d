/** A run of very many invocations, told to a recorder as the emulator and Dataway would, in no time. */
import type { ReceivedPoint, ReceivedUpload } from "../../dataway.ts";
import { CATEGORIES } from "../state.ts";
import { openPage, type Page } from "../open_page.ts";

export interface ManyRun extends AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  /** One more invocation with all that comes of it. */
  add(): void;
}

const GAP_MS = 900;
const BODY = new TextEncoder().encode("orders,host=vm total=1 1700000000000000000\n");
const HEADERS = new Headers({ "content-type": "application/line-protocol" });

/** Opens the page of a run with `count` invocations; each has logs, three uploads and a freeze. */
export async function startManyRun(count: number): Promise<ManyRun> {
  let clock = Date.now() - count * GAP_MS;
  const page = await openPage({
    function: { name: "orders", runtime: "deno", arch: "x86_64", memoryMb: 512, timeoutMs: 3000 },
    extension: { name: "datakit", version: "2.0.0" },
    now: () => clock,
  });
  const { recorder, url } = page;
  if (url === undefined) throw new TypeError("the page is not served");
  const start = clock;
  recorder.onEvent({ kind: "initStarted", at: clock, life: 1, phase: "init" });
  clock += 200;
  const result = { status: "success", durationMs: 200 } as const;
  recorder.onEvent({ kind: "initialized", at: clock, life: 1, phase: "init", result });
  let n = 0;

  function add(): void {
    n++;
    // Invocations of all lengths, some of which fail, and an outage in each hundred.
    const runMs = 60 + 80 * Math.abs(Math.sin(7 * n));
    const isDown = n % 100 > 90 && n % 100 < 96;
    const holdMs = isDown ? 55 : 2 + 3 * Math.abs(Math.cos(5 * n));
    clock = Math.max(clock, start + 200 + n * GAP_MS);
    if (n % 100 === 91) recorder.onArmed({ dataway: "down", timeout: false, crash: false, frozen: false });
    if (n % 100 === 96) recorder.onArmed({ dataway: "ok", timeout: false, crash: false, frozen: false });
    const at = clock;
    const requestId = `${(n * 7919).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
    if (n > 1) recorder.onEvent({ kind: "thawed", at, life: 1 });
    recorder.onEvent({ kind: "invoked", at, life: 1, requestId, payload: `{"path":"/orders/${n % 50}"}` });
    for (const line of ["order received", n % 10 === 4 ? "PaymentDeclined: no funds" : `order ${n} stored`]) {
      recorder.onEvent({ kind: "log", entry: { at: at + 5, source: "function", line } });
    }
    clock = at + runMs;
    recorder.onEvent({ kind: "runtimeDone", at: clock, requestId, status: "success" });
    CATEGORIES.forEach((category, i) => {
      const answered = recorder.onUpload(uploadOf(category, at, n, isDown ? 0 : 200), BODY);
      clock += 0.5 + i;
      answered(!isDown);
    });
    clock = at + runMs + holdMs;
    recorder.onEvent({ kind: "frozen", at: clock, life: 1 });
    const failed = n % 10 === 4 ? { functionError: "PaymentDeclined" } : {};
    recorder.onEvent({
      kind: "invocationEnded",
      at: clock,
      result: {
        ...{ requestId, response: "{}", status: "success", ...failed, startedAt: at, callerMs: runMs },
        ...{ durationMs: runMs + holdMs, billedDurationMs: Math.ceil(runMs + holdMs), maxMemoryUsedMb: 120 },
        extensionHoldMs: holdMs,
      },
    });
  }

  for (let i = 0; i < count; i++) add();
  return { page, url, add, [Symbol.asyncDispose]: () => page[Symbol.asyncDispose]() };
}

function uploadOf(
  category: typeof CATEGORIES[number],
  at: number,
  n: number,
  status: number,
): ReceivedUpload {
  const points = Array.from({ length: 6 }, (_, i): ReceivedPoint => ({
    category,
    measurement: `orders_${category}`,
    tags: new Map([["host", "vm"]]),
    fields: new Map<string, bigint | string>([["total", BigInt(n + i)], ["message", `order ${n}`]]),
    timeNs: BigInt(Math.round(at * 1000)) * 1000n + BigInt(i),
  }));
  return {
    ...{
      method: "POST",
      path: `/v1/write/${category}`,
      category,
      headers: HEADERS,
      points,
      status,
      connection: 1,
    },
    ...{ wireBytes: BODY.length, rawBytes: BODY.length },
  };
}
