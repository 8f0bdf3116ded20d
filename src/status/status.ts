/** The answer of `GET /status`. */
import type { SettingProblem } from "../config/reader.ts";
import type { ConnectionCounts } from "../net/connection_pool.ts";
import type { AskedSocket } from "../net/sockets.ts";
import type { BreakerState } from "../pipeline/circuit_breaker.ts";
import type { RefusalEntry } from "../pipeline/ledger.ts";
import type { TargetStatus } from "../otlp_target/mod.ts";
import type { Underway } from "../pipeline/outlet.ts";
import type { LastFlush } from "./flush_watch.ts";

/** One listener, asked for at `asked`. */
export interface ListenerStatus {
  readonly name: string;
  readonly transport: AskedSocket["transport"];
  readonly asked: string;
  readonly state: "open" | "off";
  /** Where it is, if that is elsewhere: a taken port moves. */
  readonly address?: string;
  readonly error?: string;
}

export interface LedgerStatus {
  readonly source: string;
  readonly category: string;
  readonly received: number;
  readonly exported: number;
  /** Points by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** As `GET /status` answers it, in JSON. Sizes in bytes, times in ms, moments in ISO 8601. */
export interface Status {
  /** Nothing is wrong. */
  readonly ok: boolean;
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  readonly version: string;
  readonly startedAt: string;
  /** The time in which the sandbox was frozen counts. */
  readonly uptimeMs: number;
  readonly function: {
    readonly name: string;
    readonly version: string;
    readonly region: string;
    readonly memoryMb: number;
    readonly initializationType: string;
  };
  readonly dataway: {
    /** URLs without tokens. */
    readonly endpoints: readonly string[];
    /** Where the rest of `ENV_DATAWAY` is kept; `null`: nowhere else. */
    readonly secret: string | null;
  };
  readonly inputs: readonly string[];
  readonly plan: string;
  /** Those that are set. */
  readonly settings: Readonly<Record<string, string>>;
  readonly problems: readonly SettingProblem[];
  readonly telemetry: { readonly subscription: string; readonly batches: number; readonly error?: string };
  readonly listeners: readonly ListenerStatus[];
  readonly connections: ConnectionCounts;
  /** Of points; bytes are those of the points sent, before compression. */
  readonly lastFlush:
    | {
      readonly at: string;
      readonly result: LastFlush["result"];
      readonly points: number;
      readonly bytes: number;
      readonly durationMs: number;
      readonly held: number;
      readonly dropped: number;
      readonly error?: string;
    }
    | null;
  /** Uploads that wait for their answers. */
  readonly underway: Underway;
  readonly breaker: { readonly state: BreakerState; readonly nextTryInMs: number };
  /** The second target; `null`: there is none. */
  readonly target: TargetStatus | null;
  readonly ledger: readonly LedgerStatus[];
  readonly refused: readonly RefusalEntry[];
  /** All that waits, in memory and in the spool. */
  readonly held: { readonly points: number; readonly bytes: number };
  readonly spool:
    | {
      readonly directory: string;
      readonly points: number;
      readonly bytes: number;
      readonly maxBytes: number;
      /** Why it is off for now; missing when it is not. */
      readonly off?: string;
      readonly recovered: number;
      readonly torn: number;
    }
    | null;
  /** What the flight recorder holds, which may never be sent; `null`: it is off. */
  readonly recorder: { readonly points: number; readonly bytes: number } | null;
  readonly memory: {
    /** 0: not known. */
    readonly usedBytes: number;
    readonly limitBytes: number;
    readonly heldBytes: number;
    readonly heldMaxBytes: number;
  };
}
