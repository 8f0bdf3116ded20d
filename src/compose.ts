/** Puts the parts of the program together. What they ask of each other later on they are given as functions. */
import type { Heap } from "./heap.ts";
import type { Logger } from "@std/log";
import { parseConfig, type ParsedConfig } from "./config.ts";
import type { Environment } from "./config/reader.ts";
import { createDatawayClient } from "./dataway/client.ts";
import { createExporting } from "./exporting.ts";
import { createIdentity, hostnameOf, spanIdentityOf } from "./identity.ts";
import { createLifecycle, type Lifecycle } from "./lambda/lifecycle.ts";
import { createResource } from "./lambda/resource.ts";
import { architectureName } from "./lambda/usage/load_usage.ts";
import { loadSpanMasker } from "./log_rules/load_span_masker.ts";
import { type Admission, createAdmission } from "./net/admission.ts";
import { type ConnectionPool, createConnectionPool } from "./net/connection_pool.ts";
import type { OtlpTarget } from "./otlp_target/mod.ts";
import { createCircuitBreaker } from "./pipeline/circuit_breaker.ts";
import { createCollection } from "./pipeline/collection.ts";
import { createIntakeHub } from "./pipeline/intake.ts";
import { joinStores } from "./pipeline/joint_store.ts";
import type { Ledger } from "./pipeline/ledger.ts";
import { createOutlet, type Leftovers } from "./pipeline/outlet.ts";
import type { Receiver } from "./pipeline/receiver.ts";
import { MAX_SPOOL_FILE_BYTES } from "./pipeline/spool.ts";
import { createDiskFiles } from "./pipeline/spool_folder.ts";
import { createPointStore } from "./pipeline/store.ts";
import { createCommonKeys } from "./point/common_tags.ts";
import { createReceiving } from "./receiving.ts";
import { loadRecorder } from "./recording.ts";
import { createReclaimer } from "./reclaimer.ts";
import { reportSettings } from "./report.ts";
import { createRouting } from "./routing.ts";
import type { Shell } from "./shell.ts";
import { createFlushWatch } from "./status/flush_watch.ts";
import { createStatusReceiver } from "./status/receiver.ts";
import { flushTargets, loadTarget, targetCounters } from "./target.ts";
import { VERSION } from "./version.ts";

