/**
 * A second place to send to, by OTLP: what came by OTLP as it came, and what Lambda tells converted. The same discipline
 * as for Dataway, with a store, a ledger, a breaker and flushes of its own, so that neither holds up the other.
 */
import type { Logger } from "@std/log";
import type { OtlpTargetConfig, TargetSignal } from "../config/otlp_target.ts";
import type { Environment, SettingProblem } from "../config/reader.ts";
import { warmUpTls } from "../dataway/client.ts";
import type { Relay } from "../ingest/otlp/export_handler.ts";
import type { FlushTarget } from "../lambda/flushes.ts";
import type { PlatformTap } from "../lambda/platform_tap.ts";
import { createLogRules } from "../log_rules/rules.ts";
import { type BreakerState, createCircuitBreaker } from "../pipeline/circuit_breaker.ts";
import { createFlusher } from "../pipeline/flusher.ts";
import { createLedger, type Ledger } from "../pipeline/ledger.ts";
import { createRetry } from "../pipeline/retry.ts";
import { createPointStore, type PointStore } from "../pipeline/store.ts";
import { createUploads } from "../pipeline/uploads.ts";
import type { Source } from "../point/point.ts";
import { createTargetClient } from "./client.ts";
import { CATEGORY_OF, createTargetExporter } from "./exporter.ts";
import { createPlatform } from "./platform.ts";
import { createRelay } from "./relay.ts";
import { encodeResource, resourceAttributes } from "./resource.ts";

