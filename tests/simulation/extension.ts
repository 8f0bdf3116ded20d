import { createLogger } from "@std/log";
import { createExtensionsApi } from "../../src/lambda/extensions_api.ts";
import { createLifecycle, type LifecycleEnd, type LifecycleOptions } from "../../src/lambda/lifecycle.ts";
import { createResource } from "../../src/lambda/resource.ts";
import type { RuntimeSend } from "../../src/lambda/runtime_client.ts";
import { createTelemetryReceiver } from "../../src/lambda/telemetry_receiver.ts";
import {
  type BreakerState,
  type CircuitBreaker,
  createCircuitBreaker,
} from "../../src/pipeline/circuit_breaker.ts";
import type { Exporter } from "../../src/pipeline/exporter.ts";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import type { FlushReport } from "../../src/pipeline/flusher.ts";
import { createOutlet } from "../../src/pipeline/outlet.ts";
import type { UntoldFigures } from "../../src/pipeline/self_metrics.ts";
import type { Spool } from "../../src/pipeline/spool.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import type { SpoolFiles } from "../../src/pipeline/spool_folder.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import type { Point, PointDraft, Source } from "../../src/point/point.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import { put } from "../support/points.ts";
import { exporterTo, type FakeDataway } from "./dataway.ts";
import type { World } from "./world.ts";

/** Parts to be replaced by broken ones, to see that the simulation notices. */
export interface Mutation {
  readonly store?: (store: PointStore) => PointStore;
  readonly exporter?: (exporter: Exporter) => Exporter;
  readonly breaker?: (breaker: CircuitBreaker) => CircuitBreaker;
  readonly lifecycle?: (options: LifecycleOptions) => LifecycleOptions;
}

/** Kept for the spool, in ms. */
const SPILL_MS = 50;

/** The real parts, put together as `src/compose.ts` does, over a simulated world. */
export interface SimulatedExtension {
  readonly ledger: Ledger;
  readonly store: PointStore;
  readonly spool: Spool | undefined;
  /** What no figures have told that arrived. */
  readonly untold: () => UntoldFigures;
  readonly end: Promise<LifecycleEnd>;
  readonly breakerState: () => BreakerState;
  /** An answer may be read but not yet booked. */
  readonly uploading: () => boolean;
  /** Whether the log says that a restart would send something again, as the disk could not be written. */
  readonly toldOfRepeats: () => boolean;
  readonly write: (source: Source, points: readonly PointDraft[]) => void;
  /** A telemetry POST of the platform's; resolves once it is answered. */
  readonly post: (body: string, sequenceId: string | undefined) => Promise<void>;
  /** Fires what asks for relief when the store is full, and ends uploads. */
  readonly dispose: () => Promise<void>;
}

export interface SimulatedExtensionOptions {
  readonly world: World;
  readonly dataway: FakeDataway;
  readonly send: RuntimeSend;
  readonly mutation: Mutation;
  /** Sees all points on their way into the store. */
  readonly onPoints: (source: Source, points: readonly Point[]) => readonly Point[];
  /** Where the spool's files are, if there is a spool; a later process finds them there. */
  readonly disk: SpoolFiles;
  readonly onFlushed: (report: FlushReport) => void;
  readonly onShutdown: () => void;
}

