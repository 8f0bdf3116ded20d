/**
 * What holds where there is a second target, for any build of the extension: run in process by `target_test.ts` and with
 * the compiled executable by the layer's tests.
 */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { LocalSend } from "../emulator/script.ts";
import { startOtlpTarget, type TargetDouble } from "../support/otlp_target.ts";
import type { Sandbox } from "../support/sandbox.ts";
import { attributesOf, nodes, type OtlpNode, valueOf } from "../support/wire/decode_otlp.ts";
import { encodeOtlp } from "../support/wire/encode_otlp.ts";
import type { Scenario } from "./conformance.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const BUDGET_MS = 300;
/**
 * Twelve invocations, one or two of which have found out by their whole budget that somebody hangs. On a busy machine
 * one may take long for other reasons; all twelve waiting would take more than this.
 */
const COST_OF_TWELVE_MS = 2 * BUDGET_MS + 12 * 150;

const TRACES = {
  resourceSpans: [{
    resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
    scopeSpans: [{
      scope: { name: "tests", version: "1" },
      spans: [{
        traceId: TRACE_ID,
        spanId: "b7ad6b7169203331",
        name: "GET /",
        kind: 3,
        startTimeUnixNano: "1700000000000000000",
        endTimeUnixNano: "1700000000100000000",
        attributes: [{ key: "http.request.method", value: { stringValue: "GET" } }],
        status: { code: 2, message: "teapot" },
      }],
    }],
    schemaUrl: "https://opentelemetry.io/schemas/1.40.0",
  }],
};
const LOGS = {
  resourceLogs: [{
    resource: {},
    scopeLogs: [{
      logRecords: [{
        timeUnixNano: "1700000000000000000",
        body: { stringValue: "by OTLP" },
        severityNumber: 9,
      }],
    }],
  }],
};
const METRICS = {
  resourceMetrics: [{
    scopeMetrics: [{
      metrics: [{
        name: "cart.items",
        sum: {
          dataPoints: [{ timeUnixNano: "1700000000000000000", asInt: "7" }],
          aggregationTemporality: 2,
          isMonotonic: true,
        },
      }],
    }],
  }],
};

type Signal = "traces" | "metrics" | "logs";

function post(signal: Signal, request: unknown): LocalSend {
  return {
    kind: "http",
    url: `http://127.0.0.1:4318/v1/${signal}`,
    headers: { "content-type": "application/x-protobuf" },
    base64: encodeOtlp(signal, request).toBase64(),
  };
}

const SENDS = [post("traces", TRACES), post("logs", LOGS), post("metrics", METRICS)];

function envOf(target: TargetDouble, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ENV_OTLP_TARGET: target.url,
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
    ENV_INPUT_OTEL_GRPC: "off",
    ENV_AWSLAMBDA_TRACE: "full",
    ENV_FLUSH_PLAN: "end",
    ...env,
  };
}

async function end({ lambda, dataway }: Sandbox): Promise<void> {
  const { exitCode, killed } = await lambda.shutdown();
  assertEquals({ exitCode, killed }, { exitCode: 0, killed: false });
  assertEquals([lambda.violations, dataway.violations], [[], []]);
}

function resourcesOf({ requests }: TargetDouble, signal: Signal): readonly OtlpNode[] {
  const keys = { traces: "resourceSpans", metrics: "resourceMetrics", logs: "resourceLogs" };
  return requests.filter((one) => one.signal === signal && one.status === 200)
    .flatMap(({ request }) => nodes(request, keys[signal]));
}

function isPlatform(resource: OtlpNode): boolean {
  return attributesOf(nodes(resource, "resource")[0])["faas.name"] === "checkout";
}

/** Sum of a metric's values over all that arrived. */
function sum(target: TargetDouble, name: string): number {
  return target.items("metrics").filter((metric) => metric["name"] === name)
    .flatMap((metric) => [...nodes(metric, "sum"), ...nodes(metric, "histogram")])
    .flatMap((data) => nodes(data, "dataPoints"))
    .reduce((all, point) => all + Number(point["asInt"] ?? point["count"]), 0);
}

