/**
 * What the compiled executable makes of whole sandboxes with the platform's trace, cost and usage on: traces with their
 * logs, and metrics, as golden files. `deno run -P tests/layer/slow/insight_test.ts` writes them anew.
 */
import { assertEquals } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import type { Point } from "../../../src/point/point.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";
import { traceTree } from "../../support/trace_tree.ts";
import { INSIGHT_SCENARIOS, type InsightScenario } from "./insight/scenarios.ts";
import { freePorts } from "../../support/loopback.ts";

/** What is told by its sum. */
const COUNTS =
  /^(invocations|errors|timeouts|out_of_memory|cold_starts|shutdowns|unused_init|estimated_cost_usd|init_cost_usd)$/;
/** What is told by being there: the values are the machine's. */
const FIGURES = /^(cpu_|sandbox_|tmp_|extension_billed)/;
/** Parts of an init that are told from 1 ms on. */
const INIT_PARTS = /^ +aws\.lambda\.init\..*\n/gm;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

async function tell({ options, run }: InsightScenario): Promise<string> {
  const [otlp = 0, agent = 0, lifecycle = 0] = freePorts(3);
  const start = startExecutable(await buildBinary());
  await using sandbox = await start({
    reportDelivery: "immediate",
    // Each request is a trace of its own.
    traceHeader: "",
    // More than any process of the function's needs.
    memorySizeMb: 1024,
    ...options,
    env: {
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry",
      ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlp}`,
      ENV_INPUT_OTEL_GRPC: "off",
      ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${agent}`,
      ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: `127.0.0.1:${lifecycle}`,
      ENV_AWSLAMBDA_TRACE: "auto",
      ENV_AWSLAMBDA_ESTIMATED_COST: "true",
      ENV_AWSLAMBDA_USAGE: "true",
    },
  });
  await run(sandbox.lambda, { otlp, agent, lifecycle });
  if (sandbox.lambda.running) await sandbox.lambda.shutdown();
  assertEquals(sandbox.dataway.violations, []);
  const points = sandbox.dataway.points();
  return `${traces(points)}metrics\n${metrics(points)}`;
}

/** Equal traces are told once, with their number. */
function traces(points: readonly Point[]): string {
  const blocks = traceTree(points).replaceAll(INIT_PARTS, "").replaceAll(TIME, "<time>").split(
    /^(?=trace \d+$|no trace$)/m,
  ).map((block) => block.replace(/^trace \d+$/m, "trace"));
  const counts = Map.groupBy(blocks, (block) => block);
  return Array.from(counts, ([block, same]) => same.length === 1 ? block : `${same.length} × ${block}`).join(
    "",
  );
}

/** Sums of counts (of costs their number), and which figures there are. */
function metrics(points: readonly Point[]): string {
  const sums = new Map<string, number>();
  const figures = new Set<string>();
  for (const { measurement, fields, tags } of points) {
    if (measurement !== "awslambda-metric") continue;
    for (const [name, value] of fields) {
      if (FIGURES.test(name)) figures.add(name);
      if (!COUNTS.test(name)) continue;
      const key = name === "shutdowns" ? `shutdowns ${tags.get("shutdown_reason")}` : name;
      sums.set(key, (sums.get(key) ?? 0) + (typeof value === "bigint" ? Number(value) : 1));
    }
  }
  const counts = Array.from(sums, ([name, value]) => `  ${name} ${value}\n`).sort().join("");
  return `${counts}figures\n${[...figures].sort().map((name) => `  ${name}\n`).join("")}`;
}

function goldenUrl({ name }: InsightScenario): URL {
  return new URL(`./insight/${name.replaceAll(/[^\w]+/g, "_")}.txt`, import.meta.url);
}

for (const one of INSIGHT_SCENARIOS) {
  scenario(`the executable's traces, logs and metrics: ${one.name}`, async () => {
    assertEquals(await tell(one), await Deno.readTextFile(goldenUrl(one)));
  });
}

if (import.meta.main) {
  for (const one of INSIGHT_SCENARIOS) {
    await Deno.writeTextFile(goldenUrl(one), await tell(one));
  }
}
