/**
 * The Runtime API's state machine: one invocation at a time, or many on managed instances.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and `internal/lambda/core` of https://github.com/aws/aws-lambda-runtime-interface-emulator
 */
import { acceptedReply, type ApiReply, containerLostReply, errorReply, transitionError } from "./reply.ts";
import { createWaiters, nowMs } from "./waiters.ts";

export type RuntimeState =
  | "Started"
  | "InitError"
  | "RestoreReady"
  | "Restoring"
  | "RestoreError"
  | "Ready"
  | "Running"
  | "InvocationResponse"
  | "InvocationErrorResponse"
  | "ResponseSent";

/** What the function's code is handed. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly payload: string;
  /** Epoch ms. */
  readonly deadlineAt: number;
  readonly functionArn: string;
  readonly traceId?: string;
}

/** What the function answered. Times are epoch ms. */
export interface RuntimeAnswer {
  readonly kind: "response" | "error";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly errorType?: string;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** One invocation as the runtime works on it. The promises never reject, and may never resolve. */
export interface OpenInvocation {
  readonly requestId: string;
  readonly answered: Promise<RuntimeAnswer>;
  /** Resolves, with the time in epoch ms, when the runtime asks for the next event. */
  readonly done: Promise<number>;
}

export interface RuntimeOptions {
  /** Many invocations at once; the machine is then one per request. */
  readonly managed: boolean;
  readonly onInitError: (errorType: string, body: string) => void;
  readonly onRestoreError: (errorType: string, body: string) => void;
}

/** The runtime of one generation of the sandbox. */
export interface Runtime {
  readonly state: RuntimeState;
  /** Resolves with the first `next`, or `restore/next`. */
  readonly ready: Promise<void>;
  /** SnapStart: blocks until {@link Runtime.restore}. */
  restoreNext(): Promise<ApiReply>;
  restoreError(errorType: string, body: string): ApiReply;
  /** Releases a blocked `restoreNext`; resolves once the runtime asks for an event. */
  restore(): Promise<void>;
  next(): Promise<ApiReply>;
  /** A response begins to arrive. Returns the answer that refuses it, else undefined. */
  begin(requestId: string, kind: "response" | "error"): ApiReply | undefined;
  /** A response that began is complete. */
  finish(requestId: string, kind: "response" | "error", answer: AnswerBody): ApiReply;
  initError(errorType: string, body: string): ApiReply;
  /** Queues an event for the runtime. */
  dispatch(event: RuntimeEvent): OpenInvocation;
  abandon(): void;
}

/** The bytes of an answer and when they began to arrive, in epoch ms. */
export interface AnswerBody {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly startedAt: number;
  readonly errorType?: string;
}

/** Largest buffered response in bytes: 6 MiB and 100 for the envelope. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

interface Open {
  readonly event: RuntimeEvent;
  state: RuntimeState;
  readonly answered: (answer: RuntimeAnswer) => void;
  readonly done: (at: number) => void;
}

/** A runtime that has not asked for anything yet. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const open = new Map<string, Open>();
  const queue: Open[] = [];
  const blocked: ((reply: ApiReply) => void)[] = [];
  const waiters = createWaiters();
  let state: RuntimeState = "Started";
  let releaseRestore: (reply: ApiReply) => void = () => {};

  function refuse(from: RuntimeState, to: RuntimeState): ApiReply {
    return errorReply(403, "InvalidStateTransition", transitionError(from, to, "runtime"));
  }

  function pump(): void {
    while (blocked.length > 0 && queue.length > 0) {
      const item = queue.shift();
      const answer = blocked.shift();
      if (item === undefined || answer === undefined) return;
      item.state = "Running";
      if (!options.managed) state = "Running";
      answer(eventReply(item.event));
    }
  }

  function next(): Promise<ApiReply> {
    if (!options.managed) {
      if (state === "Running") {
        const running = [...open.values()].find((item) => item.state === "Running");
        return Promise.resolve(running === undefined ? containerLostReply() : eventReply(running.event));
      }
      if (!["Started", "Ready", "ResponseSent", "Restoring"].includes(state)) {
        return Promise.resolve(refuse(state, "Ready"));
      }
      finishSent();
    }
    state = "Ready";
    waiters.changed();
    const { promise, resolve } = Promise.withResolvers<ApiReply>();
    blocked.push(resolve);
    pump();
    return promise;
  }

  /** Asking for the next event is what ends the previous invocation. */
  function finishSent(): void {
    for (const [requestId, item] of open) {
      if (item.state !== "ResponseSent") continue;
      open.delete(requestId);
      item.done(nowMs());
    }
  }