export interface OtlpTargetOptions {
  readonly config: OtlpTargetConfig;
  readonly env: Environment;
  /** What the function is called by in its own traces. */
  readonly service: string;
  /** The user's tags for everything. */
  readonly globalTags: ReadonlyMap<string, string>;
  /** The user's rules for logs, some of which are for spans too. */
  readonly logRules: readonly unknown[];
  /** As known now. */
  readonly accountId: () => string | undefined;
  /** This sandbox's own name, as of now. */
  readonly instanceId: () => string;
  /** Hands on the receivers' aggregates, and what they hold back. */
  readonly collect: () => Promise<void> | void;
  /** There is much to send. */
  readonly requestFlush: () => void;
  /** Our own version. */
  readonly version: string;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** What can be told of the target: all counts are spans, log records and data points. */
export interface TargetStatus {
  /** Without queries. */
  readonly endpoints: Readonly<Partial<Record<TargetSignal, string>>>;
  readonly breaker: { readonly state: BreakerState; readonly nextTryInMs: number };
  /** Why the latest data was not taken; `null`: it was. */
  readonly error: string | null;
  readonly held: number;
  readonly heldBytes: number;
  readonly received: number;
  readonly exported: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Data that could not be told in this form, or that a client's request had wrong. */
  readonly refused: number;
  /** When the last flush that sent something was settled, Unix ms; 0 before. */
  readonly lastFlushAt: number;
}

/** The target, put together. Disposal ends what is under way. */
export interface OtlpTarget extends AsyncDisposable {
  /** Where the OpenTelemetry receiver hands on what comes; `undefined`: it is not sent there. */
  readonly relay: Relay | undefined;
  readonly tap: PlatformTap | undefined;
  readonly flushes: FlushTarget;
  readonly store: PointStore;
  readonly ledger: Ledger;
  /** What of the settings could not be used. */
  readonly problems: readonly SettingProblem[];
  /** Forgets connections: they may have died in a freeze. */
  renew(): void;
  /** After a snapshot: what was learnt was learnt elsewhere. */
  restored(): void;
  /** See `DatawayClient.warmUp`. */
  warmUp(): Promise<void>;
  status(): TargetStatus;
}

/** A flush beside the function may take as long as this many uploads that take their whole time. */
const POSTS_BESIDE = 6;
/** What the log calls it. */
const RECEIVER = "the OTLP target";

const NOT_MASKED: SettingProblem = {
  name: "ENV_OTLP_TARGET_INPUTS",
  message:
    "Cannot mask what comes by OpenTelemetry on its way to the OTLP target, where it goes as it came: the rules " +
    "for spans of ENV_AWSLAMBDA_LOG_RULES hold for Dataway alone",
  used: "spans as they came (ENV_OTLP_TARGET_INPUTS=awslambda sends none)",
};

/** Puts it together. Opens nothing. */
export function createOtlpTarget(options: OtlpTargetOptions): OtlpTarget {
  const { config, env, log, now, version } = options;
  const { endpoints, inputs } = config;
  const ledger = createLedger();
  const store = createPointStore({
    maxBytes: config.storeMaxBytes,
    onPressure: options.requestFlush,
    ledger,
    masksCount: true,
  });
  const client = createTargetClient(config, env, now);
  const { spanMask } = createLogRules(options.logRules).rules;
  const problems = [...client.problems];
  if (spanMask !== undefined && inputs.has("opentelemetry") && endpoints.traces !== undefined) {
    problems.push(NOT_MASKED);
  }
  const exporter = createTargetExporter({ config, send: client.send, sign: client.sign, version, now });
  const breaker = createCircuitBreaker({ now });
  const takes = (signal: TargetSignal): boolean => endpoints[signal] !== undefined;
  const appendOf = (source: Source) => (signal: TargetSignal, bytes: Uint8Array, count: number): void =>
    store.append(source, CATEGORY_OF[signal], bytes, bytes.length, count);
  const platform = !inputs.has("awslambda") ? undefined : createPlatform({
    takes,
    append: appendOf("telemetry"),
    refuse: () => ledger.refused("telemetry", "unsupported"),
    resource: (instance) => encodeResource(resourceAttributes(options, instance)),
    spanMask,
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"] || options.service,
    version,
    log,
    now,
  });
  let error: string | null = null;
  const flusher = createFlusher({
    store,
    exporter,
    uploads: createUploads({ exporter, receiver: RECEIVER, retry: createRetry({ now }), log, now }),
    breaker,
    collect: async () => {
      // What they hand on at once is sent also where one of them takes long.
      const collected = options.collect();
      platform?.collect();
      await collected;
      platform?.collect();
    },
    onFlushed: ({ exported, restored, dropped, bytes, durationMs, error: latest }) => {
      error = latest ?? null;
      const ms = Math.round(durationMs);
      log.debug("A flush to the OTLP target is over", {
        exported,
        held: restored,
        dropped,
        bytes,
        ms,
        error,
      });
    },
    receiver: RECEIVER,
    log,
    now,
  });

  return {
    relay: inputs.has("opentelemetry")
      ? createRelay({
        takes,
        append: appendOf("otlp"),
        leaveOut: (count) => ledger.refused("otlp", "malformed", count),
      })
      : undefined,
    tap: platform,
    flushes: {
      flusher,
      breaker: breaker.state,
      heldBytes: () => store.heldBytes,
      exportTimeoutMs: config.timeoutMs * POSTS_BESIDE,
    },
    store,
    ledger,
    problems,
    renew: client.renew,
    restored: () => {
      client.renew();
      breaker.reset();
    },
    warmUp: async () => {
      if (Object.values(endpoints).some((url) => url.startsWith("https:"))) await warmUpTls();
    },
    status: () => ({
      endpoints: shown(endpoints),
      breaker: { state: breaker.state(), nextTryInMs: breaker.waitMs() },
      error,
      held: store.held(),
      heldBytes: store.heldBytes,
      received: ledger.entries().reduce((sum, { received }) => sum + received, 0),
      exported: ledger.entries().reduce((sum, { exported }) => sum + exported, 0),
      dropped: Object.fromEntries(ledger.totalDropped()),
      refused: ledger.refusals().reduce((sum, { count }) => sum + count, 0),
      lastFlushAt: flusher.lastFlushAt,
    }),
    [Symbol.asyncDispose]: async () => {
      await exporter[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    },
  };
}

function shown(endpoints: OtlpTargetConfig["endpoints"]): OtlpTargetConfig["endpoints"] {
  return Object.fromEntries(
    Object.entries(endpoints).map(([signal, text]) => {
      const { origin, pathname } = new URL(text);
      return [signal, `${origin}${pathname}`];
    }),
  );
}
