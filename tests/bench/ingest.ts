/** The local protocols under load: how much goes through, what it costs, and whether all of it arrives. */
import { SELF_MEASUREMENT } from "../../src/pipeline/self_metrics.ts";
import type { FieldValue } from "../../src/point/point.ts";
import { startLoadProcess } from "./load.ts";
import type { LoadCommand, LoadReport } from "./load_process.ts";
import type { Kind, RequestKind } from "./payloads.ts";
import { invokeEvent, shutdownEvent } from "./platform.ts";
import { type Harness, startHarness } from "./harness.ts";
import { median } from "./statistics.ts";
import { connectTelemetry, invocationBody } from "./telemetry.ts";
import { freePort } from "../support/loopback.ts";

/** How a kind fared. */
export interface IngestFigures {
  readonly itemsPerSecond: number;
  readonly sent: number;
  /** At the Dataway. */
  readonly arrived: number;
  /** Dropped and refused ones, by the extension's own account. */
  readonly lost: number;
  /** Part of one core. */
  readonly cpuShare: number;
  /** Median and highest RSS under the load. */
  readonly rssMb: number;
  readonly peakMb: number;
}

/** One rate of StatsD packets that was tried. */
export interface PacketStep {
  readonly perSecond: number;
  readonly sent: number;
  readonly arrived: number;
}

export interface LoadOptions {
  readonly seconds: number;
  /** Items a second; 0: as many as are taken. */
  readonly rate: number;
}

/** Where the extension listens in a measurement. */
interface Ports {
  readonly otlpHttp: number;
  readonly otlpGrpc: number;
  readonly ddtrace: number;
  readonly statsd: number;
}

const LOAD_PROCESS = `${import.meta.dirname}/load_process.ts`;
const REQUEST_ID = "3da1f2dc-3222-475e-9205-000000000000";
const SAMPLE_MS = 500;
/** Before the clock runs: code is compiled, the first flushes are through. In seconds. */
const WARM_UP_SECONDS = 1;
/** Packets a second that are tried in turn until some are lost. */
const PACKET_RATES = [5_000, 10_000, 15_000, 20_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000];

/** Every way in, on ports that are free: the default ones may be taken on this machine. */
export function allInputs(): { readonly env: Readonly<Record<string, string>>; readonly ports: Ports } {
  const ports = { otlpHttp: freePort(), otlpGrpc: freePort(), ddtrace: freePort(), statsd: freePort() };
  const both = (port: number): string => `127.0.0.1:${port},[::1]:${port}`;
  return {
    ports,
    env: {
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry,statsd",
      ENV_INPUT_OTEL_HTTP: `127.0.0.1:${ports.otlpHttp}`,
      ENV_INPUT_OTEL_GRPC: `127.0.0.1:${ports.otlpGrpc}`,
      ENV_INPUT_DDTRACE_LISTEN: both(ports.ddtrace),
      ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: `127.0.0.1:${freePort()}`,
      ENV_INPUT_STATSD_LISTEN: both(ports.statsd),
      ENV_INPUT_STATSD_LISTEN_TCP: both(ports.statsd),
    },
  };
}

/** Load of one kind inside one long invocation, which ends and is followed by SHUTDOWN. */
export async function measureIngest(path: string, kind: Kind, options: LoadOptions): Promise<IngestFigures> {
  const { env, ports } = allInputs();
  await using harness = await startHarness(path, "fast", env);
  await using load = startLoadProcess<LoadCommand, LoadReport>(LOAD_PROCESS);
  await using invocation = await openInvocation(harness);
  const run = async (seconds: number): Promise<number> => {
    const report = kind === "StatsD packets"
      ? await load.run({ kind, port: ports.statsd, seconds, rate: options.rate, name: "bench.packets" })
      : await load.run({ kind, port: portOf(kind, ports), seconds, rate: options.rate, connections: 2 });
    reported += report.seconds;
    return report.items;
  };
  let reported = 0;
  const warmUp = await run(WARM_UP_SECONDS);
  reported = 0;
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(harness.extension.memory().rssMb), SAMPLE_MS);
  const cpuBefore = harness.extension.cpuMs();
  let items: number;
  try {
    items = await run(options.seconds);
  } finally {
    clearInterval(sampler);
  }
  const cpuMs = harness.extension.cpuMs() - cpuBefore;
  const { peakMb } = harness.extension.memory();
  await invocation.end();
  return {
    itemsPerSecond: items / reported,
    sent: warmUp + items,
    arrived: arrivedOf(kind, harness),
    lost: lostOf(kind, harness),
    cpuShare: cpuMs / 1000 / reported,
    rssMb: median(samples),
    peakMb,
  };
}

