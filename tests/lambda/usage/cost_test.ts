import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { durationCost, pricesOf, requestCost } from "../../../src/lambda/usage/cost.ts";
import type { Architecture, Prices } from "../../../src/lambda/usage/prices.ts";

Deno.test("requestCost() is the request and its GB-seconds at the list price", () => {
  const prices = pricesOf({ region: "eu-west-1", architecture: "aarch64" });
  assertEquals(prices === undefined ? undefined : requestCost(prices, 238, 512), 0.000_001_786_675);
});

/**
 * What AWS's own calculator reckons with, as copied into npm's `@remotion/lambda-client` 4.0.527 (the last line: into
 * its source of an earlier day). By region: a million requests in US dollars; then in billionths of one a GB-second on
 * x86 and on arm, and one on provisioned concurrency on x86.
 * @see https://calculator.aws/pricing/2.0/meteredUnitMaps/lambda/USD/current/lambda.json
 */
const CALCULATOR = `
af-south-1      0.27  22100.0  17680.0  12900.0
ap-east-1       0.28  22920.0  18300.0  13335.8
ap-northeast-1  0.20  16666.7  13333.4  12561.5
ap-northeast-2  0.20  16666.7  13333.4  11959.2
ap-northeast-3  0.20  16666.7  13333.4  12561.5
ap-south-1      0.20  16666.7  13333.4  10496.6
ap-southeast-1  0.20  16666.7  13333.4  12131.3
ap-southeast-2  0.20  16666.7  13333.4  12217.3
ap-southeast-4  0.20  16666.7  13333.4  12217.3
ap-southeast-5  0.18  15000.0  12000.0  10918.1
ca-central-1    0.20  16666.7  13333.4  10840.7
eu-central-1    0.20  16666.7  13333.4  11701.1
eu-central-2    0.22  18333.4  14666.7  12871.2
eu-north-1      0.20  16666.7  13333.4  10324.5
eu-south-1      0.23  19517.2  15613.8  11382.7
eu-west-1       0.20  16666.7  13333.4  10840.7
eu-west-2       0.20  16666.7  13333.4  11270.9
eu-west-3       0.20  16666.7  13333.4  11356.9
sa-east-1       0.20  16666.7  13333.4  15486.7
us-east-1       0.20  16666.7  13333.4   9722.2
us-east-2       0.20  16666.7  13333.4   9722.2
us-west-1       0.20  16666.7  13333.4  11443.0
us-west-2       0.20  16666.7  13333.4   9722.2
me-south-1      0.25  20666.7  16533.4  11925.1
`;

Deno.test("pricesOf() is the list of AWS's calculator, in each region and on both architectures", () => {
  for (const line of CALCULATOR.trim().split("\n")) {
    const [region = "", request, x86, arm, provisioned] = line.split(/ +/);
    const where = { region, architecture: "x86_64" } as const;
    assertPrices(pricesOf(where), Number(request), Number(x86));
    assertPrices(pricesOf({ ...where, architecture: "aarch64" }), Number(request), Number(arm));
    const initializationType = "provisioned-concurrency";
    assertPrices(pricesOf({ ...where, initializationType }), Number(request), Number(provisioned));
  }
});

function assertPrices(prices: Prices | undefined, perMillion: number, nanoDollars: number): void {
  assertAlmostEquals((prices?.request ?? NaN) * 1e6, perMillion, 1e-9);
  assertAlmostEquals((prices?.gbSecond ?? NaN) * 1e9, nanoDollars, 1e-6);
}

/** A month of AWS's page: its requests, each of so many ms and MB, and what they are billed, free tier or not. */
interface Month {
  readonly title: string;
  readonly requests: number;
  readonly ms: number;
  readonly mb: number;
  readonly isFreeTierTaken: boolean;
  readonly isProvisioned?: true;
  /** In cents; AWS rounds one up and another down. */
  readonly computeCents: number;
  readonly requestCents?: number;
}

