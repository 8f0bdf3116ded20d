/** `deno task publish`: publishes the layers in many regions and writes down their ARNs. See `--help`. */
import { VERSION } from "../../src/version.ts";
import type { Arch } from "../build/base_runtime.ts";
import { fromCaller } from "../build/task_arguments.ts";
import { fitsRequest } from "../deploy/publish_layer.ts";
import {
  encodeList,
  encodeTable,
  LIST_NAME,
  type ListedLayer,
  parseList,
  updateList,
} from "../deploy/publish_list.ts";
import { parsePublishOptions, PUBLISH_USAGE, type PublishOptions } from "../deploy/publish_options.ts";
import { publishAll, type RegionOutcome } from "../deploy/publish_run.ts";
import { inspectLayerZip, type LayerZip } from "../deploy/publish_zip.ts";
import { gatherRelease } from "../deploy/release_folder.ts";
import { createLayerService, readAccount } from "./client.ts";

const FOLDER = new URL("../", import.meta.url).pathname.replace(/\/$/, "");
const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

async function main(): Promise<number> {
  const options = parsePublishOptions(Deno.args, FOLDER);
  if (options === undefined) {
    print(PUBLISH_USAGE);
    return 0;
  }
  const zips = await Promise.all(options.archs.map((arch) => readZip(arch, options)));
  for (const { arch, bytes, sha256, glibc } of zips) {
    print(`${arch}: ${(bytes.length / 1e6).toFixed(2)} MB, glibc ${glibc} or newer, sha256 ${sha256}`);
  }
  const outcomes = await publishAll({
    regions: options.regions,
    zips,
    settings: { ...options, extensionVersion: VERSION },
    parallel: options.parallel,
    accountOf: (partition) =>
      readAccount({ region: partition.homeRegion, profile: options.profileOf(partition.id) }),
    serviceFor: (region) =>
      createLayerService({ region: region.id, profile: options.profileOf(region.partition.id) }),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    log: print,
  });
  const listPath = `${options.folder}/${LIST_NAME}`;
  const layers = updateList(await readList(listPath), outcomes, zips, VERSION);
  if (!options.isDryRun) {
    await Deno.writeTextFile(listPath, encodeList(layers));
    print(`\n${encodeTable(layers, VERSION)}\n\nARNs written to ${LIST_NAME}`);
  }
  const code = report(outcomes, options.isDryRun);
  if (code === 0 && !options.isDryRun && options.releaseFolder !== undefined) {
    const to = fromCaller(options.releaseFolder);
    const names = await gatherRelease({ from: options.folder, to, root: ROOT, extensionVersion: VERSION });
    print(`Release of ${names.length} files in ${to}`);
  }
  return code;
}

async function readZip(arch: Arch, { folder, bucket }: PublishOptions): Promise<LayerZip> {
  const path = `${folder}/datakit_aws_extension-linux-${arch}.zip`;
  const bytes = await Deno.readFile(path).catch((cause) => {
    throw new Error(`Cannot read the ${arch} layer: build it first by "deno task build"`, { cause });
  });
  if (bucket === undefined && !fitsRequest(bytes.length)) {
    throw new Error(
      `Cannot publish the ${arch} layer directly as it has ${bytes.length} bytes: give a --bucket`,
    );
  }
  return inspectLayerZip(arch, bytes);
}

async function readList(path: string): Promise<readonly ListedLayer[]> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  return text === undefined ? [] : parseList(text);
}

/** Says what is there and what is not; 1 when anything is missing. */
function report(outcomes: readonly RegionOutcome[], isDryRun: boolean): number {
  const counts = Map.groupBy(outcomes, ({ state }) => state);
  print(
    `\n${outcomes.length} layers: ${
      Array.from(counts, ([state, members]) => `${members.length} ${state}`).join(", ")
    }`,
  );
  const incomplete = outcomes.filter(({ missing }) => missing.length > 0);
  for (const { region, arch, missing } of incomplete) {
    print(`MISSING ${region} ${arch}: ${missing.join("; ")}`);
  }
  if (isDryRun) print("This was a dry run: nothing was changed. Publish with --yes");
  return incomplete.length === 0 ? 0 : 1;
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
