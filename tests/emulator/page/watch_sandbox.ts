/** Turns what the emulator tells into rows: phases, starts and invocations. */
import type { SandboxEvent, SandboxWatcher } from "../events.ts";
import type { InvokeResult } from "../invocation.ts";
import { describeEvent } from "./describe_event.ts";
import type { RunLog } from "./run_log.ts";
import type { InvocationRow, InvocationStatus, PhaseRow, StartRow } from "./state.ts";

/** One invocation with what its row leaves out. */
export interface WatchedInvocation {
  readonly row: InvocationRow;
  readonly payload: string;
  readonly result?: InvokeResult;
}

export interface SandboxWatch {
  readonly watch: SandboxWatcher;
  readonly invocations: readonly WatchedInvocation[];
  /** The invocation that was under way at `t` (ms since the start), or the last before it; undefined before the first. */
  at(t: number): WatchedInvocation | undefined;
  /** The same, but for a moment between two the nearer one: nothing happens while the sandbox is frozen. */
  nearest(t: number): WatchedInvocation | undefined;
  byRequestId(id: string): WatchedInvocation | undefined;
  byNumber(n: number): WatchedInvocation | undefined;
  /** Changes the part of the row that others know about. */
  change(n: number, part: Partial<InvocationRow>): void;
  /** Lines of the log group in order, `t` in ms since the start. */
  readonly lines: readonly WatchedLine[];
}

export interface WatchedLine {
  readonly t: number;
  readonly source: "platform" | "function" | "extension";
  readonly text: string;
}

