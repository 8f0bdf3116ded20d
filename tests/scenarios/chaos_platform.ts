/** Every way in which the platform may be unkind: each invocation counts once, and nothing waits longer than told. */
import { assert, assertEquals } from "@std/assert";
import { fakeExtension } from "../emulator/fake_extension.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import type { TelemetryChaos } from "../emulator/telemetry_chaos.ts";
import { sleep } from "../emulator/waiters.ts";
import { type ChaosScenario, messages, startChaos } from "./chaos_account.ts";
import { ONE, verdicts } from "./verdicts.ts";

const DELIVERIES: readonly (readonly [name: string, chaos: TelemetryChaos])[] = [
  ["late", { delayMs: 120 }],
  ["twice under one Sequence-Id", { repeat: "same-id" }],
  ["event by event", { splitAt: 1 }],
  ["in the opposite order", { reversed: true }],
  ["late, event by event, backwards and twice", {
    delayMs: 30,
    splitAt: 1,
    reversed: true,
    repeat: "same-id",
  }],
];

const ORDERS: readonly (readonly [name: string, options: LambdaOptions])[] = [
  ["INVOKE long before the runtime's event", { dispatchDelayMs: 80 }],
  ["INVOKE long after the runtime is done", { invokeDelayMs: 80 }],
  ["the report at once", { reportDelivery: "immediate" }],
  ["INVOKE last and telemetry backwards", {
    invokeDelayMs: 60,
    telemetryChaos: { reversed: true, splitAt: 1 },
  }],
];

const ordinary = (name: string, options: LambdaOptions): ChaosScenario => ({
  name: `${name}: every invocation counts once and every line arrives`,
  run: async (start) => {
    await using chaos = await startChaos(start, options);
    await chaos.sandbox.lambda.init();
    // Lines are told apart by their text, not by their order, which is what some of these take away.
    await chaos.invoke(4);
    const { exitCode } = await chaos.sandbox.lambda.shutdown();
    assertEquals(exitCode, 0);
    assertEquals(verdicts(chaos.sandbox), { ...ONE, invocations: 4n });
    assertEquals(chaos.sandbox.values("duration_ms").length, 4);
    const lines = messages(chaos.sandbox);
    assertEquals([lines.length, new Set(lines).size], [4, 4]);
    assertEquals(chaos.sandbox.lambda.violations, []);
  },
});

/** All of them. */
export const PLATFORM_CHAOS: readonly ChaosScenario[] = [
  ...DELIVERIES.map(([name, telemetryChaos]) => ordinary(`telemetry comes ${name}`, { telemetryChaos })),
  ...ORDERS.map(([name, options]) => ordinary(name, options)),
  {
    name:
      "telemetry repeated without a Sequence-Id doubles no invocation, no duration, no cold start and no line",
    run: async (start) => {
      await using chaos = await startChaos(start, { telemetryChaos: { repeat: "no-id" } });
      await chaos.invoke(4);
      await chaos.sandbox.lambda.shutdown();
      assertEquals(verdicts(chaos.sandbox), { ...ONE, invocations: 4n });
      assertEquals(chaos.sandbox.values("duration_ms").length, 4);
      assertEquals(chaos.sandbox.values("init_duration_ms").length, 1);
      const lines = messages(chaos.sandbox);
      assertEquals([lines.length, new Set(lines).size], [4, 4]);
    },
  },
  {
    name: "lines that the platform drops are counted as the platform tells",
    run: async (start) => {
      await using chaos = await startChaos(start, { telemetryChaos: { dropEach: 3 } });
      const { lambda, sum } = { ...chaos.sandbox };
      for (let n = 0; n < 6; n++) {
        await lambda.invoke({ logs: Array.from({ length: 10 }, (_, i) => `${n}/${i}`), sleepMs: 40 });
      }
      await lambda.shutdown();
      const missing = 60 - messages(chaos.sandbox).length;
      assert(missing > 0, "nothing was dropped");
      assertEquals(sum("logs_dropped_records"), BigInt(missing));
      assertEquals(sum("invocations"), 6n);
    },
  },
  {
    name: "an init that takes too long is repeated inside the first invocation, which counts once",
    run: async (start) => {
      await using chaos = await startChaos(start, {
        initTimeoutMs: 500,
        timeoutMs: 1500,
        functionInit: { outcome: "hang" },
      });
      const { sandbox } = chaos;
      assertEquals((await sandbox.lambda.init()).status, "timeout");
      assertEquals((await sandbox.lambda.invoke()).status, "timeout");
      assertEquals(verdicts(sandbox).invocations, 1n);
      assertEquals(verdicts(sandbox).timeouts, 1n);
      assertEquals(sandbox.lambda.violations, []);
    },
  },
  {
    name: "a runtime that fails its init is one error an invocation",
    run: async (start) => {
      await using chaos = await startChaos(start, { functionInit: { outcome: "error", sleepMs: 200 } });
      const { sandbox } = chaos;
      assertEquals((await sandbox.lambda.init()).status, "error");
      assertEquals((await sandbox.lambda.invoke()).status, "error");
      assertEquals([sandbox.sum("invocations"), sandbox.sum("errors")], [1n, 1n]);
    },
  },
  {
    name: "provisioned concurrency never starts cold",
    run: async (start) => {
      await using chaos = await startChaos(start, { initializationType: "provisioned-concurrency" });
      await chaos.sandbox.lambda.init();
      await chaos.invoke(2);
      await chaos.end();
      assertEquals(verdicts(chaos.sandbox).coldStarts, 0n);
      assertEquals(chaos.sandbox.values("init_duration_ms").length, 1);
    },
  },
  {
    name: "each restore of a snapshot is one cold start with one restore duration",
    run: async (start) => {
      await using chaos = await startChaos(start, {
        initializationType: "snap-start",
        functionInit: { restoreMs: 10 },
      });
      const { lambda } = chaos.sandbox;
      await lambda.init();
      await chaos.invoke(2);
      for (let n = 0; n < 2; n++) {
        // An invocation's times are told in whole milliseconds, and order is all that tells restores apart.
        await lambda.freeze(5);
        assertEquals((await lambda.restore()).status, "success");
        await chaos.invoke(2);
      }
      await chaos.end();
      assertEquals(verdicts(chaos.sandbox), { ...ONE, invocations: 6n, coldStarts: 3n });
      assertEquals(chaos.sandbox.values("restore_duration_ms").length, 3);
    },
  },
  {
    name: "a streamed response tells its own length and time",
    run: async (start) => {
      await using chaos = await startChaos(start);
      const { sandbox } = chaos;
      await sandbox.lambda.invoke({ stream: { chunks: 5, chunkBytes: 2000, pauseMs: 20 } });
      await chaos.end();
      assertEquals(sandbox.values("produced_bytes"), [10_000n]);
      assert(Number(sandbox.sum("response_duration_ms")) >= 79);
    },
  },
  {
    name: "the loss of the host takes nothing that an invocation had ended with",
    run: async (start) => {
      await using chaos = await startChaos(start);
      const { sandbox } = chaos;
      await sandbox.lambda.init();
      await chaos.invoke(3);
      await sandbox.lambda.vanish();
      assertEquals(new Set(messages(sandbox)).size, 3);
      assertEquals(verdicts(sandbox), { ...ONE, invocations: 3n });
    },
  },
  {
    name: "a response that comes in time and a timeout after it are one invocation",
    run: async (start) => {
      // Another extension holds the invocation beyond its deadline, once: its runtime is then done a second time.
      let slow = true;
      const other = fakeExtension({
        name: "slow",
        types: [],
        onInvoke: (_, { killed }) => slow ? sleep(5000, killed) : undefined,
        onShutdown: () => void (slow = false),
      });
      await using chaos = await startChaos(start, { timeoutMs: 600, extensions: [other] });
      const { sandbox } = chaos;
      await sandbox.lambda.init();
      assertEquals((await sandbox.lambda.invoke({ response: "answered" })).status, "timeout");
      slow = false;
      await sandbox.lambda.invoke();
      await sandbox.lambda.shutdown();
      assertEquals([sandbox.sum("invocations"), sandbox.sum("timeouts"), sandbox.sum("errors")], [
        2n,
        1n,
        1n,
      ]);
    },
  },
];

