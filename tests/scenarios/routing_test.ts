/** The whole program with filters and the sinker: what is kept, counted, and told to Dataway. */
import { assert, assertEquals } from "@std/assert";
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import type { DatawayDouble } from "../emulator/dataway.ts";

const END = { ENV_FLUSH_PLAN: "end" };

function messages(dataway: DatawayDouble): unknown[] {
  return dataway.points("logging").map(({ fields }) => fields.get("message"));
}

scenario("filters: ENV_IO_FILTERS keeps logs out from the first on, and counts them", async () => {
  const filters = JSON.stringify({
    logging: ["{ source = 'awslambda-logging' and message match ['^noise'] }"],
    metric: ["{ aws_lambda_function_name = 'another' }"],
  });
  await using sandbox = await startSandbox({ env: { ...END, ENV_IO_FILTERS: filters } });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({ logs: ["noise 1", "kept", "noise 2"] });
  await sandbox.lambda.shutdown();
  assertEquals(messages(sandbox.dataway), ["kept"]);
  assert(sandbox.dataway.points("metric", "awslambda-metric").length > 0);
  const [end] = sandbox.extension.ends;
  assertEquals(end?.ledger.refusals(), [{ source: "telemetry", reason: "filtered", count: 2 }]);
  assertEquals(sandbox.sum("refused_filtered", "awslambda-extension"), 2n);
  assertEquals(sandbox.dataway.violations, []);
});

scenario(
  "filters: those of the workspace count from the first answer on, which no upload waits for",
  async () => {
    await using sandbox = await startSandbox({ env: { ...END, ENV_DATAWAY_PULL: "filters" } });
    sandbox.dataway.pull(
      JSON.stringify({ filters: { logging: ["{ message = 'noise' }"] }, pull_interval: 1 }),
    );
    await sandbox.lambda.init();
    for (const name of ["a", "b"]) await sandbox.lambda.invoke({ logs: ["noise", name] });
    await sandbox.lambda.shutdown();
    assertEquals(messages(sandbox.dataway), ["noise", "a", "b"]);
    assertEquals(sandbox.dataway.pulls.length, 1);
    assertEquals(sandbox.dataway.violations, []);
  },
);

scenario("filters: ones that cannot be used hurt nothing, and are told of in one line", async () => {
  await using sandbox = await startSandbox({ env: { ...END, ENV_IO_FILTERS: "{ status = 'debug' }" } });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({ logs: ["a"] });
  await sandbox.lambda.shutdown();
  assertEquals(messages(sandbox.dataway), ["a"]);
  assertEquals(sandbox.lines().filter((line) => line.includes("ENV_IO_FILTERS")).length, 1);
});

scenario("sinker: each upload has points of one group, which its header names", async () => {
  await using sandbox = await startSandbox({
    env: {
      ...END,
      ENV_DATAWAY_ENABLE_SINKER: "true",
      ENV_GLOBAL_HOST_TAGS: "env=prod",
      ENV_SINKER_GLOBAL_CUSTOMER_KEYS: "aws_lambda_function_name,tenant",
    },
  });
  await sandbox.lambda.init();
  const logs = ["a", "b", "a", "b", "c"].map((tenant, index) => {
    return JSON.stringify({ message: `m${index}`, ...tenant === "c" ? {} : { tenant } });
  });
  await sandbox.lambda.invoke({ logs });
  await sandbox.lambda.shutdown();
  const name = sandbox.lambda.env["AWS_LAMBDA_FUNCTION_NAME"];
  const uploads = sandbox.dataway.requests.filter(({ category }) => category === "logging");
  const groups = uploads.map(({ headers, points }) => {
    return [headers.get("x-global-tags"), points.map(({ fields }) => fields.get("message"))];
  });
  assertEquals(groups, [
    [`tenant=a,env=prod,aws_lambda_function_name=${name}`, ["m0", "m2"]],
    [`tenant=b,env=prod,aws_lambda_function_name=${name}`, ["m1", "m3"]],
    [`env=prod,aws_lambda_function_name=${name}`, ["m4"]],
  ]);
  assertEquals(sandbox.dataway.violations, []);
});

scenario("sinker: without it no upload names tags", async () => {
  await using sandbox = await startSandbox({ env: { ...END, ENV_GLOBAL_HOST_TAGS: "env=prod" } });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({ logs: ["a"] });
  await sandbox.lambda.shutdown();
  assertEquals(sandbox.dataway.requests.filter(({ headers }) => headers.has("x-global-tags")), []);
});
