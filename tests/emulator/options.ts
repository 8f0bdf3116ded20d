/** Everything that can be chosen about an emulated Lambda, and what is chosen when nothing is said. */
import type { SandboxWatcher } from "./events.ts";
import type { LogLevel } from "./function_log.ts";
import type { InProcessRun } from "./in_process.ts";
import type { LogEntry } from "./journal.ts";
import type { InitializationType } from "./records.ts";
import type { FunctionInit } from "./script.ts";
import type { SubscribeReply } from "./telemetry.ts";
import type { TelemetryChaos } from "./telemetry_chaos.ts";
import type { DeliveryModel } from "./telemetry_batcher.ts";

/** An extension: any executable file, or code of the test's own process under a name. */
export type ExtensionSource = string | { readonly name: string; readonly run: InProcessRun };

/** A function of any language: a program that speaks the Runtime API. */
export interface FunctionCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Wins over the function's variables: what this machine has elsewhere than Lambda, such as `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** When the report of an invocation reaches its subscribers: it is made after the freeze. */
export type ReportDelivery = "next" | "immediate" | "never-after-reset";

/** One emulated function and its environment. */
export interface LambdaSettings {
  readonly extensions: readonly ExtensionSource[];
  /** `scripted` runs in the test's process; `process` is a real one, started with this same Deno. */
  readonly function: "scripted" | "process" | FunctionCommand;
  readonly functionInit: FunctionInit;
  /** The user that extensions' processes run as; -1 for the emulator's own. */
  readonly userId: number;
  /** The customer's variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly functionName: string;
  readonly functionVersion: string;
  /** Appended to the function's ARN, as when a caller names an alias. Empty for none. */
  readonly qualifier: string;
  readonly handler: string;
  readonly accountId: string;
  readonly region: string;
  readonly runtimeVersion: string;
  readonly memorySizeMb: number;
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  /** Of a snapshot, the runtime's hooks included. */
  readonly restoreTimeoutMs: number;
  readonly shutdownBudgetMs: number;
  readonly logFormat: "Text" | "JSON";
  /** Of the JSON format: runtimes filter by it themselves, and lines that come without one are filtered. */
  readonly applicationLogLevel: LogLevel;
  /** What the level holds back: AWS documents CloudWatch, and says nothing of subscribers. */
  readonly levelFilter: "log-group" | "telemetry";
  /** `framed` gives a function's process the pipe that managed runtimes have and images and `provided` have not. */
  readonly logPipe: "framed" | "unframed";
  /** Output is known this much later than it was written, in ms: the platform reads pipes when it comes to it. */
  readonly logPipeDelayMs: number;
  readonly initializationType: InitializationType;
  readonly subscribeReply: SubscribeReply;
  readonly deliveryModel: DeliveryModel;
  readonly telemetryChaos: TelemetryChaos;
  readonly reportDelivery: ReportDelivery;
  /** Tell the spans of `platform.runtimeDone`; other emulators and old platforms do not. */
  readonly runtimeDoneSpans: boolean;
  /** Stop processes between invocations and hold back what is delivered meanwhile. */
  readonly freeze: boolean;
  /** The X-Ray header of each invocation; empty for none. */
  readonly traceHeader: string;
  /** Peak memory told in the report when it cannot be measured (in-process), in MB. */
  readonly maxMemoryUsedMb: number;
  /** INVOKE reaches extensions this much after the runtime has its event, in ms ("INVOKE last"). */
  readonly invokeDelayMs: number;
  /** The runtime gets its event this much after INVOKE, in ms ("INVOKE first"). */
  readonly dispatchDelayMs: number;
  /** Also send `Task timed out` as a `function` record; else only to the log group. */
  readonly timeoutLineAsFunctionLog: boolean;
  /** Concurrent requests on managed instances. */
  readonly concurrency: number;
  /** Each line of the function's log group as it is written. */
  readonly onLog: (entry: LogEntry) => void;
  /** Everything that happens, as it happens. */
  readonly onEvent: SandboxWatcher;
  /**
   * Runs after each hold, when its time is taken and nothing is frozen yet: to ask an extension something that
   * must cost no invocation. Its own time is nobody's, so it has to be short.
   */
  readonly beforeFreeze: () => Promise<void>;
  /** Each process of the sandbox as it starts. */
  readonly onProcess: (pid: number) => void;
}

/** Any part of the settings, and a short form for a single extension, which is put before `extensions`. */
export type LambdaOptions = Partial<LambdaSettings> & { readonly extension?: ExtensionSource };

/** The settings of AWS's console defaults where it has them. */
export function resolveOptions(options: LambdaOptions): LambdaSettings {
  const { extension, ...rest } = options;
  const managed = options.initializationType === "lambda-managed-instances";
  return {
    function: "scripted",
    functionInit: {},
    userId: -1,
    env: {},
    functionName: "checkout",
    functionVersion: managed || options.initializationType === "snap-start" ? "1" : "$LATEST",
    qualifier: "",
    handler: "index.handler",
    accountId: "123456789012",
    region: "eu-west-1",
    runtimeVersion: "nodejs:22.v51",
    memorySizeMb: managed ? 2048 : 128,
    timeoutMs: 3000,
    initTimeoutMs: (options.initializationType ?? "on-demand") === "on-demand" ? 10_000 : 130_000,
    restoreTimeoutMs: 10_000,
    shutdownBudgetMs: 2000,
    logFormat: managed ? "JSON" : "Text",
    applicationLogLevel: "INFO",
    levelFilter: "log-group",
    logPipe: "unframed",
    logPipeDelayMs: 0,
    initializationType: "on-demand",
    subscribeReply: 200,
    deliveryModel: "retry",
    telemetryChaos: {},
    reportDelivery: "next",
    runtimeDoneSpans: true,
    freeze: !managed,
    traceHeader: "Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Parent=53995c3f42cd8ad8;Sampled=1",
    maxMemoryUsedMb: 97,
    invokeDelayMs: 0,
    dispatchDelayMs: 0,
    timeoutLineAsFunctionLog: false,
    concurrency: managed ? 10 : 1,
    onLog: () => {},
    onEvent: () => {},
    beforeFreeze: () => Promise.resolve(),
    onProcess: () => {},
    ...rest,
    extensions: [...extension === undefined ? [] : [extension], ...rest.extensions ?? []],
  };
}
