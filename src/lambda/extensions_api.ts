/**
 * The Extensions API: register, and the long poll for events. Its two ways to report failure are not used: both fail
 * the function. Loaded before everything else, because registering is on the critical path of every cold start:
 * imports nothing heavy.
 * @see `tests/spec/lambda.md` 1
 */
import { valueOf } from "../header_fields.ts";
import type { RuntimeAnswer, RuntimeRequest, RuntimeSend } from "./runtime_client.ts";

/** A client of one environment's Extensions API. No method throws. */
export interface ExtensionsApi {
  /** Registers; up to three tries (after 200 and 400 ms) for transport errors, 5xx and 429. */
  register(options: { readonly managedInstance: boolean }): Promise<RegisterResult>;
  /** The next event. Waits as long as it takes, hours of freeze included; call it again only after it returned. */
  next(): Promise<NextResult>;
}

export interface ExtensionsApiOptions {
  /** The executable's own file name under `/opt/extensions`. */
  readonly name: string;
  readonly send: RuntimeSend;
  /** Waits between the tries to register. @default a timer */
  readonly delay?: (ms: number) => Promise<void>;
  /** Unix time in ms. */
  readonly now?: () => number;
}

export type RegisterResult =
  | {
    readonly status: "registered";
    /** Goes into the `Lambda-Extension-Identifier` header of every other call. */
    readonly identifier: string;
    readonly functionName: string;
    readonly functionVersion: string;
    readonly handler: string;
    readonly accountId?: string;
  }
  /** `httpStatus` is missing when no answer came at all. */
  | { readonly status: "failed"; readonly error: string; readonly httpStatus?: number };

export interface InvokeEvent {
  readonly type: "invoke";
  readonly requestId: string;
  /** Unix time in ms at which the function times out. */
  readonly deadlineAt: number;
  readonly invokedFunctionArn: string;
  /** The X-Ray header, if the invocation has a trace. */
  readonly traceHeader?: string;
}

export interface ShutdownEvent {
  readonly type: "shutdown";
  readonly reason: ShutdownReason;
  /** Unix time in ms at which the process is killed. */
  readonly deadlineAt: number;
}

export type ShutdownReason = "spindown" | "timeout" | "failure" | "unknown";

export type NextResult =
  | InvokeEvent
  | ShutdownEvent
  /** Answered, but with nothing we know: ask again. `eventType` is empty when the body was no event at all. */
  | { readonly type: "unknown"; readonly eventType: string }
  /** No answer came. */
  | { readonly type: "transport_error"; readonly error: string }
  /** Lambda will not serve this extension any more (403, 500 …). */
  | { readonly type: "refused"; readonly httpStatus: number; readonly error: string };

const BASE = "/2020-01-01/extension";
const REGISTER_DELAYS_MS = [200, 400];
/** Lambda answers at once; this only keeps a try from hanging for the whole init phase. */
const REGISTER_TIMEOUT_MS = 5000;
/** Lambda's default function timeout: assumed when an INVOKE names no deadline, so that no wait is unbounded. */
const ASSUMED_INVOKE_MS = 3000;
/** Lambda's shutdown phase with an external extension. */
const ASSUMED_SHUTDOWN_MS = 2000;

