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
} from "./script.ts";
import { nowMs, sleep } from "./waiters.ts";

export interface ScriptedFunctionOptions {
  readonly runtime: Runtime;
  readonly init: FunctionInit;
  readonly onLine: LineSink;
  /** Memory the function pretends to use, in MB. */
  readonly onAllocate: (megabytes: number) => void;
  /** Invocations at a time. */
  readonly concurrency: number;
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
  const slots = Array.from({ length: options.concurrency }, () => serve(options, killed));
  return await Promise.race(slots);
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
    const stage = { requestId, write, killed, send: sendLocally, allocate: options.onAllocate };
    const ending = await playScript(script, stage);
    if (killed.aborted) return 1;
    if (ending.kind === "exit") return ending.code;
    if (ending.kind === "kill") return 137;
    if (ending.kind === "hang") {
      await gone;
      return 1;
    }
    const kind = ending.kind;
    if (options.runtime.begin(requestId, kind) !== undefined) continue;
    const errorType = ending.kind === "error" ? { errorType: ending.errorType } : {};
    options.runtime.finish(requestId, kind, {
      body: new TextEncoder().encode(ending.body),
      startedAt: nowMs(),
      ...errorType,
    });
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
