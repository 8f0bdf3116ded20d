/**
 * The flight recorder and the black box over sandboxes: run in process by `recorder_test.ts` and with the
 * compiled executable by the layer's tests. In each sandbox every line is sent or counted.
 */
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import type { FunctionScript, LocalSend } from "../emulator/script.ts";
import { sleep } from "../emulator/waiters.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import type { Sandbox, StartSandbox } from "../support/sandbox.ts";
import { pack } from "../ingest/ddtrace/support.ts";
import type { Scenario } from "./conformance.ts";
import { freePort } from "../support/loopback.ts";

/** Cold starts are worth nothing here, but where they are asked for. */
const ENV = {
  ENV_AWSLAMBDA_RECORDER: "on",
  ENV_AWSLAMBDA_RECORDER_KEEP: "timeout,oom,error",
  ENV_FLUSH_PLAN: "end",
  // Spans and ids of the platform's own are not looked at here.
  ENV_AWSLAMBDA_TRACE: "off",
};
const SELF = "awslambda-extension";
const LOGS = "awslambda-logging";
const BOX = "awslambda-blackbox";
/** Of an upload that has to come in time. */
const SHUTDOWN_LIMIT_MS = 1400;

/** Prints a line that the recorder holds, and one that it does not. */
function script(name: string, more: FunctionScript = {}): FunctionScript {
  return { logs: [debug(name), `plain ${name}`], ...more };
}

function debug(name: string): unknown {
  return { level: "debug", message: `debug ${name}` };
}

/** A span begins so long after it was made up, in ms: by then its request has begun. */
const SPAN_AFTER_MS = 400;

function otlpSpan(port: number, name: string): LocalSend {
  const startNs = BigInt(Date.now() + SPAN_AFTER_MS) * 1_000_000n;
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: crypto.randomUUID().replaceAll("-", "").slice(0, 16),
    name,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1_000_000n),
  };
  return {
    kind: "http",
    url: `http://127.0.0.1:${port}/v1/traces`,
    headers: { "Content-Type": "application/json" },
    text: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  };
}

function datadogSpan(port: number, name: string): LocalSend {
  const span = {
    service: "s",
    name: "n",
    resource: name,
    trace_id: 9_999,
    span_id: 1 + Math.floor(Math.random() * 1e9),
    start: BigInt(Date.now() + SPAN_AFTER_MS) * 1_000_000n,
    duration: 5_000,
  };
  return {
    kind: "http",
    url: `http://127.0.0.1:${port}/v0.4/traces`,
    method: "PUT",
    headers: { "Content-Type": "application/msgpack" },
    base64: pack([[span]]).toBase64(),
  };
}

function debugOf(requestId: string, name: string): unknown {
  return { level: "debug", message: `debug ${name}`, requestId };
}

/** The debug lines that arrived, in order of their names. */
function debugs({ dataway }: Sandbox): string[] {
  return dataway.points("logging", LOGS)
    .filter(({ fields }) => fields.get("status") === "debug")
    .map(({ fields }) => String(fields.get("message")).replace(/^debug /, ""))
    .sort();
}

/** What the function printed is sent or counted, each line once. */
function assertBalanced(sandbox: Sandbox): void {
  const printed = sandbox.lambda.logs.filter(({ source }) => source === "function").length;
  const sent = sandbox.dataway.points("logging", LOGS)
    .filter(({ tags }) => tags.get("aws_log_from") === "function").length;
  const figures = sandbox.dataway.points("metric", SELF).filter(({ tags }) =>
    tags.get("source") === "telemetry"
  );
  const counted = (["recorder_discarded", "recorder_evicted", "sampled_out"] as const).map((reason) =>
    figures.reduce((sum, { fields }) => sum + Number(fields.get(`refused_${reason}`) ?? 0), 0)
  );
  assertEquals(sent + counted.reduce((sum, count) => sum + count, 0), printed, `${sent} sent, ${counted}`);
  assertEquals(sandbox.values("recorder_held_points", SELF).at(-1), 0n);
  assertEquals(sandbox.dataway.violations, []);
  for (const { ledger, held } of sandbox.extension?.ends ?? []) {
    assertEquals(held, 0);
    for (const entry of ledger.entries()) {
      assertEquals([entry.exported, entry.dropped.size], [entry.received, 0]);
    }
  }
}

