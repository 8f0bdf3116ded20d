import { buildBinary } from "../../../build.ts";
import { DATAWAY_CHAOS } from "../../scenarios/chaos_dataway.ts";
import { PLATFORM_CHAOS, PROCESS_CHAOS } from "../../scenarios/chaos_platform.ts";
import { CONFORMANCE } from "../../scenarios/conformance.ts";
import { startEverything } from "../../support/everything.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

/**
 * Otherwise by design: beside a target no Dataway is needed, each flush to the target has a line of its own at the level
 * debug, there is more to do beside a function that is busy without a break, and a first invocation that nobody tells the
 * end of may come before all features are loaded.
 */
const NOT_MET: readonly RegExp[] = [
  /ENV_DATAWAY=""$/,
  /does not feed itself$/,
  /^a busy function pays nothing/,
  /when the telemetry subscription ends with/,
];

scenario("with everything switched on the compiled executable meets every scenario", async (t) => {
  const start = startEverything(startExecutable(await buildBinary()));
  const all = [...CONFORMANCE, ...DATAWAY_CHAOS, ...PLATFORM_CHAOS, ...PROCESS_CHAOS];
  for (const { name, run } of all) {
    if (NOT_MET.some((pattern) => pattern.test(name))) continue;
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
