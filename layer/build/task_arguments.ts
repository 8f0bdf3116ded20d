/** What `deno task` hands on: arguments, and the folder in which they were typed. */

/**
 * Those meant for the script: `deno task build -- --arch amd64` and `deno task build --arch amd64` are the same.
 * Deno hands the `--` on, and others (npm, cargo) have taught everyone to type it.
 */
export function taskArguments(args: readonly string[]): string[] {
  return args[0] === "--" ? args.slice(1) : [...args];
}

/** Whether the task is asked what it does. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/** Throws for the first option where a task has none. */
export function refuseOptions(args: readonly string[]): void {
  const option = args.find((arg) => arg.startsWith("-"));
  if (option !== undefined) throw new TypeError(`Unknown option '${option}'`);
}

/** `deno task` changes to the project's folder; a path is meant relative to where it was typed. */
export function fromCaller(path: string): string {
  const folder = Deno.env.get("INIT_CWD");
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}
