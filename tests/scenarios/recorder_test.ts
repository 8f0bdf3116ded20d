/** The flight recorder and the black box, in process. */
import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { RECORDER_LIVES } from "./recorder_lives.ts";

for (const { name, run } of RECORDER_LIVES) scenario(`recorder: ${name}`, () => run(startSandbox));
