import { buildBinary } from "../../../build.ts";
import { CONFORMANCE } from "../../scenarios/conformance.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable meets every conformance scenario", async (t) => {
  const start = startExecutable(await buildBinary());
  for (const { name, run } of CONFORMANCE) {
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
