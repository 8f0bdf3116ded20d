/**
 * AWS's list of Lambda's prices by region, in US dollars: what a request costs, and a second of a GB (1024 MB) in the
 * first tier. Mostly one price everywhere, but for provisioned concurrency.
 * @see https://calculator.aws/pricing/2.0/meteredUnitMaps/lambda/USD/current/lambda.json
 */

/** How a processor is called by `Deno.build.arch`. */
export type Architecture = "x86_64" | "aarch64";

/** Prices in US dollars. */
export interface Prices {
  readonly request: number;
  /** A second of a GB (1024 MB). */
  readonly gbSecond: number;
}

/** By request, by GB-second on x86 and on arm. */
type OnDemand = readonly [request: number, x86: number, arm: number];

const USUAL: OnDemand = [0.000_000_2, 0.000_016_666_7, 0.000_013_333_4];
const UNUSUAL: Readonly<Record<string, OnDemand>> = {
  "af-south-1": [0.000_000_27, 0.000_022_1, 0.000_017_68],
  "ap-east-1": [0.000_000_28, 0.000_022_92, 0.000_018_3],
  "ap-southeast-5": [0.000_000_18, 0.000_015, 0.000_012],
  "eu-central-2": [0.000_000_22, 0.000_018_333_4, 0.000_014_666_7],
  "eu-south-1": [0.000_000_23, 0.000_019_517_2, 0.000_015_613_8],
  // Its arm price by the rule of all others: four fifths.
  "il-central-1": [0.000_000_21, 0.000_017_5, 0.000_014],
  "me-central-1": [0.000_000_25, 0.000_020_666_7, 0.000_016_533_4],
  "me-south-1": [0.000_000_25, 0.000_020_666_7, 0.000_016_533_4],
};

/** A GB-second that runs on what is provisioned; that costs on its own, and no sandbox sees for how long. On x86. */
const PROVISIONED: Readonly<Record<string, number>> = {
  "af-south-1": 0.000_012_9,
  "ap-east-1": 0.000_013_335_8,
  "ap-northeast-1": 0.000_012_561_5,
  "ap-northeast-2": 0.000_011_959_2,
  "ap-northeast-3": 0.000_012_561_5,
  "ap-south-1": 0.000_010_496_6,
  "ap-southeast-1": 0.000_012_131_3,
  "ap-southeast-2": 0.000_012_217_3,
  "ap-southeast-4": 0.000_012_217_3,
  "ap-southeast-5": 0.000_010_918_1,
  "ca-central-1": 0.000_010_840_7,
  "eu-central-1": 0.000_011_701_1,
  "eu-central-2": 0.000_012_871_2,
  "eu-north-1": 0.000_010_324_5,
  "eu-south-1": 0.000_011_382_7,
  "eu-west-1": 0.000_010_840_7,
  "eu-west-2": 0.000_011_270_9,
  "eu-west-3": 0.000_011_356_9,
  "me-south-1": 0.000_011_925_1,
  "sa-east-1": 0.000_015_486_7,
  "us-east-1": 0.000_009_722_2,
  "us-east-2": 0.000_009_722_2,
  "us-west-1": 0.000_011_443,
  "us-west-2": 0.000_009_722_2,
};
/** The same on arm, where it is known: of the regions with that price on x86. */
const PROVISIONED_X86_OF_ARM = 0.000_009_722_2;
const PROVISIONED_ARM = 0.000_007_777_8;

/** The price of a request. */
export function requestPrice(region: string): number {
  return (UNUSUAL[region] ?? USUAL)[0];
}

/** The price of a GB-second; `undefined` where it is not known. `provisioned`: on provisioned concurrency. */
export function gbSecondPrice(
  region: string,
  architecture: Architecture,
  provisioned: boolean,
): number | undefined {
  // In China it is in another currency.
  if (region.startsWith("cn-")) return undefined;
  const isArm = architecture === "aarch64";
  if (!provisioned) return (UNUSUAL[region] ?? USUAL)[isArm ? 2 : 1];
  const x86 = PROVISIONED[region];
  if (!isArm) return x86;
  return x86 === PROVISIONED_X86_OF_ARM ? PROVISIONED_ARM : undefined;
}
