/**
 * What an invocation costs by AWS's public list prices: an estimate, since neither an account's tier, nor its free
 * tier, nor its discounts can be seen from inside. What AWS bills apart (a larger `/tmp`, of which nothing tells the
 * size, capacity that is provisioned, snapshots, streamed bytes, tenants' sandboxes, durable operations) is left out.
 * @see https://aws.amazon.com/lambda/pricing/
 */
import { type Architecture, gbSecondPrice, type Prices, requestPrice } from "./prices.ts";

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

const DECIMALS = 1e12;

/**
 * The prices where the function runs; `undefined` where they are not known: in China they are in another currency,
 * managed instances are billed as machines, and of provisioned concurrency not all regions' are.
 */
export function pricesOf(where: PriceClass, overrides: PriceOverrides = {}): Prices | undefined {
  const { region, architecture, initializationType } = where;
  if (initializationType === "lambda-managed-instances") return undefined;
  const provisioned = initializationType === "provisioned-concurrency";
  const gbSecond = overrides.gbSecond ?? gbSecondPrice(region, architecture, provisioned);
  if (gbSecond === undefined) return undefined;
  return { request: overrides.request ?? requestPrice(region), gbSecond };
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
