/**
 * `deno task test:target`: the compiled extension with a second target, which is a collector of OpenTelemetry's own Go
 * modules, and signatures against AWS's own SDK. Where Go or its proxy is not to be had nothing is verified, and said so.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { PYTHON } from "../clients/python_language.ts";
import { missingTool } from "../clients/language.ts";
import { runClient, runProgram } from "../clients/run_client.ts";
import type { LambdaOptions } from "../emulator/options.ts";
import { startOtlpTarget } from "../support/otlp_target.ts";
import { type Sandbox, startExecutable } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import { ask, buildCollector, type Collector, type Signal, startCollector } from "./collector.ts";
import { attributesOf, bodiesOf, isPlatform, itemsOf, member, resourcesOf, sumOf } from "./read.ts";
import { freePort } from "../support/loopback.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
/** What SDKs send of their own times begins so. */
const BASE_SECONDS = "17672256";
const BUDGET_MS = 300;
/** An invocation by itself on a busy machine, in ms. */
const SLACK_MS = 150;

const missing = await buildIfPermitted();

/** A test that needs the collector. */
function verified(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  scenario(name, async (t) => {
    if (missing === undefined) return await fn(t);
    // deno-lint-ignore no-console
    console.log(`THE SECOND TARGET IS NOT VERIFIED HERE: ${missing}`);
  });
}

/** Plain `deno test` grants nothing: there the tests are reported as ignored. */
async function buildIfPermitted(): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "run" });
  return state === "granted" ? await buildCollector() : "nothing may be run";
}

async function start(
  url: string,
  env: Record<string, string> = {},
  more: LambdaOptions = {},
): Promise<Sandbox> {
  return await startExecutable(await buildBinary())({
    ...more,
    env: {
      ENV_OTLP_TARGET: url,
      ENV_AWSLAMBDA_TRACE: "full",
      ENV_FLUSH_PLAN: "end",
      ENV_DATAWAY_BUDGET: `${BUDGET_MS}ms`,
      ...env,
    },
  });
}

async function end({ lambda, dataway }: Sandbox): Promise<void> {
  const { exitCode, killed } = await lambda.shutdown();
  assertEquals({ exitCode, killed }, { exitCode: 0, killed: false });
  assertEquals([lambda.violations, dataway.violations], [[], []]);
}

async function timed({ lambda }: Sandbox, times: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let n = 0; n < times; n++) {
    const begun = performance.now();
    await lambda.invoke();
    tookMs.push(performance.now() - begun);
  }
  return tookMs;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

verified(
  "a collector gets what an OpenTelemetry SDK sends as if it had been sent there directly",
  async (t) => {
    const lacking = await missingTool(PYTHON.needs);
    assertEquals(lacking, undefined);
    const python = await PYTHON.install();
    await using collector = await startCollector();
    await runProgram(
      python.command("otlp.py", ["http"], {
        OTEL_SERVICE_NAME: "orders",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      }),
      {},
    );
    const direct = normalised(collector, () => true);
    for (const [signal, text] of Object.entries(direct)) {
      assert(
        text.length > 1000,
        `no ${signal} came directly`,
      );
    }
    for (const protocol of ["http", "grpc"]) {
      await t.step(protocol, async () => {
        await using relayed = await startCollector();
        const command = python.command("otlp.py", [protocol], { OTEL_SERVICE_NAME: "orders" });
        const run = await runClient(command, { ENV_OTLP_TARGET: relayed.url });
        assertEquals(run.warnings, []);
        assertEquals(normalised(relayed, (resource) => !isPlatform(resource)), direct);
        const spans = run.points.filter(({ category, measurement }) =>
          category === "tracing" && measurement !== "awslambda"
        );
        assertEquals(spans.length, 5);
      });
    }
  },
);

/** All that was taken as text, with names in order of appearance for ids and times of the moment. */
function normalised(
  collector: Collector,
  isMeant: (resource: Parameters<typeof isPlatform>[0]) => boolean,
): Record<Signal, string> {
  const entries = SIGNALS.map((signal) => {
    const ids = new Map<string, string>();
    const text = JSON.stringify(resourcesOf(collector, signal).filter(isMeant), null, 1)
      .replaceAll(/"((?:trace|span|parentSpan)Id)": "([0-9a-f]+)"/g, (_, key, id) => {
        if (!ids.has(id)) ids.set(id, `id ${ids.size}`);
        return `"${key}": "${ids.get(id)}"`;
      })
      .replaceAll(/"(\w*[tT]imeUnixNano)": "(\d+)"/g, (all, key, time: string) => {
        return time.startsWith(BASE_SECONDS) ? all : `"${key}": "now"`;
      })
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "uuid");
    return [signal, text] as const;
  });
  return { traces: "", metrics: "", logs: "", ...Object.fromEntries(entries) };
}

