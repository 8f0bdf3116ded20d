import type { RuntimeSend } from "../../src/lambda/runtime_client.ts";
import type { Invocation } from "./schedule.ts";
import type { World } from "./world.ts";

/** Lambda as far as one sandbox sees it. */
export interface FakePlatform {
  /** Answers `next` as the Extensions API does. */
  readonly send: RuntimeSend;
  /** Runs the schedule up to SHUTDOWN, or to the kill without one. */
  run(): Promise<void>;
  /** Invocations, by their order, of which the extension may know by now. */
  readonly known: ReadonlySet<number>;
}

export interface FakePlatformOptions {
  readonly world: World;
  /** Posts a telemetry batch; resolves once it is answered. */
  readonly post: (body: string, sequenceId: string | undefined) => Promise<void>;
  readonly watch: PlatformWatch;
}

/** What is told of the sandbox as it goes. */
export interface PlatformWatch {
  /** The sandbox is awake again, or for the first time. */
  began(invocation: Invocation): void;
  /** INVOKE reaches the extension. */
  invoked(run: number, deadlineAt: number): void;
  /** The extension was told that the runtime is done. */
  told(run: number): void;
  /** The extension asks for the next event. */
  asked(): void;
  frozen(): void;
  shutdown(deadlineAt: number): void;
}

/** A line of the function's, or what the platform reports. */
type PlatformRecord = string | Readonly<Record<string, unknown>>;

/** One run of a request: a retry has the id of the run that failed. */
interface Run {
  readonly requestId: string;
  /** Its place in the schedule. */
  readonly number: number;
}

interface PlatformEvent {
  /** The invocation it is about, if any. */
  readonly run: number | undefined;
  readonly type: string;
  readonly record: PlatformRecord;
  readonly time: string;
}

/** The platform buffers telemetry for this long, in ms. */
const BUFFER_MS = 25;
/** Until a runtime that ran into its limit is gone, in ms. */
const RESET_MS = 50;

