/** `deno task attach`: adds the layer and its destination to a function, or takes them off. See `--help`. */
import { type GetFunctionResponse, Lambda, waitUntilFunctionUpdatedV2 } from "@aws-sdk/client-lambda";
import {
  attach,
  type AttachRecord,
  describeChange,
  type FunctionSettings,
  recordOf,
  undo,
} from "../deploy/attach_change.ts";
import { describeSize, type Facts, objections } from "../deploy/attach_checks.ts";
import { ATTACH_USAGE, type AttachOptions, parseAttachOptions } from "../deploy/attach_options.ts";
import { createRecordStore } from "../deploy/attach_record.ts";
import { unpackedBytesAt } from "../deploy/attach_size.ts";
import { LIST_NAME, parseList } from "../deploy/publish_list.ts";
import { clientConfig, told } from "./client.ts";

const LAYER_FOLDER = new URL("../", import.meta.url).pathname;
const RECORDS = new URL("../../.cache/attach", import.meta.url).pathname;
const UPDATE_LIMIT_SECONDS = 120;

/** A function as it is now. */
interface Target {
  readonly lambda: Lambda;
  readonly region: string;
  readonly arn: string;
  readonly settings: FunctionSettings;
  /** Refuses the update if somebody else made one in between. */
  readonly revisionId: string | undefined;
  readonly found: GetFunctionResponse;
}

async function main(): Promise<number> {
  const options = parseAttachOptions(Deno.args, Deno.env.get("ENV_DATAWAY"));
  if (options === undefined) {
    print(ATTACH_USAGE);
    return 0;
  }
  const target = await findFunction(options);
  const records = createRecordStore(Deno.env.get("DATAKIT_ATTACH_RECORDS") ?? RECORDS);
  print(target.arn);
  if (options.isUndo) {
    const record = await records.read(target.arn);
    if (record === undefined) {
      print("There is no record of an attach on this machine: our layer is taken off");
    }
    const changed = await change(target, undo(target.settings, record), options);
    if (changed) await records.remove(target.arn);
    return 0;
  }
  const layer = options.layerArn ?? await listedLayer(target);
  const after = attach(target.settings, layer, options.destination);
  const facts = await gatherFacts(target, layer, after);
  print(`Unpacked: ${describeSize(facts)}`);
  const against = objections(after, layer, facts);
  if (against.length > 0) throw new Error(`Cannot attach the layer:\n  ${against.join("\n  ")}`);
  const record: AttachRecord = recordOf(target.settings, after, layer);
  // Before the change: if the answer is lost, the way back is not.
  const isChange = describeChange(target.settings, after).length > 0;
  if (!options.isDryRun && isChange) await records.write(target.arn, record);
  await change(target, after, options);
  if (options.destination.kind === "secret") {
    print(
      "The function's role needs the right to read it (secretsmanager:GetSecretValue or ssm:GetParameter)",
    );
  }
  return 0;
}

async function findFunction(options: AttachOptions): Promise<Target> {
  const { profile, functionName } = options;
  const lambda = new Lambda(clientConfig({ region: options.region, profile }));
  const region = await lambda.config.region().catch(() => {
    throw new Error("Cannot attach as no region is known: give --region or set AWS_REGION");
  });
  const found = await told(
    "lambda:GetFunction",
    region,
    () => lambda.getFunction({ FunctionName: functionName }),
  );
  const { FunctionArn, Layers = [], Environment, RevisionId, LastUpdateStatus } = found.Configuration ?? {};
  if (Environment?.Error !== undefined) {
    // The answer then lacks the variables, and an update made of it would wipe them.
    throw new Error(
      `Cannot read the function's variables: ${Environment.Error.ErrorCode} (kms:Decrypt is needed)`,
    );
  }
  if (LastUpdateStatus === "InProgress") {
    throw new Error("Cannot attach as the function is being updated: try again");
  }
  const settings = {
    layers: Layers.flatMap(({ Arn }) => Arn ?? []),
    variables: new Map(Object.entries(Environment?.Variables ?? {})),
  };
  const arn = (FunctionArn ?? functionName).replace(/:\$LATEST$/, "");
  return { lambda, region, arn, settings, revisionId: RevisionId, found };
}

