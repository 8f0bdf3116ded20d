/** Publishes all layers in all regions, several at once; a region that fails stops none of the others. */
import type { Arch } from "../build/base_runtime.ts";
import { type LayerService, type Outcome, publishLayer, type PublishSettings } from "./publish_layer.ts";
import type { LayerZip } from "./publish_zip.ts";
import type { Partition, Region } from "./regions.ts";

/** What became of one layer in one region. */
export interface RegionOutcome extends Outcome {
  readonly region: string;
  readonly partition: string;
  readonly arch: Arch;
}

export interface RunOptions {
  readonly regions: readonly Region[];
  readonly zips: readonly LayerZip[];
  readonly settings: PublishSettings;
  /** Layers under way at once. */
  readonly parallel: number;
  /** Id of the account that the credentials for this partition belong to. Throws when they are of no use. */
  readonly accountOf: (partition: Partition) => Promise<string>;
  readonly serviceFor: (region: Region) => LayerService;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log: (line: string) => void;
}

interface Job {
  readonly region: Region;
  readonly zip: LayerZip;
}

/** One outcome for each layer and region, in the order of the regions. Never throws for what AWS says. */
export async function publishAll(options: RunOptions): Promise<readonly RegionOutcome[]> {
  const { regions, zips, parallel, log } = options;
  const unusable = await checkCredentials(options);
  const jobs = regions.flatMap((region) => zips.map((zip): Job => ({ region, zip })));
  const outcomes = new Map<Job, RegionOutcome>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      const startedAt = performance.now();
      const outcome = await publishJob(job, unusable.get(job.region.partition.id), options);
      outcomes.set(job, outcome);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      log(`[${outcomes.size}/${jobs.length}] ${describeOutcome(outcome)} (${seconds} s)`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return jobs.flatMap((job) => outcomes.get(job) ?? []);
}

/** One line: where, what became of it, and what is missing. */
function describeOutcome({ region, arch, state, version, missing, notes }: RegionOutcome): string {
  const what = version === undefined ? state : `${state} ${version.arn}`;
  return [`${region} ${arch}: ${what}`, ...missing, ...notes].join("; ");
}

/** Partitions whose credentials are of no use, with the reason: asked once, not once for each region. */
async function checkCredentials(
  { regions, accountOf, log }: RunOptions,
): Promise<ReadonlyMap<string, string>> {
  const unusable = new Map<string, string>();
  for (const partition of new Set(regions.map((region) => region.partition))) {
    try {
      log(`${partition.name}: account ${await accountOf(partition)}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      unusable.set(partition.id, reason);
      log(`${partition.name}: ${reason}`);
    }
  }
  return unusable;
}

async function publishJob(
  { region, zip }: Job,
  unusable: string | undefined,
  { serviceFor, settings, sleep }: RunOptions,
): Promise<RegionOutcome> {
  const where = { region: region.id, partition: region.partition.id, arch: zip.arch };
  if (unusable !== undefined) {
    const missing = [`no usable credentials for ${region.partition.name}`];
    return { ...where, state: "failed", sharedWith: [], notes: [], missing };
  }
  return { ...where, ...await publishLayer(serviceFor(region), region.id, zip, settings, sleep) };
}
