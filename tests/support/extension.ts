import { type ExtensionEnd, runExtension } from "../../src/extension.ts";
import { startShell } from "../../src/shell.ts";
import type { InProcessContext } from "../emulator/in_process.ts";

/** Our program as an extension in the test's own process, and the account it leaves behind. */
export interface InProcessExtension {
  readonly name: string;
  readonly run: (context: InProcessContext) => Promise<number>;
  /** The program's own log lines, of all its processes. */
  readonly lines: readonly string[];
  /** How each process ended, in order. */
  readonly ends: readonly ExtensionEnd[];
}

/**
 * Does what `src/main.ts` does, without the process around it. Ports are free ones; of the inputs only the
 * platform's telemetry is on unless `env` says otherwise.
 */
export function inProcessExtension(env: Readonly<Record<string, string>> = {}): InProcessExtension {
  const lines: string[] = [];
  const ends: ExtensionEnd[] = [];
  return {
    name: "datakit",
    lines,
    ends,
    run: async (context) => {
      const ownEnv = {
        ENV_HTTP_LISTEN: "127.0.0.1:0",
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
        ENV_HOSTNAME: "test-host",
        ...context.env,
        ...env,
      };
      using shell = await startShell({
        env: ownEnv,
        runtimeApi: context.env["AWS_LAMBDA_RUNTIME_API"] ?? "",
        name: context.name,
      });
      const end = await runExtension({
        env: ownEnv,
        shell,
        hostname: () => "test-host",
        writeLog: (line) => {
          lines.push(line);
          context.log(line);
        },
      });
      ends.push(end);
      return end.exitCode;
    },
  };
}
