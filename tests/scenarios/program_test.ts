import { scenario } from "../support/scenario.ts";
import { startSandbox } from "../support/sandbox.ts";
import { CONFORMANCE } from "./conformance.ts";

for (const { name, run } of CONFORMANCE) {
  scenario(`in process: ${name}`, () => run(startSandbox));
}
