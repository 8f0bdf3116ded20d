/** Runs the tools of the build: Deno itself and npm. */

/** Where the build says what it does, one line a call. */
export type Log = (line: string) => void;

export interface CommandOptions {
  readonly cwd?: string;
  /** Variables added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What a finished command said. */
export interface CommandResult {
  readonly success: boolean;
  readonly code: number;
  readonly stdout: string;
  /** Without Deno's backtraces of unnamed frames, which tell nothing. */
  readonly stderr: string;
}

/**
 * Deno's settings that would change what is compiled, or which of its files are used: a build must not depend
 * on the shell it is started from.
 */
const UNWANTED = ["DENO_V8_FLAGS", "DENORT_BIN", "DENO_CONDITIONS", "DENO_UNSTABLE_SLOPPY_IMPORTS"];

/** Runs `command` to its end. A command that cannot be started counts as one that failed. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const env = Deno.env.toObject();
  for (const name of UNWANTED) delete env[name];
  const { stderr, ...rest } = await output(command, args, {
    ...options,
    env: { ...env, NO_COLOR: "1", ...options.env },
  });
  return { ...rest, stderr: stderr.split(/\n*Stack backtrace:/)[0]?.trim() ?? "" };
}

/** Like `run`, and throws with what the command said when it fails. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await run(command, args, options);
  if (result.success) return result;
  const what = `${command.split("/").at(-1)} ${args[0] ?? ""}`;
  throw new Error(`Cannot finish ${what} as it ended with code ${result.code}: ${result.stderr}`);
}

async function output(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  try {
    const done = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      ...options,
      env: { ...options.env },
    }).output();
    const decoder = new TextDecoder();
    const { success, code } = done;
    return { success, code, stdout: decoder.decode(done.stdout), stderr: decoder.decode(done.stderr) };
  } catch (error) {
    return { success: false, code: -1, stdout: "", stderr: String(error) };
  }
}
