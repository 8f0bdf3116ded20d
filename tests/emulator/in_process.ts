/** Runs a program inside the test's own process: no file, no freeze, fast. */
import type { LineSink, Program, ProgramExit } from "./program.ts";
import { nowMs } from "./waiters.ts";

/** What a program in the test's process is given instead of a process. */
export interface InProcessContext {
  readonly name: string;
  /** Its environment, as the platform would set it. */
  readonly env: Readonly<Record<string, string>>;
  /** One line of its standard error. */
  readonly log: (line: string) => void;
  /** Fires on SIGKILL: the program has to end at once; its exit code counts no more. */
  readonly killed: AbortSignal;
}

/** An extension within the test. Resolves to its exit code; a rejection is exit code 1. */
export type InProcessRun = (context: InProcessContext) => Promise<number>;

export interface InProcessOptions {
  readonly name: string;
  readonly run: InProcessRun;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: LineSink;
}

/** Starts `run`. SIGTERM kills it at once, as it does a program without a handler. */
export function startInProcess(options: InProcessOptions): Program {
  const killer = new AbortController();
  const { promise: exited, resolve } = Promise.withResolvers<ProgramExit>();
  let exit: ProgramExit | undefined;
  const end = (how: ProgramExit): void => {
    exit ??= how;
    resolve(exit);
  };
  const settled = run();

  async function run(): Promise<void> {
    const log = (line: string): void => options.onLine(line, "stderr");
    try {
      end({ code: await options.run({ name: options.name, env: options.env, log, killed: killer.signal }) });
    } catch (error) {
      if (!killer.signal.aborted) log(error instanceof Error ? error.stack ?? error.message : String(error));
      end({ code: 1 });
    }
  }

  function kill(signal: string, code: number): void {
    if (exit !== undefined) return;
    end({ code, signal });
    killer.abort();
  }

  return {
    name: options.name,
    startedAt: nowMs(),
    exited,
    settled,
    get hasExited(): boolean {
      return exit !== undefined;
    },
    terminate: () => kill("SIGTERM", 143),
    kill: () => kill("SIGKILL", 137),
    freeze: () => {},
    thaw: () => {},
    memory: () => undefined,
  };
}
