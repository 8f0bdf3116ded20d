/** The list of ARNs that publishing leaves behind: for machines as JSON, for people as a table. */
import type { Arch } from "../build/base_runtime.ts";
import type { RegionOutcome } from "./publish_run.ts";
import type { LayerZip } from "./publish_zip.ts";
import { PARTITIONS } from "./regions.ts";

/** A published layer. */
export interface ListedLayer {
  readonly partition: string;
  readonly region: string;
  readonly arch: Arch;
  readonly arn: string;
  /** Of the extension. */
  readonly extensionVersion: string;
  /** Of the zip, in hexadecimal digits. */
  readonly sha256: string;
  readonly sharedWith: readonly string[];
}

/** File name of the list, beside the zips. */
export const LIST_NAME = "arns.json";

/**
 * The list with what was published or found in place. Regions that failed or were not asked for keep the entry
 * that they had, which tells its version.
 */
export function updateList(
  before: readonly ListedLayer[],
  outcomes: readonly RegionOutcome[],
  zips: readonly LayerZip[],
  extensionVersion: string,
): readonly ListedLayer[] {
  const entries = new Map(before.map((layer) => [keyOf(layer), layer]));
  for (const { partition, region, arch, version, sharedWith } of outcomes) {
    const zip = zips.find((candidate) => candidate.arch === arch);
    if (version === undefined || zip === undefined) continue;
    const layer = {
      partition,
      region,
      arch,
      arn: version.arn,
      extensionVersion,
      sha256: zip.sha256,
      sharedWith,
    };
    entries.set(keyOf(layer), layer);
  }
  const order = PARTITIONS.flatMap(({ regions }) => regions);
  return Array.from(entries.values()).sort((one, other) =>
    order.indexOf(one.region) - order.indexOf(other.region) || one.arch.localeCompare(other.arch)
  );
}

/** The list's text. */
export function encodeList(layers: readonly ListedLayer[]): string {
  return `${JSON.stringify({ layers }, undefined, 2)}\n`;
}

/** The layers of a list's text. Throws when it is none. */
export function parseList(text: string): readonly ListedLayer[] {
  const list: unknown = JSON.parse(text);
  if (typeof list !== "object" || list === null || !("layers" in list) || !Array.isArray(list.layers)) {
    throw new Error(`Cannot read the list of ARNs as it must have "layers": delete ${LIST_NAME}`);
  }
  return list.layers.map(parseLayer);
}

/** A table in Markdown with the ARNs of this version of the extension. */
export function encodeTable(layers: readonly ListedLayer[], extensionVersion: string): string {
  const current = layers.filter((layer) => layer.extensionVersion === extensionVersion);
  const rows = Array.from(new Set(current.map(({ region }) => region))).map((region) => {
    const cell = (arch: Arch): string => {
      const layer = current.find((candidate) => candidate.region === region && candidate.arch === arch);
      return layer === undefined ? "" : `\`${layer.arn}\``;
    };
    return `| ${region} | ${cell("amd64")} | ${cell("arm64")} |`;
  });
  return ["| region | x86_64 | arm64 |", "| --- | --- | --- |", ...rows].join("\n");
}

function parseLayer(value: unknown): ListedLayer {
  const fields: Record<string, unknown> = typeof value === "object" && value !== null ? { ...value } : {};
  const text = (name: string): string => {
    const field = fields[name];
    if (typeof field === "string") return field;
    throw new Error(`Cannot read the list of ARNs as an entry lacks ${name}: delete ${LIST_NAME}`);
  };
  const shared = fields.sharedWith;
  return {
    partition: text("partition"),
    region: text("region"),
    arch: text("arch") === "arm64" ? "arm64" : "amd64",
    arn: text("arn"),
    extensionVersion: text("extensionVersion"),
    sha256: text("sha256"),
    sharedWith: Array.isArray(shared) ? shared.map(String) : [],
  };
}

function keyOf({ region, arch }: ListedLayer): string {
  return `${region} ${arch}`;
}
