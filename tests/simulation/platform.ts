import type { RuntimeFetch } from "../../src/lambda/runtime_fetch.ts";
import type { Invocation } from "./schedule.ts";
import type { World } from "./world.ts";

/** Lambda as far as one sandbox sees it. */
export interface FakePlatform {
  /** Answers `next` as the Extensions API does. */
  readonly fetch: RuntimeFetch;
  /** Lives the schedule up to SHUTDOWN, or to the kill without one. */
  live(): Promise<void>;
  /** Requests of which the extension may know by now. */
  readonly known: ReadonlySet<string>;
}

export interface FakePlatformOptions {
  readonly world: World;
  /** Posts a telemetry batch; resolves once it is answered. */
  readonly post: (body: string, sequenceId: string | undefined) => Promise<void>;
  readonly watch: PlatformWatch;
}

/** What is told of the life as it goes. */
export interface PlatformWatch {
  /** The sandbox is awake again, or for the first time. */
  began(invocation: Invocation): void;
  /** INVOKE reaches the extension. */
  invoked(requestId: string, deadlineAt: number): void;
  /** The extension was told that the runtime is done. */
  told(requestId: string): void;
  /** The extension asks for the next event. */
  asked(): void;
  frozen(): void;
  shutdown(deadlineAt: number): void;
}

/** A line of the function's, or what the platform reports. */
type PlatformRecord = string | Readonly<Record<string, unknown>>;

interface PlatformEvent {
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
  const known = new Set<string>();
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

  const fetch: RuntimeFetch = (url) =>
    new Promise((resolve, reject) => {
      if (!url.endsWith("/event/next")) return fail(`Only next is asked for: ${url}`);
      if (waiting !== undefined) fail("There are never two next at a time");
      tell("next");
      waiting = (event) => {
        waiting = undefined;
        resolve(Response.json(event));
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

  function emit(type: string, record: PlatformRecord): void {
    if (!schedule.telemetry) return;
    buffer.push({ type, record, time: new Date(time.now()).toISOString() });
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
    const ids = events.flatMap(({ type, record }) => {
      const id = typeof record === "string" ? undefined : record["requestId"];
      return typeof id === "string" ? [{ type, id }] : [];
    });
    for (const { id } of ids) known.add(id);
    await post(JSON.stringify(events), sequenceId);
    for (const { type, id } of ids) {
      if (type === "platform.runtimeDone" || type === "platform.report") watch.told(id);
    }
  }

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => time.outside(ms, resolve));

  /** The function at work: lines, and its end in the end. Resolves to how it ended. */
  async function runFunction(requestId: string, invocation: Invocation, fails: boolean): Promise<void> {
    const { runtimeMs, logLines } = invocation;
    for (let line = 0; line < logLines; line++) {
      time.outside(random.int(0, runtimeMs), () => emit("function", `${requestId} line ${line}`));
    }
    const timesOut = runtimeMs >= invocation.timeoutMs;
    await sleep(Math.min(runtimeMs, invocation.timeoutMs));
    const status = timesOut ? "timeout" : fails ? "failure" : "success";
    const metrics = { durationMs: runtimeMs, producedBytes: 1 };
    tell(`runtime is done: ${status}`);
    emit("platform.runtimeDone", { requestId, status, metrics });
    if (timesOut || fails) await sleep(RESET_MS);
  }

  function report(requestId: string, startedMs: number): void {
    const durationMs = time.elapsedMs - startedMs;
    const metrics = { durationMs, billedDurationMs: durationMs, memorySizeMB: 128, maxMemoryUsedMB: 60 };
    emit("platform.report", { requestId, status: "success", metrics });
  }

  async function invoke(requestId: string, invocation: Invocation, fails: boolean): Promise<void> {
    const startedMs = time.elapsedMs;
    const deadlineAt = time.now() + invocation.timeoutMs;
    style = invocation;
    emit("platform.start", { requestId, version: "$LATEST" });
    tell(`invocation ${requestId}: ${invocation.runtimeMs} ms of ${invocation.timeoutMs}`);
    const running = runFunction(requestId, invocation, fails);
    if (schedule.managedInstance) await running;
    else {
      time.inbound(invocation.invokeDelayMs, () => {
        tell(`INVOKE ${requestId}`);
        known.add(requestId);
        answerNext({ eventType: "INVOKE", requestId, deadlineMs: deadlineAt, invokedFunctionArn: "arn" });
        watch.invoked(requestId, deadlineAt);
      });
      await Promise.all([running, sleep(invocation.invokeDelayMs)]);
      await extensionIsReady(requestId, deadlineAt);
    }
    report(requestId, startedMs);
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

  async function live(): Promise<void> {
    emit("platform.initStart", { initializationType: "on-demand", phase: "init", runtimeVersion: "test" });
    await asked.promise;
    emit("platform.initReport", {
      initializationType: "on-demand",
      phase: "init",
      metrics: { durationMs: 5 },
    });
    const { ending, invocations } = schedule;
    for (const [index, invocation] of invocations.entries()) {
      watch.began(invocation);
      const last = index === invocations.length - 1;
      const timesOut = invocation.runtimeMs >= invocation.timeoutMs;
      await invoke(`r${index}`, invocation, last && ending === "failure");
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

  return { fetch, live, known };
}