function bodies(target: TargetDouble): unknown[] {
  return target.items("logs").map((record) => valueOf(nodes(record, "body")[0]));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function spansAt({ dataway }: Sandbox): number {
  return dataway.points("tracing", "opentelemetry").length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function heldMs(sandbox: Sandbox): Promise<number> {
  const begun = performance.now();
  await sandbox.lambda.invoke();
  return performance.now() - begun;
}

export const TARGET_SCENARIOS: readonly Scenario[] = [
  {
    name: "what comes by OTLP reaches the second target as it came, and Dataway too",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({
        env: envOf(target, { ENV_OTLP_TARGET_HEADERS: "api-key=a%2Cb%3Dc12345" }),
      });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ sends: SENDS });
      await end(sandbox);
      for (const [signal, request] of [["traces", TRACES], ["logs", LOGS], ["metrics", METRICS]] as const) {
        const relayed = resourcesOf(target, signal).filter((resource) => !isPlatform(resource));
        assertEquals(asText(relayed), asText(Object.values(request).flat()), signal);
      }
      assert(target.requests.every(({ headers }) => headers.get("api-key") === "a,b=c12345"));
      assert(target.requests.every(({ headers }) => headers.get("content-encoding") === "gzip"));
      assertEquals(sandbox.dataway.points("tracing", "opentelemetry").length, 1);
      assertEquals(sandbox.dataway.points("metric", "otel_service").length, 1);
    },
  },
  {
    name: "the platform's metrics, logs and spans reach the second target by the semantic conventions",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({
        env: envOf(target, { ENV_GLOBAL_HOST_TAGS: "team=blue" }),
        logFormat: "JSON",
      });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({
        logs: [{ level: "WARN", message: "low stock", "item.id": 7, password: "hunter2hunter2" }],
      });
      const { requestId } = await sandbox.lambda.invoke({ outcome: "error", errorType: "TypeError" });
      await end(sandbox);

      assertEquals(
        ["aws.lambda.invocations", "faas.invocations", "faas.errors", "faas.timeouts", "faas.coldstarts"]
          .map((name) => [name, sum(target, name)]),
        [
          ["aws.lambda.invocations", 2],
          ["faas.invocations", 1],
          ["faas.errors", 1],
          ["faas.timeouts", 0],
          ["faas.coldstarts", 1],
        ],
      );
      assertEquals(
        ["faas.invoke_duration", "faas.init_duration", "faas.mem_usage", "aws.lambda.billed_duration"]
          .map((name) => sum(target, name)),
        [2, 1, 2, 2],
      );
      const record = target.items("logs").find((one) => valueOf(nodes(one, "body")[0]) === "low stock");
      assertEquals([record?.["severityNumber"], record?.["severityText"]], ["13", "warning"]);
      assertEquals(attributesOf(record)["item.id"], "7");
      assert(!JSON.stringify(target.requests.map(({ request }) => request)).includes("hunter2"));
      const spans = target.items("traces");
      const failed = spans.find((span) => attributesOf(span)["faas.invocation_id"] === requestId);
      assertEquals([failed?.["name"], failed?.["kind"], nodes(failed, "status")[0]?.["code"]], [
        "checkout",
        "2",
        "2",
      ]);
      assertEquals(attributesOf(failed)["faas.coldstart"], false);
      const resource = attributesOf(nodes(resourcesOf(target, "traces")[0], "resource")[0]);
      assertEquals(resource["cloud.resource_id"], "arn:aws:lambda:eu-west-1:123456789012:function:checkout");
      const stream = String(resource["faas.instance"]);
      assertMatch(stream, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\]/);
      assertEquals(resource["aws.log.stream.names"], [stream]);
      assertEquals([resource["faas.max_memory"], resource["cloud.platform"], resource["team"]], [
        String(128 * 1024 * 1024),
        "aws_lambda",
        "blue",
      ]);
    },
  },
  {
    name: "without Dataway all goes to the second target, and nothing is complained of",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({ env: envOf(target, { ENV_DATAWAY: "" }) });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["hello"], sends: SENDS });
      await end(sandbox);
      assert(bodies(target).includes("hello"));
      assertEquals(sum(target, "aws.lambda.invocations"), 1);
      assertEquals(sandbox.lines(), []);
    },
  },
  {
    name: "a second target that hangs takes nothing from Dataway, and costs nothing once that is known",
    run: async (start) => {
      await using target = startOtlpTarget();
      target.otherwise("hang");
      await using sandbox = await start({
        env: envOf(target, { ENV_DATAWAY_BUDGET: `${BUDGET_MS}ms`, ENV_OTLP_TARGET_TIMEOUT: "1s" }),
      });
      await sandbox.lambda.init();
      const times: number[] = [];
      for (let n = 0; n < 12; n++) times.push(await heldMs(sandbox));
      assertLess(sumOf(times), COST_OF_TWELVE_MS, String(times));
      const before = target.requests.length;
      await pause(1200);
      const later: number[] = [];
      for (let n = 0; n < 6; n++) later.push(await heldMs(sandbox));
      assertLess(Math.min(...later), 100, String(later));
      assertLess(target.requests.length - before, 20);
      await end(sandbox);
      assertEquals(sandbox.sum("invocations"), 18n);
      assert(
        sandbox.lines().some((line) => line.includes("Data for the OTLP target was lost in this sandbox")),
      );
    },
  },
  {
    name: "beside a long invocation Dataway is sent to again and again while the second target hangs",
    run: async (start) => {
      await using target = startOtlpTarget();
      target.otherwise("hang");
      await using sandbox = await start({ env: envOf(target, { ENV_FLUSH_INTERVAL: "200ms" }) });
      await sandbox.lambda.init();
      const invocation = sandbox.lambda.invoke({ sleepMs: 2500 });
      for (let n = 1; n <= 3; n++) {
        await pause(300);
        const response = await fetch("http://127.0.0.1:4318/v1/traces", {
          method: "POST",
          headers: { "content-type": "application/x-protobuf" },
          body: encodeOtlp("traces", TRACES),
        });
        await response.body?.cancel();
        assertEquals(response.status, 200);
        for (let tries = 0; tries < 20 && spansAt(sandbox) < n; tries++) await pause(25);
        assertEquals(spansAt(sandbox), n, "it must not wait for the second target");
      }
      await invocation;
      await sandbox.lambda.shutdown();
    },
  },
  {
    name:
      "after a restore from a snapshot the second target is told the sandbox's new name, and no time before it",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({ env: envOf(target), initializationType: "snap-start" });
      await sandbox.lambda.init();
      await pause(300);
      const restoredAt = Date.now();
      await sandbox.lambda.restore();
      await sandbox.lambda.invoke({ logs: ["awake"] });
      await end(sandbox);
      const named = sandbox.lambda.events.findLast(({ type }) => type === "platform.restoreStart")?.record;
      const resources = resourcesOf(target, "logs").filter(isPlatform);
      const names = resources.map((resource) =>
        attributesOf(nodes(resource, "resource")[0])["faas.instance"]
      );
      assertEquals(new Set(names), new Set([Object(named)["instanceId"]]));
      const starts = target.items("metrics").flatMap((
        metric,
      ) => [...nodes(metric, "sum"), ...nodes(metric, "histogram")])
        .flatMap((data) => nodes(data, "dataPoints")).map((point) =>
          Number(point["startTimeUnixNano"]) / 1e6
        );
      assert(starts.length > 0 && Math.min(...starts) >= restoredAt - 50, `${starts} before ${restoredAt}`);
    },
  },
  {
    name: "a Dataway that hangs takes nothing from the second target",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({
        env: envOf(target, { ENV_DATAWAY_BUDGET: `${BUDGET_MS}ms`, ENV_DATAWAY_TIMEOUT: "1s" }),
      });
      sandbox.dataway.reply(...Array.from({ length: 500 }, () => "hang" as const));
      await sandbox.lambda.init();
      const times: number[] = [];
      for (let n = 0; n < 12; n++) times.push(await heldMs(sandbox));
      assertLess(sumOf(times), COST_OF_TWELVE_MS, String(times));
      await sandbox.lambda.shutdown();
      assertEquals(sum(target, "aws.lambda.invocations"), 12);
    },
  },
  {
    name: "what the second target does not take now is held as long as it asks for, and arrives once",
    run: async (start) => {
      await using target = startOtlpTarget();
      await using sandbox = await start({ env: envOf(target) });
      target.otherwise({ status: 429, headers: { "retry-after": "1" } });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["first"], sends: SENDS });
      const refused = target.requests.length;
      await sandbox.lambda.invoke({ logs: ["second"] });
      assertEquals(target.requests.length, refused, "it was asked again before its time");
      target.otherwise(200);
      await pause(1100);
      await sandbox.lambda.invoke({ logs: ["third"] });
      await end(sandbox);
      const arrived = bodies(target);
      for (const body of ["first", "second", "third", "by OTLP"]) {
        assertEquals(arrived.filter((one) => one === body).length, 1, body);
      }
      assertEquals(sandbox.lines().filter((line) => line.includes("was lost")), []);
    },
  },
  {
    name: "what the second target refuses for good, whole or in part, is counted and not sent again",
    run: async (start) => {
      await using target = startOtlpTarget();
      // `ExportTraceServiceResponse { partial_success { rejected_spans: 1, error_message: "late" } }`.
      target.otherwise({ status: 200, body: "\x0a\x08\x08\x01\x12\x04late" });
      await using sandbox = await start({ env: envOf(target, { ENV_OTLP_TARGET_INPUTS: "opentelemetry" }) });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ sends: [post("traces", TRACES)] });
      target.otherwise({ status: 400, body: "\x12\x03bad" });
      await sandbox.lambda.invoke({ sends: [post("logs", LOGS)] });
      target.otherwise(200);
      await sandbox.lambda.invoke();
      await end(sandbox);
      assertEquals(target.requests.length, 2);
      const lines = sandbox.lines().map((line): Record<string, unknown> => JSON.parse(line));
      const part = lines.find(({ message }) => String(message).includes("refused a part"));
      assertEquals([part?.["points"], part?.["error"]], [1, "late"]);
      const whole = lines.find(({ message }) => message === "Data was dropped as the OTLP target refused it");
      assertEquals(whole?.["error"], "The OTLP target answered 400: bad");
      const last = lines.find(({ message }) =>
        message === "Data for the OTLP target was lost in this sandbox"
      );
      assertEquals(last?.["dropped"], { rejected: 2 });
    },
  },
];

/** As text, where what is not said and what is the default are the same. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_, member) => typeof member === "number" ? String(member) : member);
}