async function runSandbox(
  start: StartSandbox,
  work: (sandbox: Sandbox) => Promise<void>,
  { env, ...options }: LambdaOptions = {},
): Promise<void> {
  await using sandbox = await start({ ...options, env: { ...ENV, ...env } });
  await sandbox.lambda.init();
  await work(sandbox);
  if (sandbox.lambda.running) {
    const { exitCode, tookMs } = await sandbox.lambda.shutdown();
    assertEquals(exitCode, 0);
    assertLess(tookMs, SHUTDOWN_LIMIT_MS);
  }
  assertBalanced(sandbox);
}

export const RECORDER_SCENARIOS: readonly Scenario[] = [
  {
    name: "only the request that failed sends what was held: an exception, a crash, the end of memory",
    run: async (start) => {
      const outcomes = ["error", "crash", "oom_killed", "oom_reported", "oom_logged"] as const;
      await runSandbox(start, async (sandbox) => {
        for (const outcome of outcomes) {
          await sandbox.lambda.invoke(script("well"));
          await sandbox.lambda.invoke(script(outcome, { outcome }));
        }
        await sandbox.lambda.invoke(script("well"));
        assertEquals(debugs(sandbox), [...outcomes].sort());
      });
    },
  },
  {
    name: "an exception that is not counted as an error sends it too",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke(script("well"));
        await sandbox.lambda.invoke(script("thrown", { outcome: "error" }));
        await sandbox.lambda.invoke(script("late", { outcome: "error", lateErrorLine: true }));
        await sandbox.lambda.invoke(script("well"));
        await sandbox.lambda.shutdown();
        assertEquals(debugs(sandbox), ["late", "thrown"]);
        assertEquals(sandbox.sum("errors"), 0n);
        assertEquals(sandbox.sum("invocations"), 4n);
      }, { env: { ENV_AWSLAMBDA_COUNT_HANDLED_ERRORS: "false" } }),
  },
  {
    name: "an exception that only Lambda tells of, or a line that comes after its answer, sends it too",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke(script("well"));
        await sandbox.lambda.invoke(script("silent", { outcome: "error", silent: true }));
        await sandbox.lambda.invoke(
          script("late", { outcome: "error", lateErrorLine: true, logsAfterResponse: [debug("after")] }),
        );
        await sandbox.lambda.invoke(script("well"));
        await sandbox.lambda.shutdown();
        assertEquals(debugs(sandbox), ["after", "late", "silent"]);
      }),
  },
  {
    name: "a timeout sends what was held and the black box, with the last lines of any level",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke(script("well", { sleepMs: 850 }));
        const { reset, requestId } = await sandbox.lambda.invoke({
          logs: [debug("hung"), "plain hung with password=4711"],
          outcome: "hang",
        });
        assertEquals(reset?.exitCode, 0);
        assertEquals(debugs(sandbox), ["hung"]);
        const [box, ...others] = sandbox.dataway.points("logging", BOX);
        assertEquals(others, []);
        assertEquals(box?.fields.get("aws_request_id"), requestId);
        assertEquals(box?.fields.get("status"), "critical");
        assertEquals(box?.fields.get("last_lines"), "debug hung\nplain hung with password=******");
        assertEquals(box?.fields.get("memory_size_mb"), 128n);
        const message = String(box?.fields.get("message"));
        assertMatch(message, /^Timed out: still running after \d{3} ms, 300 ms before its deadline: \w/);
        // Other processes of this machine are in its figures.
        for (const name of ["cpu_pct", "cpu_last_second_pct", "memory_used_mb"]) {
          assert(Number(box?.fields.get(name)) >= 0, name);
        }
      }, { timeoutMs: 1_000 }),
  },
  {
    name: "a cold start sends what was held since the start, where that is asked for",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke(script("first"));
        await sandbox.lambda.invoke(script("second"));
        await sandbox.lambda.shutdown();
        assertEquals(debugs(sandbox), ["first", "init"]);
      }, { env: { ENV_AWSLAMBDA_RECORDER_KEEP: "cold" }, functionInit: { logs: [debug("init")] } }),
  },
  {
    name: "a start that fails sends what was held since then",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        assertEquals(debugs(sandbox), ["init"]);
        await sandbox.lambda.invoke();
        assertEquals(debugs(sandbox), ["init", "init"]);
        // What a process prints as it dies at once, its reader may miss.
      }, { functionInit: { logs: [debug("init")], sleepMs: 300, outcome: "crash" } }),
  },
  {
    name: "a slow request sends what was held",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke(script("fast"));
        await sandbox.lambda.invoke(script("slow", { sleepMs: 1_000 }));
        await sandbox.lambda.invoke(script("fast"));
        await sandbox.lambda.shutdown();
        assertEquals(debugs(sandbox), ["slow"]);
      }, {
        env: { ENV_AWSLAMBDA_RECORDER_KEEP: "error,slow", ENV_AWSLAMBDA_RECORDER_SLOW: "800ms" },
      }),
  },
  {
    name: "a freeze, the next request at once, and the end at once change nothing, by any plan",
    run: async (start) => {
      for (const plan of ["end", "overlap", "adaptive", "60s"]) {
        await runSandbox(start, async (sandbox) => {
          await sandbox.lambda.invoke(script("well"));
          await sandbox.lambda.freeze(1_200);
          for (const name of ["a", "b"]) {
            await sandbox.lambda.invoke(script(`well ${name}`));
            await sandbox.lambda.invoke(script(`failed ${name}`, { outcome: "error" }));
          }
          await sandbox.lambda.shutdown();
          assertEquals(debugs(sandbox), ["failed a", "failed b"]);
        }, { env: { ENV_FLUSH_PLAN: plan } });
      }
    },
  },
  {
    name: "more than fits leaves the newest, and a log that says how much is missing",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        const logs = Array.from({ length: 8_000 }, (_, n) => debug(`${String(n).padStart(4, "0")} of many`));
        await sandbox.lambda.invoke({ logs, outcome: "error" });
        await sandbox.lambda.shutdown();
        const kept = debugs(sandbox);
        const evicted = Number(sandbox.sum("refused_recorder_evicted", SELF));
        assertEquals(kept.length + evicted, 8_000);
        assertEquals(kept[0], `${evicted} of many`);
        assertGreater(kept.length, 1_000);
        const markers = sandbox.dataway.points("logging", LOGS)
          .filter(({ fields }) => fields.has("recorder_evicted"));
        assertEquals(markers.map(({ fields }) => fields.get("recorder_evicted")), [BigInt(evicted)]);
      }),
  },
  {
    name: "without telemetry the black box still tells of a timeout",
    run: async (start) => {
      await using sandbox = await start({ timeoutMs: 1_000, subscribeReply: 202, env: ENV });
      await sandbox.lambda.invoke(script("well"));
      const { requestId } = await sandbox.lambda.invoke(script("hung", { outcome: "hang" }));
      const boxes = sandbox.dataway.points("logging").map(({ measurement, fields }) => {
        return [measurement, fields.get("aws_request_id"), fields.get("last_line_count")];
      });
      assertEquals(boxes, [[BOX, requestId, 0n]]);
    },
  },
  {
    name: "on managed instances the requests that failed are told from those beside them",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        const names = Array.from({ length: 30 }, (_, n) => String(n).padStart(2, "0"));
        await Promise.all(names.map((name) => {
          const details = Array.from({ length: 5 }, (_, n) => debugOf("{requestId}", `${name} ${n}`));
          const outcome = Number(name) % 10 === 7 ? "error" : "success";
          return sandbox.lambda.invoke({ logs: details, sleepMs: 20, outcome });
        }));
        await sandbox.lambda.shutdown();
        const failed = names.filter((name) => name.endsWith("7"));
        assertEquals(debugs(sandbox), failed.flatMap((name) => [0, 1, 2, 3, 4].map((n) => `${name} ${n}`)));
      }, {
        initializationType: "lambda-managed-instances",
        concurrency: 30,
        applicationLogLevel: "DEBUG",
      }),
  },
  {
    name: "short of memory the recorder gives up first what it holds, counted",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        const logs = Array.from({ length: 3_000 }, (_, n) => debug(`${n} ${"x".repeat(200)}`));
        await sandbox.lambda.invoke({ logs });
        await sandbox.lambda.invoke({ logs, outcome: "error" });
        await sandbox.lambda.invoke(script("well"));
        await sandbox.lambda.shutdown();
        const points = sandbox.dataway.points("logging", LOGS);
        assert(points.some(({ fields }) => fields.get("message") === "plain well"));
        // Less than the runtime alone takes.
      }, { env: { ENV_MEMORY_LIMIT: "1MiB" } }),
  },
  {
    name: "spans that sampling leaves out are sent of failed requests, OpenTelemetry's and Datadog's",
    run: (start) => {
      const [otlp, agent] = [freePort(), freePort()];
      return runSandbox(start, async (sandbox) => {
        await sandbox.lambda.invoke({ sends: [otlpSpan(otlp, "well"), datadogSpan(agent, "well")] });
        const late = otlpSpan(otlp, "late");
        await sandbox.lambda.invoke({
          sends: [otlpSpan(otlp, "failed"), datadogSpan(agent, "failed")],
          outcome: "error",
        });
        // Of the request before, as exporters send in the background.
        await sleep(SPAN_AFTER_MS * 2);
        await sandbox.lambda.invoke({ sends: [late] });
        await sandbox.lambda.shutdown();
        const spans = sandbox.dataway.points("tracing")
          .map(({ measurement, fields }) => `${measurement} ${fields.get("resource")}`);
        assertEquals(spans.sort(), ["ddtrace failed", "opentelemetry failed", "opentelemetry late"]);
        assertEquals(sandbox.sum("refused_sampled_out", SELF), 2n);
      }, {
        env: {
          ENV_AWSLAMBDA_RECORDER: "traces",
          ENV_AWSLAMBDA_TRACE: "off",
          ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry,ddtrace",
          ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlp}`,
          ENV_INPUT_OTEL_GRPC: "off",
          ENV_INPUT_OTEL_SAMPLER: "0",
          ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${agent}`,
          ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
          ENV_INPUT_DDTRACE_SAMPLER: "0",
        },
      });
    },
  },
  {
    name: "what a rule samples out is sent of failed requests, with the masks that come after the rule",
    run: (start) =>
      runSandbox(start, async (sandbox) => {
        const logs = [debug("with card 4711"), "kept"];
        await sandbox.lambda.invoke({ logs });
        await sandbox.lambda.invoke({ logs, outcome: "error", silent: true });
        await sandbox.lambda.shutdown();
        const messages = sandbox.dataway.points("logging", LOGS).map(({ fields }) => fields.get("message"));
        assertEquals(messages.sort(), ["debug with card ******", "kept", "kept"]);
        assertEquals(sandbox.sum("refused_sampled_out", SELF), 1n);
      }, {
        env: {
          ENV_AWSLAMBDA_LOG_RULES: JSON.stringify([
            { exclude: "never" },
            { sample: 0, when: { level: "debug" } },
            { mask: "4711" },
          ]),
          ENV_AWSLAMBDA_RECORDER: "logs",
        },
      }),
  },
];

/** Only a process of its own can be killed. */
export const RECORDER_KILLS: readonly Scenario[] = [
  {
    name: "a black box that was spooled outlives a kill without a word, and goes with any other end",
    run: async (start) => {
      const folder = await Deno.makeTempDir({ dir: "/tmp" });
      try {
        const env = { ...ENV, ENV_SPOOL: "on", ENV_SPOOL_DIR: `${folder}/spool` };
        await using sandbox = await start({ timeoutMs: 1_000, env });
        await sandbox.lambda.init();
        await sandbox.lambda.invoke(script("well", { sleepMs: 850 }));
        assertEquals(sandbox.dataway.points("logging", BOX), []);
        const killed = sandbox.lambda.invoke(script("killed", { outcome: "hang" })).catch(() => {});
        await sleep(850);
        await sandbox.lambda.vanish();
        await killed;
        await sandbox.lambda.init();
        await sandbox.lambda.invoke(script("next"));
        const boxes = sandbox.dataway.points("logging", BOX);
        assertEquals(boxes.map(({ fields }) => fields.get("last_lines")), ["debug killed\nplain killed"]);
        await sandbox.lambda.shutdown();
        assertEquals(Array.from(Deno.readDirSync(`${folder}/spool`)), []);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  },
];
