import { buildBinary } from "../../../build.ts";
import { TARGET_SCENARIOS } from "../../scenarios/target_scenarios.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable sends to a second target in every scenario", async (t) => {
  const start = startExecutable(await buildBinary());
  for (const { name, run } of TARGET_SCENARIOS) {
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
