/** The flight recorder and the black box, in process. */
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { RECORDER_SCENARIOS } from "./recorder_scenarios.ts";

for (const { name, run } of RECORDER_SCENARIOS) scenario(`recorder: ${name}`, () => run(startSandbox));
