import { assertEquals, assertGreater } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { startExecutable } from "../../support/sandbox.ts";
import { scenario } from "../../support/scenario.ts";

const MIB = 1024 * 1024;
/** More than the point of such a line has. */
const LINE_BYTES = 400;
const INVOCATIONS = 100;
const LINES = 1000;

/** How much the settings promise to hold: a twentieth of the memory, 8 to 64 MiB. */
const CASES = [
  { memorySizeMb: 128, storeBytes: 8 * MIB },
  { memorySizeMb: 256, storeBytes: 12.8 * MIB },
  { memorySizeMb: 512, storeBytes: 25.6 * MIB },
] as const;

for (const { memorySizeMb, storeBytes } of CASES) {
  scenario(
    `an outage in a function of ${memorySizeMb} MB costs no line that the store is to hold`,
    async () => {
      const start = startExecutable(await buildBinary());
      await using sandbox = await start({ memorySizeMb, freeze: false, env: { ENV_FLUSH_PLAN: "end" } });
      const { lambda, dataway } = sandbox;
      dataway.otherwise(503);
      const filler = "x".repeat(100);
      for (let n = 0; n < INVOCATIONS; n++) {
        await lambda.invoke({ logs: Array.from({ length: LINES }, (_, line) => `${n}/${line} ${filler}`) });
        // On a busy machine the platform may fall behind, and what it has not delivered at the end nobody can hold.
        await lambda.delivered(5_000);
      }
      await lambda.shutdown();
      const line = sandbox.lines().find((each) => each.includes('"held"'));
      const end: { dropped?: Record<string, number>; held?: number } = JSON.parse(line ?? "{}");
      const { dropped = {}, held = 0 } = end;
      assertEquals(dropped["memory_pressure"] ?? 0, 0);
      // Metrics and the platform's own lines come on top.
      assertGreater(held + (dropped["store_full"] ?? 0), INVOCATIONS * LINES);
      assertGreater(held, Math.min(INVOCATIONS * LINES, 0.9 * storeBytes / LINE_BYTES));
    },
  );
}
