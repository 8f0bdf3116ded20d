/**
 * What a command line says about the page; the same for every task that has one.
 *
 *   --page, --page=<port>   serve it while and after the run, until Ctrl-C; on the first free port from 9080 on
 *   --page=quiet            the same, but the extension is never asked for its ledger
 *   --open                  open it in the browser
 *   --report <file.html>    keep the run as one file
 *   --checks                run the conformance checks afterwards and show them
 */
export interface PageArguments {
  readonly isServed: boolean;
  readonly port?: number;
  readonly isQuiet: boolean;
  readonly opensBrowser: boolean;
  readonly report?: string;
  readonly runsChecks: boolean;
  /** What says nothing about the page, in order. */
  readonly rest: readonly string[];
}

const MAX_PORT = 65535;

/** Takes out what is about the page. Throws a `RangeError` in words for what cannot be. */
export function parsePageArguments(args: readonly string[]): PageArguments {
  const rest: string[] = [];
  let parsed: Omit<PageArguments, "rest"> = {
    isServed: false,
    isQuiet: false,
    opensBrowser: false,
    runsChecks: false,
  };
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    const [name = "", value] = argument.split(/=(.*)/s);
    if (name === "--page") parsed = { ...parsed, isServed: true, ...parsePage(value) };
    else if (argument === "--open") parsed = { ...parsed, isServed: true, opensBrowser: true };
    else if (argument === "--checks") parsed = { ...parsed, runsChecks: true };
    else if (name === "--report") parsed = { ...parsed, report: parseFile(value ?? args[++i]) };
    else rest.push(argument);
  }
  return { ...parsed, rest };
}

function parsePage(value: string | undefined): { readonly port?: number; readonly isQuiet?: boolean } {
  if (value === undefined || value === "") return {};
  if (value === "quiet") return { isQuiet: true };
  const port = Number(value);
  if (/^\d+$/.test(value) && port > 0 && port <= MAX_PORT) return { port };
  throw new RangeError(`Cannot serve the page as --page must be a port or quiet: current value is ${value}`);
}

function parseFile(value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.startsWith("--")) return value;
  throw new RangeError("Cannot keep the run as --report names no file");
}