/** Only with real processes, which can be stopped and killed. */
export const PROCESS_CHAOS: readonly ChaosScenario[] = [
  {
    name: "a freeze in the middle of a POST neither loses nor repeats what it carried",
    run: async (start) => {
      await using chaos = await startChaos(start, { env: { ENV_FLUSH_PLAN: "overlap" } });
      const { lambda, dataway } = chaos.sandbox;
      await lambda.init();
      await chaos.invoke(1);
      dataway.otherwise({ status: 200, delayMs: 500 });
      for (const freezeMs of [800, 1600]) {
        const before = dataway.requests.length;
        // What is held is sent from INVOKE on, and not answered before the invocation ends. An invocation's telemetry
        // comes with the next one, and may leave only with the one after that.
        for (let tries = 0; tries < 4 && dataway.requests.length === before; tries++) {
          await chaos.invoke(1, { sleepMs: 100 });
        }
        assert(dataway.requests.length > before, "no POST was open");
        await lambda.freeze(freezeMs);
      }
      dataway.otherwise(200);
      await chaos.invoke(1);
      await chaos.end();
    },
  },
  {
    name: "connections that died in a freeze cost one retry within the budget, and nothing",
    run: async (start) => {
      await using chaos = await startChaos(start);
      const { lambda, dataway } = chaos.sandbox;
      await lambda.init();
      await chaos.invoke(2);
      dataway.forgetConnections();
      await lambda.freeze(5500);
      const before = dataway.points("logging").length;
      await chaos.invoke(1);
      assertEquals(dataway.points("logging").length, before + 1, "the first flush after the freeze failed");
      await chaos.end();
    },
  },
  {
    name: "with the spool on a kill during an outage loses nothing: the next process sends it, once",
    run: async (start) => {
      const folder = await Deno.makeTempDir({ prefix: "spool-" });
      try {
        await using chaos = await startChaos(start, { env: { ENV_SPOOL: "on", ENV_SPOOL_DIR: folder } });
        const { sandbox } = chaos;
        await sandbox.lambda.init();
        sandbox.dataway.otherwise(503);
        // With a third failure in a row it would no longer wait for the invocation's telemetry.
        await chaos.invoke(2);
        await sandbox.lambda.vanish();
        assertEquals(messages(sandbox).length, 0);
        sandbox.dataway.otherwise(200);
        await sandbox.lambda.init();
        await chaos.invoke(2);
        assertEquals((await sandbox.lambda.shutdown()).exitCode, 0);
        const lines = messages(sandbox);
        assertEquals([lines.length, new Set(lines).size], [4, 4]);
        assertEquals(sandbox.sum("invocations"), 4n);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  },
];