export function startExtension(options: SimulatedExtensionOptions): SimulatedExtension {
  const { world, dataway, mutation } = options;
  const { schedule, time } = world;
  const { now } = time;
  let toldOfRepeats = false;
  const log = createLogger({
    now,
    write: (line) => {
      toldOfRepeats ||= line.includes("a restart would send");
      world.tell(`  log: ${line}`);
    },
  });
  const ledger = createLedger();
  const realStore = createPointStore({
    maxBytes: schedule.storeMaxBytes,
    onPressure: () => lifecycle.requestFlush(),
    ledger,
  });
  const store = mutation.store?.(realStore) ?? realStore;
  const watched = replaceIn(store, {
    append: (source, category, bytes, length) => {
      const point = decodePoint(category, bytes.subarray(0, length));
      put(store, source, options.onPoints(source, [point]));
    },
  });
  const resource = createResource({ env: {}, hostname: "", globalTags: new Map(), schema: "documented" });
  const commonKeys = createCommonKeys(resource.keys);
  const intake = createIntakeHub({ store: watched, ledger, commonKeys });
  const write = (source: Source, points: readonly PointDraft[]): void =>
    points.forEach((point) => void intake.of(source).write(point));
  const telemetry = createTelemetryReceiver({
    ...intake.of("telemetry"),
    log,
    now,
    config: {
      schema: "documented",
      logs: true,
      metrics: true,
      trace: "off",
      traceShare: 1,
      logTraceId: true,
      logRules: [],
      platformLines: new Set(),
      handledErrors: "platform",
      multiLine: { kind: "auto" },
      useNowTime: false,
    },
    instanceId: () => "sandbox-1",
    managedInstance: schedule.managedInstance,
    identity: { service: "fn", resource: "fn" },
    resource,
  });
  const realExporter = exporterTo(dataway, world, { commonTags: resource.tags, commonKeys });
  const realBreaker = createCircuitBreaker({ now });
  const breaker = mutation.breaker?.(realBreaker) ?? realBreaker;
  const exporter = mutation.exporter?.(realExporter) ?? realExporter;
  const outlet = createOutlet({
    store,
    ledger,
    exporter,
    collect: () => collectAggregates(world, (point) => write("statsd", [point])),
    spool: schedule.spool ? { files: options.disk, maxBytes: schedule.spoolMaxBytes } : undefined,
    breaker,
    onFlushed: options.onFlushed,
    log,
    now,
  });
  const { spool } = outlet;
  const flusher = replaceIn(outlet.flusher, {
    last: (budgetMs) => {
      options.onShutdown();
      return outlet.flusher.last(budgetMs);
    },
  });
  const api = createExtensionsApi({ name: "x", send: options.send, now });
  const lifecycleOptions: LifecycleOptions = {
    next: api.next,
    invocations: telemetry.invocations,
    flusher,
    breaker: outlet.breakerState,
    heldBytes: () => store.heldBytes,
    plan: schedule.plan,
    budgetMs: schedule.budgetMs,
    exportTimeoutMs: schedule.timeoutMs,
    flushIntervalMs: schedule.flushIntervalMs,
    managedInstance: schedule.managedInstance,
    onHeld: outlet.billed,
    spill: outlet.spill,
    spillMs: spool === undefined ? 0 : Math.min(SPILL_MS, schedule.budgetMs / 10),
    log,
    now,
  };
  const lifecycle = createLifecycle(mutation.lifecycle?.(lifecycleOptions) ?? lifecycleOptions);
  return {
    ledger,
    store,
    spool,
    untold: () => outlet.left().untold,
    write,
    breakerState: realBreaker.state,
    uploading: () => dataway.underway > 0 || flusher.busy,
    toldOfRepeats: () => toldOfRepeats,
    end: lifecycle.run(schedule.telemetry),
    post: async (body, sequenceId) => {
      const headers = { "content-length": String(body.length) };
      await telemetry.app?.request("/awslambda", {
        method: "POST",
        body,
        headers: sequenceId === undefined ? headers : { ...headers, "sequence-id": sequenceId },
      });
    },
    dispose: async () => await realExporter[Symbol.asyncDispose](),
  };
}

/** The part with some methods replaced; getters stay alive. */
export function replaceIn<T extends object>(part: T, methods: Partial<T>): T {
  return Object.create(part, Object.getOwnPropertyDescriptors(methods));
}

/** What draining a socket of aggregates is like. */
async function collectAggregates(
  { schedule, random, time }: World,
  take: (point: PointDraft) => void,
): Promise<void> {
  switch (schedule.collect) {
    case "plain":
      return;
    case "slow":
      await new Promise<void>((resolve) => time.inbound(random.int(1, 40), resolve));
      return take({
        category: "metric",
        measurement: "aggregate",
        tags: new Map(),
        fields: new Map([["value", 1n]]),
        timeNs: 0n,
      });
    case "throws":
      if (random.chance(0.5)) throw new TypeError("bad aggregate");
      return;
    case "hangs":
      if (random.chance(0.3)) await new Promise<void>(() => {});
  }
}
