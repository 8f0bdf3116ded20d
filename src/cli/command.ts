/** A word that the executable takes, and the options after it. */
import type { Environment } from "../config/reader.ts";

/** What a command is run with. */
export interface CommandContext {
  readonly env: Environment;
  /** Takes one line of the answer. */
  readonly print: (line: string) => void;
}

/** The options given: their values, empty for those that take none. */
export type Asked = ReadonlyMap<string, string>;

export interface Command {
  readonly usage: string;
  /** Each option's name without dashes, and whether a value follows it. `help` goes without saying. */
  readonly options: Readonly<Record<string, "flag" | "value">>;
  /** Resolves to the exit code. May throw an {@link OptionError}. */
  readonly run: (asked: Asked, context: CommandContext) => Promise<number>;
}

/** Words that cannot be understood. The message says in words why. */
export class OptionError extends Error {}

/** Reads `--name`, `--name value` and `--name=value`. Throws an {@link OptionError} for anything else. */
export function parseOptions(args: readonly string[], known: Command["options"]): Asked {
  const asked = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const [, name = "", value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg === "-h" ? "--help" : arg) ?? [];
    const kind = name === "help" ? "flag" : Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      throw new OptionError(`Cannot understand the argument ${JSON.stringify(arg)}`);
    }
    if (kind === "flag" && value !== undefined) throw new OptionError(`Cannot use --${name} with a value`);
    const following = kind === "value" && value === undefined ? args[++at] : value;
    if (kind === "value" && (following === undefined || following === "")) {
      throw new OptionError(`Cannot use --${name} as its value is missing`);
    }
    asked.set(name, following ?? "");
  }
  return asked;
}
