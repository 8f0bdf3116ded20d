/** What happens in a sandbox, told as it happens: for whoever watches, e.g. the page. Times (`at`) in epoch ms. */
import type { ShutdownReason, ShutdownResult } from "./ending.ts";
import type { InitResult } from "./init.ts";
import type { InvokeResult } from "./invocation.ts";
import type { ApiCall, LogEntry } from "./journal.ts";
import type { Phase, Status } from "./records.ts";
import type { RestoreResult } from "./restore.ts";

/** One thing that happened. */
export type SandboxEvent =
  /** A generation of the sandbox begins with its init; `life` counts them from 1. */
  | { readonly kind: "initStarted"; readonly at: number; readonly life: number; readonly phase: Phase }
  | {
    readonly kind: "initialized";
    readonly at: number;
    readonly life: number;
    readonly phase: Phase;
    readonly result: InitResult;
  }
  /** The processes stop, and go on. Each only when the other was before it. */
  | { readonly kind: "frozen" | "thawed"; readonly at: number; readonly life: number }
  /** A request came in; `payload` is the event as the function gets it. */
  | {
    readonly kind: "invoked";
    readonly at: number;
    readonly life: number;
    readonly requestId: string;
    readonly payload: string;
  }
  /** The runtime is done with it, or was ended; what follows is the extensions' hold. */
  | {
    readonly kind: "runtimeDone";
    readonly at: number;
    readonly requestId: string;
    readonly status: Status;
  }
  /** Over, its reset included. */
  | { readonly kind: "invocationEnded"; readonly at: number; readonly result: InvokeResult }
  | { readonly kind: "restoreStarted"; readonly at: number; readonly life: number }
  | {
    readonly kind: "restored";
    readonly at: number;
    readonly life: number;
    readonly result: RestoreResult;
  }
  /** A reset or a shutdown begins. */
  | {
    readonly kind: "ending";
    readonly at: number;
    readonly life: number;
    readonly reason: ShutdownReason;
  }
  | {
    readonly kind: "ended";
    readonly at: number;
    readonly life: number;
    readonly result: ShutdownResult;
  }
  /** A call of an API has arrived; also `exec`, the start of a program. */
  | { readonly kind: "call"; readonly call: Readonly<ApiCall> }
  /** A line of the function's log group. */
  | { readonly kind: "log"; readonly entry: LogEntry };

/** Takes events; must not throw. */
export type SandboxWatcher = (event: SandboxEvent) => void;
