import type { Heap } from "./heap.ts";
import { createLogger, describeError, type Logger } from "@std/log";
import { parseConfig } from "./config.ts";
import type { Environment } from "./config/reader.ts";
import { createDatawayClient } from "./dataway/client.ts";
import { createExporting } from "./exporting.ts";
import { createIdentity, hostnameOf, spanIdentityOf } from "./identity.ts";
import type { RegisterResult } from "./lambda/extensions_api.ts";
import { idle } from "./lambda/idle.ts";
import { createLifecycle, type LifecycleEnd } from "./lambda/lifecycle.ts";
import { createResource } from "./lambda/resource.ts";
import { architectureName } from "./lambda/usage/load_usage.ts";
import { loadSpanMasker } from "./log_rules/load_span_masker.ts";
import { createAdmission } from "./net/admission.ts";
import { createConnectionPool } from "./net/connection_pool.ts";
import { createCircuitBreaker } from "./pipeline/circuit_breaker.ts";
import { createLedger, type Ledger } from "./pipeline/ledger.ts";
import { createCollection } from "./pipeline/collection.ts";
import { createIntakeHub } from "./pipeline/intake.ts";
import { joinStores } from "./pipeline/joint_store.ts";
import { createOutlet } from "./pipeline/outlet.ts";
import { MAX_SPOOL_FILE_BYTES } from "./pipeline/spool.ts";
import { createDiskFiles } from "./pipeline/spool_folder.ts";
import { createPointStore } from "./pipeline/store.ts";
import { createCommonKeys } from "./point/common_tags.ts";
import { createReceiving } from "./receiving.ts";
import { loadRecorder } from "./recording.ts";
import { createRouting } from "./routing.ts";
import { reportEnd, reportSettings, reportStart } from "./report.ts";
import { serve } from "./serve.ts";
import { flushTargets, loadTarget, reportTargetEnd, targetCounters } from "./target.ts";
import type { TargetStatus } from "./otlp_target/mod.ts";
import { createFlushWatch } from "./status/flush_watch.ts";
import { createStatusReceiver } from "./status/receiver.ts";
import type { Shell } from "./shell.ts";
import { VERSION } from "./version.ts";

/** What the program is started with; `main.ts` takes it from the process, tests make it up. */
export interface ExtensionOptions {
  readonly env: Environment;
  /** Registered and listening, with the first event asked for. */
  readonly shell: Shell;
  /** The machine's name; may throw where the system does not tell. */
  readonly hostname: () => string;
  /** Memory of this process in bytes (RSS); without it nothing is ever shed for lack of memory. */
  readonly memoryUsedBytes?: () => number;
  /** Where the runtime lets us touch it. */
  readonly heap?: Heap;
  /** Hands out what logs errors that nobody caught. */
  readonly onUnseenError?: (report: (error: unknown) => void) => void;
  /** Where the extension's own log goes. @default stderr */
  readonly writeLog?: (line: string) => void;
  /** Unix time in ms. */
  readonly now?: () => number;
}

/** How the program ended, and the account of every point it took. */
export interface ExtensionEnd extends LifecycleEnd {
  readonly ledger: Ledger;
  /** Points that could not be sent before the end, in memory or in the spool. */
  readonly held: number;
  /** Those of them that are in the spool: a restart in this sandbox may send them. @default 0 */
  readonly spooled?: number;
  /** The account of the second target, if there is one. */
  readonly target?: TargetStatus;
}

type Registered = Extract<RegisterResult, { status: "registered" }>;

/** Part of an invocation's budget, and at most so many ms of it, that is kept for the spool. */
const SPOOL_SHARE = 0.1;
const SPOOL_MS = 50;
/** A flush beside the function may take as long as so many uploads that take their whole time: each has its own limit. */
const POSTS_BESIDE = 6;
/** A sleep this long may have been a freeze in which connections died unseen. In ms. */
const STALE_AFTER_MS = 4_000;

/**
 * Runs the extension until SHUTDOWN. Fails open: if the parts cannot be put together that is one line in the log,
 * and the loop goes on without them, so that the function's invocations do.
 */
