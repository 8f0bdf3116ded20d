/** The user function inside the test's process: plays scripts against the Runtime API's state machine directly. */
import { startInProcess } from "./in_process.ts";
import type { LineSink, Program } from "./program.ts";
import type { ApiReply } from "./reply.ts";
import type { Runtime } from "./runtime_state.ts";
import {
  type FunctionInit,
  type FunctionScript,
  parseScript,
  playScript,
  printLines,
  sendLocally,
  streamChunks,
} from "./script.ts";
import { nowMs, sleep } from "./waiters.ts";

export interface ScriptedFunctionOptions {
  readonly runtime: Runtime;
  readonly init: FunctionInit;
  readonly onLine: LineSink;
  /** Memory the function pretends to use, in MB. */
  readonly onAllocate: (megabytes: number) => void;
  /** Waits in `restore/next` before it takes events: SnapStart. */
  readonly restorable: boolean;
  /** Invocations at a time. */
  readonly concurrency: number;
  readonly logFormat: "Text" | "JSON";
}

/** Starts the function. */
export function startScriptedFunction(options: ScriptedFunctionOptions): Program {
  return startInProcess({
    name: "function",
    env: {},
    onLine: options.onLine,
    run: ({ killed }) => runFunction(options, killed),
  });
}

async function runFunction(options: ScriptedFunctionOptions, killed: AbortSignal): Promise<number> {
  const { init, runtime, onLine } = options;
  printLines(init.logs, { requestId: "", write: (line) => onLine(line, "stdout") });
  await sleep(init.sleepMs ?? 0, killed);
  if (killed.aborted || init.outcome === "crash") return 1;
  if (init.outcome === "hang") await whenAborted(killed);
  if (init.outcome === "error") {
    runtime.initError(init.errorType ?? "Runtime.InitError", "{}");
    return 1;
  }
  if (options.restorable && !await restored(options, killed)) return 1;
  const slots = Array.from({ length: options.concurrency }, () => serve(options, killed));
  return await Promise.race(slots);
}

/** Waits in the snapshot, then runs the hooks; false when they failed. */
async function restored({ init, runtime }: ScriptedFunctionOptions, killed: AbortSignal): Promise<boolean> {
  const reply = await Promise.race([runtime.restoreNext(), whenAborted(killed)]);
  if (reply?.status !== 200) return false;
  await sleep(init.restoreMs ?? 0, killed);
  if (init.restoreOutcome === "hang") await whenAborted(killed);
  if (init.restoreOutcome === "error") runtime.restoreError(init.errorType ?? "Runtime.RestoreError", "{}");
  return !killed.aborted && init.restoreOutcome !== "error";
}

/** Takes one event after the other until the process ends; resolves to the exit code. */
async function serve(options: ScriptedFunctionOptions, killed: AbortSignal): Promise<number> {
  const write = (line: string): void => {
    if (!killed.aborted) options.onLine(line, "stdout");
  };
  const gone = whenAborted(killed);
  while (!killed.aborted) {
    const reply = await Promise.race([options.runtime.next(), gone]);
    if (reply === undefined || reply.status !== 200) return 1;
    const { requestId, script } = readEvent(reply);
    const { logFormat, onAllocate: allocate } = options;
    const stage = { requestId, logFormat, write, killed, send: sendLocally, allocate };
    const ending = await playScript(script, stage);
    if (killed.aborted) return 1;
    if (ending.kind === "exit") return ending.code;
    if (ending.kind === "kill") return 137;
    if (ending.kind === "hang") {
      await gone;
      return 1;
    }
    const kind = ending.kind === "error" ? "error" : "response";
    if (options.runtime.begin(requestId, kind) !== undefined) continue;
    const startedAt = nowMs();
    const errorType = ending.kind === "error" ? { errorType: ending.errorType } : {};
    const body = ending.kind === "stream"
      ? new Uint8Array(
        await new Blob(await Array.fromAsync(streamChunks(ending.stream, killed))).arrayBuffer(),
      )
      : new TextEncoder().encode(ending.body);
    options.runtime.finish(requestId, kind, { body, startedAt, ...errorType });
    if (ending.kind === "error") printLines(ending.lateLines, stage);
    printLines(script.logsAfterResponse, stage);
  }
  return 1;
}

function readEvent(reply: ApiReply): { readonly requestId: string; readonly script: FunctionScript } {
  const requestId = reply.headers?.["Lambda-Runtime-Aws-Request-Id"] ?? "";
  const payload = reply.body instanceof Uint8Array ? new TextDecoder().decode(reply.body) : "{}";
  return { requestId, script: parseScript(payload) };
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
