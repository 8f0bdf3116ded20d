/**
 * Very many invocations through one process of the compiled extension, with mixed faults of Dataway, of the
 * telemetry and of local clients, and what must stay as it is: memory, descriptors, the account.
 */
import { connectTelemetry } from "../bench/telemetry.ts";
import { startExtension } from "../bench/extension_process.ts";
import { invokeEvent, shutdownEvent, startPlatform } from "../bench/platform.ts";
import { type Mode, startSoakDataway } from "./dataway.ts";
import { sleep } from "../emulator/waiters.ts";

export interface SoakOptions {
  /** The compiled extension. */
  readonly path: string;
  readonly invocations: number;
  readonly print: (line: string) => void;
}

/** What one of the samples saw. */
export interface Sample {
  /** Since the start, in ms. */
  readonly atMs: number;
  readonly rssMb: number;
  readonly descriptors: number;
}

export interface SoakReport {
  /** Taken at even distances in time, before the shutdown. */
  readonly samples: readonly Sample[];
  /** When the last of Dataway's faults were over, since the start, in ms. */
  readonly healthyFromMs: number;
  /** From sending `platform.runtimeDone` to `next`, by what Dataway did then; sorted, in ms. */
  readonly holdMs: ReadonlyMap<Mode, readonly number[]>;
  readonly exitCode: number;
  readonly linesSent: number;
  /** Different lines that arrived. */
  readonly linesArrived: number;
  readonly linesTwice: number;
  /** Points that arrived, without the extension's own. */
  readonly pointsArrived: number;
  /** The account, as the extension's own points tell it. */
  readonly received: number;
  readonly dropped: number;
  /** The same by reason. */
  readonly droppedFor: ReadonlyMap<string, number>;
  readonly uploads: number;
  readonly refused: number;
  /** What was wrong with uploads, in words. */
  readonly violations: readonly string[];
  readonly tookMs: number;
}

const SAMPLE_EVERY_MS = 500;
/** Lines an invocation; long ones, so that a full store drops lines and no figures. */
const LINES = 3;
const FILLER = "the quick brown fox jumps over the lazy dog, ".repeat(20);
/** A fault begins this often and lasts so long; the circuit breaker holds data back for 5 s after most. In ms. */
const FAULT_EVERY_MS = 8_000;
const FAULT_MS = 600;
const FAULTS: readonly Mode[] = ["503", "reset", "413", "429", "hang"];
/** Each fault once. */
export const ROUND_MS = FAULT_EVERY_MS * FAULTS.length;
/** The end is without faults, so that all that is held can leave. */
const HEALTHY_END = 0.07;
/** The function's own time, in ms. */
const RUN_MS = 1;
const LIMIT_MS = 60_000;

/** Runs it. Throws when the extension ends or does not answer for a minute. */
export async function soak({ path, invocations, print }: SoakOptions): Promise<SoakReport> {
  await using platform = startPlatform();
  await using dataway = await startSoakDataway();
  await using extension = await startExtension(path, {
    AWS_LAMBDA_RUNTIME_API: platform.address,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    ENV_DATAWAY: dataway.url,
    ENV_DATAWAY_BUDGET: "100ms",
    ENV_HTTP_LISTEN: "127.0.0.1:0",
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
    ENV_LOG_LEVEL: "off",
  });
  const until = <T>(promise: Promise<T>): Promise<T> => alive(promise, extension.ended);
  const startedAt = performance.now();
  const samples: Sample[] = [];
  const holds = new Map<Mode, number[]>();
  let call = await until(platform.next());
  const { url } = await until(platform.subscribed);
  using telemetry = await connectTelemetry(url);
  let linesSent = 0;
  let healthyFromMs = 0;

  for (let n = 0; n < invocations; n++) {
    const atEnd = n >= invocations * (1 - HEALTHY_END);
    const atMs = performance.now() - startedAt;
    if (!atEnd) healthyFromMs = atMs;
    const mode = atEnd ? "ok" : modeAt(atMs);
    if (dataway.mode !== mode) dataway.mode = mode;
    const lines = Array.from({ length: LINES }, () => `line ${linesSent++} of the soak ${FILLER}`);
    call.reply(invokeEvent(requestId(n)));
    const body = telemetryBody(n, lines);
    await sleep(RUN_MS);
    const doneAt = performance.now();
    await until(telemetry.post(body));
    // The platform may repeat a batch, or send what is none.
    if (n % 97 === 0) await until(telemetry.post(new TextEncoder().encode("[null, {}, ")));
    if (n % 211 === 0) await writeLocally(url, n);
    call = await until(platform.next());
    const list = holds.get(mode) ?? [];
    holds.set(mode, list);
    list.push(performance.now() - doneAt);
    if (atMs >= samples.length * SAMPLE_EVERY_MS) samples.push({ atMs, ...sample(extension.pid) });
    if (n % Math.ceil(invocations / 10) === 0) {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      print(`${n} invocations, ${seconds} s, ${samples.at(-1)?.rssMb.toFixed(1) ?? "?"} MB`);
    }
  }

  call.reply(shutdownEvent());
  const exitCode = await until(extension.ended.then((code) => code));
  const different = new Set(dataway.lines);
  const droppedFor = new Map([...dataway.own].filter(([name]) => name.startsWith("dropped_")));
  return {
    samples,
    healthyFromMs,
    holdMs: new Map([...holds].map(([mode, list]) => [mode, list.toSorted((a, b) => a - b)])),
    exitCode,
    linesSent,
    linesArrived: different.size,
    linesTwice: dataway.lines.length - different.size,
    pointsArrived: dataway.points,
    received: dataway.own.get("received") ?? 0,
    dropped: [...droppedFor.values()].reduce((sum, value) => sum + value, 0),
    droppedFor,
    uploads: dataway.uploads,
    refused: dataway.refused,
    violations: dataway.violations,
    tookMs: performance.now() - startedAt,
  };
}

