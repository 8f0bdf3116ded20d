/** Every way in which Dataway can be out of order: the function runs on, and what can be delivered is. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { ReplyStep } from "../emulator/scripted_server.ts";
import type { Sandbox } from "../support/sandbox.ts";
import { type ChaosScenario, messages, ownFigures, startChaos } from "./chaos_account.ts";
import { startSilentServer } from "../support/loopback.ts";

const TOKEN = "tkn_chaos000000000000000000000000";
/** Longer than a label of a domain name may be: fails to resolve without asking any server. */
const NO_HOST = `${"a".repeat(64)}.invalid`;

/** Where the budget itself is what ends the wait, in ms. */
const SMALL_BUDGET_MS = 150;

/** Steps after which the batch is sent again. */
const FAULTS: readonly (readonly [name: string, step: ReplyStep])[] = [
  ["accepts and hangs", "hang"],
  ["resets connections", "reset"],
  ["answers 503", 503],
  ["answers 500", 500],
  ["answers 408", 408],
  ["answers 429", 429],
  ["answers 429 with Retry-After", { status: 429, retryAfter: 1 }],
  ["answers 503 with a date as Retry-After", { status: 503, retryAfter: "Fri, 01 Jan 2100 00:00:00 GMT" }],
  ["sends interim answers for ever", "flood of interim answers"],
  ["sends headers for ever", "flood of headers"],
  ["redirects", { status: 302, headers: { location: "http://127.0.0.1:1/" } }],
];

const outages = FAULTS.map(([name, step]): ChaosScenario => ({
  name: `a Dataway that ${name} costs no more than the budget, and nothing`,
  run: async (start) => {
    await using chaos = await startChaos(start, {}, step === "hang" ? SMALL_BUDGET_MS : undefined);
    chaos.sandbox.dataway.otherwise(step);
    await chaos.invoke(4);
    chaos.sandbox.dataway.otherwise(200);
    await chaos.end();
    const { sandbox } = chaos;
    assert(sandbox.dataway.requests.some(({ status }) => status !== 200), "the fault was never met");
    assert((ownFigures(sandbox).get("retried") ?? 0) > 0);
  },
}));

const refusals = ([[400, "rejected"], [403, "forbidden"]] as const).map((
  [status, reason],
): ChaosScenario => ({
  name: `points that Dataway refuses with ${status} are counted as ${reason}, and told`,
  run: async (start) => {
    await using chaos = await startChaos(start);
    const { sandbox } = chaos;
    await chaos.invoke(1);
    sandbox.dataway.otherwise(status);
    await chaos.invoke(1);
    sandbox.dataway.otherwise(200);
    await chaos.invoke(1);
    const lost = sandbox.dataway.requests.filter((request) => request.status === status);
    assert(lost.length > 0);
    await chaos.end({ dropped: { [reason]: lost.flatMap(({ points }) => points).length } });
    assert(sandbox.lines().some((line) => line.includes("Data was lost in this sandbox")));
    assertEquals(messages(sandbox).length, 2);
  },
}));

/** Dataways that cannot be reached at all; a second one stands behind each. */
const unreachable: readonly (readonly [name: string, url: (port: number) => string])[] = [
  ["stalls the TLS handshake", (port) => `https://127.0.0.1:${port}`],
  ["has no address", () => `https://${NO_HOST}`],
  ["is not there", () => "http://127.0.0.1:1"],
];
const failovers = unreachable.map(([name, url]): ChaosScenario => ({
  name: `when the first Dataway ${name} the second one takes everything`,
  run: async (start) => {
    await using stalled = startSilentServer();
    // Its URL is known only once it listens, and the sandbox starts one of its own.
    await using second = await start();
    await using chaos = await startChaos(start, {
      env: { ENV_DATAWAY: `${url(stalled.port)}?token=${TOKEN},${second.dataway.url}` },
    });
    await chaos.invoke(4);
    const { exitCode } = await chaos.sandbox.lambda.shutdown();
    assertEquals(exitCode, 0);
    assertEquals(new Set(messages(second)).size, 4);
    assertEquals(second.sum("invocations"), 4n);
  },
}));

const unreachableForGood = unreachable.map(([name, url]): ChaosScenario => ({
  name: `a Dataway that ${name} for good: the function runs on, and the loss is told once`,
  run: async (start) => {
    await using stalled = startSilentServer();
    await using chaos = await startChaos(start, {
      env: { ENV_DATAWAY: `${url(stalled.port)}?token=${TOKEN}` },
    });
    await chaos.invoke(4);
    await chaos.end({ held: 1 });
    const told = chaos.sandbox.lines().filter((line) => line.includes("Data was lost in this sandbox"));
    assertEquals(told.length, 1, chaos.sandbox.lines().join("\n"));
  },
}));

