import { buildBinary } from "../../../build.ts";
import { RECORDER_KILLS, RECORDER_LIVES } from "../../scenarios/recorder_lives.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

scenario("the compiled executable records what is worth it, and accounts for the rest", async (t) => {
  const start = startExecutable(await buildBinary());
  for (const { name, run } of [...RECORDER_LIVES, ...RECORDER_KILLS]) {
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