export async function runExtension(options: ExtensionOptions): Promise<ExtensionEnd> {
  const now = options.now ?? Date.now;
  const log = createLogger({ now, ...(options.writeLog === undefined ? {} : { write: options.writeLog }) });
  options.onUnseenError?.((error) =>
    log.error("An unexpected failure was contained", { error: describeError(error) })
  );
  const ledger = createLedger();
  const { registration } = options.shell;
  if (registration.status === "failed") {
    log.error("The extension ends as it could not register", { error: registration.error });
    options.shell.sockets[Symbol.dispose]();
    return { exitCode: 1, reason: registration.error, ledger, held: 0 };
  }
  if (options.shell.problem !== undefined) {
    log.error("The listeners are off", { error: describeError(options.shell.problem) });
  }
  let over: ExtensionEnd | undefined;
  const onOver = (end: ExtensionEnd): void => void (over = end);
  try {
    return await run({ options, log, now, ledger, onOver }, registration);
  } catch (error) {
    // After its end the sandbox gives no more events.
    if (over !== undefined) {
      log.error("The extension could not be closed", { error: describeError(error) });
      return over;
    }
    log.error("The extension idles as it could not start", { error: describeError(error) });
    // Who is refused knows it at once; who is never answered waits.
    options.shell.sockets[Symbol.dispose]();
    return { ...await idle(options.shell), ledger, held: 0 };
  }
}

/** What is there before any setting is read. */
interface Base {
  readonly options: ExtensionOptions;
  readonly log: Logger;
  readonly now: () => number;
  readonly ledger: Ledger;
  /** Told of the end before anything is closed. */
  readonly onOver: (end: ExtensionEnd) => void;
}

