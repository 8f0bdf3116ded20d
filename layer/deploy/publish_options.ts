/** The command line of `deno task publish`. */
import { parseArgs } from "node:util";
import type { Arch } from "../build/base_runtime.ts";
import { taskArguments } from "../build/task_arguments.ts";
import type { Grant } from "./publish_layer.ts";
import { PARTITIONS, type Region, selectRegions } from "./regions.ts";

/** What the user wants published, where, and how. */
export interface PublishOptions {
  readonly regions: readonly Region[];
  readonly archs: readonly Arch[];
  readonly name: string;
  readonly license: string;
  /** Undefined: what the executable can run on. */
  readonly runtimes: readonly string[] | undefined;
  readonly grants: readonly Grant[];
  readonly bucket: string | undefined;
  /** Layers under way at once. */
  readonly parallel: number;
  /** Folder with the zips, and for the list of ARNs. */
  readonly folder: string;
  /** Folder of the release to gather when everything is published. */
  readonly releaseFolder: string | undefined;
  readonly isDryRun: boolean;
  /** Name of the AWS profile for a partition, or undefined for the default credentials. */
  readonly profileOf: (partition: string) => string | undefined;
}

/** For `--help`. */
export const PUBLISH_USAGE =
  `Publishes the layer zips that "deno task build" made. A dry run unless --yes is given.

  deno task publish -- [options]

  --yes                  publish; without it only look and say what would be done
  --regions LIST         regions and partitions (aws, aws-cn, aws-us-gov, aws-eusc), by comma; all by default
  --arch amd64|arm64     one architecture instead of both
  --share LIST           public, account ids, organisation ids (o-...), by comma; nobody by default
  --profile NAME         AWS profile; PARTITION=NAME for one partition's; can be repeated
  --bucket NAME          upload by way of this S3 bucket, {region} in it is replaced; needed above 50 MB
  --name NAME            the layers are NAME-x86_64 and NAME-arm64 (datakit)
  --license TEXT         SPDX identifier, URL or text (MIT)
  --runtimes LIST        compatible runtimes instead of those that the executable can run on
  --parallel N           layers under way at once (4)
  --folder PATH          where the zips are and the list of ARNs goes (layer)
  --release PATH         then gather zips, hashes, SBOMs, provenance and that list there, for a static host`;

/** Lambda's bound of compatible runtimes. */
const MAX_RUNTIMES = 15;
/** Each upload takes about 150 MB of memory. */
const MAX_PARALLEL = 16;

/** Reads the command line. Throws with what is wrong; undefined when help is asked for. */
export function parsePublishOptions(args: readonly string[], folder: string): PublishOptions | undefined {
  const { values } = parseArgs({
    args: taskArguments(args),
    options: {
      help: { type: "boolean" },
      yes: { type: "boolean", default: false },
      regions: { type: "string", default: "all" },
      arch: { type: "string" },
      share: { type: "string", default: "" },
      profile: { type: "string", multiple: true, default: [] },
      bucket: { type: "string" },
      name: { type: "string", default: "datakit" },
      license: { type: "string", default: "MIT" },
      runtimes: { type: "string" },
      parallel: { type: "string", default: "4" },
      folder: { type: "string", default: folder },
      release: { type: "string" },
    },
  });
  if (values.help) return undefined;
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(values.name)) {
    throw new Error(
      `Cannot use --name as it must be letters, digits, - and _: current value is ${values.name}`,
    );
  }
  return {
    regions: selectRegions(values.regions),
    archs: parseArchs(values.arch),
    name: values.name,
    license: values.license,
    runtimes: values.runtimes === undefined ? undefined : parseRuntimes(values.runtimes),
    grants: list(values.share).map(parseGrant),
    bucket: values.bucket,
    parallel: parseParallel(values.parallel),
    folder: values.folder,
    releaseFolder: values.release,
    isDryRun: !values.yes,
    profileOf: parseProfiles(values.profile),
  };
}

function parseArchs(text: string | undefined): readonly Arch[] {
  if (text === undefined) return ["amd64", "arm64"];
  if (text === "amd64" || text === "arm64") return [text];
  throw new Error(`Cannot publish as --arch must be amd64 or arm64: current value is ${text}`);
}

function parseRuntimes(text: string): readonly string[] {
  const runtimes = list(text);
  if (runtimes.length <= MAX_RUNTIMES) return runtimes;
  throw new Error(
    `Cannot publish as a layer has at most ${MAX_RUNTIMES} runtimes: --runtimes has ${runtimes.length}`,
  );
}

function parseGrant(text: string): Grant {
  if (text === "public") return { statementId: "public", principal: "*" };
  if (/^\d{12}$/.test(text)) return { statementId: `account-${text}`, principal: text };
  if (/^o-[a-z0-9]{10,32}$/.test(text)) {
    return { statementId: `organization-${text}`, principal: "*", organizationId: text };
  }
  throw new Error(
    `Cannot share as --share must name public, accounts of 12 digits or organisations like o-a1b2c3d4e5: current value is ${text}`,
  );
}

function parseParallel(text: string): number {
  const parallel = Number(text);
  if (Number.isInteger(parallel) && parallel >= 1 && parallel <= MAX_PARALLEL) return parallel;
  throw new Error(`Cannot publish as --parallel must be 1 to ${MAX_PARALLEL}: current value is ${text}`);
}

function parseProfiles(texts: readonly string[]): (partition: string) => string | undefined {
  const profiles = new Map<string, string>();
  for (const text of texts) {
    const [, partition = "", name = ""] = /^(?:([^=]*)=)?(.*)$/.exec(text) ?? [];
    if (partition !== "" && !PARTITIONS.some(({ id }) => id === partition)) {
      throw new Error(`Cannot use --profile as it names no partition: current value is ${text}`);
    }
    profiles.set(partition, name);
  }
  return (partition) => profiles.get(partition) ?? profiles.get("");
}

function list(text: string): readonly string[] {
  return Array.from(new Set(text.split(",").map((item) => item.trim()).filter((item) => item !== "")));
}