verified(
  "a collector gets the platform's data by the names of the semantic conventions' own package",
  async () => {
    await using collector = await startCollector();
    await using sandbox = await start(collector.url);
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["hello", { level: "ERROR", message: "structured" }] });
    await sandbox.lambda.invoke({ outcome: "error" });
    await end(sandbox);

    const conventions: unknown = JSON.parse(await ask("conventions", ""));
    const metrics = itemsOf(resourcesOf(collector, "metrics"), "metrics");
    const known = Object(member(conventions, "metrics"));
    for (const metric of metrics) {
      const { name } = metric;
      if (typeof name !== "string" || !name.startsWith("faas.")) continue;
      assertEquals([metric["unit"], metric["description"]], known[name], name);
    }
    assertEquals(
      ["aws.lambda.invocations", "faas.invocations", "faas.errors", "faas.coldstarts"].map((name) => [
        name,
        sumOf(collector, name),
      ]),
      [["aws.lambda.invocations", 2], ["faas.invocations", 1], ["faas.errors", 1], ["faas.coldstarts", 1]],
    );
    const named = member(conventions, "attributes");
    const attributes = new Set(Array.isArray(named) ? named : []);
    for (const signal of SIGNALS) {
      const resources = resourcesOf(collector, signal);
      assert(resources.length > 0, signal);
      for (const resource of resources) {
        assertEquals(resource["schemaUrl"], member(conventions, "schemaUrl"));
        const own = attributesOf(resource["resource"]);
        for (const key of own.keys()) {
          assert(
            attributes.has(key),
            `${key} is no attribute of the conventions`,
          );
        }
        for (const [key, value] of Object.entries(Object(member(conventions, "values")))) {
          assertEquals(
            own.get(key),
            value,
          );
        }
      }
    }
    const bodies = bodiesOf(collector);
    for (const body of ["hello", "structured"]) assertEquals(bodies.filter((one) => one === body).length, 1);
    const spans = itemsOf(resourcesOf(collector, "traces"), "traces");
    assertEquals(spans.filter(({ name }) => name === "checkout").length, 2);
  },
);

verified("without Dataway a collector gets all of it", async () => {
  await using collector = await startCollector();
  await using sandbox = await start(collector.url, { ENV_DATAWAY: "" });
  await sandbox.lambda.init();
  await timed(sandbox, 3);
  await end(sandbox);
  assertEquals(sumOf(collector, "aws.lambda.invocations"), 3);
  assertEquals(sandbox.lines(), []);
});

verified("a collector that is down is found again, and gets all that was held", async () => {
  const port = freePort();
  await using sandbox = await start(`http://127.0.0.1:${port}`);
  await sandbox.lambda.init();
  for (let n = 0; n < 4; n++) await sandbox.lambda.invoke({ logs: [`line ${n}`] });
  await using collector = await startCollector({ port });
  // Until the breaker tries again.
  await wait(5_200);
  await sandbox.lambda.invoke({ logs: ["line 4"] });
  await end(sandbox);
  const bodies = bodiesOf(collector);
  for (let n = 0; n < 5; n++) {
    assertEquals(bodies.filter((body) => body === `line ${n}`).length, 1, `line ${n}`);
  }
  assertEquals(sumOf(collector, "aws.lambda.invocations"), 5);
  assertEquals(sandbox.sum("invocations"), 5n);
});

