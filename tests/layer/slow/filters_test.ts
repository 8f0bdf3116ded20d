/**
 * The executable with filters and the sinker, which it loads only when they are set: and on texts that patterns need
 * for ever where they backtrack.
 */
import { assertEquals, assertLess } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the executable filters in linear time, and names what is left to the sinker", async () => {
  const start = startExecutable(await buildBinary());
  const filters = {
    logging: [
      "{ message match ['^(a+)+$'] }",
      "{ message = re('^(?i)(?:x|X|y)*(x|y)+z$') }",
      "{ status in ['debug'] }",
    ],
  };
  await using sandbox = await start({
    env: {
      ENV_FLUSH_PLAN: "end",
      ENV_IO_FILTERS: JSON.stringify(filters),
      ENV_DATAWAY_ENABLE_SINKER: "true",
      ENV_SINKER_GLOBAL_CUSTOMER_KEYS: "source",
    },
  });
  await sandbox.lambda.init();
  const startedAt = performance.now();
  const kept = [`${"a".repeat(5_000)}!`, `${"xY".repeat(3_000)}!`];
  const logs = [...kept, "aaa", "xYz", JSON.stringify({ level: "debug", message: "m" })];
  await sandbox.lambda.invoke({ logs });
  assertLess(performance.now() - startedAt, 5_000);
  await sandbox.lambda.shutdown();
  assertEquals(sandbox.dataway.points("logging").map(({ fields }) => fields.get("message")), kept);
  assertEquals(sandbox.sum("refused_filtered", "awslambda-extension"), 3n);
  const uploads = sandbox.dataway.requests.filter(({ category }) => category === "logging");
  assertEquals(uploads.map(({ headers }) => headers.get("x-global-tags")), ["source=awslambda-logging"]);
});
