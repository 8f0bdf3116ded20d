/** The command line of `deno task attach`. */
import { parseArgs } from "node:util";
import { taskArguments } from "../build/task_arguments.ts";
import { type Destination, requireUsable } from "./attach_change.ts";
import { parseFunction, type Selection } from "./attach_targets.ts";
import { PARTITIONS, type Region, selectRegions } from "./regions.ts";

/** What is done to each function. */
export type AttachAction = "attach" | "check" | "detach" | "undo";

/** What the user wants done, and to which functions. */
export interface AttachOptions {
  readonly action: AttachAction;
  readonly selection: Selection;
  /** Undefined: those of the functions' ARNs, else the default of the AWS settings. */
  readonly regions: readonly Region[] | undefined;
  /** Whether `regions` may have some that the account has not enabled: they came with a partition, not by name. */
  readonly isPartition: boolean;
  readonly profile: string | undefined;
  /** Pinned layer versions, at most one of which fits a function. Empty: those of the list of ARNs. */
  readonly layerArns: readonly string[];
  /** The list of ARNs. Undefined: this checkout's. */
  readonly listPath: string | undefined;
  /** Version of the extension that the layer must have. Undefined: that of the list. */
  readonly extensionVersion: string | undefined;
  readonly destination: Destination;
  /** Whether to ask IAM if the function's role may read the secret. */
  readonly checksRole: boolean;
  /** Functions of each region under way at once. */
  readonly parallel: number;
  readonly isDryRun: boolean;
  /** Where the machine-readable result goes; `-` is standard output. */
  readonly resultPath: string | undefined;
  /** Folder of the records for `--undo`. Undefined: this checkout's. */
  readonly recordsPath: string | undefined;
}

/** For `--help`. */
export const ATTACH_USAGE =
  `Adds the DataKit layer and its destination to functions. A plan only, unless --yes is given.

  deno task attach -- FUNCTIONS [options]

Functions
  --function NAME        name or ARN; can be repeated
  --functions-regex RE   those whose name fits, e.g. '^prod-'
  --tag KEY[=VALUE]      those with the tag; can be repeated; narrows --functions-regex
  --all                  every function
  --exclude RE           but not those whose name fits; can be repeated
  --regions LIST         regions and partitions (aws, aws-cn, ...), by comma, or all; by default the AWS settings'
  --config FILE          JSON object of these options without their dashes; the command line goes first

What is done
  --yes                  do it; without it only look and say what would be done
  --check                compare with what is wished: code 1 and a list when anything differs
  --undo                 take back what the last attach from this machine did
  --detach               take our layer and its destination off, whoever put them there

What is attached
  --dataway URL          destination; by default that of the variable ENV_DATAWAY, else what the function has;
                         without a token beside a secret that holds the token alone
  --secret-arn ARN       Secrets Manager secret with it instead (#key for one of its keys; {region} is replaced);
                         asks IAM whether each function's role may read it
  --dataway-secret REF   the same, or the path or ARN of an SSM parameter
  --no-role-check        do not ask IAM
  --layer-arn ARN        pinned layer version; once for each region and architecture
  --arns FILE            list of layer versions by region and architecture, for want of --layer-arn; by default
                         layer/arns.json, which "deno task publish" writes
  --extension-version V  pinned version of the extension, found by the layer's own description

How
  --parallel N           functions of each region under way at once (8)
  --result FILE          write what became of each function as JSON; - is standard output
  --records FOLDER       where the records for --undo are kept (.cache/attach); they hold secrets
  --profile NAME         AWS profile`;

const MAX_PARALLEL = 64;

const OPTIONS = {
  help: { type: "boolean" },
  yes: { type: "boolean" },
  check: { type: "boolean" },
  undo: { type: "boolean" },
  detach: { type: "boolean" },
  function: { type: "string", multiple: true },
  "functions-regex": { type: "string" },
  tag: { type: "string", multiple: true },
  all: { type: "boolean" },
  exclude: { type: "string", multiple: true },
  regions: { type: "string" },
  region: { type: "string" },
  config: { type: "string" },
  dataway: { type: "string" },
  "secret-arn": { type: "string" },
  "dataway-secret": { type: "string" },
  "no-role-check": { type: "boolean" },
  "layer-arn": { type: "string", multiple: true },
  arns: { type: "string" },
  "extension-version": { type: "string" },
  parallel: { type: "string" },
  result: { type: "string" },
  records: { type: "string" },
  profile: { type: "string" },
} as const;

/** Not for a file that lies about: what was looked at once must be confirmed each time. */
const COMMAND_LINE_ONLY: ReadonlySet<string> = new Set(["help", "yes", "config"]);

type Values = ReturnType<typeof parse>;

/**
 * Reads the command line, and the file that it names by `readFile`. Throws with what is wrong; undefined when help
 * is asked for.
 */
