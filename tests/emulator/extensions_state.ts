/**
 * The Extensions API's state machines: who may call what when, and the exact answers.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html and `internal/lambda/core` of https://github.com/aws/aws-lambda-runtime-interface-emulator
 */
import { type ExtensionEventName, isEventName, parseRegister, refuseEvent } from "./register_request.ts";
import { acceptedReply, type ApiReply, containerLostReply, errorReply, transitionError } from "./reply.ts";
import { createWaiters } from "./waiters.ts";

export type ExtensionState =
  | "Started"
  | "Registered"
  | "Ready"
  | "Running"
  | "InitError"
  | "ExitError"
  | "LaunchError"
  | "ShutdownFailed"
  | "Exited";

/** An event as `next` answers it. */
export type ExtensionEvent =
  | {
    readonly eventType: "INVOKE";
    readonly deadlineMs: number;
    readonly requestId: string;
    readonly invokedFunctionArn: string;
    readonly tracing?: { readonly type: string; readonly value: string };
  }
  | { readonly eventType: "SHUTDOWN"; readonly shutdownReason: string; readonly deadlineMs: number };

/** One extension as the platform knows it. */
export interface ExtensionRecord {
  readonly name: string;
  readonly id: string;
  /** Started by the platform from a file; otherwise registered from within the runtime. */
  readonly external: boolean;
  readonly state: ExtensionState;
  readonly events: readonly ExtensionEventName[];
  readonly errorType?: string;
}

export interface ExtensionsOptions {
  /** Names of the files started; each has to register before the runtime starts. */
  readonly names: readonly string[];
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly accountId: string;
  /** Managed instances refuse INVOKE. */
  readonly managed: boolean;
  /** The first call of `init/error` or `exit/error`. */
  readonly onFatal: (errorType: string, name: string) => void;
  /** An event given to a `next` whose client has gone is lost. */
  readonly onSwallowed: (name: string, event: ExtensionEvent) => void;
}

/** All extensions of one generation of the sandbox. */
export interface Extensions {
  readonly list: readonly ExtensionRecord[];
  register(name: string, acceptFeatures: string, body: string): ApiReply;
  /** Blocks until there is an event. `gone` aborts when the client closes the connection. */
  next(identifier: string | null, gone: AbortSignal): Promise<ApiReply>;
  reportError(kind: "init" | "exit", identifier: string | null, errorType: string | null): ApiReply;
  /** The extension of an identifier header, or the answer that refuses it. */
  identify(identifier: string | null): ExtensionRecord | ApiReply;
  /** Resolves when `condition` holds for every extension of `of`. */
  until(condition: (extension: ExtensionRecord) => boolean): Promise<void>;
  /** Hands `event` to those subscribed: now to those that wait, to the others when they ask. */
  offer(event: ExtensionEvent): void;
  /** Registration ends when the runtime is ready. */
  closeRegistration(): void;
  /** Sets a state only the platform can know. */
  mark(name: string, state: "Exited" | "ShutdownFailed" | "LaunchError", errorType?: string): void;
  /** Answers everything that still waits with 500: the sandbox is gone. */
  abandon(): void;
}

/** At most this many extensions per function. */
const MAX_EXTENSIONS = 10;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface Slot {
  readonly name: string;
  readonly id: string;
  readonly external: boolean;
  state: ExtensionState;
  events: readonly ExtensionEventName[];
  errorType?: string;
  waiting?: { readonly answer: (reply: ApiReply) => void; readonly gone: AbortSignal };
  queued?: ExtensionEvent;
}

