/** The command line of `deno task local`. */
import { parseArgs } from "node:util";
import { LOG_LEVELS, type LogLevel } from "../function_log.ts";
import { type PageArguments, parsePageArguments } from "../page/arguments.ts";

export const USAGE =
  `Your function in a local Lambda environment, with the extension, a page and what arrives at Dataway.

  deno task local -- --function "node_modules/.bin/aws-lambda-ric index.handler" --event event.json
  deno task local -- --function index.handler --runtime-client --every 2s

  --function <command>    what runs the function: any program that speaks the Runtime API (required)
  --runtime-client        --function names a handler instead, of Node.js or Python: its runtime client is looked for
                          beside the function, else fetched from npm or PyPI
  --handler <name>        _HANDLER of the function (index.handler, or what --function names)
  --env-file <file>       variables of the function and the extension, as NAME=value lines; may be repeated
  --env NAME=VALUE        one more; may be repeated, and wins
  --event <file.json>     invoke with this event; may be repeated: one after the other
  --every <duration>      go on for ever with these events, or with {}, one each 2s, 500ms, ...
  --times <n>             stop after so many invocations
  --timeout <duration>    of an invocation (3s)
  --memory <MB>           of the sandbox (128). Where control groups can be made, as root on Linux, more is out of memory
  --log-format <format>   Text or JSON (Text)
  --log-level <level>     of the JSON format: TRACE, DEBUG, INFO, WARN, ERROR or FATAL (INFO)
  --log-pipe <kind>       framed, as managed runtimes have it, or unframed, as images and provided.* (framed with
                          --runtime-client, else unframed)
  --watch                 a new sandbox when a file of the function's folder changes
  --extension <file>      instead of ours; may be repeated
  --invoke-port <port>    take invocations from there: aws lambda invoke --endpoint-url http://127.0.0.1:<port>,
                          or a plain POST of the event. 0 for any free port
  --dataway <url>         hand on what arrives to this Dataway as well, token included
  --exit                  end when there is nothing left to invoke; exit code 1 if an invocation failed
  --no-page               without the page; --page=<port>, --page=quiet, --open, --report <file.html> as for the demo
  --help                  this

Ends on Ctrl-C: the extension gets its SHUTDOWN; a second Ctrl-C ends at once.`;

/** What was asked for. */
export interface LocalArguments {
  readonly function: string;
  readonly usesRuntimeClient: boolean;
  readonly handler?: string;
  readonly envFiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  readonly everyMs?: number;
  readonly times?: number;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly logFormat: "Text" | "JSON";
  readonly logLevel: LogLevel;
  readonly logPipe: "framed" | "unframed";
  readonly watches: boolean;
  readonly extensions: readonly string[];
  readonly invokePort?: number;
  readonly dataway?: string;
  readonly exits: boolean;
  readonly page: PageArguments;
}

const LOG_FORMATS = ["Text", "JSON"] as const;
const LOG_PIPES = ["framed", "unframed"] as const;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, "": 1000 };

/** Reads it, or `undefined` for `--help`. Throws a `RangeError` or `TypeError` that says in words what cannot be. */
export function parseLocalArguments(args: readonly string[]): LocalArguments | undefined {
  const page = parsePageArguments(args);
  const { values } = parseArgs({
    args: [...page.rest],
    options: {
      function: { type: "string" },
      "runtime-client": { type: "boolean", default: false },
      handler: { type: "string" },
      "env-file": { type: "string", multiple: true, default: [] },
      env: { type: "string", multiple: true, default: [] },
      event: { type: "string", multiple: true, default: [] },
      every: { type: "string" },
      times: { type: "string" },
      timeout: { type: "string", default: "3s" },
      memory: { type: "string", default: "128" },
      "log-format": { type: "string", default: "Text" },
      "log-level": { type: "string", default: "INFO" },
      "log-pipe": { type: "string" },
      watch: { type: "boolean", default: false },
      extension: { type: "string", multiple: true, default: [] },
      "invoke-port": { type: "string" },
      dataway: { type: "string" },
      exit: { type: "boolean", default: false },
      "no-page": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.function === undefined || values.function.trim() === "") {
    throw new RangeError('Cannot start as there is no function: use --function "<command>"');
  }
  const usesRuntimeClient = values["runtime-client"];
  return {
    function: values.function,
    usesRuntimeClient,
    ...optional("handler", values.handler),
    envFiles: values["env-file"],
    env: Object.fromEntries(values.env.map(parsePair)),
    events: values.event,
    ...optional("everyMs", values.every && parseDuration("every", values.every)),
    ...optional("times", values.times && parseWhole("times", values.times, 1)),
    timeoutMs: parseDuration("timeout", values.timeout),
    memoryMb: parseWhole("memory", values.memory, 32),
    logFormat: oneOf("log-format", values["log-format"], LOG_FORMATS),
    logLevel: oneOf("log-level", values["log-level"].toUpperCase(), LOG_LEVELS),
    logPipe: values["log-pipe"] === undefined
      ? usesRuntimeClient ? "framed" : "unframed"
      : oneOf("log-pipe", values["log-pipe"], LOG_PIPES),
    watches: values.watch,
    extensions: values.extension,
    ...optional("invokePort", values["invoke-port"] && parseWhole("invoke-port", values["invoke-port"], 0)),
    ...optional("dataway", values.dataway && parseUrl(values.dataway)),
    exits: values.exit,
    page: { ...page, isServed: !values["no-page"] && (page.isServed || !values.exit) },
  };
}

/** The shell's words of a command: blanks part them, quotes and backslashes keep them together. */
export function splitCommand(command: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [token] of command.matchAll(/'[^']*'|"(?:\\.|[^"\\])*"|\\.|\s+|[^\s'"\\]+|['"\\]/gs)) {
    if (/^\s/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + unquote(token);
  }
  return word === undefined ? words : [...words, word];
}

function unquote(token: string): string {
  if (token.length === 1 && /['"\\]/.test(token)) {
    throw new RangeError(`Cannot read the command as ${token} is not closed`);
  }
  if (token.startsWith("'")) return token.slice(1, -1);
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(["\\$`])/g, "$1");
  return token.startsWith("\\") ? token.slice(1) : token;
}

/** In ms; bare numbers are seconds, as Lambda's own setting counts them. */
export function parseDuration(option: string, text: string): number {
  const [, figure = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim()) ?? [];
  const ms = Number(figure) * (UNITS[unit] ?? NaN);
  if (figure === "" || !(ms > 0)) {
    throw new RangeError(
      `Cannot use --${option} as it must be a duration such as 2s or 500ms: it is ${text}`,
    );
  }
  return ms;
}

function parseWhole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  throw new RangeError(`Cannot use --${option} as it must be a whole number from ${least}: it is ${text}`);
}

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new RangeError(`Cannot use --${option} as it must be ${known.join(" or ")}: it is ${text}`);
}

/** The URL is not repeated in the message: it may hold a token. */
function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new RangeError("Cannot use --dataway as it must be a URL that begins by http:// or https://");
}

function parsePair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new RangeError("Cannot use --env as it must be NAME=VALUE");
}

/** A member that is there only with a value. */
function optional<K extends string, V>(
  name: K,
  value: V | "" | undefined,
): { readonly [P in K]?: Exclude<V, ""> } {
  return (value === undefined || value === "" ? {} : { [name]: value }) as { [P in K]?: Exclude<V, ""> };
}