export async function parseAttachOptions(
  args: readonly string[],
  dataway: string | undefined,
  readFile: (path: string) => Promise<string>,
): Promise<AttachOptions | undefined> {
  const typed = parse(taskArguments(args));
  if (typed.help) return undefined;
  const values = typed.config === undefined
    ? typed
    : { ...await readConfig(typed.config, readFile), ...typed };
  const layerArns = values["layer-arn"] ?? [];
  const wrong = layerArns.find((arn) => !/^arn:[^:]+:lambda:[^:]+:\d{12}:layer:[^:]+:\d+$/.test(arn));
  if (wrong !== undefined) {
    throw new Error(
      `Cannot use --layer-arn as it must be the ARN of a layer's version: current value is ${wrong}`,
    );
  }
  if (layerArns.length > 0 && values["extension-version"] !== undefined) {
    throw new Error("Cannot pin the layer twice: give --layer-arn or --extension-version");
  }
  return {
    action: actionOf(values),
    selection: selectionOf(values),
    regions: regionsOf(values),
    isPartition: isPartition(values.regions ?? values.region ?? ""),
    profile: values.profile,
    layerArns,
    listPath: values.arns,
    extensionVersion: values["extension-version"],
    destination: destinationOf(values, dataway ?? ""),
    checksRole: values["no-role-check"] !== true,
    parallel: parallelOf(values.parallel),
    isDryRun: values.yes !== true,
    resultPath: values.result,
    recordsPath: values.records,
  };
}

function parse(args: string[]): Partial<ReturnType<typeof parseStrictly>> {
  return parseStrictly(args);
}

// deno-lint-ignore explicit-function-return-type -- the type is what node:util makes of OPTIONS
function parseStrictly(args: string[]) {
  return parseArgs({ args, options: OPTIONS }).values;
}

/** The file's options, read by the very rules of the command line. */
async function readConfig(path: string, readFile: (path: string) => Promise<string>): Promise<Values> {
  const refusal = (why: string): Error => new Error(`Cannot use --config ${path} as ${why}`);
  let config: unknown;
  try {
    config = JSON.parse(await readFile(path));
  } catch (error) {
    throw refusal(error instanceof SyntaxError ? `it is not JSON: ${error.message}` : "it cannot be read");
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw refusal("it must be an object of options without their dashes");
  }
  const args = Object.entries(config).flatMap(([name, value]: [string, unknown]) => {
    if (!Object.hasOwn(OPTIONS, name) || COMMAND_LINE_ONLY.has(name)) {
      throw refusal(`it has an option that is unknown or belongs on the command line: ${name}`);
    }
    if (value === false) return [];
    if (value === true) return [`--${name}`];
    return (Array.isArray(value) ? value : [value]).map((item) => `--${name}=${item}`);
  });
  try {
    return parse(args);
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error));
  }
}

function actionOf({ check, undo, detach, yes }: Values): AttachAction {
  const actions = ["check", "undo", "detach"].filter((_, index) => [check, undo, detach][index] === true);
  if (actions.length > 1) throw new Error(`Cannot do several things at once: ${actions.join(", ")}`);
  if (check === true && yes === true) throw new Error("Cannot change anything with --check: leave --yes out");
  if (check === true) return "check";
  if (undo === true) return "undo";
  return detach === true ? "detach" : "attach";
}

function selectionOf(values: Values): Selection {
  const named = (values.function ?? []).map(parseFunction);
  const tags = (values.tag ?? []).map((text): readonly [string, string | undefined] => {
    const [, key = "", value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (key === "") {
      throw new Error(`Cannot use --tag as it must be KEY or KEY=VALUE: current value is ${text}`);
    }
    return [key, value];
  });
  const pattern = values["functions-regex"];
  const isListing = values.all === true || pattern !== undefined || tags.length > 0;
  if (named.length === 0 && !isListing) {
    throw new Error(
      "Cannot choose functions: give --function, --functions-regex, --tag or --all (see --help)",
    );
  }
  if (values.all === true && (pattern !== undefined || tags.length > 0)) {
    throw new Error(
      "Cannot use --all with --functions-regex or --tag, which choose fewer: leave one of them out",
    );
  }
  return {
    named,
    isListing,
    pattern: pattern === undefined ? undefined : toPattern("--functions-regex", pattern),
    tags,
    exclude: (values.exclude ?? []).map((text) => toPattern("--exclude", text)),
  };
}

function toPattern(option: string, text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new Error(`Cannot use ${option} as it must be a regular expression: current value is ${text}`);
  }
}

function regionsOf({ regions, region }: Values): readonly Region[] | undefined {
  if (regions !== undefined && region !== undefined) throw new Error("Cannot use --region besides --regions");
  const text = regions ?? region;
  return text === undefined ? undefined : selectRegions(text);
}

function isPartition(regions: string): boolean {
  const names = regions.split(",").map((name) => name.trim());
  return names.some((name) => name === "all" || PARTITIONS.some(({ id }) => id === name));
}

function destinationOf(values: Values, fallback: string): Destination {
  const secret = values["secret-arn"];
  const reference = values["dataway-secret"] ?? secret;
  if (secret !== undefined && reference !== secret) {
    throw new Error("Cannot use --secret-arn besides --dataway-secret: they say the same");
  }
  if (secret !== undefined && !/^arn:[^:]+:secretsmanager:/.test(secret)) {
    throw new Error(
      `Cannot use --secret-arn as it must be the ARN of a Secrets Manager secret: current value is ${secret}`,
    );
  }
  const destination = reference !== undefined
    ? { kind: "secret", reference, url: values.dataway } as const
    : { kind: "url", url: values.dataway ?? fallback } as const;
  if (destination.url === "") return { kind: "kept" };
  requireUsable(destination);
  return destination;
}

function parallelOf(text = "8"): number {
  const parallel = Number(text);
  if (Number.isInteger(parallel) && parallel >= 1 && parallel <= MAX_PARALLEL) return parallel;
  throw new Error(`Cannot attach as --parallel must be 1 to ${MAX_PARALLEL}: current value is ${text}`);
}
