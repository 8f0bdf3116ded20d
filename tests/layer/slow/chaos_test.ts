import { buildBinary } from "../../../build.ts";
import { DATAWAY_CHAOS } from "../../scenarios/chaos_dataway.ts";
import { PLATFORM_CHAOS, PROCESS_CHAOS } from "../../scenarios/chaos_platform.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable loses nothing and holds nobody up in any chaos", async (t) => {
  const start = startExecutable(await buildBinary());
  for (const { name, run } of [...DATAWAY_CHAOS, ...PLATFORM_CHAOS, ...PROCESS_CHAOS]) {
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
