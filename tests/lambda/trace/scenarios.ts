/** Sandboxes as their platform tells of them, each with what its function is traced by besides. */
import type { InvocationSpan } from "../../../src/pipeline/receiver.ts";
import type { ShutdownReason } from "../../../src/lambda/extensions_api.ts";
import type { OpenOptions } from "../open_telemetry.ts";

/** What happens next. Times are in ms after {@link BASE_MS}. */
export type Step =
  | { readonly invoke: string; readonly atMs: number; readonly traceHeader?: string }
  | { readonly batch: readonly unknown[] }
  | { readonly traced: InvocationSpan }
  | { readonly shutdown: ShutdownReason; readonly atMs?: number };

export interface TraceScenario {
  readonly name: string;
  readonly options?: OpenOptions;
  readonly steps: readonly Step[];
}

export const BASE_MS = Date.UTC(2026, 8, 10, 12);

const XRAY = "Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Parent=00f067aa0ba902b7;Sampled=0;Lineage=a:1";
/** What X-Ray has in pass-through mode. */
const PASSED = "Root=1-6aa29bc0-2f0b1d6e5a4c3b2a19080707;Lineage=a:1";

const idOf = (n: number): string => `0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e${String(n).padStart(2, "0")}`;
const time = (atMs: number): string => new Date(BASE_MS + atMs).toISOString();
const told = (atMs: number, type: string, record: unknown): unknown => ({ time: time(atMs), type, record });

function init(startMs: number, durationMs: number, more: Readonly<Record<string, unknown>> = {}): unknown[] {
  const { status = "success", phase = "init", errorType, initializationType = "on-demand" } = more;
  const shared = { initializationType, phase };
  const verdict = { ...shared, status, ...(errorType === undefined ? {} : { errorType }) };
  return [
    told(startMs, "platform.initStart", { ...shared, instanceId: "2026/09/10/[$LATEST]7d3c" }),
    told(startMs + durationMs - 3, "platform.initRuntimeDone", verdict),
    told(startMs + durationMs, "platform.initReport", { ...verdict, metrics: { durationMs } }),
  ];
}

const start = (n: number, atMs: number, traceHeader?: string): unknown =>
  told(atMs, "platform.start", {
    requestId: idOf(n),
    ...(traceHeader === undefined ? {} : { tracing: { type: "X-Amzn-Trace-Id", value: traceHeader } }),
  });

const line = (atMs: number, record: unknown): unknown => told(atMs, "function", record);

function done(
  n: number,
  atMs: number,
  durationMs: number,
  more: Readonly<Record<string, unknown>> = {},
): unknown {
  return told(atMs, "platform.runtimeDone", {
    requestId: idOf(n),
    status: "success",
    metrics: { durationMs, producedBytes: 26 },
    spans: [
      { name: "responseLatency", start: time(atMs - durationMs), durationMs: durationMs - 2 },
      { name: "responseDuration", start: time(atMs - 2), durationMs: 1 },
      { name: "runtimeOverhead", start: time(atMs - 1), durationMs: 1 },
    ],
    ...more,
  });
}

const report = (
  n: number,
  atMs: number,
  durationMs: number,
  more: Readonly<Record<string, unknown>> = {},
): unknown =>
  told(atMs, "platform.report", {
    requestId: idOf(n),
    status: "success",
    metrics: { durationMs, billedDurationMs: durationMs, memorySizeMB: 128, maxMemoryUsedMB: 80 },
    spans: [{ name: "extensionOverhead", start: time(atMs - 4), durationMs: 4 }],
    ...more,
  });

/** One whole invocation, its report with it. */
const whole = (n: number, atMs: number, lines: readonly unknown[] = []): Step[] => [
  { invoke: idOf(n), atMs },
  { batch: [start(n, atMs), ...lines, done(n, atMs + 20, 20), report(n, atMs + 24, 24)] },
];

const SPINDOWN: Step = { shutdown: "spindown" };
const PYTHON_ERROR =
  "[ERROR] ValueError: no such cart, password=hunter2\nTraceback (most recent call last):\n" +
  '  File "/var/task/app.py", line 3, in handler\n    raise ValueError("no such cart, password=hunter2")\n';
const DURABLE = "arn:aws:lambda:eu-west-1:123456789012:function:fn:1/durable-execution/order-7/4f2a";

/** A tracer's span as OpenTelemetry's ids are. */
const otlp = (n: number, parentId: string): InvocationSpan => ({
  requestId: idOf(n),
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: `b7ad6b71692033${String(n).padStart(2, "0")}`,
  parentId,
});

