/**
 * What the executable says when a person starts it: Lambda gives no arguments. Loaded only then.
 */
import type { Environment } from "../config/reader.ts";
import { VERSION } from "../version.ts";
import { type Command, type CommandContext, OptionError, parseOptions } from "./command.ts";

export interface CliOptions extends CommandContext {
  readonly args: readonly string[];
  readonly env: Environment;
}

/** Each is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  doctor: async () => (await import("./doctor/command.ts")).DOCTOR,
  status: async () => (await import("./status.ts")).STATUS,
};

const HELP = `DataKit's AWS Lambda extension ${VERSION}

Lambda starts this executable from /opt/extensions without arguments. Started by hand it takes:

  status         what the extension in this container does: its last flush, its account, what is wrong
  doctor         checks settings, sandbox, and whether Dataway is there and takes the token; sends nothing
  doctor --send  the same, and sends one point of the measurement awslambda-extension
  doctor --rules <file>
                 what the rules for logs do to each line of a file
  --version      its version
  --help         this text; status --help and doctor --help tell more

Settings are environment variables; ENV_DATAWAY=https://host?token=<your-token> is the one that is needed.`;

/** For words that nobody knows. */
const MISUSE = 2;

/** Answers `args` and resolves to the exit code: 0 when all is well, 2 for bad words, others as the commands say. */
export async function runCli(options: CliOptions): Promise<number> {
  const { args, print } = options;
  const [name = "", ...rest] = args;
  if (args.length === 1 && name === "--version") {
    print(VERSION);
    return 0;
  }
  if (args.length <= 1 && (name === "" || name === "--help" || name === "-h" || name === "help")) {
    print(HELP);
    return name === "" ? MISUSE : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    print(`Cannot understand these arguments: current value is ${JSON.stringify(args.join(" "))}\n\n${HELP}`);
    return MISUSE;
  }
  return await run(await load(), rest, options);
}

async function run(command: Command, args: readonly string[], context: CommandContext): Promise<number> {
  try {
    const asked = parseOptions(args, command.options);
    if (asked.has("help")) {
      context.print(command.usage);
      return 0;
    }
    return await command.run(asked, context);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    context.print(`${error.message}\n\n${command.usage}`);
    return MISUSE;
  }
}