/** Mean memory between two times since the start, in MB. */
export function meanRssMb(samples: readonly Sample[], fromMs: number, toMs: number): number {
  const part = between(samples, fromMs, toMs);
  return part.reduce((sum, { rssMb }) => sum + rssMb, 0) / part.length;
}

/** Most descriptors between two times since the start. */
export function mostDescriptors(samples: readonly Sample[], fromMs: number, toMs: number): number {
  return Math.max(...between(samples, fromMs, toMs).map(({ descriptors }) => descriptors));
}

function between(samples: readonly Sample[], fromMs: number, toMs: number): readonly Sample[] {
  return samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
}

function modeAt(elapsedMs: number): Mode {
  const faults = Math.floor(elapsedMs / FAULT_EVERY_MS);
  const inFault = elapsedMs % FAULT_EVERY_MS > FAULT_EVERY_MS - FAULT_MS;
  return inFault ? FAULTS[faults % FAULTS.length] ?? "ok" : "ok";
}

/** The report of the one before, then a whole invocation. */
function telemetryBody(n: number, lines: readonly string[]): Uint8Array {
  const time = new Date().toISOString();
  const id = requestId(n);
  const report = {
    time,
    type: "platform.report",
    record: {
      requestId: requestId(n - 1),
      status: "success",
      metrics: { durationMs: 14.2, billedDurationMs: 15, memorySizeMB: 128, maxMemoryUsedMB: 97 },
    },
  };
  return new TextEncoder().encode(JSON.stringify([
    ...n === 0 ? [] : [report],
    { time, type: "platform.start", record: { requestId: id, version: "$LATEST" } },
    ...lines.map((record) => ({ time, type: "function", record })),
    {
      time,
      type: "platform.runtimeDone",
      record: { requestId: id, status: "success", metrics: { durationMs: 12.3, producedBytes: 53 } },
    },
  ]));
}

/** What a library inside the function sends; now and then something that is refused. */
async function writeLocally(telemetryUrl: string, n: number): Promise<void> {
  const body = n % 2 === 0 ? `soak value=${n}\n` : "not line protocol\n";
  const response = await fetch(new URL("/v1/write/metric", telemetryUrl), { method: "POST", body });
  await response.body?.cancel();
}

function requestId(n: number): string {
  return `3da1f2dc-3222-475e-9205-${String(Math.max(0, n)).padStart(12, "0")}`;
}

function sample(pid: number): Omit<Sample, "atMs"> {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { rssMb: kilobytes / 1024, descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length };
}

async function alive<T>(promise: Promise<T>, ended: Promise<number>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error("Cannot go on as there is no answer")), LIMIT_MS);
  const died = ended.then(async (code) => {
    // The end itself may be what is waited for.
    await sleep(100);
    throw new Error(`Cannot go on as the extension ended with code ${code}`);
  });
  died.catch(() => {});
  try {
    return await Promise.race([promise, died, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
