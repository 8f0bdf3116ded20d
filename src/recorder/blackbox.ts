/**
 * The black box: what a request was doing shortly before its deadline. It is written while there is time, and sent only
 * if the request is told to have timed out.
 */
import { MAX_TIMER_MS } from "../pipeline/deadline.ts";
import type { PointDraft } from "../point/point.ts";
import type { BoxFile } from "./box_file.ts";
import type { SandboxProbe, SandboxUsage } from "./sandbox_probe.ts";
import type { RequestOutcome } from "./verdicts.ts";

/** A finished point: a `PBPoint` of a log, and which common tags it has. */
export interface BoxPoint {
  readonly bytes: Uint8Array;
  readonly commonMask: number;
}

export interface BlackBoxOptions {
  /** A new probe; without it the box tells nothing of CPU and memory. */
  readonly createProbe?: (() => SandboxProbe) | undefined;
  readonly memorySizeMb?: number | undefined;
  /** Writes a point without sending it; `undefined`: the rules leave nothing of it. */
  readonly encode: (draft: PointDraft) => BoxPoint | undefined;
  readonly send: (point: BoxPoint) => void;
  /** A place that outlives the process. */
  readonly file?: BoxFile | undefined;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface BlackBox {
  /** A request begins; `deadlineAt` in Unix ms. */
  invoked(requestId: string, deadlineAt: number): void;
  /** A line of a request, as it would be sent. */
  line(requestId: string | undefined, text: string): void;
  /** What has been learnt of how a request ended. */
  ended(outcome: RequestOutcome): void;
  /** Nothing more will come. */
  close(): void;
}

/** The time that is left when it is written, in ms. */
const BEFORE_DEADLINE_MS = 300;
/**
 * CPU use is measured over this last stretch of time: over long waits and short work an average says nothing. In ms.
 */
const LOOK_MS = 1_000;
/** When it is this much later than that, the sandbox slept meanwhile, and the request is long over. In ms. */
const LATE_MS = 250;
const MAX_LINES = 50;
/** Of a line, in UTF-16 units. */
const MAX_LINE_LENGTH = 1_000;
/** Below, nothing runs; above, one thread runs all the time. In percent of a core. */
const IDLE_PCT = 5;
const BUSY_PCT = 90;
const MEASUREMENT = "awslambda-blackbox";

interface Line {
  readonly requestId: string | undefined;
  readonly text: string;
}

/** Nothing has been seen yet. */
export function createBlackBox(options: BlackBoxOptions): BlackBox {
  const { createProbe, memorySizeMb, file, now } = options;
  const lines: Line[] = [];
  let next = 0;
  let timers: ReturnType<typeof setTimeout>[] = [];
  let box: { readonly requestId: string; readonly point: BoxPoint } | undefined;
  let isSaved = false;
  let running: string | undefined;
  /** Telemetry was faster than its INVOKE. */
  let endedEarly: string | undefined;

  function stop(): void {
    timers.forEach(clearTimeout);
    timers = [];
    running = undefined;
  }

  function discard(): void {
    unsave();
    box = undefined;
  }

  function unsave(): void {
    if (isSaved) file?.remove();
    isSaved = false;
  }

  function invoked(requestId: string, deadlineAt: number): void {
    stop();
    discard();
    const isOver = requestId === endedEarly;
    endedEarly = undefined;
    const invokedAt = now();
    const writeAt = deadlineAt - BEFORE_DEADLINE_MS;
    if (isOver || writeAt <= invokedAt) return;
    running = requestId;
    const whole = createProbe?.();
    const last = createProbe?.();
    whole?.begin();
    const lookAt = Math.max(invokedAt, writeAt - LOOK_MS);
    timers = [
      later(lookAt, () => last?.begin()),
      later(writeAt, () => {
        if (running !== requestId || now() > writeAt + LATE_MS) return;
        const point = options.encode(draftOf(requestId, invokedAt, whole?.end() ?? {}, last?.end() ?? {}));
        if (point === undefined) return;
        box = { requestId, point };
        file?.save(point.bytes);
        isSaved = true;
      }),
    ];
  }

  function later(at: number, work: () => void): ReturnType<typeof setTimeout> {
    return setTimeout(work, Math.min(Math.max(0, at - now()), MAX_TIMER_MS));
  }

  function draftOf(
    requestId: string,
    invokedAt: number,
    whole: SandboxUsage,
    last: SandboxUsage,
  ): PointDraft {
    const at = now();
    const runningMs = Math.round(at - invokedAt);
    const texts = [...lines.slice(next), ...lines.slice(0, next)]
      .filter((line) => line.requestId === requestId)
      .map(({ text }) => text);
    return {
      category: "logging",
      measurement: MEASUREMENT,
      tags: [],
      fields: [
        ["message", messageOf(runningMs, whole, last, memorySizeMb)],
        ["status", "critical"],
        ["aws_request_id", requestId],
        ["running_ms", BigInt(runningMs)],
        ["cpu_pct", whole.cpuPct],
        ["cpu_last_second_pct", last.cpuPct],
        ["memory_used_mb", toInteger(last.memoryUsedMb)],
        ["memory_size_mb", toInteger(memorySizeMb)],
        ["last_lines", texts.length === 0 ? undefined : texts.join("\n")],
        ["last_line_count", BigInt(texts.length)],
      ],
      timeNs: BigInt(Math.floor(at)) * 1_000_000n,
    };
  }

  return {
    invoked,
    line: (requestId, text) => {
      lines[next] = { requestId, text: clipped(text) };
      next = (next + 1) % MAX_LINES;
    },
    ended: ({ requestId, timeouts, finished }) => {
      if (finished !== undefined) {
        if (requestId === running) stop();
        else endedEarly = requestId;
      }
      if (box?.requestId !== requestId) return;
      // A timeout may yet be told; a kill without a word is not one.
      if (timeouts === 0) return unsave();
      options.send(box.point);
      discard();
    },
    close: () => {
      stop();
      discard();
    },
  };
}

/** What the figures mean, in words. */
function messageOf(
  runningMs: number,
  whole: SandboxUsage,
  last: SandboxUsage,
  memorySizeMb: number | undefined,
): string {
  const cpu = last.cpuPct ?? whole.cpuPct;
  const memory = last.memoryUsedMb === undefined
    ? ""
    : `; memory ${Math.round(last.memoryUsedMb)}${
      memorySizeMb === undefined ? "" : ` of ${memorySizeMb}`
    } MB`;
  const figures = cpu === undefined ? "" : `: ${meaningOf(cpu)} (CPU ${Math.round(cpu)} % of a core)`;
  return `Timed out: still running after ${runningMs} ms, ${BEFORE_DEADLINE_MS} ms before its deadline${figures}${memory}`;
}

function meaningOf(cpuPct: number): string {
  if (cpuPct <= IDLE_PCT) return "hung on I/O, it waits for something";
  return cpuPct >= BUSY_PCT ? "busy loop, or more work than there is time for" : "waits and works by turns";
}

function toInteger(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.round(value));
}

/** A part of a long text as a text of its own: it must not keep the whole in memory. */
function clipped(text: string): string {
  if (text.length <= MAX_LINE_LENGTH) return text;
  return `${new TextDecoder().decode(new TextEncoder().encode(text.slice(0, MAX_LINE_LENGTH)))}…`;
}