async function listedLayer({ region, found }: Target): Promise<string> {
  const arch = found.Configuration?.Architectures?.[0] === "arm64" ? "arm64" : "amd64";
  const text = await Deno.readTextFile(LAYER_FOLDER + LIST_NAME).catch(() => `{"layers":[]}`);
  const layer = parseList(text).find((entry) => entry.region === region && entry.arch === arch);
  if (layer !== undefined) return layer.arn;
  throw new Error(
    `Cannot find a layer for ${region} and ${arch} in ${LIST_NAME}: publish it or give --layer-arn`,
  );
}

async function gatherFacts(
  { lambda, region, found }: Target,
  layer: string,
  after: FunctionSettings,
): Promise<Facts> {
  const { Architectures, Runtime, PackageType = "Zip" } = found.Configuration ?? {};
  const known = await told(
    "lambda:GetLayerVersion",
    region,
    () => lambda.getLayerVersion(layerOf(layer)),
  );
  const unpackedBytes = new Map([["the code", await measure(found.Code?.Location)]]);
  for (const arn of PackageType === "Image" ? [] : after.layers) {
    const { Content } = arn === layer ? known : await lambda.getLayerVersion(layerOf(arn)).catch(() => ({
      Content: undefined,
    }));
    unpackedBytes.set(arn, await measure(Content?.Location));
  }
  return {
    packageType: PackageType,
    architecture: Architectures?.[0] ?? "x86_64",
    runtime: Runtime,
    region,
    layerArchitectures: known.CompatibleArchitectures ?? [],
    layerDescription: known.Description ?? "",
    unpackedBytes,
  };
}

/** A layer is named by its ARN without the version: it may be another account's. */
function layerOf(arn: string): { LayerName: string; VersionNumber: number } {
  const at = arn.lastIndexOf(":");
  return { LayerName: arn.slice(0, at), VersionNumber: Number(arn.slice(at + 1)) };
}

/** With another endpoint than AWS's, a place outside of it is not asked: an emulator's may lead to the real AWS. */
async function measure(location: string | undefined): Promise<number | undefined> {
  const endpoint = Deno.env.get("AWS_ENDPOINT_URL_LAMBDA") ?? Deno.env.get("AWS_ENDPOINT_URL");
  if (endpoint !== undefined && URL.parse(location ?? "")?.host !== URL.parse(endpoint)?.host) {
    return undefined;
  }
  return await unpackedBytesAt(location);
}

/** Shows the change and, if wished, makes it; false when nothing was changed. */
async function change(
  target: Target,
  after: FunctionSettings,
  { isDryRun }: AttachOptions,
): Promise<boolean> {
  const { lambda, region, arn, settings, revisionId } = target;
  const lines = describeChange(settings, after);
  for (const line of lines) print(`  ${line}`);
  if (lines.length === 0) print("Nothing to change");
  else if (isDryRun) print("This was a dry run: nothing was changed. Change it with --yes");
  if (lines.length === 0 || isDryRun) return false;
  await told("lambda:UpdateFunctionConfiguration", region, () =>
    lambda.updateFunctionConfiguration({
      FunctionName: arn,
      Layers: [...after.layers],
      Environment: { Variables: Object.fromEntries(after.variables) },
      ...(revisionId === undefined ? {} : { RevisionId: revisionId }),
    }));
  await told(
    "lambda:GetFunction",
    region,
    () =>
      waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: UPDATE_LIMIT_SECONDS }, {
        FunctionName: arn,
      }),
  );
  print("Changed. Aliases and published versions stay as they were until a new version is published");
  return true;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

try {
  Deno.exitCode = await main();
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  Deno.exitCode = 1;
}