/** What the parts stand on. */
export interface Ground {
  readonly env: Environment;
  /** Registered and listening, with the first event asked for. */
  readonly shell: Shell;
  /** Whose function it is; empty where Lambda does not tell. */
  readonly accountId: string | undefined;
  /** The machine's name; may throw where the system does not tell. */
  readonly hostname: () => string;
  /** Memory of this process in bytes (RSS); without it nothing is ever shed for lack of memory. */
  readonly memoryUsedBytes?: (() => number) | undefined;
  /** Where the runtime lets us touch it. */
  readonly heap?: Heap | undefined;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** The parts as the program's life needs them. Disposal closes what they hold open. */
export interface Composition extends AsyncDisposable {
  readonly parsed: ParsedConfig;
  /** Common to all points, as known now. */
  readonly tags: () => ReadonlyMap<string, string>;
  /** Whom the listeners serve. */
  readonly receivers: readonly Receiver[];
  readonly pool: ConnectionPool;
  readonly admission: Admission;
  readonly lifecycle: Lifecycle;
  readonly target: OtlpTarget | undefined;
  /** Does ahead what the first uploads, and calls that the function waits for, would wait for; returns at once. */
  warmUp(): void;
  /** What was not sent, and why Dataway did not take the latest. */
  left(): Leftovers & { readonly error?: string | undefined };
}

/** Part of an invocation's budget, and at most so many ms of it, that is kept for the spool. */
const SPOOL_SHARE = 0.1;
const SPOOL_MS = 50;
/** A flush beside the function may take as long as so many uploads that take their whole time: each has its own limit. */
const POSTS_BESIDE = 6;
/** From this part of the store on, or so many bytes, local clients wait for what is sent … */
const FILLING_SHARE = 0.5;
const FILLING_BYTES = 4 * 1_048_576;
/** … if Dataway answers this promptly. In ms. */
const PROMPT_MS = 250;
/** A sleep this long may have been a freeze in which connections died unseen. In ms. */
const STALE_AFTER_MS = 4_000;

/** Everything but the listeners and the loop, ready to run. Nothing is left open if it fails. */
export async function compose(ground: Ground): Promise<Composition> {
  await using opened = new AsyncDisposableStack();
  const { env, shell, ledger, log, now } = ground;
  const startedAt = now();
  const parsed = parseConfig(env);
  const { core, dataway, awslambda } = parsed.config;
  const hostname = awslambda.hostname ?? hostnameOf(ground.hostname);
  const resource = createResource({
    env,
    hostname,
    globalTags: awslambda.globalTags,
    architecture: awslambda.estimatedCost || awslambda.usage ? architectureName() : undefined,
    schema: awslambda.schema,
  });
  resource.setAccountId(ground.accountId);
  const exportOn = dataway.endpoints.length > 0 || dataway.secret !== undefined;
  const store = createPointStore({
    maxBytes: core.storeMaxBytes,
    onPressure: () => lifecycle.requestFlush(),
    ledger,
    exportOn,
  });
  const client = opened.use(createDatawayClient(dataway, env, now));
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
    spanMasker: await loadSpanMasker(awslambda.logRules, log),
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
    memorySizeMb: Number(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) || undefined,
    files: spoolFiles,
    log,
    now,
  });
  const target = await loadTarget({
    config: parsed.config.target,
    env,
    service: spanIdentityOf(env).service,
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
  opened.use(target);
  const fillingBytes = Math.min(FILLING_BYTES, core.storeMaxBytes * FILLING_SHARE);
  const isFilling = (): boolean => {
    if (store.heldBytes <= fillingBytes) return false;
    const { uploads, longestMs } = outlet.underway();
    return uploads > 0 && longestMs < PROMPT_MS;
  };
  const { telemetry, receivers, usage } = await createReceiving({
    config: parsed.config,
    env,
    intakeOf: intake.of,
    resource,
    hostname,
    managedInstance: shell.managedInstance,
    instanceId: identity.id,
    recorder,
    target,
    requestFlush: () => lifecycle.requestFlush(),
    isFilling,
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
  const exporting = opened.use(createExporting({
    config: dataway,
    env,
    commonTags: resource.tags,
    commonKeys,
    routing,
    send: client.send,
    log,
    now,
  }));
  const stores = target === undefined ? store : joinStores([store, target.store]);
  const pool = createConnectionPool(log);
  const flushes = createFlushWatch({ log, now });
  const reclaimer = ground.heap === undefined
    ? undefined
    : opened.use(createReclaimer({ heap: ground.heap, storedBytes: () => stores.heldBytes }));
  const withReclaimer = reclaimer === undefined ? {} : { reclaimer };
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
    memory: ground.memoryUsedBytes === undefined ? undefined : {
      store: stores,
      limitBytes: core.memoryLimitBytes,
      usedBytes: ground.memoryUsedBytes,
      ...withReclaimer,
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
    env,
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
    memoryUsedBytes: ground.memoryUsedBytes?.(),
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
    onRunning: () => reclaimer?.invoked(),
    onWake: (sleptMs) => {
      if (sleptMs <= STALE_AFTER_MS) return;
      client.renew();
      target?.renew();
    },
    onHeld: (billedMs, requestId) => {
      outlet.billed(billedMs);
      usage?.held(requestId, billedMs);
    },
    spill: (maxMs, last, comesAgain) => {
      const hasRest = outlet.spill(maxMs, last, comesAgain);
      reclaimer?.flushed();
      return hasRest;
    },
    spillMs: outlet.spool === undefined ? 0 : Math.min(SPOOL_MS, core.budgetMs * SPOOL_SHARE),
    log,
    now,
  });
  const admission = createAdmission({ maxBytes: core.bodiesMaxBytes, isFilling, ...withReclaimer });
  const closing = opened.move();
  return {
    parsed,
    tags: resource.tags,
    receivers: [...receivers, status],
    pool,
    admission,
    lifecycle,
    target,
    warmUp: () => {
      void client.warmUp();
      void target?.warmUp();
      exporting.prepare();
      for (const receiver of receivers) receiver.prepare?.();
    },
    left: () => ({ ...outlet.left(), error: flushes.last?.error }),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