verified(
  "a collector that throttles is asked again when it wants, and one that refuses for good is not",
  async () => {
    await using collector = await startCollector({ refuse: ["throttle", "permanent"] });
    await using sandbox = await start(collector.url, {
      ENV_OTLP_TARGET_METRICS: "off",
      ENV_OTLP_TARGET_TRACES: "off",
    });
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["throttled"] });
    assertEquals(collector.refused, ["logs throttle"]);
    await sandbox.lambda.invoke({ logs: ["waits too"] });
    assertEquals(collector.refused.length, 1, "it was asked again before its time");
    await wait(1_100);
    await sandbox.lambda.invoke({ logs: ["taken"] });
    await sandbox.lambda.invoke({ logs: ["taken as well"] });
    await end(sandbox);
    assertEquals(collector.refused, ["logs throttle", "logs permanent"]);
    const lost = sandbox.lines().map((line): unknown => JSON.parse(line))
      .find((line) => member(line, "message") === "Data for the OTLP target was lost in this sandbox");
    const dropped = Number(member(member(lost, "dropped"), "rejected"));
    assertEquals(bodiesOf(collector).length + dropped, 4);
  },
);

verified("a collector that hangs costs an invocation its budget at most, and then nothing", async () => {
  await using collector = await startCollector();
  await using sandbox = await start(collector.url, { ENV_OTLP_TARGET_TIMEOUT: "1s" });
  await sandbox.lambda.init();
  const [, ...well] = await timed(sandbox, 5);
  collector.freeze();
  const hanging = await timed(sandbox, 10);
  // All ten waiting would take more.
  assertLess(hanging.reduce((sum, ms) => sum + ms, 0), 2 * BUDGET_MS + 10 * SLACK_MS, String(hanging));
  await wait(1_200);
  const open = await timed(sandbox, 8);
  assertLess(median(open), median(well) + 50, `${open} beside ${well}`);
  collector.thaw();
  await wait(6_000);
  await timed(sandbox, 2);
  await end(sandbox);
  assertEquals(sandbox.sum("invocations"), 25n, "Dataway must have lost nothing");
  // What was cut may have been taken by the collector after all, and come again.
  assert(sumOf(collector, "aws.lambda.invocations") >= 25);
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

verified("a collector that wants a client's certificate is shown one", async () => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await ask("certificates", folder);
    await using collector = await startCollector({ certificates: folder });
    const env = { ENV_OTLP_TARGET_CA_FILE: `${folder}/ca.pem` };
    const identity = {
      ENV_OTLP_TARGET_CLIENT_CERT_FILE: `${folder}/client.pem`,
      ENV_OTLP_TARGET_CLIENT_KEY_FILE: `${folder}/client.key`,
    };
    {
      await using sandbox = await start(collector.url, env);
      await sandbox.lambda.init();
      await sandbox.lambda.invoke();
      await end(sandbox);
      assertEquals(sumOf(collector, "aws.lambda.invocations"), 0, "it must want a certificate");
    }
    await using sandbox = await start(collector.url, { ...env, ...identity });
    await sandbox.lambda.init();
    await timed(sandbox, 3);
    await end(sandbox);
    assertEquals(sumOf(collector, "aws.lambda.invocations"), 3);
    assertEquals(sandbox.lines(), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

verified("requests are signed as AWS's own SDK signs them", async () => {
  await using target = startOtlpTarget();
  await using sandbox = await start(target.url, {
    ENV_OTLP_TARGET_AUTH: "sigv4",
    ENV_OTLP_TARGET_AWS_SERVICE: "logs",
    ENV_OTLP_TARGET_HEADERS: "x-aws-log-group=%2Faws%2Fa%20b,x-aws-log-stream=s",
  });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({ logs: ["signed"] });
  await end(sandbox);
  const { env } = sandbox.lambda;
  assert(target.requests.length >= 3);
  for (const { headers, wire, path, signal } of target.requests) {
    const authorization = headers.get("authorization") ?? "";
    const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
    for (const name of ["host", "x-amz-date", "x-aws-log-group", "content-encoding"]) {
      assert(names.includes(name), `${name} is not signed`);
    }
    const expected = await ask(
      "sign",
      JSON.stringify({
        url: `${target.url}${path}`,
        body: wire.toBase64(),
        date: headers.get("x-amz-date"),
        service: "logs",
        region: env["AWS_REGION"],
        accessKey: env["AWS_ACCESS_KEY_ID"],
        secretKey: env["AWS_SECRET_ACCESS_KEY"],
        sessionToken: env["AWS_SESSION_TOKEN"],
        headers: Object.fromEntries(
          names.filter((name) => name !== "host" && !name.startsWith("x-amz-")).map((
            name,
          ) => [name, headers.get(name)]),
        ),
      }),
    );
    assertEquals(authorization, expected.trim(), signal);
  }
});
