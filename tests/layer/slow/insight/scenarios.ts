/** Sandboxes in the emulator whose traces, metrics and logs are told by golden files. */
import type { Lambda } from "../../../emulator/lambda.ts";
import type { LambdaOptions } from "../../../emulator/options.ts";
import type { LocalSend } from "../../../emulator/script.ts";
import { pack } from "../../../ingest/ddtrace/support.ts";

/** Where the local protocols listen in this sandbox. */
export interface Ports {
  readonly otlp: number;
  readonly agent: number;
  readonly lifecycle: number;
}

export interface InsightScenario {
  readonly name: string;
  readonly options?: LambdaOptions;
  readonly run: (lambda: Lambda, ports: Ports) => Promise<void>;
}

const idOf = (n: number): string => `0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e${String(n).padStart(2, "0")}`;
/** Of the JSON format, so that it names its request. */
const named = (message: string, more: Readonly<Record<string, string>> = {}): unknown => ({
  level: "INFO",
  requestId: "{requestId}",
  message,
  ...more,
});
const DURABLE = "arn:aws:lambda:eu-west-1:123456789012:function:fn:1/durable-execution/order-7/4f2a";
const JSON_HEADERS = { "content-type": "application/json" };

export const INSIGHT_SCENARIOS: readonly InsightScenario[] = [
  {
    name: "cold start, warm, handled error, streaming",
    run: async (lambda) => {
      await lambda.init();
      await lambda.invoke({ logs: ["cold"] }, { requestId: idOf(1) });
      await lambda.invoke({ logs: ["warm"] }, { requestId: idOf(2) });
      await lambda.invoke({
        outcome: "error",
        errorType: "TypeError",
        errorMessage: "no cart, password=hunter2",
      }, {
        requestId: idOf(3),
      });
      await lambda.invoke({ stream: { chunks: 3, chunkBytes: 10, pauseMs: 2 } }, { requestId: idOf(4) });
    },
  },
  {
    name: "timeout",
    options: { timeoutMs: 400 },
    run: async (lambda) => {
      await lambda.init();
      await lambda.invoke({ logs: ["well"] }, { requestId: idOf(1) });
      await lambda.invoke({ logs: ["hangs"], outcome: "hang" }, { requestId: idOf(2) });
    },
  },
  {
    name: "out of memory",
    run: async (lambda) => {
      await lambda.init();
      await lambda.invoke({ logs: ["well"] }, { requestId: idOf(1) });
      await lambda.invoke({ outcome: "oom_reported" }, { requestId: idOf(2) });
    },
  },
  {
    name: "crash loop",
    run: async (lambda) => {
      await lambda.init();
      for (const n of [1, 2, 3]) await lambda.invoke({ outcome: "crash" }, { requestId: idOf(n) });
    },
  },
  {
    name: "asynchronous retry",
    run: async (lambda) => {
      await lambda.init();
      await lambda.invoke({ logs: ["try 1"], outcome: "error", errorType: "E" }, { requestId: idOf(1) });
      await lambda.invoke({ logs: ["try 2"], sleepMs: 20 }, { requestId: idOf(1) });
    },
  },
  {
    name: "restored snapshot",
    options: { initializationType: "snap-start" },
    run: async (lambda) => {
      await lambda.init();
      await lambda.invoke({ logs: ["woken up"] }, { requestId: idOf(1) });
      await lambda.invoke({ logs: ["warm"] }, { requestId: idOf(2) });
    },
  },
  {
    name: "managed instance, 32 side by side",
    options: { initializationType: "lambda-managed-instances", concurrency: 32, logFormat: "JSON" },
    run: async (lambda) => {
      await lambda.init();
      await Promise.all(
        Array.from(
          { length: 32 },
          (_, n) => lambda.invoke({ logs: [named("one of many")], sleepMs: 50 }, { requestId: idOf(n + 10) }),
        ),
      );
    },
  },
  {
    name: "durable replay",
    options: { logFormat: "JSON", runtimeVersion: "nodejs:24.DurableFunction.v6" },
    run: async (lambda) => {
      await lambda.init();
      for (const n of [1, 2]) {
        await lambda.invoke({ logs: [named(`step ${n}`, { executionArn: DURABLE })] }, {
          requestId: idOf(n),
        });
      }
    },
  },
  {
    name: "OpenTelemetry function",
    run: async (lambda, ports) => {
      await lambda.init();
      for (const n of [1, 2]) {
        await lambda.invoke({
          logs: ["before the span is told"],
          sends: [otlpSpan(ports, n)],
          logsAfterResponse: ["after"],
        }, { requestId: idOf(n) });
      }
    },
  },
  {
    name: "ddtrace function",
    run: async (lambda, ports) => {
      await lambda.init();
      for (const n of [1, 2]) {
        await lambda.invoke({ sends: ddtraceCalls(ports, n), logsAfterResponse: ["after"] }, {
          requestId: idOf(n),
        });
      }
    },
  },
];

/** The span that OpenTelemetry's instrumentation makes of an invocation. */
function otlpSpan({ otlp }: Ports, n: number): LocalSend {
  const span = {
    traceId: `0af7651916cd43dd8448eb211c8031${String(n).padStart(2, "0")}`,
    spanId: `b7ad6b71692033${String(n).padStart(2, "0")}`,
    name: "checkout",
    kind: 2,
    startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    endTimeUnixNano: String(BigInt(Date.now() + 5) * 1_000_000n),
    attributes: [{ key: "faas.invocation_id", value: { stringValue: idOf(n) } }],
  };
  return {
    kind: "http",
    url: `http://127.0.0.1:${otlp}/v1/traces`,
    headers: JSON_HEADERS,
    text: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  };
}

/** What Go's library calls: start, the placeholder of its tracer, end. */
function ddtraceCalls({ agent, lifecycle }: Ports, n: number): LocalSend[] {
  const context = {
    "x-datadog-trace-id": String(1000 + n),
    "x-datadog-parent-id": "22",
    "x-datadog-sampling-priority": "1",
  };
  const call = (path: string, headers: Readonly<Record<string, string>>, text: string): LocalSend => ({
    kind: "http",
    url: `http://127.0.0.1:${lifecycle}/lambda/${path}`,
    headers: { ...JSON_HEADERS, "lambda-runtime-aws-request-id": idOf(n), ...headers },
    text,
  });
  const spans = pack([[{
    name: "aws.lambda",
    resource: "dd-tracer-serverless-span",
    service: "aws.lambda",
    trace_id: 1000 + n,
    span_id: 2000 + n,
    parent_id: 22,
    start: BigInt(Date.now()) * 1_000_000n,
    meta: { request_id: idOf(n) },
    metrics: { _sampling_priority_v1: 1 },
  }]]);
  return [
    call("start-invocation", {}, JSON.stringify({ headers: context })),
    {
      kind: "http",
      url: `http://127.0.0.1:${agent}/v0.4/traces`,
      method: "PUT",
      headers: { "content-type": "application/msgpack" },
      base64: spans.toBase64(),
    },
    call(
      "end-invocation",
      { "x-datadog-span-id": String(2000 + n), "x-datadog-trace-id": String(1000 + n) },
      "{}",
    ),
  ];
}
