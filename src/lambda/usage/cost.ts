/**
 * What an invocation costs by AWS's public list prices: an estimate, since neither an account's tier, nor its free
 * tier, nor its discounts can be seen from inside. The share of a larger `/tmp` is left out: nothing tells its size.
 * @see https://aws.amazon.com/lambda/pricing/
 */

/** How a processor is called by `Deno.build.arch`. */
export type Architecture = "x86_64" | "aarch64";

/** Prices in US dollars. */
export interface Prices {
  readonly request: number;
  /** A second of a GB (1024 MB). */
  readonly gbSecond: number;
}

/** What the user sets in place of the list. */
export interface PriceOverrides {
  readonly request?: number;
  readonly gbSecond?: number;
}

/** Where and how a sandbox runs. */
export interface PriceClass {
  readonly region: string;
  readonly architecture: Architecture;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType?: string | undefined;
}

/** A price by architecture: x86, arm. */
type ByArchitecture = readonly [x86: number, arm: number];

const REQUEST_USD = 0.000_000_2;
/** Per GB-second. */
const BASE: ByArchitecture = [0.000_016_666_7, 0.000_013_333_4];
const REGIONS: Readonly<Record<string, ByArchitecture>> = {
  "af-south-1": [0.000_022_1, 0.000_017_68],
  "ap-east-1": [0.000_022_92, 0.000_018_3],
  "eu-south-1": [0.000_019_517_2, 0.000_015_613_8],
  "me-south-1": [0.000_020_666_7, 0.000_016_533_4],
  "me-central-1": [0.000_020_666_7, 0.000_016_533_4],
};
/** Of the time that runs; what is provisioned costs on its own, and no sandbox sees for how long. */
const PROVISIONED: ByArchitecture = [0.000_009_722_2, 0.000_007_777_8];
const DECIMALS = 1e12;

/**
 * The prices where the function runs; `undefined` where they are not known: in China they are in another currency,
 * managed instances are billed as machines, and provisioned concurrency has a list of its own in dearer regions.
 */
export function pricesOf(where: PriceClass, overrides: PriceOverrides = {}): Prices | undefined {
  if (where.initializationType === "lambda-managed-instances") return undefined;
  const gbSecond = overrides.gbSecond ?? listPrice(where);
  return gbSecond === undefined ? undefined : { request: overrides.request ?? REQUEST_USD, gbSecond };
}

function listPrice({ region, architecture, initializationType }: PriceClass): number | undefined {
  if (region.startsWith("cn-")) return undefined;
  const special = REGIONS[region];
  const isProvisioned = initializationType === "provisioned-concurrency";
  if (isProvisioned && special !== undefined) return undefined;
  const [x86, arm] = isProvisioned ? PROVISIONED : special ?? BASE;
  return architecture === "aarch64" ? arm : x86;
}

/** One request with what was billed of it, init included, in US dollars. */
export function requestCost(prices: Prices, billedMs: number, memoryMb: number): number {
  return round(prices.request + durationCost(prices, billedMs, memoryMb));
}

/** What this much time costs with this much memory, in US dollars. */
export function durationCost(prices: Prices, billedMs: number, memoryMb: number): number {
  return round((billedMs / 1000) * (memoryMb / 1024) * prices.gbSecond);
}

function round(usd: number): number {
  return Math.round(usd * DECIMALS) / DECIMALS;
}