const FREE_REQUESTS = 1_000_000;
const FREE_GB_SECONDS = 400_000;
/** The worked examples of https://aws.amazon.com/lambda/pricing/, on x86 in N. Virginia. */
const MONTHS: readonly Month[] = [
  {
    title: "mobile application backend",
    ...{ requests: 3e6, ms: 120, mb: 1536, isFreeTierTaken: true },
    ...{ computeCents: 233, requestCents: 40 },
  },
  {
    title: "enriching streaming telemetry",
    ...{ requests: 7.44e6, ms: 2000, mb: 1024, isFreeTierTaken: false },
    ...{ computeCents: 24_800, requestCents: 149 },
  },
  {
    title: "machine learning on support tickets",
    ...{ requests: 6e6, ms: 280, mb: 4096, isFreeTierTaken: true },
    ...{ computeCents: 10_533, requestCents: 100 },
  },
  {
    title: "multi-tenant application",
    ...{ requests: 10e6, ms: 2000, mb: 1024, isFreeTierTaken: false },
    ...{ computeCents: 33_334, requestCents: 200 },
  },
  {
    title: "streaming rendered pages",
    ...{ requests: 3e6, ms: 500, mb: 1536, isFreeTierTaken: true },
    ...{ computeCents: 3083, requestCents: 40 },
  },
  {
    title: "market data by SQS",
    ...{ requests: 30e6, ms: 1000, mb: 1024, isFreeTierTaken: false },
    ...{ computeCents: 50_000, requestCents: 600 },
  },
  {
    title: "launch of a mobile application, on provisioned concurrency",
    ...{ requests: 500_000, ms: 100, mb: 1536, isFreeTierTaken: false, isProvisioned: true },
    computeCents: 73,
  },
  {
    title: "support on Cyber Monday, on provisioned concurrency",
    ...{ requests: 2e6, ms: 280, mb: 4096, isFreeTierTaken: false, isProvisioned: true },
    ...{ computeCents: 2178, requestCents: 40 },
  },
];

for (const month of MONTHS) {
  Deno.test(`requestCost() adds up to the bill of AWS's example: ${month.title}`, () => {
    const { requests, ms, mb, isFreeTierTaken, isProvisioned, computeCents, requestCents } = month;
    const initializationType = isProvisioned === true ? "provisioned-concurrency" : "on-demand";
    const prices = pricesOf({ region: "us-east-1", architecture: "x86_64", initializationType });
    assert(prices !== undefined);
    const free = isFreeTierTaken ? 1 : 0;
    const compute = requests * durationCost(prices, ms, mb) - free * FREE_GB_SECONDS * prices.gbSecond;
    assertAlmostEquals(100 * compute, computeCents, 1);
    const perRequest = requests * (requestCost(prices, ms, mb) - durationCost(prices, ms, mb));
    const charged = perRequest - free * FREE_REQUESTS * prices.request;
    if (requestCents !== undefined) assertAlmostEquals(100 * charged, requestCents, 0.5);
  });
}

Deno.test("pricesOf() knows provisioned concurrency's own price only where it is published", () => {
  const initializationType = "provisioned-concurrency";
  const price = (region: string, architecture: Architecture): number | undefined =>
    pricesOf({ region, architecture, initializationType })?.gbSecond;
  assertEquals(price("us-west-2", "aarch64"), 0.000_007_777_8);
  assertEquals(price("eu-west-1", "aarch64"), undefined);
  assertEquals(price("mx-central-1", "x86_64"), undefined);
  assertEquals(pricesOf({ region: "mx-central-1", architecture: "x86_64" })?.gbSecond, 0.000_016_666_7);
});

Deno.test("pricesOf() knows none for China unless they are set, and never any for managed instances", () => {
  assertEquals(pricesOf({ region: "cn-north-1", architecture: "x86_64" }), undefined);
  assertEquals(pricesOf({ region: "cn-north-1", architecture: "x86_64" }, { gbSecond: 0.000_113 }), {
    request: 0.000_000_2,
    gbSecond: 0.000_113,
  });
  const initializationType = "lambda-managed-instances";
  const where = { region: "us-east-1", architecture: "x86_64", initializationType } as const;
  assertEquals(pricesOf(where, { gbSecond: 1 }), undefined);
});

Deno.test("durationCost() is the share of an init", () => {
  const prices = pricesOf({ region: "us-east-1", architecture: "x86_64" });
  assertEquals(prices === undefined ? undefined : durationCost(prices, 431.2, 1024), 0.000_007_186_681);
});
