/**
 * A Lambda environment on this machine: the three APIs on one loopback port, and a sandbox of inits, invocations,
 * freezes and ends at the caller's command. Any extension can run in it: a file, or code of the test itself.
 *
 * @example
 * ```ts
 * await using lambda = await startLambda({ extension: "/path/to/extension" });
 * await lambda.init();
 * const { response } = await lambda.invoke({ logs: ["hello"], response: { ok: true } });
 * const { exitCode } = await lambda.shutdown();
 * ```
 */
import { createApi } from "./api.ts";
import {
  closeGeneration,
  endGeneration,
  freeze,
  type ShutdownReason,
  type ShutdownResult,
} from "./ending.ts";
import { extensionEnvironment, functionEnvironment } from "./environment.ts";
import type { Sandbox } from "./generation.ts";
import { initialize, type InitResult } from "./init.ts";
import type { InvokeResult } from "./invocation.ts";
import { invokeOnce, type InvokeOptions } from "./invoke.ts";
import { createJournal, type Journal } from "./journal.ts";
import { invokeManaged } from "./managed.ts";
import { type LambdaOptions, type LambdaSettings, resolveOptions } from "./options.ts";
import type { Program, ProgramMemory } from "./program.ts";
import { isoTime, type TelemetryEvent } from "./records.ts";
import { restore, type RestoreResult } from "./restore.ts";
import type { FunctionScript } from "./script.ts";
import type { DeliveryResult } from "./telemetry_batcher.ts";
import { nowMs, sleep } from "./waiters.ts";

/** The environment; disposing kills whatever still runs and frees the port. */
export interface Lambda
  extends AsyncDisposable, Pick<Journal, "calls" | "logs" | "deliveries" | "violations"> {
  readonly settings: LambdaSettings;
  /** `host:port` of the APIs. */
  readonly runtimeApi: string;
  /** The variables an extension is given. */
  readonly env: Readonly<Record<string, string>>;
  /** Every telemetry event of the current generation, or of the last one when there is none, in order. */
  readonly events: readonly TelemetryEvent[];
  /** Where the extensions of the current generation listen for telemetry. */
  readonly telemetryPorts: readonly number[];
  /** There is a generation to shut down. */
  readonly running: boolean;
  /** The extensions of the current generation. */
  readonly extensions: readonly { readonly name: string; readonly state: string }[];
  /** Cold start. A failed init is reset, and repeated in the next invocation, as Lambda does. */
  init(): Promise<InitResult>;
  /**
   * SnapStart: the snapshot of `init` wakes up as one more sandbox; the one before it is gone, without any notice.
   * The first invocation after `init` restores by itself. A failed one ends the generation.
   */
  restore(): Promise<RestoreResult>;
  /** One invocation, after an init if there was none. On managed instances any number run at once. */
  invoke(script?: FunctionScript, options?: InvokeOptions): Promise<InvokeResult>;
  /** Waits, at most for `withinMs`, until all telemetry so far is with the extensions. To a frozen sandbox none goes. */
  delivered(withinMs: number): Promise<void>;
  /** Stays frozen (or idle) for `ms`; what is asked for meanwhile waits. */
  freeze(ms: number): Promise<void>;
  /** Ends the environment. With reason `spindown` the next invocation is a new cold start. */
  shutdown(reason?: ShutdownReason): Promise<ShutdownResult>;
  /** Process ids of what runs now, by name; only of processes of their own. */
  processIds(): ReadonlyMap<string, number>;
  /** Memory of what runs now, by name (`function` is the function's); only of processes of their own. */
  memory(): ReadonlyMap<string, ProgramMemory>;
  /** Kills the extensions' processes, as the kernel does when memory is short; false when there is none. */
  killExtensions(): boolean;
  /** Kills everything without any notice, as the loss of the host does. */
  vanish(): Promise<void>;
  /** Sends a body of any form to the telemetry listeners, past the batcher. */
  sendRawTelemetry(body: string): Promise<readonly DeliveryResult[]>;
  /** Emits any record, e.g. one of an unknown type. */
  emit(type: string, record: unknown): void;
}

/** Opens the APIs on a free loopback port; nothing runs before `init` or `invoke`. */
export function startLambda(options: LambdaOptions = {}): Promise<Lambda> {
  const settings = resolveOptions(options);
  const journal = createJournal(settings);
  const closing = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: closing.signal, onListen: () => {} },
    (request) => app.fetch(request),
  );
  const sandbox: Sandbox = {
    settings,
    journal,
    runtimeApi: `127.0.0.1:${server.addr.port}`,
    logStream: createLogStream(settings.functionVersion),
    peakMemoryMb: 0,
    generations: [],
  };
  const app = createApi(sandbox);
  return Promise.resolve(createLambda(sandbox, async () => {
    closing.abort();
    await server.finished;
  }));
}