export const TRACE_SCENARIOS: readonly TraceScenario[] = [
  {
    name: "cold start, warm, X-Ray's header in both forms",
    steps: [
      { invoke: idOf(1), atMs: 440, traceHeader: XRAY },
      {
        batch: [
          ...init(0, 431),
          start(1, 440, XRAY),
          line(445, "first\n"),
          line(446, {
            level: "INFO",
            requestId: idOf(1),
            trace_id: "9".repeat(32),
            message: "its own trace",
          }),
          done(1, 482, 42),
        ],
      },
      { invoke: idOf(2), atMs: 900, traceHeader: PASSED },
      { batch: [report(1, 486, 46), start(2, 900, PASSED), line(905, "second\n"), done(2, 920, 20)] },
      ...whole(3, 1500, [line(1505, "third: no header\n")]),
      SPINDOWN,
    ],
  },
  {
    name: "logs left alone",
    options: { logTraceId: false },
    steps: [...whole(1, 0, [line(5, "of the function\n")]), SPINDOWN],
  },
  {
    name: "extensions' logs have no trace",
    steps: [
      ...whole(1, 0, [line(5, "of the function\n"), told(6, "extension", "of an extension\n")]),
      SPINDOWN,
    ],
  },
  {
    name: "mode full",
    options: { trace: "full" },
    steps: [...whole(1, 0), ...whole(2, 100), SPINDOWN],
  },
  {
    name: "handled error, secrets masked",
    options: { logRules: [{ mask: "secrets" }] },
    steps: [
      ...whole(1, 0),
      { invoke: idOf(2), atMs: 100 },
      {
        batch: [
          start(2, 100),
          line(110, PYTHON_ERROR),
          done(2, 120, 20, { spans: [{ name: "runtimeOverhead", start: time(119), durationMs: 1 }] }),
        ],
      },
      SPINDOWN,
    ],
  },
  {
    name: "timeout that is learnt late",
    steps: [
      ...whole(1, 0),
      { invoke: idOf(2), atMs: 100 },
      { batch: [start(2, 100), line(110, "slow\n"), done(2, 3100, 3000)] },
      { batch: [done(2, 3101, 3000, { status: "timeout", spans: [] })] },
      { shutdown: "timeout" },
    ],
  },
  {
    name: "timeout told by the shutdown alone",
    steps: [
      ...whole(1, 0),
      { invoke: idOf(2), atMs: 100 },
      { batch: [start(2, 100), line(110, "hangs\n")] },
      { shutdown: "timeout", atMs: 3100 },
    ],
  },
  {
    name: "out of memory",
    steps: [
      ...whole(1, 0),
      { invoke: idOf(2), atMs: 100 },
      {
        batch: [
          start(2, 100),
          done(2, 160, 60, { status: "error", errorType: "Runtime.OutOfMemory", spans: [] }),
        ],
      },
      { shutdown: "failure" },
    ],
  },
  {
    name: "asynchronous retry under the same id",
    steps: [
      ...whole(1, 0),
      { invoke: idOf(2), atMs: 100 },
      { batch: [start(2, 100), line(105, "try 1\n"), done(2, 120, 20, { status: "error", errorType: "E" })] },
      { batch: [report(2, 124, 24, { status: "error" })] },
      { invoke: idOf(2), atMs: 60_100 },
      { batch: [start(2, 60_100), line(60_105, "try 2\n"), done(2, 60_120, 20), report(2, 60_124, 24)] },
      SPINDOWN,
    ],
  },
  {
    name: "durable replays",
    steps: [
      ...[1, 2].flatMap((n) =>
        whole(n, n * 1000, [
          line(n * 1000 + 5, {
            level: "INFO",
            requestId: idOf(n),
            executionArn: DURABLE,
            message: `step ${n}`,
          }),
        ])
      ),
      SPINDOWN,
    ],
  },
  {
    name: "suppressed init: it fails, and is repeated inside the request",
    steps: [
      { batch: init(0, 10_000, { status: "timeout" }) },
      { invoke: idOf(1), atMs: 10_100 },
      {
        batch: [
          start(1, 10_100),
          ...init(10_101, 400, { phase: "invoke" }),
          done(1, 10_600, 500),
          report(1, 10_604, 504),
        ],
      },
      SPINDOWN,
    ],
  },
  {
    name: "provisioned concurrency",
    options: { initializationType: "provisioned-concurrency" },
    steps: [
      { batch: init(0, 431, { initializationType: "provisioned-concurrency" }) },
      ...whole(1, 600_000),
      SPINDOWN,
    ],
  },
  {
    name: "init ahead of demand",
    steps: [{ batch: init(0, 431) }, ...whole(1, 60_000), ...whole(2, 61_000), SPINDOWN],
  },
  {
    name: "restored snapshot",
    options: { initializationType: "snap-start" },
    steps: [
      { batch: init(0, 431, { initializationType: "snap-start" }) },
      {
        batch: [
          told(7_200_000, "platform.restoreStart", { instanceId: "2026/09/10/[1]8e4d" }),
          told(7_200_290, "platform.restoreRuntimeDone", { status: "success" }),
          told(7_200_300, "platform.restoreReport", { status: "success", metrics: { durationMs: 300 } }),
        ],
      },
      ...whole(1, 7_200_310),
      ...whole(2, 7_201_000),
      SPINDOWN,
    ],
  },
  {
    name: "managed instance, requests side by side",
    options: { managedInstance: true, initializationType: "lambda-managed-instances", trace: "full" },
    steps: [
      { batch: init(0, 431, { initializationType: "lambda-managed-instances" }) },
      {
        batch: [
          start(1, 500),
          start(2, 501),
          line(510, { level: "INFO", requestId: idOf(1), message: "one" }),
          line(511, { level: "INFO", requestId: idOf(2), message: "two" }),
          line(512, { level: "INFO", message: "whose?" }),
        ],
      },
      ...[2, 1].map((n): Step => ({
        batch: [
          report(n, 540 - n, 38, {
            status: n === 1 ? "error" : "success",
            ...(n === 1 ? { errorType: "TypeError" } : {}),
            spans: [
              { name: "responseLatency", start: time(500 + n), durationMs: 36 },
              { name: "responseDuration", start: time(536 + n), durationMs: 1 },
            ],
          }),
        ],
      })),
      SPINDOWN,
    ],
  },
  {
    name: "OpenTelemetry: its span is the root",
    steps: [
      { invoke: idOf(1), atMs: 440 },
      { batch: [...init(0, 431), start(1, 440)] },
      { traced: otlp(1, "0") },
      { batch: [line(445, "first\n"), done(1, 460, 20), report(1, 464, 24)] },
      { invoke: idOf(2), atMs: 900 },
      { traced: otlp(2, "00f067aa0ba902b7") },
      { batch: [start(2, 900), line(905, "second\n"), done(2, 920, 20), report(2, 924, 24)] },
      SPINDOWN,
    ],
  },
  {
    name: "OpenTelemetry that sends after the invocation's end",
    steps: [
      { invoke: idOf(1), atMs: 440 },
      { batch: [...init(0, 431), start(1, 440), line(445, "first\n"), done(1, 460, 20)] },
      { invoke: idOf(2), atMs: 900 },
      { traced: otlp(1, "0") },
      {
        batch: [
          report(1, 464, 24),
          start(2, 900),
          line(905, "second\n"),
          done(2, 920, 20),
          report(2, 924, 24),
        ],
      },
      { traced: otlp(2, "0") },
      SPINDOWN,
    ],
  },
  {
    name: "ddtrace: the trace is known from the start of the invocation",
    options: { trace: "full" },
    steps: [
      { invoke: idOf(1), atMs: 440 },
      {
        traced: { requestId: idOf(1), traceId: "1234567890", spanId: undefined, parentId: "987654321" },
      },
      { batch: [...init(0, 431), start(1, 440), line(445, "first\n")] },
      {
        traced: { requestId: idOf(1), traceId: "1234567890", spanId: "42", parentId: "987654321" },
      },
      { batch: [line(446, "last\n"), done(1, 460, 20), report(1, 464, 24)] },
      SPINDOWN,
    ],
  },
  {
    name: "sampling keeps errors and cold starts",
    options: { traceShare: 0 },
    steps: [
      { batch: init(0, 431) },
      ...whole(1, 440),
      ...whole(2, 900),
      { invoke: idOf(3), atMs: 1000 },
      { batch: [start(3, 1000), done(3, 1020, 20, { status: "failure", errorType: "Runtime.ExitError" })] },
      { invoke: idOf(4), atMs: 2000 },
      { batch: [start(4, 2000), done(4, 2020, 20)] },
      { batch: [done(4, 2021, 20, { status: "timeout" })] },
      SPINDOWN,
    ],
  },
];
