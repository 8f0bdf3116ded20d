/** Extensions that are wrong on purpose: what the conformance checks are for must be found by them. */
import { linkSignals } from "../../src/pipeline/deadline.ts";
import { fakeExtension, register } from "./fake_extension.ts";
import type { InProcessContext, InProcessRun } from "./in_process.ts";
import { sleep } from "./waiters.ts";

/** An extension of the test's own process. */
export interface BadExtension {
  readonly name: string;
  readonly run: InProcessRun;
}

/** Slow to register and to call `next`, talkative, refuses telemetry, ends with an exit code. */
export function sloppyExtension(): BadExtension {
  const fake = fakeExtension({
    name: "sloppy",
    exitCode: 3,
    drainMs: 50,
    onTelemetry: (events) => events.length > 3 ? 500 : 200,
    onInvoke: async (event, { log }) => {
      log(`invocation ${event.requestId}`);
      await sleep(120);
    },
  });
  return {
    name: fake.name,
    run: async (context) => {
      await sleep(200);
      return await fake.run(context);
    },
  };
}

/** Gives up `next` after a while, as a client with a timeout does, and asks again. */
export function impatientExtension(): BadExtension {
  async function run({ name, env, killed }: InProcessContext): Promise<number> {
    const api = `http://${env["AWS_LAMBDA_RUNTIME_API"]}`;
    const id = await register(api, name, ["INVOKE", "SHUTDOWN"]);
    while (!killed.aborted) {
      try {
        using either = linkSignals(killed, AbortSignal.timeout(50));
        const response = await fetch(`${api}/2020-01-01/extension/event/next`, {
          headers: { "Lambda-Extension-Identifier": id },
          signal: either.signal,
        });
        if ((await response.text()).includes('"SHUTDOWN"')) return 0;
        await sleep(5, killed);
      } catch {
        // Too late for this one.
      }
    }
    return 1;
  }
  return { name: "impatient", run };
}

/**
 * Sends each line of the function once, whatever becomes of it, and a metric for each telemetry event that it takes
 * for an invocation, a failure or a cold start.
 */
export function miscountingExtension(): BadExtension {
  let url = "";
  const fake = fakeExtension({
    name: "miscounting",
    onTelemetry: async (events) => {
      for (const { type, record, time } of events) {
        const timeNs = `${Date.parse(time)}000000`;
        if (type === "function") await post("logging", `line message=${JSON.stringify(record)} ${timeNs}`);
        if (type === "platform.report") {
          // Told with the wrong time, and counted as often as it comes.
          const now = `${Date.now()}000000`;
          await post(
            "metric",
            `awslambda-metric billed_duration_ms=-1i,cold_starts=1i,invocations=2i ${now}`,
          );
        }
      }
      return 200;
    },
  });

  async function post(category: string, line: string): Promise<void> {
    try {
      const response = await fetch(`${url}/v1/write/${category}?token=tkn_x`, {
        method: "POST",
        body: `${line}\n`,
        signal: AbortSignal.timeout(300),
        headers: { "content-type": "application/line-protocol" },
      });
      await response.body?.cancel();
    } catch {
      // Lost, and nobody is told.
    }
  }

  return {
    name: fake.name,
    run: (context) => {
      url = context.env["BACK_END"] ?? "";
      return fake.run(context);
    },
  };
}
