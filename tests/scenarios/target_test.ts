import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { TARGET_SCENARIOS } from "./target_scenarios.ts";

for (const { name, run } of TARGET_SCENARIOS) {
  scenario(`in process: ${name}`, () => run(startSandbox));
}
