/** One generation of the sandbox, from an init to a reset or shutdown: the state machines and the programs. */
import type { SandboxEvent } from "./events.ts";
import { createExtensions, type Extensions } from "./extensions_state.ts";
import type { Journal } from "./journal.ts";
import type { LambdaSettings } from "./options.ts";
import type { Program } from "./program.ts";
import type { Phase } from "./records.ts";
import { createRuntime, type Runtime } from "./runtime_state.ts";
import type { Outcome } from "./script.ts";
import { createTelemetry, type Telemetry } from "./telemetry.ts";

/** Why the sandbox cannot go on. The first one wins. */
export interface Fatal {
  readonly errorType: string;
  readonly message: string;
}

/** What outlives a generation. */
export interface Sandbox {
  readonly settings: LambdaSettings;
  /** `127.0.0.1:<port>` of the APIs. */
  readonly runtimeApi: string;
  /** Another one after each restore. */
  logStream: string;
  readonly journal: Journal;
  /** Highest memory seen in the sandbox, in MB: scripted or measured. */
  peakMemoryMb: number;
  generation?: Generation;
  /** Every generation so far, the current one last. */
  readonly generations: Generation[];
}

/** One generation; see the file. */
export interface Generation {
  /** Counts the sandbox's generations from 1. */
  readonly life: number;
  readonly phase: Phase;
  readonly extensions: Extensions;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Running extensions. */
  readonly programs: Program[];
  functionProgram?: Program;
  /** Resolves with the first fatal error; never rejects. */
  readonly fatal: Promise<Fatal>;
  raise(fatal: Fatal): void;
  /** From the start of reset or shutdown on, exits are expected. */
  ending: boolean;
  /** Outcomes of the invocations under way: they tell a scripted out-of-memory from a crash. */
  readonly outcomes: Map<string, Outcome>;
  /** The duration of a successful init in phase `init`, until a report has told it. In ms. */
  untoldInitMs?: number;
  /** The same of the last restore. In ms. */
  untoldRestoreMs?: number;
  /** Its processes are stopped. */
  frozen: boolean;
  /** Tells whoever watches. */
  tell(event: SandboxEvent): void;
  /** A snapshot was restored into this generation. */
  restored: boolean;
}

/** A generation with nothing started. */
export function createGeneration(sandbox: Sandbox, phase: Phase): Generation {
  const { settings, journal } = sandbox;
  const managed = settings.initializationType === "lambda-managed-instances";
  const fatal = Promise.withResolvers<Fatal>();
  const generation: Generation = {
    life: sandbox.generations.length + 1,
    phase,
    extensions: createExtensions({
      names: settings.extensions.map(extensionName),
      functionName: settings.functionName,
      functionVersion: settings.functionVersion,
      handler: settings.handler,
      accountId: settings.accountId,
      managed,
      onFatal: (errorType, name) => generation.raise({ errorType, message: `extension ${name}` }),
      onSwallowed: (name, event) =>
        journal.violation(`extension ${name} gave up its next, so ${event.eventType} is lost`),
    }),
    runtime: createRuntime({
      managed,
      onInitError: (errorType, body) => generation.raise({ errorType, message: body }),
      onRestoreError: (errorType, body) => generation.raise({ errorType, message: body }),
    }),
    telemetry: createTelemetry({
      managed,
      jsonLogs: settings.logFormat === "JSON",
      model: settings.deliveryModel,
      subscribeReply: settings.subscribeReply,
      chaos: settings.telemetryChaos,
      onDelivery: (name, delivery) => generation.ending || journal.delivery(name, delivery),
    }),
    programs: [],
    fatal: fatal.promise,
    raise: (error) => {
      if (!generation.ending) fatal.resolve(error);
    },
    ending: false,
    frozen: false,
    tell: settings.onEvent,
    restored: false,
    outcomes: new Map(),
  };
  return generation;
}

/** The name an extension must register under: its file's. */
export function extensionName(source: LambdaSettings["extensions"][number]): string {
  return typeof source === "string" ? source.split(/[\\/]/).at(-1) ?? source : source.name;
}