function createLambda(sandbox: Sandbox, close: () => Promise<void>): Lambda {
  const { settings, journal } = sandbox;
  const managed = settings.initializationType === "lambda-managed-instances";
  let tail: Promise<unknown> = Promise.resolve();
  let initialized = false;
  let resting = new AbortController();
  let closed = false;

  /** One thing at a time: the environment takes no request while it works on one. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(() => {
      if (closed) throw new Error("Cannot go on as the environment is closed");
      return work();
    });
    tail = turn.catch(() => {});
    return turn;
  }

  async function init(): Promise<InitResult> {
    if (sandbox.generation !== undefined) {
      throw new Error("Cannot init as the environment is already running");
    }
    initialized = true;
    const result = await initialize(sandbox, "init", nowMs() + settings.initTimeoutMs);
    const { generation } = sandbox;
    if (generation === undefined) return result;
    if (result.status !== "success") {
      await endGeneration(sandbox, generation, result.status === "timeout" ? "timeout" : "failure");
    } else if (settings.freeze && settings.initializationType !== "on-demand") freeze(generation);
    return result;
  }

  async function wakeSnapshot(): Promise<RestoreResult> {
    const { generation } = sandbox;
    if (generation === undefined || settings.initializationType !== "snap-start") {
      throw new Error("Cannot restore as there is no snapshot");
    }
    if (settings.freeze) freeze(generation);
    sandbox.logStream = createLogStream(settings.functionVersion);
    const result = await restore(sandbox, generation);
    if (result.status !== "success") await endGeneration(sandbox, generation, "failure");
    return result;
  }

  async function invoke(script: FunctionScript, options: InvokeOptions): Promise<InvokeResult> {
    if (sandbox.generation === undefined && !initialized) await init();
    if (settings.initializationType === "snap-start" && sandbox.generation?.restored === false) {
      await wakeSnapshot();
    }
    return await invokeOnce(sandbox, script, options);
  }

  async function shutdown(reason: ShutdownReason): Promise<ShutdownResult> {
    const { generation } = sandbox;
    if (generation === undefined) {
      throw new Error("Cannot shut down as nothing is running: the last invocation ended the sandbox");
    }
    const result = await endGeneration(sandbox, generation, reason);
    if (reason === "spindown") initialized = false;
    return result;
  }

  function running(): readonly Program[] {
    const { programs = [], functionProgram } = sandbox.generation ?? {};
    return functionProgram === undefined ? programs : [...programs, functionProgram];
  }

  function killExtensions(): boolean {
    const processes = sandbox.generation?.programs.filter(({ pid }) => pid !== undefined) ?? [];
    for (const program of processes) program.kill();
    return processes.length > 0;
  }

  async function rest(ms: number): Promise<void> {
    if (sandbox.generation !== undefined && settings.freeze) freeze(sandbox.generation);
    await sleep(ms, resting.signal);
  }

  /** Nobody waits for the end of a freeze in which there is nothing to wait for. */
  function endRest(): void {
    resting.abort();
    resting = new AbortController();
  }

  async function vanish(): Promise<void> {
    const { generation } = sandbox;
    endRest();
    initialized = false;
    if (generation === undefined) return;
    generation.raise({ errorType: "Sandbox.Failure", message: "The host was lost" });
    await closeGeneration(sandbox, generation);
    await tail;
  }

  return {
    settings,
    runtimeApi: sandbox.runtimeApi,
    env: extensionEnvironment(functionEnvironment(settings, sandbox.runtimeApi, sandbox.logStream)),
    calls: journal.calls,
    logs: journal.logs,
    deliveries: journal.deliveries,
    violations: journal.violations,
    get events(): readonly TelemetryEvent[] {
      return sandbox.generations.at(-1)?.telemetry.events ?? [];
    },
    get telemetryPorts(): readonly number[] {
      return sandbox.generation?.telemetry.ports ?? [];
    },
    get running(): boolean {
      return sandbox.generation !== undefined;
    },
    get extensions(): readonly { readonly name: string; readonly state: string }[] {
      return sandbox.generations.at(-1)?.extensions.list ?? [];
    },
    init: () => inTurn(init),
    restore: () => inTurn(wakeSnapshot),
    invoke: async (script = {}, options = {}) => {
      if (!managed) return await inTurn(() => invoke(script, options));
      if (sandbox.generation === undefined) {
        await inTurn(async () => void (sandbox.generation === undefined && await init()));
      }
      return await invokeManaged(sandbox, script, options);
    },
    delivered: (withinMs) => inTurn(async () => await sandbox.generation?.telemetry.flush(withinMs)),
    freeze: (ms) => inTurn(() => rest(ms)),
    shutdown: (reason = "spindown") => {
      endRest();
      return inTurn(() => shutdown(reason));
    },
    processIds: () =>
      new Map(running().flatMap(({ name, pid }) => pid === undefined ? [] : [[name, pid] as const])),
    memory: () =>
      new Map(
        running().flatMap((program) => {
          const memory = program.memory();
          return memory === undefined ? [] : [[program.name, memory] as const];
        }),
      ),
    killExtensions,
    vanish,
    sendRawTelemetry: (body) => sandbox.generation?.telemetry.inject(body) ?? Promise.resolve([]),
    emit: (type, record) => sandbox.generation?.telemetry.emit({ type, record }),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await vanish();
      await close();
    },
  };
}

/** As Lambda names them: date, version, and what tells sandboxes apart. */
function createLogStream(version: string): string {
  const day = isoTime(Date.now()).slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version}]${crypto.randomUUID().replaceAll("-", "")}`;
}
