/**
 * Puts logs together that arrive line by line: one stack trace, one failure of a handler, is one log. Nothing is held
 * longer than a batch of telemetry but a trace that is cut off by its end.
 */
import type { MultiLine } from "../../config/awslambda.ts";
import {
  confirms,
  continuation,
  firstState,
  isRubyHead,
  isUnfinished,
  type TraceState,
} from "./continuation.ts";
import { beforePythonTrace, certainError, type HandlerError, readPythonError } from "./handler_error.ts";
import type { Line } from "./line.ts";

/** A log, of one line or several. */
export interface AssembledLog {
  readonly from: "function" | "extension" | "platform";
  readonly requestId: string | undefined;
  /** Of its first line, Unix time in nanoseconds. */
  readonly timeNs: bigint;
  readonly line: Line;
  /** All lines; `undefined` while there is only the first. */
  texts: string[] | undefined;
  /** The failure it tells of. */
  failure: HandlerError | undefined;
}

/** One line, as it arrives. */
export interface ArrivedLine {
  readonly from: "function" | "extension";
  readonly requestId: string | undefined;
  readonly timeNs: bigint;
  readonly line: Line;
  /** The failure that the line tells of alone. */
  readonly failure: HandlerError | undefined;
}

export interface LineAssembler {
  /** Takes a line; a failure that only this line and those before it tell of together is returned. */
  add(arrived: ArrivedLine): HandlerError | undefined;
  /** The logs that are complete; `all`: and the one that may go on. */
  take(all: boolean): readonly AssembledLog[];
  /** Whether a log is held that may go on. */
  readonly holds: boolean;
}

/** Lines of one log follow each other this fast, by the platform's times. In ns. */
const GAP_NS = 50_000_000n;
/** Of one log. */
const MAX_LINES = 1000;
const MAX_CHARS = 512_000;
/** How far back the log that a line continues is looked for: few requests side by side write traces at once. */
const LOOK_BACK = 64;
/** Lines of an error's message that are looked through for its beginning. */
const MAX_MESSAGE_LINES = 50;

interface Pending extends AssembledLog {
  state: TraceState;
  lastNs: bigint;
  chars: number;
  /** Of a Java failure: what its record told before its frames. */
  java: { readonly type: string; readonly message: string | undefined } | undefined;
  ruby: { message: string | undefined } | undefined;
}

