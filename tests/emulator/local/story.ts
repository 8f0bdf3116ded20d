/** A run told line by line, as it happens: what a person would want to know, and no more. */
import type { ReceivedUpload } from "../dataway.ts";
import type { SandboxEvent } from "../events.ts";
import type { InvokeResult } from "../invocation.ts";
import { showMs } from "../tables.ts";

export interface StoryOptions {
  readonly print: (line: string) => void;
  /** With colours of a terminal. */
  readonly colours: boolean;
  /** Epoch ms. @default the clock */
  readonly now?: () => number;
}

export interface Story {
  /** For `LambdaOptions.onEvent`. */
  readonly onEvent: (event: SandboxEvent) => void;
  readonly upload: (upload: ReceivedUpload) => void;
  /** Anything else, under a word of its own. */
  readonly say: (word: string, text: string, mood?: Mood) => void;
}

export type Mood = "plain" | "good" | "bad" | "dim";

/** SGR codes; text of its own colour would not be read on every background. */
const CODES: Readonly<Record<Mood, string>> = {
  plain: "",
  good: "\x1b[32m",
  bad: "\x1b[31m",
  dim: "\x1b[2m",
};
const RESET = "\x1b[0m";
const WORD_WIDTH = 10;

/** Tells to `print`. */
export function createStory({ print, colours, now = Date.now }: StoryOptions): Story {
  let invocations = 0;

  function say(word: string, text: string, mood: Mood = "plain"): void {
    const clock = new Date(now()).toISOString().slice(11, 23);
    // What a function writes may hold codes that would move the cursor, or clear the screen.
    for (const line of text.split("\n").map(printable)) {
      const whole = `${clock}  ${word.padEnd(WORD_WIDTH)} ${line}`.trimEnd();
      print(colours && CODES[mood] !== "" ? `${CODES[mood]}${whole}${RESET}` : whole);
    }
  }

  function onEvent(event: SandboxEvent): void {
    switch (event.kind) {
      case "initialized": {
        const { status, errorType, durationMs } = event.result;
        const text = `${errorType ?? status} after ${showMs(durationMs)} ms`;
        return say("cold start", text, status === "success" ? "good" : "bad");
      }
      case "invoked":
        return say("invoke", `#${++invocations} ${event.requestId} ${shorten(event.payload)}`);
      case "invocationEnded":
        return say(
          "done",
          `#${invocations} ${describe(event.result)}`,
          failed(event.result) ? "bad" : "good",
        );
      case "ended": {
        const { reason, exitCode, killed, afterEventMs } = event.result;
        const how = killed ? "killed" : `exit code ${exitCode}`;
        const text = `${reason}: the extension ends with ${how} ${showMs(afterEventMs)} ms after SHUTDOWN`;
        return say("shutdown", text, exitCode === 0 && !killed ? "plain" : "bad");
      }
      case "log":
        if (event.entry.source === "platform") return;
        return say(
          event.entry.source,
          event.entry.line,
          event.entry.source === "extension" ? "dim" : "plain",
        );
    }
  }

  return {
    say,
    onEvent,
    upload: ({ path, category, points, status, rawBytes, wireBytes }) => {
      const what = category === undefined ? path : `${category}: ${points.length} points`;
      const answer = status === 0 ? "no answer" : `answered ${status}`;
      const text = `${what}, ${rawBytes} bytes (${wireBytes} on the wire), ${answer}`;
      say("upload", text, status >= 200 && status < 300 ? "dim" : "bad");
    },
  };
}

/** Whether the function or the platform failed the invocation. */
export function failed({ status, functionError }: InvokeResult): boolean {
  return status !== "success" || functionError !== undefined;
}

function describe(result: InvokeResult): string {
  const { status, errorType, functionError, callerMs, billedDurationMs, extensionHoldMs, init, reset } =
    result;
  return [
    functionError === undefined ? errorType ?? status : `failed with ${functionError}`,
    `answered after ${showMs(callerMs)} ms: ${shorten(result.response)}`,
    `billed ${billedDurationMs} ms`,
    ...extensionHoldMs === undefined ? [] : [`held ${showMs(extensionHoldMs)} ms`],
    `${result.maxMemoryUsedMb} MB`,
    ...init === undefined ? [] : [`with an init of ${showMs(init.durationMs)} ms`],
    ...reset === undefined ? [] : ["then a reset"],
  ].join(", ");
}

const SHORT_CHARS = 80;

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > SHORT_CHARS ? `${line.slice(0, SHORT_CHARS - 1)}…` : line;
}

function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[\d;]*m)/g, "�");
}