/** Begins with nothing. `frozenHere` tells whether a freeze was asked for on the page. */
export function createSandboxWatch(log: RunLog, frozenHere: () => boolean): SandboxWatch {
  const invocations: WatchedInvocation[] = [];
  const numbers = new Map<string, number>();
  const lines: WatchedLine[] = [];
  const open = new Map<PhaseRow["k"], PhaseRow>();
  let start: StartRow | undefined;
  /** First calls of this life, and when they came. */
  let seen = new Map<string, number>();
  let startedAt = 0;
  /** The init that no invocation has told of. */
  let untoldInitMs = 0;

  function begin(k: PhaseRow["k"], life: number, at: number, why = ""): void {
    const phase: PhaseRow = { k, life, t: log.now(at), d: -1, why };
    open.set(k, phase);
    log.put("phase", phase);
  }

  function finish(k: PhaseRow["k"], at: number): void {
    const phase = open.get(k);
    if (phase === undefined) return;
    open.delete(k);
    log.put("phase", { ...phase, d: tenths(log.now(at) - phase.t) });
  }

  function updateStart(part: Partial<StartRow>): void {
    if (start === undefined) return;
    start = { ...start, ...part };
    log.put("start", start);
  }

  /**
   * The figures of a start are the first calls of their kind, since the program's own start; of several extensions
   * the last one counts.
   */
  function observeCall(call: string, by: string, at: number): void {
    const key = `${by} ${call}`;
    if (start === undefined || seen.has(key)) return;
    seen.set(key, at);
    const sinceMs = tenths(at - (seen.get(`${by === "function" ? "" : by} exec`) ?? startedAt));
    if (call === "register") updateStart({ registerMs: sinceMs });
    if (call === "next") updateStart({ extensionReadyMs: sinceMs });
    if (call === "runtime/next") updateStart({ functionReadyMs: sinceMs });
  }

  function put(n: number, next: WatchedInvocation): void {
    invocations[n - 1] = next;
    log.put("invocation", next.row);
  }

  function change(n: number, part: Partial<InvocationRow>, result?: InvokeResult): void {
    const known = invocations[n - 1];
    if (known === undefined) return;
    put(n, { ...known, row: { ...known.row, ...part }, ...(result === undefined ? {} : { result }) });
  }

  function invoked(event: Extract<SandboxEvent, { kind: "invoked" }>): void {
    const n = invocations.length + 1;
    numbers.set(event.requestId, n);
    put(n, {
      payload: event.payload,
      row: {
        n,
        id: event.requestId,
        t: log.now(event.at),
        run: 0,
        hold: 0,
        init: tenths(untoldInitMs),
        inside: 0,
        billed: 0,
        mem: 0,
        status: "running",
        ev: describeEvent(event.payload),
        pts: [0, 0, 0],
        wait: [0, 0, 0],
        lost: [0, 0, 0],
        err: "",
      },
    });
    untoldInitMs = 0;
  }

  function invocationEnded({ result }: Extract<SandboxEvent, { kind: "invocationEnded" }>): void {
    const n = numbers.get(result.requestId) ?? 0;
    const known = invocations[n - 1]?.row;
    if (known === undefined) return;
    change(n, {
      run: known.run === 0 ? tenths(result.durationMs) : known.run,
      hold: tenths(result.extensionHoldMs ?? 0),
      billed: result.billedDurationMs,
      mem: result.maxMemoryUsedMb,
      status: statusOf(result, log.head.function.memoryMb),
      err: result.errorType ?? result.functionError ?? "",
      ...(result.init === undefined ? {} : { init: tenths(result.init.durationMs), inside: 1 }),
    }, result);
  }

  function watch(event: SandboxEvent): void {
    switch (event.kind) {
      case "initStarted":
        seen = new Map();
        startedAt = event.at;
        start = {
          life: event.life,
          t: log.now(event.at),
          registerMs: -1,
          extensionReadyMs: -1,
          functionReadyMs: -1,
        };
        log.put("start", start);
        return begin("init", event.life, event.at, event.phase);
      case "initialized":
        if (event.phase === "init" && event.result.status === "success") {
          untoldInitMs = event.result.durationMs;
        }
        return finish("init", event.at);
      case "frozen":
        return begin("frozen", event.life, event.at, frozenHere() ? "control" : "");
      case "thawed":
        return finish("frozen", event.at);
      case "restoreStarted":
        return begin("restore", event.life, event.at);
      case "restored":
        return finish("restore", event.at);
      case "ending":
        return begin(event.reason === "spindown" ? "shutdown" : "reset", event.life, event.at, event.reason);
      case "ended":
        finish("frozen", event.at);
        return finish(event.result.reason === "spindown" ? "shutdown" : "reset", event.at);
      case "invoked":
        return invoked(event);
      case "runtimeDone": {
        const n = numbers.get(event.requestId) ?? 0;
        return change(n, { run: tenths(log.now(event.at) - (invocations[n - 1]?.row.t ?? 0)) });
      }
      case "invocationEnded":
        return invocationEnded(event);
      case "call":
        return observeCall(event.call.call, event.call.by, event.call.at);
      case "log": {
        const { at, source, line } = event.entry;
        lines.push({ t: log.now(at), source, text: line });
        return;
      }
      default:
        event satisfies never;
    }
  }

  return {
    watch,
    invocations,
    lines,
    at: (t) => invocations[lastBefore(invocations, t)],
    nearest: (t) => {
      const place = lastBefore(invocations, t);
      const [before, after] = [invocations[place], invocations[place + 1]];
      if (before === undefined || after === undefined || before.row.status === "running") return before;
      const idleMs = t - (before.row.t + before.row.run + before.row.hold);
      return idleMs > 0 && after.row.t - t < idleMs ? after : before;
    },
    byRequestId: (id) => invocations[(numbers.get(id) ?? 0) - 1],
    byNumber: (n) => invocations[n - 1],
    change,
  };
}

/** Index of the last invocation that began at `t` or before; -1 for none. Starts only grow. */
function lastBefore(invocations: readonly WatchedInvocation[], t: number): number {
  let [low, high] = [0, invocations.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((invocations[middle]?.row.t ?? Infinity) <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** An out-of-memory is told by name, or by a runtime that died at the limit. */
function statusOf(result: InvokeResult, memoryMb: number): InvocationStatus {
  if (result.status === "success") return result.functionError === undefined ? "ok" : "error";
  if (result.status === "timeout") return "timeout";
  const isFull = result.maxMemoryUsedMb >= memoryMb && result.errorType === "Runtime.ExitError";
  return isFull || result.errorType === "Runtime.OutOfMemory" ? "oom" : "crash";
}

/** With one decimal. */
function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