  function begin(requestId: string, kind: "response" | "error"): ApiReply | undefined {
    const item = open.get(requestId);
    if (item === undefined) return errorReply(400, "InvalidRequestID", "Invalid request ID");
    const to = kind === "response" ? "InvocationResponse" : "InvocationErrorResponse";
    if (item.state !== "Running") return refuse(item.state, to);
    item.state = to;
    if (!options.managed) state = to;
    return undefined;
  }

  function finish(requestId: string, kind: "response" | "error", answer: AnswerBody): ApiReply {
    const item = open.get(requestId);
    if (item === undefined) return errorReply(400, "InvalidRequestID", "Invalid request ID");
    item.state = "ResponseSent";
    if (!options.managed) state = "ResponseSent";
    const tooLarge = answer.body.length > MAX_RESPONSE_BYTES;
    const common = { startedAt: answer.startedAt, finishedAt: nowMs() };
    if (tooLarge) {
      const errorType = "Function.ResponseSizeTooLarge";
      item.answered({ ...common, kind: "error", errorType, body: new Uint8Array() });
    } else {
      const errorType = answer.errorType === undefined ? {} : { errorType: answer.errorType };
      item.answered({ ...common, ...errorType, kind, body: answer.body });
    }
    if (options.managed) {
      open.delete(requestId);
      item.done(nowMs());
    }
    return tooLarge
      ? errorReply(
        413,
        "RequestEntityTooLarge",
        `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
      )
      : acceptedReply();
  }

  return {
    get state(): RuntimeState {
      return state;
    },
    ready: waiters.until(() => state === "Ready" || state === "RestoreReady"),
    next,
    restoreNext: () => {
      if (state !== "Started") return Promise.resolve(refuse(state, "RestoreReady"));
      state = "RestoreReady";
      waiters.changed();
      const { promise, resolve } = Promise.withResolvers<ApiReply>();
      releaseRestore = resolve;
      return promise;
    },
    restoreError: (errorType, body) => {
      if (state !== "Restoring") return refuse(state, "RestoreError");
      state = "RestoreError";
      options.onRestoreError(errorType, body);
      return acceptedReply();
    },
    restore: () => {
      if (state === "RestoreReady") {
        state = "Restoring";
        releaseRestore({ status: 200, body: new Uint8Array() });
      }
      return waiters.until(() => state === "Ready");
    },
    begin,
    finish,
    initError: (errorType, body) => {
      if (state !== "Started") return refuse(state, "InitError");
      state = "InitError";
      options.onInitError(errorType, body);
      return acceptedReply();
    },
    dispatch: (event) => {
      const answered = Promise.withResolvers<RuntimeAnswer>();
      const done = Promise.withResolvers<number>();
      const item: Open = { event, state: "Ready", answered: answered.resolve, done: done.resolve };
      open.set(event.requestId, item);
      queue.push(item);
      pump();
      return { requestId: event.requestId, answered: answered.promise, done: done.promise };
    },
    abandon: () => {
      releaseRestore(containerLostReply());
      for (const answer of blocked.splice(0)) answer(containerLostReply());
    },
  };
}

function eventReply(event: RuntimeEvent): ApiReply {
  return {
    status: 200,
    body: new TextEncoder().encode(event.payload),
    headers: {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": event.requestId,
      "Lambda-Runtime-Deadline-Ms": String(event.deadlineAt),
      "Lambda-Runtime-Invoked-Function-Arn": event.functionArn,
      ...(event.traceId === undefined ? {} : { "Lambda-Runtime-Trace-Id": event.traceId }),
    },
  };
}
