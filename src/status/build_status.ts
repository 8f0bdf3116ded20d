/** What the extension is, does and has done, for `GET /status`: everything a person would ask first, and no secret. */
import { describeError } from "@std/log";
import type { ParsedConfig } from "../config.ts";
import { namedListeners } from "../config/listener_names.ts";
import type { Environment, SettingProblem } from "../config/reader.ts";
import { shownSettings } from "../config/shown_settings.ts";
import type { SubscribeResult } from "../lambda/telemetry_api.ts";
import type { ConnectionCounts } from "../net/connection_pool.ts";
import { type AskedSocket, nameOf } from "../net/sockets.ts";
import type { CircuitBreaker } from "../pipeline/circuit_breaker.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { HeldAside } from "../pipeline/joint_store.ts";
import type { Underway } from "../pipeline/outlet.ts";
import type { Spool } from "../pipeline/spool.ts";
import type { PointStore } from "../pipeline/store.ts";
import type { TargetStatus } from "../otlp_target/mod.ts";
import type { LastFlush } from "./flush_watch.ts";
import { findFaults } from "./faults.ts";
import type { ListenerStatus, Status } from "./status.ts";

/** The parts of the program that are asked. */
export interface StatusParts {
  readonly version: string;
  /** Unix times in ms. */
  readonly startedAt: number;
  readonly now: number;
  readonly env: Environment;
  readonly parsed: ParsedConfig;
  /** Of settings and of what they name. */
  readonly problems: readonly SettingProblem[];
  readonly subscription: SubscribeResult | undefined;
  /** Telemetry POSTs taken so far. */
  readonly batches: number;
  readonly sockets: readonly AskedSocket[];
  readonly connections: ConnectionCounts;
  readonly lastFlush: LastFlush | undefined;
  readonly underway: Underway;
  readonly breaker: Pick<CircuitBreaker, "state" | "waitMs">;
  readonly ledger: Pick<Ledger, "entries" | "refusals">;
  readonly store: Pick<PointStore, "held" | "heldBytes">;
  readonly spool: Pick<Spool, "held" | "bytes" | "recovered" | "torn" | "off"> | undefined;
  readonly recorder: HeldAside | undefined;
  readonly target: TargetStatus | undefined;
  /** Memory of this process in bytes (RSS). */
  readonly memoryUsedBytes: number | undefined;
}

/** The status of this moment. Secrets pasted where they do not belong are still in its texts. */
export function buildStatus(parts: StatusParts): Status {
  const { env, parsed, store, spool, lastFlush, breaker } = parts;
  const { core, dataway } = parsed.config;
  const status: Omit<Status, "ok" | "faults"> = {
    version: parts.version,
    startedAt: isoOf(parts.startedAt),
    uptimeMs: Math.max(0, parts.now - parts.startedAt),
    function: {
      name: env["AWS_LAMBDA_FUNCTION_NAME"] ?? "",
      version: env["AWS_LAMBDA_FUNCTION_VERSION"] ?? "",
      region: env["AWS_REGION"] ?? "",
      memoryMb: Number(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) || 0,
      initializationType: env["AWS_LAMBDA_INITIALIZATION_TYPE"] ?? "",
    },
    dataway: {
      endpoints: dataway.endpoints.map(({ base }) => base),
      secret: dataway.secret?.store ?? null,
    },
    inputs: [...core.inputs],
    plan: describePlan(parsed),
    settings: Object.fromEntries(shownSettings(parsed.settings, env).map(({ name, value }) => [name, value])),
    problems: parts.problems,
    telemetry: describeTelemetry(parts),
    listeners: describeListeners(parts),
    connections: parts.connections,
    lastFlush: lastFlush === undefined ? null : describeFlush(lastFlush),
    underway: parts.underway,
    breaker: { state: breaker.state(), nextTryInMs: breaker.waitMs() },
    target: parts.target ?? null,
    ledger: parts.ledger.entries().map((entry) => ({ ...entry, dropped: Object.fromEntries(entry.dropped) })),
    refused: parts.ledger.refusals(),
    held: {
      points: store.held() + (spool?.held() ?? 0),
      bytes: store.heldBytes + (spool?.bytes ?? 0),
    },
    spool: core.spool === undefined || spool === undefined ? null : {
      directory: core.spool.directory,
      points: spool.held(),
      bytes: spool.bytes,
      maxBytes: core.spool.maxBytes,
      ...(spool.off === undefined ? {} : { off: spool.off }),
      recovered: spool.recovered,
      torn: spool.torn,
    },
    recorder: parts.recorder === undefined
      ? null
      : { points: parts.recorder.held, bytes: parts.recorder.heldBytes },
    memory: {
      usedBytes: parts.memoryUsedBytes ?? 0,
      limitBytes: core.memoryLimitBytes,
      heldBytes: store.heldBytes,
      heldMaxBytes: core.storeMaxBytes,
    },
  };
  const faults = findFaults(status);
  return { ok: faults.length === 0, faults, ...status };
}

function describePlan({ config: { core: { flushPlan: plan } } }: ParsedConfig): string {
  return plan.kind === "periodic" ? `periodic, each ${plan.everyMs} ms` : plan.kind;
}

function describeTelemetry({ subscription, batches }: StatusParts): Status["telemetry"] {
  if (subscription === undefined) return { subscription: "none", batches };
  return {
    subscription: subscription.status,
    batches,
    ...("error" in subscription ? { error: subscription.error } : {}),
  };
}

function describeFlush(
  { at, result, exported, bytes, durationMs, restored, dropped, error }: LastFlush,
): NonNullable<Status["lastFlush"]> {
  return {
    at: isoOf(at),
    result,
    points: exported,
    bytes,
    durationMs: Math.round(durationMs),
    held: restored,
    dropped,
    ...(error === undefined ? {} : { error }),
  };
}

/** What was asked for, by the names of the settings' listeners. */
function describeListeners(
  { sockets, parsed }: Pick<StatusParts, "sockets" | "parsed">,
): readonly ListenerStatus[] {
  const named = namedListeners(parsed.config);
  const main = named[0]?.name ?? "";
  return sockets.map((socket): ListenerStatus => {
    const { transport, asked, address } = socket;
    const known = named.find((other) =>
      other.socket.transport === transport && nameOf(other.socket) === asked
    );
    // What no setting asked for is the main listener, moved to a free port.
    const about = { name: known?.name ?? main, transport, asked };
    if (address === undefined) return { ...about, state: "off", error: describeError(socket.error) };
    const actual = nameOf(address);
    return { ...about, state: "open", ...(actual === asked ? {} : { address: actual }) };
  });
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
