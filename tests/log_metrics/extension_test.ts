/** The whole program, which loads the reader of metrics only when the settings ask for it. */
import { assertEquals } from "@std/assert";
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";

function emf(orders: unknown): string {
  return JSON.stringify({
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{
        Namespace: "shop",
        Dimensions: [["service"]],
        Metrics: [{ Name: "orders" }, { Name: "gone" }],
      }],
    },
    service: "checkout",
    orders,
  });
}

scenario(
  "metrics come out of the log where neither logs nor Lambda's metrics and traces nor StatsD are wanted",
  async () => {
    await using sandbox = await startSandbox({
      env: {
        ENV_AWSLAMBDA_METRICS_FROM_LOGS: "emf,datadog",
        ENV_ENABLE_LOG_COLLECTION: "false",
        ENV_ENABLE_METRIC_COLLECTION: "false",
        ENV_AWSLAMBDA_TRACE: "off",
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
      },
    });
    await sandbox.lambda.init();
    const datadog = JSON.stringify({
      e: Math.floor(Date.now() / 1000),
      m: "shop.visits",
      t: ["page:cart"],
      v: 3,
    });
    await sandbox.lambda.invoke({ logs: [emf(2), datadog, emf([1, 2])] });
    await sandbox.lambda.shutdown();
    assertEquals(sandbox.values("orders", "shop"), [2]);
    assertEquals(sandbox.values("orders_sum", "shop"), [3]);
    assertEquals(sandbox.values("visits_sum", "shop"), [3]);
    assertEquals(sandbox.sum("refused_malformed", "awslambda-extension"), 2n);
    const measurements = sandbox.dataway.points().map(({ measurement }) => measurement);
    assertEquals([...new Set(measurements)].sort(), ["awslambda-extension", "shop"]);
  },
);

scenario(
  "lines with metrics stay logs, go when they are not wanted, and are logs alone when it is off",
  async () => {
    const kept = async (env: Readonly<Record<string, string>>): Promise<readonly unknown[]> => {
      await using sandbox = await startSandbox({ env });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: [emf(2), "plain"] });
      await sandbox.lambda.shutdown();
      const logs = sandbox.dataway.points("logging").length;
      return [sandbox.values("orders", "shop"), logs, sandbox.sum("refused_filtered", "awslambda-extension")];
    };
    assertEquals(await kept({ ENV_AWSLAMBDA_METRICS_FROM_LOGS: "emf" }), [[2], 2, 0n]);
    const env = {
      ENV_AWSLAMBDA_METRICS_FROM_LOGS: "emf",
      ENV_AWSLAMBDA_METRICS_FROM_LOGS_KEEP_LINES: "false",
    };
    assertEquals(await kept(env), [[2], 1, 1n]);
    assertEquals(await kept({}), [[], 2, 0n]);
  },
);