/** Ever more StatsD packets a second, a second each, until some are lost. */
export async function measurePackets(path: string): Promise<PacketStep[]> {
  const { env, ports } = allInputs();
  await using harness = await startHarness(path, "fast", env);
  await using load = startLoadProcess<LoadCommand, LoadReport>(LOAD_PROCESS);
  await using invocation = await openInvocation(harness);
  const run = (rate: number): Promise<{ items: number; seconds: number }> =>
    load.run({ kind: "StatsD packets", port: ports.statsd, seconds: 1, rate, name: `bench.r${rate}` });
  await run(1_000);
  const steps: { perSecond: number; sent: number; field: string }[] = [];
  for (const rate of PACKET_RATES) {
    const { items, seconds } = await run(rate);
    steps.push({ perSecond: items / seconds, sent: items, field: `r${rate}` });
    if (kernelDrops(ports.statsd) > 0) break;
  }
  await invocation.end();
  const points = harness.dataway.metrics("bench");
  return steps.map(({ perSecond, sent, field }) => ({
    perSecond,
    sent,
    arrived: sumOf(points.map(({ fields }) => fields.get(field))),
  }));
}

interface OpenInvocation extends AsyncDisposable {
  /** Ends it as the platform does, then the sandbox; returns when the extension has ended. */
  end(): Promise<void>;
}

/** An invocation that may take a quarter of an hour, as Lambda's longest. */
async function openInvocation(harness: Harness): Promise<OpenInvocation> {
  const call = await harness.until(harness.platform.next());
  const telemetry = await connectTelemetry((await harness.until(harness.platform.subscribed)).url);
  const startedMs = Date.now();
  call.reply({ ...invokeEvent(REQUEST_ID), deadlineMs: startedMs + 900_000 });
  return {
    end: async () => {
      await harness.until(telemetry.post(invocationBody(REQUEST_ID, startedMs)));
      const next = await harness.until(harness.platform.next());
      next.reply(shutdownEvent());
      await harness.extension.ended;
    },
    [Symbol.asyncDispose]: () => {
      telemetry[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function portOf(kind: RequestKind, ports: Ports): number {
  if (kind === "OTLP spans, gRPC") return ports.otlpGrpc;
  return kind.startsWith("OTLP") ? ports.otlpHttp : ports.ddtrace;
}

function arrivedOf(kind: Kind, { dataway }: Harness): number {
  switch (kind) {
    case "OTLP log records":
      // One line is the function's own.
      return (dataway.count().get("logging") ?? 0) - 1;
    case "OTLP metric points":
      return dataway.metrics("otel_service").length;
    case "StatsD packets":
      return sumOf(dataway.metrics("bench").map(({ fields }) => fields.get("packets")));
    default:
      return dataway.count().get("tracing") ?? 0;
  }
}

function lostOf(kind: Kind, { dataway }: Harness): number {
  const source = kind.startsWith("OTLP") ? "otlp" : kind.startsWith("ddtrace") ? "ddtrace" : "statsd";
  let lost = 0;
  for (const { tags, fields } of dataway.metrics(SELF_MEASUREMENT)) {
    if (tags.get("source") !== source) continue;
    for (const [name, value] of fields) if (/^(dropped|refused)_/.test(name)) lost += Number(value);
  }
  return lost;
}

function sumOf(values: readonly (FieldValue | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0);
}

/** Datagrams that the kernel threw away as the socket's buffer was full. */
function kernelDrops(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/net/udp").split("\n").map((line) => line.trim().split(/\s+/));
  return Number(lines.find((columns) => columns[1] === local)?.at(-1) ?? 0);
}