export function createFakePlatform({ world, post, watch }: FakePlatformOptions): FakePlatform {
  const { time, random, schedule, tell, fail, count } = world;
  const known = new Set<number>();
  let waiting: ((event: Record<string, unknown>) => void) | undefined;
  let asked = Promise.withResolvers<void>();
  let nextBreaks = schedule.nextBreaks ? 2 : 0;
  let buffer: PlatformEvent[] = [];
  let style: Pick<Invocation, "telemetryDelayMs" | "telemetryTwice" | "telemetrySplit"> = {
    telemetryDelayMs: 0,
    telemetryTwice: false,
    telemetrySplit: false,
  };
  let batches = 0;

  const send: RuntimeSend = ({ path }) =>
    new Promise((resolve, reject) => {
      if (!path.endsWith("/event/next")) return fail(`Only next is asked for: ${path}`);
      if (waiting !== undefined) fail("There are never two next at a time");
      tell("next");
      waiting = (event) => {
        waiting = undefined;
        resolve({ status: 200, fields: [], text: JSON.stringify(event) });
      };
      if (nextBreaks > 0) {
        nextBreaks--;
        return time.inbound(1, () => {
          waiting = undefined;
          tell("next breaks");
          reject(new TypeError("connection reset"));
        });
      }
      watch.asked();
      asked.resolve();
    });

  function answerNext(event: Record<string, unknown>): void {
    asked = Promise.withResolvers();
    if (waiting === undefined) fail("An event finds the extension waiting for it");
    else waiting(event);
  }

  function emit(type: string, record: PlatformRecord, run?: Run): void {
    if (!schedule.telemetry) return;
    buffer.push({ run: run?.number, type, record, time: new Date(time.now()).toISOString() });
    if (style.telemetrySplit) return deliverBuffer();
    if (buffer.length === 1) time.outside(BUFFER_MS, deliverBuffer);
  }

  function deliverBuffer(): void {
    if (buffer.length === 0) return;
    const events = buffer;
    buffer = [];
    const sequenceId = schedule.sequenceIds ? `batch${batches++}` : undefined;
    const delayMs = (): number => random.int(0, style.telemetryDelayMs);
    time.inbound(delayMs(), () => void deliver(events, sequenceId));
    if (style.telemetryTwice) {
      time.inbound(delayMs() + random.int(0, 50), () => void deliver(events, sequenceId));
    }
  }

  async function deliver(events: readonly PlatformEvent[], sequenceId: string | undefined): Promise<void> {
    tell(`telemetry ${events.map(({ type }) => type.replace("platform.", "")).join(" ")}`);
    for (const { run, type } of events) if (run !== undefined && type !== "function") known.add(run);
    await post(JSON.stringify(events.map(({ run: _run, ...event }) => event)), sequenceId);
    for (const { run, type } of events) {
      if (run === undefined) continue;
      if (type === "platform.runtimeDone" || type === "platform.report") watch.told(run);
    }
  }

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => time.outside(ms, resolve));

  /** The function at work: lines, and its end in the end. Resolves to how it ended. */
  async function runFunction(run: Run, invocation: Invocation, fails: boolean): Promise<void> {
    const { requestId } = run;
    const { runtimeMs, logLines } = invocation;
    for (let line = 0; line < logLines; line++) {
      time.outside(random.int(0, runtimeMs), () => emit("function", `${requestId} line ${line}`, run));
    }
    const timesOut = runtimeMs >= invocation.timeoutMs;
    await sleep(Math.min(runtimeMs, invocation.timeoutMs));
    const status = timesOut ? "timeout" : fails ? "failure" : invocation.retried ? "error" : "success";
    const metrics = { durationMs: runtimeMs, producedBytes: 1 };
    tell(`runtime is done: ${status}`);
    emit("platform.runtimeDone", { requestId, status, metrics }, run);
    if (timesOut || fails) await sleep(RESET_MS);
  }

  function report(run: Run, startedMs: number): void {
    const durationMs = time.elapsedMs - startedMs;
    const metrics = { durationMs, billedDurationMs: durationMs, memorySizeMB: 128, maxMemoryUsedMB: 60 };
    emit("platform.report", { requestId: run.requestId, status: "success", metrics }, run);
  }

  async function invoke(run: Run, invocation: Invocation, fails: boolean): Promise<void> {
    const { requestId } = run;
    const startedMs = time.elapsedMs;
    const deadlineAt = time.now() + invocation.timeoutMs;
    style = invocation;
    emit("platform.start", { requestId, version: "$LATEST" }, run);
    tell(`invocation ${requestId}: ${invocation.runtimeMs} ms of ${invocation.timeoutMs}`);
    const running = runFunction(run, invocation, fails);
    if (schedule.managedInstance) await running;
    else {
      time.inbound(invocation.invokeDelayMs, () => {
        tell(`INVOKE ${requestId}`);
        known.add(run.number);
        answerNext({ eventType: "INVOKE", requestId, deadlineMs: deadlineAt, invokedFunctionArn: "arn" });
        watch.invoked(run.number, deadlineAt);
      });
      await Promise.all([running, sleep(invocation.invokeDelayMs)]);
      await extensionIsReady(requestId, deadlineAt);
    }
    report(run, startedMs);
  }

  /** An invocation ends when the extension asks for the next; Lambda waits for that up to the deadline. */
  async function extensionIsReady(requestId: string, deadlineAt: number): Promise<void> {
    let ready = false;
    void asked.promise.then(() => void (ready = true));
    const overdue = Math.max(0, deadlineAt - time.now()) + RESET_MS;
    time.outside(overdue, () => {
      if (!ready) fail(`The extension is back before the deadline: ${requestId}`);
    });
    await asked.promise;
  }

  function sleepFrozen(invocation: Invocation): Promise<void> {
    if (schedule.managedInstance) return sleep(Math.min(invocation.frozenMs, 2000));
    tell(`freeze for ${invocation.frozenMs} ms`);
    time.freeze();
    watch.frozen();
    count("freezes");
    return sleep(invocation.frozenMs).then(() => {
      tell("thaw");
      time.thaw(invocation);
    });
  }

  async function run(): Promise<void> {
    emit("platform.initStart", { initializationType: "on-demand", phase: "init", runtimeVersion: "test" });
    await asked.promise;
    emit("platform.initReport", {
      initializationType: "on-demand",
      phase: "init",
      metrics: { durationMs: 5 },
    });
    const { ending, invocations } = schedule;
    let requestId = "";
    for (const [index, invocation] of invocations.entries()) {
      watch.began(invocation);
      const last = index === invocations.length - 1;
      const timesOut = invocation.runtimeMs >= invocation.timeoutMs;
      if (invocations[index - 1]?.retried === true) count("retries");
      else requestId = `r${index}`;
      await invoke({ requestId, number: index }, invocation, last && ending === "failure");
      if (timesOut && !schedule.managedInstance) return shutdown("timeout");
      if (last && ending === "kill") return tell("killed");
      if (!last || ending === "spindown") await sleepFrozen(invocation);
    }
    shutdown(ending === "failure" ? "failure" : "spindown");
  }

  function shutdown(reason: string): void {
    const deadlineAt = time.now() + schedule.shutdownMs;
    time.inbound(random.int(0, 3), () => {
      tell(`SHUTDOWN ${reason}, ${schedule.shutdownMs} ms left`);
      watch.shutdown(deadlineAt);
      answerNext({ eventType: "SHUTDOWN", shutdownReason: reason, deadlineMs: deadlineAt });
    });
  }

  return { send, run, known };
}
