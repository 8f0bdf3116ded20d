/** The arguments that `deno task` hands on. */

/**
 * Those meant for the script: `deno task build -- --arch amd64` and `deno task build --arch amd64` are the same.
 * Deno hands the `--` on, and others (npm, cargo) have taught everyone to type it.
 */
export function taskArguments(args: readonly string[]): string[] {
  return args[0] === "--" ? args.slice(1) : [...args];
}