/** With nothing in it. */
export function createLineAssembler(multiLine: MultiLine): LineAssembler {
  let pending: Pending[] = [];

  /** The latest log of the line's own request and source, if the line can still belong to it. */
  function find({ from, requestId, timeNs }: ArrivedLine, before = pending.length): number {
    for (let index = before - 1; index >= Math.max(0, before - LOOK_BACK); index--) {
      const log = pending[index];
      if (log === undefined || log.from !== from || log.requestId !== requestId) continue;
      const isOpen = timeNs - log.lastNs <= GAP_NS && (log.texts?.length ?? 1) < MAX_LINES &&
        log.chars < MAX_CHARS;
      // A record of a logger's own is whole.
      return isOpen && log.line.text !== undefined && isTextual(log.line) ? index : -1;
    }
    return -1;
  }

  function append(log: Pending, text: string, timeNs: bigint, state: TraceState): void {
    (log.texts ??= [log.line.message]).push(text);
    log.lastNs = timeNs;
    log.chars += text.length + 1;
    log.state = state;
  }

  /** Makes one log of those from `first` on that belong together, the last of which is `last`. */
  function merge(first: number, last: number): Pending | undefined {
    const log = pending[first];
    if (log === undefined) return undefined;
    // Only the last logs: a batch may have thousands.
    for (const [index, next] of pending.splice(first + 1).entries()) {
      if (first + 1 + index > last || next.from !== log.from || next.requestId !== log.requestId) {
        pending.push(next);
      } else for (const text of next.texts ?? [next.line.message]) append(log, text, next.lastNs, log.state);
    }
    return log;
  }

  function join(arrived: ArrivedLine, text: string): { joined: boolean; failure?: HandlerError | undefined } {
    if (multiLine.kind === "off") return { joined: false };
    const rest = beforePythonTrace(text);
    if (rest !== undefined) return joinPython(arrived, text, rest);
    const index = find(arrived);
    const log = pending[index];
    if (log === undefined) return { joined: false };
    const java = joinJava(arrived, text, index);
    if (java !== undefined) return java;
    if (confirmMaybe(arrived, text, index)) return { joined: true };
    const next = continuation(text, log.state);
    if (next !== undefined && next !== "maybe") {
      append(log, text, arrived.timeNs, next);
      return { joined: true, failure: log.failure === undefined ? readFailure(log, text) : undefined };
    }
    if (log.failure?.goesOn === true && belongsToRust(text)) {
      append(log, text, arrived.timeNs, "line");
      return { joined: true };
    }
    if (multiLine.kind === "first line" && !multiLine.pattern.test(text)) {
      append(log, text, arrived.timeNs, "line");
      return { joined: true };
    }
    return { joined: false };
  }

  /** The line before was a `maybe`: with this one both are part of the log before it. */
  function confirmMaybe(arrived: ArrivedLine, text: string, index: number): boolean {
    const maybe = pending[index];
    if (maybe === undefined || maybe.texts !== undefined) return false;
    const state = confirms(maybe.line.message, text);
    if (state === undefined) return false;
    const before = find(arrived, index);
    const log = before >= 0 ? merge(before, index) : maybe;
    if (log === undefined) return false;
    append(log, text, arrived.timeNs, state);
    return true;
  }

  /** Python without frames of the log pipe: a message with line breaks comes before the trace that shows what it is. */
  function joinPython(
    arrived: ArrivedLine,
    text: string,
    rest: string,
  ): { joined: boolean; failure?: HandlerError | undefined } {
    const last = find(arrived);
    let first = last;
    for (let lines = 0; first >= 0 && lines < MAX_MESSAGE_LINES; lines++) {
      const at = pending[first]?.line.message.lastIndexOf("[ERROR] ") ?? -1;
      const merged = at < 0 ? undefined : merge(first, last);
      if (merged !== undefined) {
        const lead = (merged.texts ?? [merged.line.message]).join("\n").slice(at);
        append(merged, text, arrived.timeNs, "line");
        merged.failure = readPythonError(rest === "" ? lead : `${lead}\n${rest}`);
        return { joined: true, failure: merged.failure };
      }
      first = find(arrived, first);
    }
    return { joined: false };
  }

  /** Java without frames: `<message>: <class>`, then `<class>: <message>`, frames, and an empty line. */
  function joinJava(
    arrived: ArrivedLine,
    text: string,
    index: number,
  ): { joined: boolean; failure?: HandlerError | undefined } | undefined {
    const log = pending[index];
    if (log === undefined) return undefined;
    if (log.java !== undefined) return continueJava(log, arrived, text);
    const type = JAVA_CLASS.exec(text)?.[0];
    if (type === undefined || log.texts !== undefined || !log.line.message.endsWith(`: ${type}`)) {
      return undefined;
    }
    const head = log.line.message.slice(0, -type.length - 2);
    const told = text.length === type.length ? undefined : text.slice(type.length + 2);
    const isWhole = told === undefined ? head === type : told === head;
    // A message of several lines: its first is the last that stands here.
    const first = isWhole ? index : findLine(arrived, told ?? "", index);
    if (first < 0) return undefined;
    const merged = merge(first, index);
    if (merged === undefined) return undefined;
    const message = isWhole ? told : [...(merged.texts ?? []).slice(0, -1), head].join("\n");
    append(merged, text, arrived.timeNs, "java message");
    merged.java = { type, message };
    return { joined: true };
  }

  function findLine(arrived: ArrivedLine, text: string, before: number): number {
    let index = find(arrived, before);
    for (let lines = 0; index >= 0 && lines < MAX_MESSAGE_LINES; lines++) {
      const log = pending[index];
      if (log?.texts === undefined && log?.line.message === text) return index;
      index = find(arrived, index);
    }
    return -1;
  }

  function continueJava(
    log: Pending,
    arrived: ArrivedLine,
    text: string,
  ): { joined: boolean; failure?: HandlerError | undefined } | undefined {
    const { java } = log;
    if (java === undefined) return undefined;
    // The runtime cuts its own frames off its record; a stack that the function prints has them.
    if (text.startsWith("\tat com.amazonaws.services.lambda.runtime.api.client.")) log.java = undefined;
    if (text === "") {
      log.java = undefined;
      log.state = "line";
      log.failure = certainError(java.type, java.message);
      return { joined: true, failure: log.failure };
    }
    const next = continuation(text, log.state);
    if (next === undefined || next === "maybe") {
      log.java = undefined;
      return undefined;
    }
    append(log, text, arrived.timeNs, next);
    return { joined: true };
  }

  /** Ruby's error, whose parts come line by line. */
  function readFailure(log: Pending, text: string): HandlerError | undefined {
    if (!isRubyHead(log.line.message)) return undefined;
    const [, key, quoted] = RUBY_MEMBER.exec(text) ?? [];
    if (key === undefined || quoted === undefined) return undefined;
    if (key === "errorMessage") {
      log.ruby = { message: unquote(quoted) };
      return undefined;
    }
    if (log.ruby === undefined) return undefined;
    log.failure = certainError(unquote(quoted), log.ruby.message);
    return log.failure;
  }

  return {
    add: (arrived) => {
      const { line } = arrived;
      if (line.text !== undefined && isTextual(line) && arrived.failure === undefined) {
        const { joined, failure } = join(arrived, line.text);
        if (joined) return failure;
      }
      const ruby = joinRubyRecord(arrived);
      // Its JSON alone may have been taken for another runtime's.
      if (ruby !== undefined) return arrived.failure === undefined ? ruby : undefined;
      pending.push({
        from: arrived.from,
        requestId: arrived.requestId,
        timeNs: arrived.timeNs,
        line,
        texts: undefined,
        failure: arrived.failure,
        state: line.text === undefined ? "line" : firstState(line.text),
        lastNs: arrived.timeNs,
        chars: line.message.length,
        java: undefined,
        ruby: undefined,
      });
      return undefined;
    },
    take: (all) => {
      const last = pending.at(-1);
      const held = !all && last !== undefined && isHeld(last) ? last : undefined;
      const logs = held === undefined ? pending : pending.slice(0, -1);
      pending = held === undefined ? [] : [held];
      return logs;
    },
    get holds() {
      return pending.length > 0;
    },
  };

  /** Ruby in frames: a line, then the whole error as JSON. */
  function joinRubyRecord(arrived: ArrivedLine): HandlerError | undefined {
    const { line } = arrived;
    const type = line.members?.["errorType"];
    if (typeof type !== "string" || line.text === undefined || multiLine.kind === "off") return undefined;
    const log = pending[find(arrived)];
    if (log === undefined || log.texts !== undefined || !isRubyHead(log.line.message)) return undefined;
    const message = line.members?.["errorMessage"];
    append(log, line.text, arrived.timeNs, "line");
    log.failure = certainError(type, typeof message === "string" ? message : undefined);
    return log.failure;
  }
}

/** Whether a log is cut off by the end of its batch. */
function isHeld(log: Pending): boolean {
  return isUnfinished(log.state) || log.java !== undefined || log.texts !== undefined;
}

/** Whether a line is text, not JSON: the platform's envelope is no part of it. */
function isTextual({ text, message }: Line): boolean {
  return text === message;
}

const RUBY_MEMBER = /^\s+"(errorMessage|errorType)": ("(?:[^"\\]|\\.)*"),?$/;
/** A qualified name at the beginning of a line, alone or before a colon. */
const JAVA_CLASS = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+(?=: |$)/;

/** Lines that Rust's error types print below the first one. */
function belongsToRust(text: string): boolean {
  return text === "" || /^(?:\s+\S|Caused by:$|Stack backtrace:$|Location:$)/.test(text);
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}
