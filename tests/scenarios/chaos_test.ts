import { startSandbox } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { DATAWAY_CHAOS } from "./chaos_dataway.ts";
import { PLATFORM_CHAOS } from "./chaos_platform.ts";

for (const { name, run } of [...DATAWAY_CHAOS, ...PLATFORM_CHAOS]) {
  scenario(`chaos in process: ${name}`, () => run(startSandbox));
}