/** Puts the parts together, serves the listeners, and stays in the loop. */
async function run(base: Base, registration: Registered): Promise<ExtensionEnd> {
  const { options, log, now, ledger } = base;
  const { shell } = options;
  const startedAt = now();
  const parsed = parseConfig(options.env);
  const { core, dataway, awslambda } = parsed.config;
  const hostname = awslambda.hostname ?? hostnameOf(options.hostname);
  const resource = createResource({
    env: options.env,
    hostname,
    globalTags: awslambda.globalTags,
    architecture: awslambda.estimatedCost || awslambda.usage ? architectureName() : undefined,
    schema: awslambda.schema,
  });
  resource.setAccountId(registration.accountId);
  const exportOn = dataway.endpoints.length > 0 || dataway.secret !== undefined;
  const store = createPointStore({
    maxBytes: core.storeMaxBytes,
    onPressure: () => lifecycle.requestFlush(),
    ledger,
    exportOn,
  });
  using client = createDatawayClient(dataway, options.env, now);
  reportSettings(log, parsed, client);
  const collect = createCollection(() => receivers, log);
  const breaker = createCircuitBreaker({ now });
  const commonKeys = createCommonKeys(resource.keys);
  const routing = await createRouting(parsed.config, {
    commonTags: resource.tags,
    send: client.send,
    ledger,
    log,
    now,
  });
  const door = routing.filters?.door(store) ?? store;
  const intake = createIntakeHub({
    store: door,
    ledger,
    commonKeys,
    maskSpan: await loadSpanMasker(awslambda.logRules, log),
    onTracer: () => telemetry.tracerSeen(),
    onInvocationSpan: (span) => telemetry.traced(span),
  });
  const identity = createIdentity();
  const spoolFiles = core.spool === undefined || !exportOn
    ? undefined
    : createDiskFiles(core.spool.directory, MAX_SPOOL_FILE_BYTES);
  const recorder = await loadRecorder({
    // What has nowhere to go has nothing to wait for.
    config: exportOn ? parsed.config.recorder : undefined,
    store: door,
    divert: intake.divert,
    write: intake.of("telemetry").write,
    ledger,
    managedInstance: shell.managedInstance,
    schema: awslambda.schema,
    memorySizeMb: Number(options.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) || undefined,
    files: spoolFiles,
    log,
    now,
  });
  await using target = await loadTarget({
    config: parsed.config.target,
    env: options.env,
    service: spanIdentityOf(options.env).service,
    globalTags: awslambda.globalTags,
    logRules: awslambda.logRules,
    accountId: () => resource.tags().get("aws_account_id"),
    instanceId: identity.id,
    collect,
    requestFlush: () => lifecycle.requestFlush(),
    version: VERSION,
    log,
    now,
  });
  const { telemetry, receivers, usage } = await createReceiving({
    config: parsed.config,
    env: options.env,
    intakeOf: intake.of,
    resource,
    hostname,
    managedInstance: shell.managedInstance,
    instanceId: identity.id,
    recorder,
    target,
    requestFlush: () => lifecycle.requestFlush(),
    onRestore: () => {
      intake.redraw();
      identity.redraw();
      client.renew();
      breaker.reset();
      target?.restored();
    },
    log,
    now,
  });
  await using exporting = createExporting({
    config: dataway,
    env: options.env,
    commonTags: resource.tags,
    commonKeys,
    routing,
    send: client.send,
    log,
    now,
  });
  const stores = target === undefined ? store : joinStores([store, target.store]);
  const pool = createConnectionPool(log);
  const flushes = createFlushWatch({ log, now });
  const withHeap = options.heap === undefined ? {} : { heap: options.heap };
  const outlet = createOutlet({
    store,
    ledger,
    exporter: exporting.exporter,
    groupOf: routing.sinker?.groupOf,
    exportOn,
    collect,
    aside: recorder,
    spool: core.spool === undefined || spoolFiles === undefined ? undefined : {
      files: spoolFiles,
      maxBytes: core.spool.maxBytes,
    },
    memory: options.memoryUsedBytes === undefined ? undefined : {
      store: stores,
      limitBytes: core.memoryLimitBytes,
      usedBytes: options.memoryUsedBytes,
      ...withHeap,
    },
    breaker,
    connections: pool.counts,
    counters: () => {
      const { bySpan, byLine } = telemetry.disagreements();
      return { verdict_by_span: bySpan, verdict_by_line: byLine, ...targetCounters(target) };
    },
    onFlushed: flushes.flushed,
    log,
    now,
  });
  const status = createStatusReceiver(() => ({
    version: VERSION,
    startedAt,
    now: now(),
    env: options.env,
    parsed,
    problems: [...parsed.problems, ...client.problems, ...target?.problems ?? []],
    target: target?.status(),
    subscription: shell.subscription,
    batches: telemetry.invocations.batches,
    sockets: shell.sockets.asked,
    connections: pool.counts,
    lastFlush: flushes.last,
    underway: outlet.underway(),
    breaker,
    ledger,
    store,
    spool: outlet.spool,
    recorder,
    memoryUsedBytes: options.memoryUsedBytes?.(),
  }));
  const lifecycle = createLifecycle({
    next: shell.next,
    invocations: telemetry.invocations,
    ...flushTargets(
      exportOn,
      {
        flusher: outlet.flusher,
        breaker: outlet.breakerState,
        heldBytes: () => store.heldBytes,
        exportTimeoutMs: dataway.timeoutMs * POSTS_BESIDE,
      },
      target,
    ),
    plan: core.flushPlan,
    budgetMs: core.budgetMs,
    flushIntervalMs: core.flushIntervalMs,
    managedInstance: shell.managedInstance,
    onWake: (sleptMs) => {
      if (sleptMs <= STALE_AFTER_MS) return;
      client.renew();
      target?.renew();
    },
    onHeld: (billedMs, requestId) => {
      outlet.billed(billedMs);
      usage?.held(requestId, billedMs);
    },
    spill: outlet.spill,
    spillMs: outlet.spool === undefined ? 0 : Math.min(SPOOL_MS, core.budgetMs * SPOOL_SHARE),
    log,
    now,
  });

  using admission = createAdmission({
    maxBytes: core.bodiesMaxBytes,
    storedBytes: () => stores.heldBytes,
    ...withHeap,
  });
  await using _servers = await serve({
    main: core.listen,
    receivers: [...receivers, status],
    sockets: shell.sockets,
    pool,
    admission,
    log,
  });
  const { subscription } = shell;
  if (subscription !== undefined && subscription.status !== "subscribed") {
    log.warn("Metrics and logs of the platform are off as the subscription failed", {
      error: subscription.error,
    });
  }

  reportStart(log, {
    parsed,
    env: options.env,
    sockets: shell.sockets.asked,
    tags: resource.tags(),
    subscription,
  });

  const loop = lifecycle.run(subscription?.status === "subscribed");
  void client.warmUp();
  void target?.warmUp();
  exporting.prepare();
  const end = await loop.catch(async (error) => {
    log.error("The extension idles as its loop failed", { error: describeError(error) });
    return await idle(options.shell);
  });
  const left = outlet.left();
  const { held, spooled } = left;
  const isLast = end.reason === "spindown";
  reportEnd(log, ledger, { ...left, isLast, error: flushes.last?.error });
  reportTargetEnd(log, target);
  const over = {
    ...end,
    ledger,
    held,
    spooled,
    ...(target === undefined ? {} : { target: target.status() }),
  };
  base.onOver(over);
  return over;
}
