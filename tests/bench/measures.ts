/** What is measured, one run each. */
import type { ControlGroup } from "../support/control_group.ts";
import type { Memory } from "./extension_process.ts";
import { invokeEvent, shutdownEvent } from "./platform.ts";
import { sleep } from "../emulator/waiters.ts";
import { startHarness } from "./harness.ts";
import { connectTelemetry, invocationBody, type LineKind, linesBody, reportBody } from "./telemetry.ts";

export interface StartFigures {
  readonly registerMs: number;
  readonly nextMs: number;
  readonly cpuMs: number;
  readonly memory: Memory;
}

export interface InvocationFigures {
  /** From sending `platform.runtimeDone` to the arrival of `next`, one an invocation, in ms; 0: it came before. */
  readonly holdMs: readonly number[];
  readonly cpuMsPerInvocation: number;
  readonly before: Memory;
  /** After half of the invocations: memory that grows with their number would show. */
  readonly halfway: Memory;
  readonly after: Memory;
}

export interface ThroughputFigures {
  readonly eventsPerSecond: number;
  /** From the first batch to the last point at the Dataway. */
  readonly endToEndPerSecond: number;
  readonly sent: number;
  readonly arrived: number;
  readonly cpuMs: number;
  readonly memory: Memory;
}

/** Time for memory to settle, in ms. */
const SETTLE_MS = 250;
/** How long a function runs, in ms. */
const FUNCTION_MS = 12;
/** Lines and bytes of a full batch of a subscription with 262144 bytes. */
const BATCH_LINES = 740;
const BATCH_BYTES = 256 * 1024;

/** Cold start: from exec to the first `next`, then memory at rest. */
export async function measureStart(
  path: string,
  env: Readonly<Record<string, string>> = {},
  group?: ControlGroup,
): Promise<StartFigures> {
  await using harness = await startHarness(path, "fast", env, group);
  const registration = await harness.until(harness.platform.registered);
  const call = await harness.until(harness.platform.next());
  const cpuMs = harness.extension.cpuMs();
  await sleep(SETTLE_MS);
  const memory = harness.extension.memory();
  call.reply(shutdownEvent());
  await harness.extension.ended;
  const { startedAt } = harness.extension;
  return { registerMs: registration.at - startedAt, nextMs: call.at - startedAt, cpuMs, memory };
}

/** Invocations one after the other; `none` runs without a Dataway, so nothing can be sent. */
export async function measureInvocations(
  path: string,
  count: number,
  dataway: "none" | "fast",
  env: Readonly<Record<string, string>> = {},
  group?: ControlGroup,
): Promise<InvocationFigures> {
  await using harness = await startHarness(path, dataway, env, group);
  let call = await harness.until(harness.platform.next());
  using telemetry = await connectTelemetry((await harness.until(harness.platform.subscribed)).url);
  await sleep(SETTLE_MS);
  const before = harness.extension.memory();
  const cpuBefore = harness.extension.cpuMs();
  const holdMs: number[] = [];
  let halfway = before;
  for (let index = 0; index < count; index++) {
    const requestId = `3da1f2dc-3222-475e-9205-${String(index).padStart(12, "0")}`;
    const done = invocationBody(requestId);
    call.reply(invokeEvent(requestId));
    await sleep(1);
    const doneAt = performance.now();
    await harness.until(telemetry.post(done));
    call = await harness.until(harness.platform.next());
    holdMs.push(Math.max(0, call.at - doneAt));
    await harness.until(telemetry.post(reportBody(requestId)));
    if (index + 1 === Math.floor(count / 2)) halfway = harness.extension.memory();
  }
  const cpuMsPerInvocation = (harness.extension.cpuMs() - cpuBefore) / count;
  await sleep(SETTLE_MS);
  const after = harness.extension.memory();
  call.reply(shutdownEvent());
  await harness.extension.ended;
  return { holdMs, cpuMsPerInvocation, before, halfway, after };
}

/**
 * Invocations back to back whose telemetry the platform holds back for `bufferMs`, as under a busy function. Each has a
 * hold, in ms: from the runtime's end to the arrival of `next`; 0 where `next` was asked for before that end.
 */
export async function measureBusy(path: string, count: number, bufferMs: number): Promise<readonly number[]> {
  await using harness = await startHarness(path, "fast");
  let call = await harness.until(harness.platform.next());
  using telemetry = await connectTelemetry((await harness.until(harness.platform.subscribed)).url);
  await sleep(SETTLE_MS);
  const holdMs: number[] = [];
  let posting = Promise.resolve();
  for (let index = 0; index < count; index++) {
    const requestId = `3da1f2dc-3222-475e-9205-${String(index).padStart(12, "0")}`;
    call.reply(invokeEvent(requestId));
    const next = harness.until(harness.platform.next());
    await sleep(FUNCTION_MS);
    const doneAt = performance.now();
    const before = posting;
    posting = sleep(bufferMs).then(async () => {
      await before;
      await telemetry.post(invocationBody(requestId));
      await telemetry.post(reportBody(requestId));
    });
    call = await next;
    holdMs.push(Math.max(0, call.at - doneAt));
  }
  await posting;
  call.reply(shutdownEvent());
  await harness.extension.ended;
  return holdMs;
}

/** Full batches of log lines back to back inside one invocation, all of which must reach the Dataway. */
export async function measureThroughput(
  path: string,
  batches: number,
  kind: LineKind = "text",
): Promise<ThroughputFigures> {
  await using harness = await startHarness(path, "fast");
  const requestId = "3da1f2dc-3222-475e-9205-000000000000";
  const body = linesBody(requestId, BATCH_LINES, BATCH_BYTES, kind);
  const call = await harness.until(harness.platform.next());
  using telemetry = await connectTelemetry((await harness.until(harness.platform.subscribed)).url);
  call.reply(invokeEvent(requestId));
  const cpuBefore = harness.extension.cpuMs();
  const startedAt = performance.now();
  for (let index = 0; index < batches; index++) await harness.until(telemetry.post(body));
  const listenedMs = performance.now() - startedAt;
  await harness.until(telemetry.post(invocationBody(requestId)));
  const next = await harness.until(harness.platform.next());
  const cpuMs = harness.extension.cpuMs() - cpuBefore;
  const memory = harness.extension.memory();
  next.reply(shutdownEvent());
  await harness.extension.ended;
  const sent = batches * BATCH_LINES + 1;
  const arrived = harness.dataway.count().get("logging") ?? 0;
  return {
    eventsPerSecond: sent / (listenedMs / 1000),
    endToEndPerSecond: sent / ((harness.dataway.lastPostAt - startedAt) / 1000),
    sent,
    arrived,
    cpuMs,
    memory,
  };
}
