/** The regions in which Lambda can be used, by partition: each partition has accounts and credentials of its own. */

/** A part of AWS with its own accounts. */
export interface Partition {
  /** As in ARNs, for example `aws-cn`. */
  readonly id: string;
  readonly name: string;
  /** Where credentials are checked: the region that every account of the partition has. */
  readonly homeRegion: string;
  readonly regions: readonly string[];
}

/** A region and the partition that it belongs to. */
export interface Region {
  readonly id: string;
  readonly partition: Partition;
}

/**
 * The partitions that can be reached from the internet. The isolated ones of the US agencies cannot, and are left
 * out on purpose. `tests/aws/` compares this list with that of the AWS SDK for Python.
 *
 * @see AWS General Reference, "AWS Lambda endpoints and quotas"
 */
export const PARTITIONS: readonly Partition[] = [
  {
    id: "aws",
    name: "AWS",
    homeRegion: "us-east-1",
    // deno-fmt-ignore
    regions: [
      "us-east-1", "us-east-2", "us-west-1", "us-west-2",
      "af-south-1",
      "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
      "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
      "ap-southeast-7",
      "ca-central-1", "ca-west-1",
      "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
      "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1",
    ],
  },
  {
    id: "aws-cn",
    name: "AWS China",
    homeRegion: "cn-north-1",
    regions: ["cn-north-1", "cn-northwest-1"],
  },
  {
    id: "aws-us-gov",
    name: "AWS GovCloud (US)",
    homeRegion: "us-gov-west-1",
    regions: ["us-gov-east-1", "us-gov-west-1"],
  },
  {
    id: "aws-eusc",
    name: "AWS European Sovereign Cloud",
    homeRegion: "eusc-de-east-1",
    regions: ["eusc-de-east-1"],
  },
];

/**
 * The regions named by `text`: ids of regions and partitions, separated by commas, or `all`. In the order of
 * `PARTITIONS`, none twice. Throws on a name that is neither.
 *
 * @example selectRegions("aws-cn,eu-west-1") // eu-west-1, cn-north-1, cn-northwest-1
 */
export function selectRegions(text: string): readonly Region[] {
  const names = new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""));
  const known = new Set(["all", ...PARTITIONS.flatMap(({ id, regions }) => [id, ...regions])]);
  const unknown = Array.from(names).filter((name) => !known.has(name));
  if (unknown.length > 0 || names.size === 0) {
    throw new Error(
      `Cannot choose regions as each must be a region's id, a partition (${
        PARTITIONS.map(({ id }) => id).join(", ")
      }) or all: current value is ${unknown.join(", ") || "empty"}`,
    );
  }
  return PARTITIONS.flatMap((partition) =>
    partition.regions
      .filter((id) => names.has("all") || names.has(partition.id) || names.has(id))
      .map((id) => ({ id, partition }))
  );
}
