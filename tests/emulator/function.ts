/**
 * The user function of a real sandbox: polls the Runtime API and does what each event says.
 * Started by the emulator with `deno run`; needs nothing but this file's neighbours.
 */
import {
  type Ending,
  type FunctionInit,
  type FunctionStage,
  parseScript,
  playScript,
  printLines,
  sendLocally,
  streamChunks,
} from "./script.ts";
import { sleep } from "./waiters.ts";

const API = `http://${Deno.env.get("AWS_LAMBDA_RUNTIME_API")}/2018-06-01/runtime`;
const kept: Uint8Array[] = [];

await start();
if (Deno.env.get("EMULATOR_RESTORABLE") === "true") await restored();
await Promise.race(Array.from({ length: Number(Deno.env.get("EMULATOR_CONCURRENCY") ?? 1) }, serve));

async function start(): Promise<void> {
  const init: FunctionInit = JSON.parse(Deno.env.get("EMULATOR_FUNCTION_INIT") ?? "{}");
  printLines(init.logs, { requestId: "", write: print });
  await sleep(init.sleepMs ?? 0);
  if (init.outcome === "crash") Deno.exit(1);
  if (init.outcome === "hang") await forever();
  if (init.outcome === "error") {
    await post("/init/error", "{}", { errorType: init.errorType ?? "Runtime.InitError" });
    Deno.exit(1);
  }
}

/** Waits in the snapshot, then runs the hooks. */
async function restored(): Promise<void> {
  const init: FunctionInit = JSON.parse(Deno.env.get("EMULATOR_FUNCTION_INIT") ?? "{}");
  const response = await fetch(`${API}/restore/next`);
  await response.body?.cancel();
  if (response.status !== 200) Deno.exit(1);
  await sleep(init.restoreMs ?? 0);
  if (init.restoreOutcome === "hang") await forever();
  if (init.restoreOutcome === "error") {
    await post("/restore/error", "{}", { errorType: init.errorType ?? "Runtime.RestoreError" });
    Deno.exit(1);
  }
}

async function serve(): Promise<never> {
  while (true) {
    const response = await fetch(`${API}/invocation/next`);
    const payload = await response.text();
    const requestId = response.headers.get("Lambda-Runtime-Aws-Request-Id");
    if (response.status !== 200 || requestId === null) Deno.exit(1);
    const script = parseScript(payload);
    const stage: FunctionStage = {
      requestId,
      logFormat: Deno.env.get("AWS_LAMBDA_LOG_FORMAT") === "JSON" ? "JSON" : "Text",
      write: print,
      send: sendLocally,
      killed: new AbortController().signal,
      allocate: (megabytes) => void kept.push(new Uint8Array(megabytes * 1_048_576).fill(1)),
    };
    const ending = await playScript(script, stage);
    await answer(requestId, ending);
    if (ending.kind === "error") printLines(ending.lateLines, stage);
    printLines(script.logsAfterResponse, stage);
  }
}

async function answer(requestId: string, ending: Ending): Promise<void> {
  switch (ending.kind) {
    case "response":
      return await post(`/invocation/${requestId}/response`, ending.body);
    case "error":
      return await post(`/invocation/${requestId}/error`, ending.body, { errorType: ending.errorType });
    case "stream": {
      const body = ReadableStream.from(streamChunks(ending.stream, new AbortController().signal));
      return await post(`/invocation/${requestId}/response`, body, { mode: "streaming" });
    }
    case "exit":
      return Deno.exit(ending.code);
    case "kill":
      Deno.kill(Deno.pid, "SIGKILL");
      return await forever();
    case "hang":
      return await forever();
  }
}

async function post(
  path: string,
  body: BodyInit,
  { errorType, mode }: { readonly errorType?: string; readonly mode?: string } = {},
): Promise<void> {
  const headers = new Headers();
  if (errorType !== undefined) headers.set("Lambda-Runtime-Function-Error-Type", errorType);
  if (mode !== undefined) headers.set("Lambda-Runtime-Function-Response-Mode", mode);
  const response = await fetch(`${API}${path}`, { method: "POST", body, headers });
  await response.body?.cancel();
}

/** Written at once and whole, as a runtime writes: a line must not be lost when the process dies next. */
function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** A timer keeps the process alive while it does nothing. */
function forever(): Promise<never> {
  setInterval(() => {}, 60_000);
  return new Promise(() => {});
}