/** A client bound to one environment. */
export function createExtensionsApi(options: ExtensionsApiOptions): ExtensionsApi {
  const { send } = options;
  const delay = options.delay ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  const now = options.now ?? Date.now;
  let identifier = "";

  async function register(managedInstance: boolean): Promise<RegisterResult> {
    const request: RuntimeRequest = {
      method: "POST",
      path: `${BASE}/register`,
      fields: [
        ["content-type", "application/json"],
        ["lambda-extension-name", options.name],
        ["lambda-extension-accept-feature", "accountId"],
      ],
      // Managed instances refuse INVOKE with 403.
      body: JSON.stringify({ events: managedInstance ? ["SHUTDOWN"] : ["INVOKE", "SHUTDOWN"] }),
      timeoutMs: REGISTER_TIMEOUT_MS,
    };
    for (let tries = 0;; tries++) {
      const result = await registerOnce(request);
      const waitMs = REGISTER_DELAYS_MS[tries];
      if (result.status === "registered" || waitMs === undefined || !isTransient(result.httpStatus)) {
        return result;
      }
      await delay(waitMs);
    }
  }

  async function registerOnce(request: RuntimeRequest): Promise<RegisterResult> {
    try {
      const answer = await send(request);
      const id = valueOf(answer.fields, "lambda-extension-identifier") ?? "";
      if (answer.status !== 200 || id === "") {
        return { status: "failed", httpStatus: answer.status, error: describeRefusal("register", answer) };
      }
      identifier = id;
      const body = parseObject(answer.text);
      const accountId = textOf(body["accountId"]);
      return {
        status: "registered",
        identifier,
        functionName: textOf(body["functionName"]),
        functionVersion: textOf(body["functionVersion"]),
        handler: textOf(body["handler"]),
        ...(accountId === "" ? {} : { accountId }),
      };
    } catch (error) {
      return { status: "failed", error: `Cannot register as Lambda gave no answer: ${String(error)}` };
    }
  }

  async function next(): Promise<NextResult> {
    try {
      // No time limit: timers that ran out during a freeze would end the poll, and an ended poll swallows the event.
      const answer = await send({
        method: "GET",
        path: `${BASE}/event/next`,
        fields: [["lambda-extension-identifier", identifier]],
      });
      if (answer.status === 200) return decodeEvent(parseObject(answer.text), now());
      const error = describeRefusal("ask for the next event", answer);
      return { type: "refused", httpStatus: answer.status, error };
    } catch (error) {
      return { type: "transport_error", error: String(error) };
    }
  }

  return {
    register: ({ managedInstance }) => register(managedInstance),
    next,
  };
}

function decodeEvent(event: Readonly<Record<string, unknown>>, nowAt: number): NextResult {
  const eventType = textOf(event["eventType"]);
  const deadlineMs = event["deadlineMs"];
  const deadlineAt = typeof deadlineMs === "number" && Number.isFinite(deadlineMs) ? deadlineMs : undefined;
  if (eventType === "SHUTDOWN") {
    const reason = decodeReason(event["shutdownReason"]);
    return { type: "shutdown", reason, deadlineAt: deadlineAt ?? nowAt + ASSUMED_SHUTDOWN_MS };
  }
  const requestId = textOf(event["requestId"]);
  if (eventType !== "INVOKE" || requestId === "") return { type: "unknown", eventType };
  const tracing = event["tracing"];
  const traceHeader = isObject(tracing) ? textOf(tracing["value"]) : "";
  return {
    type: "invoke",
    requestId,
    deadlineAt: deadlineAt ?? nowAt + ASSUMED_INVOKE_MS,
    invokedFunctionArn: textOf(event["invokedFunctionArn"]),
    ...(traceHeader === "" ? {} : { traceHeader }),
  };
}

/** Documented in capitals, lower case on the wire. */
function decodeReason(value: unknown): ShutdownReason {
  const reason = textOf(value).toLowerCase();
  return reason === "spindown" || reason === "timeout" || reason === "failure" ? reason : "unknown";
}

function isTransient(httpStatus: number | undefined): boolean {
  return httpStatus === undefined || httpStatus >= 500 || httpStatus === 429;
}

function describeRefusal(what: string, { status, text }: RuntimeAnswer): string {
  const body = parseObject(text);
  const detail = `${textOf(body["errorType"])} ${textOf(body["errorMessage"])}`.trim();
  return `Cannot ${what} as Lambda refused: current value is ${status} ${detail}`.trimEnd();
}

/** The JSON object in `text`; empty when there is none. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
