/** What the platform's trace, usage and cost add to an invocation. */
import { sleep } from "../emulator/waiters.ts";
import { startHarness } from "./harness.ts";
import { invokeEvent, type NextCall, shutdownEvent } from "./platform.ts";
import { mean, median } from "./statistics.ts";
import type { Binaries, Row } from "./table.ts";
import { connectTelemetry, invocationBody, reportBody } from "./telemetry.ts";

const WITHOUT = { ENV_AWSLAMBDA_TRACE: "off" };
const WITH = { ENV_AWSLAMBDA_USAGE: "true", ENV_AWSLAMBDA_ESTIMATED_COST: "true" };
/** Short, so that whatever else the machine does falls on both. */
const BLOCK = 5;
const SETTLE_MS = 250;

interface AddedFigures {
  readonly cpuMsPerInvocation: number;
  /** Mean over the invocations: at any one of them V8's next collection is some MB away, and not in both at once. */
  readonly anonMb: number;
}

/** An extension under invocations. */
interface Runner extends AsyncDisposable {
  /** CPU of a block of invocations, in ms for each. */
  block(): Promise<number>;
  anonMb(): number;
  end(): Promise<void>;
}

/** Rows for each executable; `count` invocations with and as many without them. */
export async function addedRows(binaries: Binaries, count: number): Promise<readonly Row[]> {
  const usual: AddedFigures[] = [];
  const ends: AddedFigures[] = [];
  for (const path of binaries.values()) {
    usual.push(await measureAdded(path, count, {}));
    ends.push(await measureAdded(path, count, { ENV_FLUSH_PLAN: "end" }));
  }
  const cpu = ({ cpuMsPerInvocation }: AddedFigures): string => cpuMsPerInvocation.toFixed(2);
  return [
    ["trace, usage and cost add to an invocation, ms of CPU: adaptive plan", ...usual.map(cpu)],
    ["trace, usage and cost add to an invocation, ms of CPU: each sends", ...ends.map(cpu)],
    [`they add in ${count}, MB of RssAnon (mean)`, ...usual.map(({ anonMb }) => anonMb.toFixed(1))],
  ];
}

/** Two sandboxes side by side, invoked in turn; the difference of their medians' pairs. */
async function measureAdded(
  path: string,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<AddedFigures> {
  await using without = await startRunner(path, { ...env, ...WITHOUT });
  await using withThem = await startRunner(path, { ...env, ...WITH });
  const added: number[] = [];
  const addedMb: number[] = [];
  for (let done = 0; done < count; done += BLOCK) {
    // Neither is always the one that finds the other's data in the processor's caches.
    const isFirst = added.length % 2 === 0;
    const before = isFirst ? await without.block() : undefined;
    const more = await withThem.block();
    added.push(more - (before ?? await without.block()));
    addedMb.push(withThem.anonMb() - without.anonMb());
  }
  await Promise.all([without.end(), withThem.end()]);
  return { cpuMsPerInvocation: median(added), anonMb: mean(addedMb) };
}

async function startRunner(path: string, env: Readonly<Record<string, string>>): Promise<Runner> {
  const harness = await startHarness(path, "fast", env);
  const { extension, platform, until } = harness;
  let call: NextCall = await until(platform.next());
  const telemetry = await connectTelemetry((await until(platform.subscribed)).url);
  await sleep(SETTLE_MS);
  let invocations = 0;

  async function invoke(): Promise<void> {
    const requestId = `3da1f2dc-3222-475e-9205-${String(invocations++).padStart(12, "0")}`;
    const done = invocationBody(requestId);
    call.reply(invokeEvent(requestId));
    await sleep(1);
    await until(telemetry.post(done));
    call = await until(platform.next());
    await until(telemetry.post(reportBody(requestId)));
  }

  return {
    block: async () => {
      const before = extension.cpuMs();
      for (let index = 0; index < BLOCK; index++) await invoke();
      // What the last one has left to do.
      await sleep(1);
      return (extension.cpuMs() - before) / BLOCK;
    },
    anonMb: () => extension.memory().anonMb,
    end: async () => {
      call.reply(shutdownEvent());
      await extension.ended;
    },
    [Symbol.asyncDispose]: async () => {
      telemetry[Symbol.dispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
}