/** The extensions named in `options`, all in state Started. */
export function createExtensions(options: ExtensionsOptions): Extensions {
  const slots: Slot[] = options.names.map((name) => createSlot(name, true));
  const waiters = createWaiters();
  let registrationOpen = true;

  function setState(slot: Slot, state: ExtensionState): void {
    slot.state = state;
    waiters.changed();
  }

  function refuse(slot: Slot, to: ExtensionState, who: string): ApiReply {
    return errorReply(
      403,
      "Extension.InvalidExtensionState",
      transitionError(slot.state, to, `extension ${who}`),
    );
  }

  function identify(identifier: string | null): Slot | ApiReply {
    if (identifier === null || identifier === "") {
      return errorReply(
        403,
        "Extension.MissingExtensionIdentifier",
        "Missing Lambda-Extension-Identifier header",
      );
    }
    if (!UUID.test(identifier)) {
      return errorReply(403, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
    }
    return slots.find((slot) => slot.id === identifier.toLowerCase()) ??
      errorReply(403, "Extension.UnknownExtensionIdentifier", `Unknown extension ${identifier}`);
  }

  /** Adds an internal extension, one within the runtime, or says why not. */
  function createInternal(name: string): Slot | ApiReply {
    if (!registrationOpen) {
      return errorReply(403, "Extension.RegistrationClosed", "Extension registration closed already");
    }
    if (slots.some((slot) => slot.name === name)) {
      return errorReply(
        403,
        "Extension.InvalidExtensionState",
        "Extension with this name already registered",
      );
    }
    if (slots.length >= MAX_EXTENSIONS) {
      return errorReply(403, "Extension.TooManyExtensions", `Extension limit (${MAX_EXTENSIONS}) reached`);
    }
    const slot = createSlot(name, false);
    slots.push(slot);
    return slot;
  }

  function register(name: string, acceptFeatures: string, body: string): ApiReply {
    if (name === "") return errorReply(403, "Extension.InvalidExtensionName", "Empty extension name");
    const request = parseRegister(body);
    if (typeof request === "string") return errorReply(403, "InvalidRequestFormat", request);
    const external = slots.find((slot) => slot.name === name && slot.external);
    const refused = refuseEvent(request, external !== undefined, options.managed);
    if (refused !== undefined) return errorReply(403, "Extension.InvalidEventType", refused);
    const slot = external ?? createInternal(name);
    if ("status" in slot) return slot;
    if (slot.state !== "Started") return refuse(slot, "Registered", name);
    slot.events = [...new Set(request)].filter(isEventName);
    setState(slot, "Registered");
    const { functionName, functionVersion, handler, accountId } = options;
    const wantsAccount = acceptFeatures.split(",").some((feature) => feature.trim() === "accountId");
    return {
      status: 200,
      headers: { "Lambda-Extension-Identifier": slot.id },
      body: { functionName, functionVersion, handler, ...(wantsAccount ? { accountId } : {}) },
    };
  }

  /** Releases a waiting `next` with `event`. */
  function release(slot: Slot, event: ExtensionEvent): void {
    const { waiting } = slot;
    if (waiting === undefined) return;
    delete slot.waiting;
    if (waiting.gone.aborted) options.onSwallowed(slot.name, event);
    setState(slot, "Running");
    const headers = event.eventType === "INVOKE"
      ? { "Lambda-Extension-Event-Identifier": crypto.randomUUID() }
      : {};
    waiting.answer({ status: 200, body: event, headers });
  }

  function next(identifier: string | null, gone: AbortSignal): Promise<ApiReply> {
    const slot = identify(identifier);
    if ("status" in slot) return Promise.resolve(slot);
    if (slot.state !== "Registered" && slot.state !== "Running") {
      return Promise.resolve(refuse(slot, "Ready", slot.id));
    }
    const { promise, resolve } = Promise.withResolvers<ApiReply>();
    slot.waiting = { answer: resolve, gone };
    setState(slot, "Ready");
    const { queued } = slot;
    if (queued !== undefined) {
      delete slot.queued;
      release(slot, queued);
    }
    return promise;
  }

  function reportError(
    kind: "init" | "exit",
    identifier: string | null,
    errorType: string | null,
  ): ApiReply {
    const slot = identify(identifier);
    if ("status" in slot) return slot;
    if (errorType === null || errorType === "") {
      return errorReply(403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found");
    }
    const target = kind === "init" ? "InitError" : "ExitError";
    if (slot.state === target) return acceptedReply();
    const allowed: readonly ExtensionState[] = kind === "init"
      ? ["Registered"]
      : ["Registered", "Ready", "Running"];
    if (!allowed.includes(slot.state)) return refuse(slot, target, slot.id);
    slot.errorType = errorType;
    setState(slot, target);
    options.onFatal(kind === "init" ? "Extension.InitError" : "Extension.ExitError", slot.name);
    return acceptedReply();
  }

  return {
    list: slots,
    register,
    next,
    reportError,
    identify,
    until: (condition) => waiters.until(() => slots.every(condition)),
    offer: (event) => {
      for (const slot of slots) {
        if (!slot.events.includes(event.eventType)) continue;
        if (slot.state === "Ready") release(slot, event);
        else slot.queued = event;
      }
    },
    closeRegistration: () => void (registrationOpen = false),
    mark: (name, state, errorType) => {
      const slot = slots.find((candidate) => candidate.name === name);
      if (slot === undefined) return;
      if (errorType !== undefined) slot.errorType = errorType;
      setState(slot, state);
    },
    abandon: () => {
      for (const slot of slots) {
        slot.waiting?.answer(containerLostReply());
        delete slot.waiting;
      }
    },
  };
}

function createSlot(name: string, external: boolean): Slot {
  return { name, id: crypto.randomUUID(), external, state: "Started", events: [] };
}
