/** `deno task attach`: adds the layer and its destination to functions, or takes them off. See `--help`. */
import { Lambda } from "@aws-sdk/client-lambda";
import { messageOf } from "../attest/check_result.ts";
import { fromCaller } from "../build/task_arguments.ts";
import { ATTACH_USAGE, type AttachOptions, parseAttachOptions } from "../deploy/attach_options.ts";
import type { Wish } from "../deploy/attach_plan.ts";
import { createRecordStore } from "../deploy/attach_record.ts";
import {
  countOutcomes,
  describeOutcomes,
  describeRights,
  encodeResult,
  exitCodeOf,
} from "../deploy/attach_report.ts";
import { type AttachOutcome, type AttachRunOptions, changeAll, planAll } from "../deploy/attach_run.ts";
import { LIST_NAME, type ListedLayer, parseList } from "../deploy/publish_list.ts";
import { clientConfig } from "./client.ts";
import { createFunctionService } from "./functions.ts";
import { createRoleRights } from "./role_rights.ts";

const LAYER_FOLDER = new URL("../", import.meta.url).pathname;
const RECORDS = new URL("../../.cache/attach", import.meta.url).pathname;

const CLOCK = {
  now: (): number => performance.now(),
  sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
};

/** Says something to the user; beside a result on standard output, on standard error. */
type Say = (line: string) => void;

async function main(): Promise<number> {
  const options = await parseAttachOptions(
    Deno.args,
    Deno.env.get("ENV_DATAWAY"),
    (path) => Deno.readTextFile(fromCaller(path)),
  );
  if (options === undefined) {
    print(ATTACH_USAGE);
    return 0;
  }
  const say = options.resultPath === "-" ? printError : print;
  const run = await toRun(options, say);
  const { jobs, failures: all } = await planAll(run);
  // A whole partition has regions that the account has not enabled: these are not meant.
  const isMeant = !options.isPartition || jobs.length === 0;
  const failures = all.filter(({ isUnknownThere }) => isMeant || !isUnknownThere);
  const planned = jobs.map(({ outcome }) => outcome);
  for (const line of [...describeOutcomes(planned), ...describeRights(planned)]) say(line);
  say(countOutcomes(planned));
  const isChanging = !options.isDryRun && planned.some(({ state }) => state === "planned");
  const outcomes = isChanging ? await changeAll(jobs, run) : planned;
  if (isChanging) tellChanges(outcomes, say);
  for (const { region, reason } of failures) say(`FAILED ${region}: ${reason}`);
  if (options.isDryRun && planned.some(({ state }) => state === "planned")) {
    say("This was a dry run: nothing was changed. Change it with --yes");
  }
  await writeResult(options, encodeResult(options.action, options.isDryRun, outcomes, failures));
  return exitCodeOf(outcomes, failures);
}

async function toRun(options: AttachOptions, say: Say): Promise<AttachRunOptions> {
  const { profile, parallel, selection } = options;
  const records = createRecordStore(
    options.recordsPath === undefined ? RECORDS : fromCaller(options.recordsPath),
  );
  const wish: Wish = {
    action: options.action,
    source: {
      pinned: options.layerArns,
      listed: options.layerArns.length > 0 ? [] : await readList(options),
      extensionVersion: options.extensionVersion,
    },
    destination: options.destination,
    checksRole: options.checksRole,
    readRecord: (arn) => records.read(arn),
  };
  const roleRight = createRoleRights(profile, CLOCK);
  return {
    regions: await regionsOf(options),
    selection,
    wish,
    records,
    serviceFor: (region) => createFunctionService({ region, profile, clock: CLOCK, roleRight }),
    parallel,
    sleep: CLOCK.sleep,
    signal: stopSignal(say),
    log: say,
  };
}

/** The regions that are named, besides those of the functions' ARNs; without any, that of the AWS settings. */
async function regionsOf({ regions, selection, profile }: AttachOptions): Promise<readonly string[]> {
  const ofArns = selection.named.flatMap(({ region }) => region ?? []);
  const needsMore = selection.isListing || selection.named.some(({ region }) => region === undefined);
  const chosen = regions?.map(({ id }) => id) ?? (needsMore ? [await defaultRegion(profile)] : []);
  return Array.from(new Set([...chosen, ...ofArns]));
}

async function defaultRegion(profile: string | undefined): Promise<string> {
  return await new Lambda(clientConfig({ region: undefined, profile })).config.region().catch(() => {
    throw new Error("Cannot attach as no region is known: give --regions or set AWS_REGION");
  });
}

/** The first Ctrl-C lets what has begun come to its end; a second one ends at once. */
function stopSignal(say: Say): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    say("Finishing what has begun; nothing else is begun");
    controller.abort();
    Deno.removeSignalListener("SIGINT", stop);
  };
  Deno.addSignalListener("SIGINT", stop);
  return controller.signal;
}

function tellChanges(outcomes: readonly AttachOutcome[], say: Say): void {
  for (const { region, name, state, reasons } of outcomes) {
    if (state === "failed") say(`FAILED ${region} ${name}: ${reasons.join("; ")}`);
  }
  say(countOutcomes(outcomes));
  if (outcomes.some(({ state }) => state === "changed")) {
    say("Aliases and published versions stay as they were until a new version is published");
  }
}

/** A list that is named must be there; without this checkout's, only what is taken off needs no layer. */
async function readList({ listPath }: AttachOptions): Promise<readonly ListedLayer[]> {
  if (listPath !== undefined) return parseList(await Deno.readTextFile(fromCaller(listPath)));
  const text = await Deno.readTextFile(LAYER_FOLDER + LIST_NAME).catch(() => undefined);
  return text === undefined ? [] : parseList(text);
}

async function writeResult({ resultPath }: AttachOptions, text: string): Promise<void> {
  if (resultPath === "-") print(text.trimEnd());
  else if (resultPath !== undefined) await Deno.writeTextFile(fromCaller(resultPath), text);
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

function printError(line: string): void {
  // deno-lint-ignore no-console
  console.error(line);
}

try {
  Deno.exitCode = await main();
} catch (error) {
  print(messageOf(error));
  Deno.exitCode = 1;
}
Deno.exit();