/** All of them. */
export const DATAWAY_CHAOS: readonly ChaosScenario[] = [
  ...outages,
  ...refusals,
  ...failovers,
  ...unreachableForGood,
  {
    name: "a Dataway that refuses connections and comes back gets everything",
    run: async (start) => {
      await using chaos = await startChaos(start);
      await chaos.invoke(1);
      await chaos.sandbox.dataway.down();
      await chaos.invoke(4);
      chaos.sandbox.dataway.up();
      await chaos.end();
    },
  },
  ...(["drip", "flood of body"] as const).map((step): ChaosScenario => ({
    name: `an answer whose body never ends (${step}) is an answer, and nothing is sent twice`,
    run: async (start) => {
      await using chaos = await startChaos(start, {}, SMALL_BUDGET_MS);
      chaos.sandbox.dataway.otherwise(step);
      await chaos.invoke(2);
      chaos.sandbox.dataway.otherwise(200);
      await chaos.end();
    },
  })),
  {
    name: "413 halves the batch until Dataway takes it, and nothing comes twice",
    run: async (start) => {
      await using chaos = await startChaos(start);
      const { dataway } = chaos.sandbox;
      dataway.otherwise(503);
      await chaos.invoke(9);
      dataway.otherwise((points) => points > 2 ? 413 : 200);
      await chaos.end();
      assert(dataway.requests.some(({ status }) => status === 413));
    },
  },
  {
    name: "a Dataway that flaps loses nothing",
    run: async (start) => {
      // From a spool single points go as well, which a Dataway that finds them too large will never take.
      await using chaos = await startChaos(start, { env: { ENV_SPOOL: "off" } });
      const { dataway } = chaos.sandbox;
      const steps: readonly ReplyStep[] = [200, 503, "reset", 200, 429, 200, "hang", 200, 500, 413, 200];
      for (const step of steps) {
        dataway.reply(step);
        await chaos.invoke(1);
      }
      dataway.clearReplies();
      await chaos.end();
    },
  },
  {
    name: "answers slower than the budget: everything arrives, and nothing twice",
    run: async (start) => {
      await using chaos = await startChaos(start, {}, SMALL_BUDGET_MS);
      chaos.sandbox.dataway.otherwise({ status: 200, delayMs: 400 });
      await chaos.invoke(8);
      await chaos.end();
    },
  },
  ...[8, 40].map((invocations): ChaosScenario => ({
    name:
      `answers slower than the budget, with the spool on: all of ${invocations} invocations arrives, once`,
    run: async (start) => {
      const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "spool-" });
      try {
        const env = { ENV_SPOOL: "on", ENV_SPOOL_DIR: `${folder}/spool`, ENV_FLUSH_PLAN: "end" };
        await using chaos = await startChaos(start, { env }, SMALL_BUDGET_MS);
        chaos.sandbox.dataway.otherwise({ status: 200, delayMs: 350 });
        await chaos.invoke(invocations);
        await chaos.end();
        assertEquals(Array.from(Deno.readDirSync(`${folder}/spool`)), []);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  })),
  {
    name:
      "points that Dataway refuses now and then: what arrived of the own figures and the last line are exact",
    run: async (start) => {
      // Sent at the end only, with the figures of all that was refused before.
      await using chaos = await startChaos(start, { env: { ENV_DATAWAY_MAX_RAW_BODY_SIZE: "102400" } });
      const { sandbox } = chaos;
      let requests = 0;
      sandbox.dataway.otherwise(() => ++requests % 3 === 0 ? 400 : 200);
      for (let n = 0; n < 4; n++) {
        await sandbox.lambda.invoke({
          logs: Array.from({ length: 250 }, (_, line) => `${n}/${line} ${"x".repeat(500)}`),
        });
      }
      const { exitCode } = await sandbox.lambda.shutdown();
      assertEquals(exitCode, 0);
      const refused = countPoints(sandbox.dataway.requests.filter(({ status }) => status === 400));
      const arrived = countPoints(sandbox.dataway.requests.filter(({ status }) => status === 200));
      assert(refused > 0 && arrived > 0);
      const line = sandbox.lines().find((each) => each.includes("Data was lost in this sandbox")) ?? "{}";
      const told = ownFigures(sandbox);
      const untold = untoldFigures(line);
      const all = (field: string): number => (told.get(field) ?? 0) + (untold.get(field) ?? 0);
      assertEquals(all("exported"), arrived);
      assertEquals(all("dropped_rejected"), refused);
      assertEquals(all("received"), arrived + refused);
      assertEquals(JSON.parse(line).dropped, { rejected: refused });
    },
  },
  {
    name: "an outage with more data than fits drops the oldest logs, counts them and keeps the metrics",
    run: async (start) => {
      await using chaos = await startChaos(start, { env: { ENV_STORE_MAX_BYTES: "1MiB", ENV_SPOOL: "off" } });
      const { sandbox } = chaos;
      sandbox.dataway.otherwise(503);
      const filler = "x".repeat(1000);
      const invocations = 12;
      for (let n = 0; n < invocations; n++) {
        await sandbox.lambda.invoke({
          logs: Array.from({ length: 200 }, (_, line) => `${n}/${line} ${filler}`),
        });
      }
      sandbox.dataway.otherwise(200);
      const { exitCode } = await sandbox.lambda.shutdown();
      assertEquals(exitCode, 0);
      const arrived = messages(sandbox);
      const line = sandbox.lines().find((each) => each.includes("Data was lost in this sandbox"));
      const dropped = Number(JSON.parse(line ?? "{}").dropped?.store_full);
      assertEquals(arrived.length + dropped, invocations * 200);
      assertEquals(ownFigures(sandbox).get("dropped_store_full"), dropped);
      const newest = `${invocations - 1}/199 `;
      assert(arrived.some((message) => message.startsWith(newest)), "the newest line is missing");
      assertLess(arrived.length * 1000, 1024 * 1024);
      assertEquals(sandbox.sum("invocations"), BigInt(invocations));
    },
  },
];

/** Points of requests, but the extension's own figures. */
function countPoints(requests: Sandbox["dataway"]["requests"]): number {
  return requests.flatMap(({ points }) => points)
    .filter(({ measurement }) => measurement !== "awslambda-extension").length;
}

/** What the last line says that no figures have told which arrived, over all sources. */
function untoldFigures(line: string): ReadonlyMap<string, number> {
  const untold: Readonly<Record<string, Readonly<Record<string, number>>>> = JSON.parse(line).untold ?? {};
  const sums = new Map<string, number>();
  for (const fields of Object.values(untold)) {
    for (const [field, value] of Object.entries(fields)) sums.set(field, (sums.get(field) ?? 0) + value);
  }
  return sums;
}
