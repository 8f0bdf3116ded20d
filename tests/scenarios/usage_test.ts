/** Cost and use, from the settings to the points in Dataway. */
import { assert, assertEquals } from "@std/assert";
import type { Point } from "../../src/point/point.ts";
import { inProcessExtension } from "../support/extension.ts";
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

const NEW = /^(estimated_|init_cost|extension_billed|cpu_|sandbox_|tmp_|shutdowns|unused_init)/;

const newFields = (points: readonly Point[]): string[] =>
  [...new Set(points.flatMap(({ fields }) => [...fields.keys()]))].filter((name) => NEW.test(name)).sort();

scenario("cost and use are told beside the platform's figures, and add no point but the end's", async () => {
  const count = async (env: Record<string, string>): Promise<Point[]> => {
    await using sandbox = await startSandbox({
      extension: inProcessExtension(env),
      reportDelivery: "immediate",
    });
    await sandbox.lambda.init();
    for (let i = 0; i < 2; i++) await sandbox.lambda.invoke({ sleepMs: 5 });
    await sandbox.lambda.shutdown();
    return [...sandbox.dataway.points("metric", "awslambda-metric")];
  };
  const plain = await count({});
  const told = await count({ ENV_AWSLAMBDA_ESTIMATED_COST: "true", ENV_AWSLAMBDA_USAGE: "true" });
  assertEquals(newFields(plain), []);
  assert(plain.every(({ tags }) => !tags.has("aws_lambda_architecture")));
  assertEquals(newFields(told), [
    "cpu_system_ms",
    "cpu_total_ms",
    "cpu_user_ms",
    "cpu_utilization_pct",
    "estimated_cost_usd",
    "extension_billed_ms",
    "init_cost_usd",
    "sandbox_memory_total_mb",
    "sandbox_memory_used_mb",
    "shutdowns",
    "tmp_free_bytes",
    "tmp_used_bytes",
    "unused_init",
  ]);
  assertEquals(told.length, plain.length + 1);
  const costs = told.flatMap(({ fields }) => fields.get("estimated_cost_usd") ?? []);
  assertEquals(costs.length, 2);
  assert(costs.every((cost) => typeof cost === "number" && cost > 0.000_000_2 && cost < 0.001), `${costs}`);
  assert(told.every(({ tags }) => /^(x86_64|arm64)$/.test(tags.get("aws_lambda_architecture") ?? "")));
  const [end] = told.filter(({ fields }) => fields.has("shutdowns"));
  assertEquals([end?.tags.get("shutdown_reason"), end?.fields.get("unused_init")], ["spindown", 0n]);
});

scenario("a price of the user's own takes the list's place", async () => {
  await using sandbox = await startSandbox({
    extension: inProcessExtension({
      ENV_AWSLAMBDA_ESTIMATED_COST: "true",
      ENV_AWSLAMBDA_PRICE_GB_SECOND: "1000",
      ENV_AWSLAMBDA_PRICE_REQUEST: "5",
    }),
    reportDelivery: "immediate",
  });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke();
  await sandbox.lambda.shutdown();
  const [cost] = sandbox.values("estimated_cost_usd");
  assert(typeof cost === "number" && cost > 5, String(cost));
});
