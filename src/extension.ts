import type { Heap } from "./heap.ts";
import { createLogger, describeError, type Logger } from "@std/log";
import { parseConfig } from "./config.ts";
import { type DatawayEndpoint, parseSecretEndpoints } from "./config/dataway.ts";
import type { Environment } from "./config/reader.ts";
import { createDatawayClient } from "./dataway/client.ts";
import { createDatawayExporter } from "./dataway/exporter.ts";
import { createSecretExporter } from "./dataway/secret/secret_exporter.ts";
import { createIdentity, hostnameOf, spanIdentityOf } from "./identity.ts";
import { createReceivers } from "./ingest/mod.ts";
import type { RegisterResult } from "./lambda/extensions_api.ts";
import { idle } from "./lambda/idle.ts";
import { createLifecycle, type LifecycleEnd } from "./lambda/lifecycle.ts";
import { createResource } from "./lambda/resource.ts";
import { createTelemetryReceiver } from "./lambda/telemetry_receiver.ts";
import { loadTrace } from "./lambda/trace/load_trace.ts";
import { architectureName, loadUsage } from "./lambda/usage/load_usage.ts";
import { loadSpanMasker } from "./log_rules/load_span_masker.ts";
import { loadLogMetrics } from "./log_metrics/load_log_metrics.ts";
import { createAdmission } from "./net/admission.ts";
import { createConnectionPool } from "./net/connection_pool.ts";
import { createCircuitBreaker } from "./pipeline/circuit_breaker.ts";
import type { Exporter } from "./pipeline/exporter.ts";
import { createLedger, type Ledger } from "./pipeline/ledger.ts";
import { createCollection } from "./pipeline/collection.ts";
import { createIntakeHub } from "./pipeline/intake.ts";
import { joinStores } from "./pipeline/joint_store.ts";
import type { Intake, Receiver } from "./pipeline/receiver.ts";
import { createOutlet } from "./pipeline/outlet.ts";
import { MAX_SPOOL_FILE_BYTES } from "./pipeline/spool.ts";
import { createDiskFiles } from "./pipeline/spool_folder.ts";
import { createPointStore } from "./pipeline/store.ts";
import { createCommonKeys } from "./point/common_tags.ts";
import { ENCODINGS } from "./point/encoding.ts";
import type { Source } from "./point/point.ts";
import { loadRecorder } from "./recording.ts";
import { tellingRefusals } from "./refusals.ts";
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
  /** Those of them that are in the spool: the sandbox's next life may send them. @default 0 */
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
  const encoding = ENCODINGS[dataway.contentEncoding];
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
  const { sinker, filters } = await createRouting(parsed.config, {
    commonTags: resource.tags,
    send: client.send,
    ledger,
    log,
    now,
  });
  const door = filters?.door(store) ?? store;
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
  const spanIdentity = spanIdentityOf(options.env);
  await using target = await loadTarget({
    config: parsed.config.target,
    env: options.env,
    service: spanIdentity.service,
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
  const intakeOf = (source: Source): Intake => {
    const made = intake.of(source);
    return { ...made, refuse: tellingRefusals(made.refuse, source, { log, now }) };
  };
  const context = (source: Source) => ({
    ...intakeOf(source),
    sampledOut: recorder?.sampledOut,
    log,
    limits: core.bodyLimits,
    now,
    instanceId: identity.id,
  });

  const { receivers: listening, statsd } = createReceivers({
    config: parsed.config,
    context,
    version: VERSION,
    hostname,
    requestFlush: () => lifecycle.requestFlush(),
    relay: target?.relay,
  });
  const isOn = core.inputs.has("awslambda");
  const initializationType = options.env["AWS_LAMBDA_INITIALIZATION_TYPE"];
  const usage = !isOn ? undefined : await loadUsage({
    config: awslambda,
    region: options.env["AWS_REGION"],
    initializationType,
    managedInstance: shell.managedInstance,
    log,
  });
  const logMetrics = await loadLogMetrics({
    ...context("telemetry"),
    enabled: isOn,
    ...awslambda.logMetrics,
    useNowTime: awslambda.useNowTime,
    addSample: (sample) => statsd?.add({ ...sample, member: "", rate: 1, relative: false }),
  });
  const telemetry = createTelemetryReceiver({
    ...context("telemetry"),
    // Off, it still tells when the runtime is done: the other inputs' data leave with their invocation.
    config: isOn ? awslambda : { ...awslambda, metrics: false, logs: false },
    resource,
    logMetrics,
    createTrace: await loadTrace(awslambda.trace, log),
    managedInstance: shell.managedInstance,
    identity: spanIdentity,
    tap: target?.tap,
    initializationType,
    usage,
    recorder,
    onRestore: () => {
      intake.redraw();
      identity.redraw();
      client.renew();
      breaker.reset();
      target?.restored();
    },
    onDone: (invocation) => receivers.forEach((receiver) => receiver.invocationDone?.(invocation)),
  });
  const receivers: readonly Receiver[] = [telemetry, ...listening];

  const exporterTo = (endpoints: readonly DatawayEndpoint[]): Exporter & AsyncDisposable => {
    const made = createDatawayExporter({
      ...dataway,
      endpoints,
      encoding,
      commonTags: resource.tags,
      commonKeys,
      send: client.send,
      sinker,
      now,
      version: VERSION,
    });
    return filters?.beside(made, endpoints) ?? made;
  };
  const { secret } = dataway;
  const late = secret === undefined ? undefined : createSecretExporter({
    endpointsOf: (value) => parseSecretEndpoints(value, secret.urls),
    readSecret: async () => {
      const { readSecretValue } = await import("./dataway/secret/secret_store.ts");
      const { createAwsClient } = await import("./dataway/secret/credentials.ts");
      using aws = createAwsClient(options.env, now);
      return await readSecretValue(secret, options.env, aws.send, now);
    },
    exporterTo,
    log,
    now,
  });
  await using exporter = late ?? exporterTo(dataway.endpoints);
  const pool = createConnectionPool(log);
  const flushes = createFlushWatch({ log, now });
  const withHeap = options.heap === undefined ? {} : { heap: options.heap };
  const outlet = createOutlet({
    store,
    ledger,
    exporter,
    groupOf: sinker?.groupOf,
    exportOn,
    collect,
    aside: recorder,
    spool: core.spool === undefined || spoolFiles === undefined ? undefined : {
      files: spoolFiles,
      maxBytes: core.spool.maxBytes,
    },
    memory: options.memoryUsedBytes === undefined ? undefined : {
      store: target === undefined ? store : joinStores([store, target.store]),
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
  late?.prepare();
  const end = await loop.catch(async (error) => {
    log.error("The extension idles as its loop failed", { error: describeError(error) });
    return await idle(options.shell);
  });
  const { held, spooled, untold } = outlet.left();
  const isLast = end.reason === "spindown";
  reportEnd(log, ledger, { held, spooled, untold, isLast, error: flushes.last?.error });
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
