/** The system's counters, by calls that also newer releases of Deno allow to who names them: nothing below `/proc`. */
import { statfsSync } from "node:fs";
import { cpus } from "node:os";
import type { SystemCalls } from "./usage_meter.ts";

/** Those of this sandbox. Each throws where it is refused. */
export const SYSTEM_CALLS = {
  cpus,
  memory: () => Deno.systemMemoryInfo(),
  disk: () => statfsSync("/tmp"),
} satisfies SystemCalls;
