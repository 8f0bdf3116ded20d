/**
 * One right tree for each scenario, in `golden/`. `deno run -P tests/lambda/trace/golden_test.ts` writes the files
 * anew: look at what changes.
 */
import { assertEquals } from "@std/assert";
import { traceTree } from "../../support/trace_tree.ts";
import { scenario } from "../../support/scenario.ts";
import { openTelemetry } from "../open_telemetry.ts";
import { BASE_MS, TRACE_SCENARIOS, type TraceScenario } from "./scenarios.ts";

async function traceOf({ options, steps }: TraceScenario): Promise<string> {
  const telemetry = openTelemetry({ trace: "auto", ...options });
  for (const step of steps) {
    if ("atMs" in step && step.atMs !== undefined) telemetry.setTime(BASE_MS + step.atMs);
    if ("batch" in step) await telemetry.post(step.batch);
    else if ("traced" in step) telemetry.traced(step.traced);
    else if ("shutdown" in step) telemetry.invocations.shutdown(step.shutdown);
    else {
      telemetry.invocations.invoked({
        type: "invoke",
        requestId: step.invoke,
        deadlineAt: 0,
        invokedFunctionArn: "",
        ...(step.traceHeader === undefined ? {} : { traceHeader: step.traceHeader }),
      });
    }
  }
  return traceTree(telemetry.points, { baseMs: BASE_MS });
}

function goldenUrl({ name }: TraceScenario): URL {
  return new URL(`./golden/${name.replaceAll(/[^\w]+/g, "_")}.txt`, import.meta.url);
}

for (const one of TRACE_SCENARIOS) {
  scenario(`the trace of a sandbox: ${one.name}`, async () => {
    assertEquals(await traceOf(one), await Deno.readTextFile(goldenUrl(one)));
  });
}

if (import.meta.main) {
  for (const one of TRACE_SCENARIOS) {
    await Deno.writeTextFile(goldenUrl(one), await traceOf(one));
  }
}
