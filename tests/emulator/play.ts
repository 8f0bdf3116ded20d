/** A scenario of a sandbox as data: what happens in which order. */
import type { ShutdownResult } from "./ending.ts";
import type { Lambda } from "./lambda.ts";
import type { FunctionScript } from "./script.ts";
import type { NamedInvocation } from "./summary.ts";
import { showMs } from "./tables.ts";
import { sleep } from "./waiters.ts";

/** One thing that happens. */
export type Step =
  | { readonly kind: "init" }
  | {
    readonly kind: "invoke";
    readonly name: string;
    readonly script: FunctionScript | (() => FunctionScript);
  }
  | { readonly kind: "freeze"; readonly ms: number }
  | { readonly kind: "shutdown" };

/** What came of a scenario. */
export interface Played {
  readonly invocations: readonly NamedInvocation[];
  /** Resets and the shutdown, in order. */
  readonly endings: readonly ShutdownResult[];
  /** Just before the shutdown. */
  readonly memory: ReturnType<Lambda["memory"]>;
}

/** Plays the steps one after the other and tells each in a line. */
export async function play(
  lambda: Lambda,
  steps: readonly Step[],
  print: (line: string) => void,
): Promise<Played> {
  const invocations: NamedInvocation[] = [];
  const endings: ShutdownResult[] = [];
  let memory: ReturnType<Lambda["memory"]> = new Map();
  for (const step of steps) {
    switch (step.kind) {
      case "init": {
        const { status, errorType, durationMs } = await lambda.init();
        print(`cold start       ${errorType ?? status} after ${showMs(durationMs)} ms`);
        break;
      }
      case "invoke": {
        // Its records are told from the one's before by their times, which are whole milliseconds.
        await sleep(2);
        const script = typeof step.script === "function" ? step.script() : step.script;
        const result = await lambda.invoke({ name: step.name, ...script });
        invocations.push({ name: step.name, result });
        if (result.reset !== undefined) endings.push(result.reset);
        print(describeInvocation(step.name, result));
        break;
      }
      case "freeze":
        print(`freeze           ${step.ms} ms: every process is stopped`);
        await lambda.freeze(step.ms);
        break;
      case "shutdown": {
        if (!lambda.running) {
          print("spindown         nothing is running");
          break;
        }
        memory = lambda.memory();
        const end = await lambda.shutdown();
        endings.push(end);
        print(`spindown         exit code ${end.exitCode} ${showMs(end.afterEventMs)} ms after SHUTDOWN`);
      }
    }
  }
  return { invocations, endings, memory };
}

function describeInvocation(name: string, { init, reset, ...result }: NamedInvocation["result"]): string {
  const parts = [
    `invocation       ${name}: ${result.errorType ?? result.status}`,
    `answer after ${showMs(result.callerMs)} ms`,
    ...(result.extensionHoldMs === undefined ? [] : [`held ${showMs(result.extensionHoldMs)} ms`]),
    ...(init === undefined ? [] : [`with an init of ${showMs(init.durationMs)} ms`]),
    ...(reset === undefined ? [] : [`then a reset, extension's exit code ${reset.exitCode}`]),
  ];
  return parts.join(", ");
}
