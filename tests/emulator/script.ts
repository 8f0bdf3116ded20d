/**
 * What the user function does with one invocation, as data: the event's payload is the script. The same script
 * runs in the test's process or in a real function process.
 */
import { sleep } from "./waiters.ts";

/**
 * How an invocation ends. The three shapes of out-of-memory:
 * `oom_reported` (Python, Ruby: the platform names it), `oom_killed` (Go, provided: the report is at the cap),
 * `oom_logged` (Node, Java, .NET: the text is in the log).
 */
export type Outcome = "success" | "error" | "crash" | "hang" | "oom_reported" | "oom_killed" | "oom_logged";

/** Something the function sends to a local port while it runs, e.g. OTLP to the extension. */
export type LocalSend =
  | {
    readonly kind: "http";
    readonly url: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly text?: string;
    readonly base64?: string;
  }
  | { readonly kind: "udp"; readonly port: number; readonly text: string };

/** One invocation. Parts happen in the order of the members below. */
export interface FunctionScript {
  /** What a person calls it; the function does not care. */
  readonly name?: string;
  /** Lines printed first: text as it is, anything else as one line of JSON. `{requestId}` stands for the id. */
  readonly logs?: readonly unknown[];
  readonly sends?: readonly LocalSend[];
  /** Memory touched and kept until the end of the process, in MB; in-process it only counts in the report. */
  readonly memoryMb?: number;
  readonly sleepMs?: number;
  /** @default "success" */
  readonly outcome?: Outcome;
  /** Returned when the outcome is success. @default `{"ok":true}` */
  readonly response?: unknown;
  /** The response is streamed instead, in chunks of letters. */
  readonly stream?: ResponseStream;
  /** Told when the outcome is error. */
  readonly errorType?: string;
  readonly errorMessage?: string;
  /** The error leaves no line in the log. */
  readonly silent?: boolean;
  /** The error's line comes after its answer, as Java's runtime writes it. */
  readonly lateErrorLine?: boolean;
  /** When the outcome is crash. @default 1 */
  readonly exitCode?: number;
  /** Lines printed between the response and the next event. */
  readonly logsAfterResponse?: readonly unknown[];
}

/** A streamed response. */
export interface ResponseStream {
  readonly chunks: number;
  readonly chunkBytes: number;
  /** Before each chunk, in ms. */
  readonly pauseMs: number;
}

/** How the function's start goes: the same for each start of the sandbox it is given for. */
export interface FunctionInit {
  readonly logs?: readonly unknown[];
  readonly sleepMs?: number;
  /** `error` posts `/runtime/init/error` and exits. @default "ready" */
  readonly outcome?: "ready" | "error" | "crash" | "hang";
  readonly errorType?: string;
  /** SnapStart: how the runtime's hooks go after each restore. @default "ready" */
  readonly restoreOutcome?: "ready" | "error" | "hang";
  /** SnapStart: how long the hooks take, in ms. */
  readonly restoreMs?: number;
}

/** What a script is played on. */
export interface FunctionStage {
  readonly requestId: string;
  readonly logFormat: "Text" | "JSON";
  write(line: string): void;
  send(send: LocalSend): Promise<void>;
  allocate(megabytes: number): void;
  /** Fires when the function is killed. */
  readonly killed: AbortSignal;
}

/** How a script leaves the process: with an answer, or by its death. */
export type Ending =
  | { readonly kind: "response"; readonly body: string }
  | { readonly kind: "stream"; readonly stream: ResponseStream }
  | {
    readonly kind: "error";
    readonly errorType: string;
    readonly body: string;
    /** To be printed after the answer. */
    readonly lateLines: readonly string[];
  }
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "kill" }
  | { readonly kind: "hang" };

/** What V8 prints before it gives up. */
const HEAP_TEXT = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";

/** Plays a script up to its end, which the caller carries out. */
export async function playScript(script: FunctionScript, stage: FunctionStage): Promise<Ending> {
  printLines(script.logs, stage);
  for (const send of script.sends ?? []) await stage.send(send);
  if (script.memoryMb !== undefined) stage.allocate(script.memoryMb);
  if (script.sleepMs !== undefined) await sleep(script.sleepMs, stage.killed);
  switch (script.outcome ?? "success") {
    case "success":
      if (script.stream !== undefined) return { kind: "stream", stream: script.stream };
      return { kind: "response", body: JSON.stringify(script.response ?? { ok: true }) };
    case "error":
      return errorEnding(script, stage);
    case "crash":
      return { kind: "exit", code: script.exitCode ?? 1 };
    case "hang":
      return { kind: "hang" };
    case "oom_logged":
      stage.write(HEAP_TEXT);
      return { kind: "exit", code: 134 };
    case "oom_reported":
    case "oom_killed":
      return { kind: "kill" };
  }
}

/** The chunks of a streamed response, each after its pause. */
export async function* streamChunks(
  stream: ResponseStream,
  killed: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let chunk = 0; chunk < stream.chunks && !killed.aborted; chunk++) {
    await sleep(stream.pauseMs, killed);
    yield new Uint8Array(stream.chunkBytes).fill(0x78);
  }
}

/** Prints the lines of a list on a stage. */
export function printLines(
  lines: readonly unknown[] | undefined,
  stage: Pick<FunctionStage, "requestId" | "write">,
): void {
  for (const line of lines ?? []) {
    const text = typeof line === "string" ? line : JSON.stringify(line);
    stage.write(text.replaceAll("{requestId}", stage.requestId));
  }
}

/** The script of an event; a payload that is no object is an empty script, which succeeds. */
export function parseScript(payload: string): FunctionScript {
  try {
    const parsed: unknown = JSON.parse(payload);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** Sends over HTTP or UDP; a refused connection is the function's own trouble and is ignored. */
export async function sendLocally(send: LocalSend): Promise<void> {
  if (send.kind === "udp") {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    await socket.send(new TextEncoder().encode(send.text), {
      transport: "udp",
      hostname: "127.0.0.1",
      port: send.port,
    });
    socket.close();
    return;
  }
  const body = send.base64 === undefined ? send.text ?? null : Uint8Array.fromBase64(send.base64);
  try {
    const response = await fetch(send.url, {
      method: send.method ?? "POST",
      headers: { ...send.headers },
      body,
    });
    await response.body?.cancel();
  } catch {
    // As an SDK does: telemetry that cannot be sent is not the function's failure.
  }
}

/**
 * The error a Node runtime would post and print for a thrown exception.
 * @see https://www.npmjs.com/package/aws-lambda-ric
 */
function errorEnding(script: FunctionScript, stage: FunctionStage): Ending {
  const errorType = script.errorType ?? "Error";
  const errorMessage = script.errorMessage ?? "scripted";
  const trace = [`${errorType}: ${errorMessage}`, "    at handler (file:///var/task/index.mjs:7:9)"];
  const body = JSON.stringify({ errorType, errorMessage, trace });
  const line = errorLine({ errorType, errorMessage }, trace, stage);
  if (!script.silent && !script.lateErrorLine) stage.write(line);
  return { kind: "error", errorType, body, lateLines: script.lateErrorLine ? [line] : [] };
}

function errorLine(error: object, stack: readonly string[], stage: FunctionStage): string {
  const timestamp = new Date().toISOString();
  const { requestId } = stage;
  return stage.logFormat === "JSON"
    ? JSON.stringify({ timestamp, level: "ERROR", requestId, message: { ...error, stackTrace: stack } })
    : `${timestamp}\t${requestId}\tERROR\tInvoke Error \t${JSON.stringify({ ...error, stack })}`;
}
