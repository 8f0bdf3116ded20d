import { assertLess } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { RECORDER_KILLS, RECORDER_SCENARIOS } from "../../scenarios/recorder_scenarios.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

const INVOCATIONS = 30;
/** Of a busy machine: what a held line costs is far below. */
const TOLERANCE_MS = 10;

scenario(
  "holding a thousand lines of each request holds next no longer than sending none of them",
  async () => {
    const start = startExecutable(await buildBinary());
    const logs = Array.from(
      { length: 1_000 },
      (_, n) => ({ level: "debug", message: `${n} ${"x".repeat(100)}` }),
    );
    const medianOf = async (recorder: "on" | "off", lines: readonly unknown[]): Promise<number> => {
      await using sandbox = await start({
        env: {
          ENV_AWSLAMBDA_RECORDER: recorder,
          ENV_AWSLAMBDA_RECORDER_KEEP: "error",
          // Nothing is sent within an invocation.
          ENV_FLUSH_PLAN: "60s",
        },
      });
      const holds: number[] = [];
      for (let n = 0; n < INVOCATIONS; n++) {
        const { extensionHoldMs } = await sandbox.lambda.invoke({ logs: lines, sleepMs: 20 });
        holds.push(extensionHoldMs ?? Infinity);
      }
      return holds.sort((a, b) => a - b)[INVOCATIONS / 2] ?? Infinity;
    };
    const without = await medianOf("off", []);
    assertLess(await medianOf("on", logs), without + TOLERANCE_MS);
  },
);

scenario("the compiled executable records what is worth it, and accounts for the rest", async (t) => {
  const start = startExecutable(await buildBinary());
  for (const { name, run } of [...RECORDER_SCENARIOS, ...RECORDER_KILLS]) {
    await t.step({ name, fn: () => run(start), sanitizeOps: false, sanitizeResources: false });
  }
});
