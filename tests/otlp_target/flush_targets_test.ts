import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { parseConfig } from "../../src/config.ts";
import type { FlushTarget } from "../../src/lambda/flushes.ts";
import { createOtlpTarget, type OtlpTarget } from "../../src/otlp_target/mod.ts";
import { flushTargets } from "../../src/target.ts";

function open(): OtlpTarget {
  const { target: config } = parseConfig({ ENV_OTLP_TARGET: "http://127.0.0.1:1" }).config;
  if (config === undefined) throw new Error("Cannot open as the settings name no target");
  return createOtlpTarget({
    config,
    env: {},
    service: "s",
    globalTags: new Map(),
    logRules: [],
    accountId: () => undefined,
    instanceId: () => "id",
    collect: () => {},
    requestFlush: () => {},
    version: "1",
    log: createLogger({ write: () => {} }),
    now: Date.now,
  });
}

Deno.test("the loop sends to Dataway and the target, or to the one that there is", async () => {
  await using target = open();
  const dataway: FlushTarget = { ...target.flushes, exportTimeoutMs: 1 };
  const timeouts = (hasDataway: boolean, second: OtlpTarget | undefined): number[] => {
    const { exportTimeoutMs, others } = flushTargets(hasDataway, dataway, second);
    return [exportTimeoutMs, ...others.map((other) => other.exportTimeoutMs)];
  };
  assertEquals(timeouts(true, undefined), [1]);
  assertEquals(timeouts(true, target), [1, 60_000]);
  // A Dataway that is none never sends, and would hold each invocation under some plans.
  assertEquals(timeouts(false, target), [60_000]);
  assertEquals(timeouts(false, undefined), [1]);
});
