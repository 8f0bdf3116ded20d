import type { LogLevel } from "@std/log";
import type { BodyLimits, ListenAddress } from "../pipeline/receiver.ts";
import { type Input, readInputs, readMainListener } from "./listeners.ts";
import { doubt, isDoubtful, parseDurationMs, type SettingReader } from "./reader.ts";

/** Settings that belong to no single part. */
export interface CoreConfig {
  readonly logLevel: LogLevel;
  readonly listen: ListenAddress;
  readonly bodyLimits: BodyLimits;
  /** Memory that all request bodies together may take while they are received and decoded, in bytes. */
  readonly bodiesMaxBytes: number;
  readonly inputs: ReadonlySet<Input>;
  /** Most billed time one invocation may spend on sending, in ms. */
  readonly budgetMs: number;
  readonly flushPlan: FlushPlan;
  /** Time between flushes inside a long invocation and on managed instances, in ms. */
  readonly flushIntervalMs: number;
  /** Bound of the estimated memory of held points, in bytes. */
  readonly storeMaxBytes: number;
  /** Bound of the extension's own memory, above which it sheds its oldest data, in bytes. */
  readonly memoryLimitBytes: number;
  /** Files for what could not be sent; `undefined`: off. */
  readonly spool: SpoolConfig | undefined;
}

/** When to send. */
export type FlushPlan =
  | { readonly kind: "adaptive" }
  | { readonly kind: "end" }
  | { readonly kind: "overlap" }
  | { readonly kind: "periodic"; readonly everyMs: number };

/** Where the spool is, and its bound in bytes. */
export interface SpoolConfig {
  readonly directory: string;
  readonly maxBytes: number;
}

const MIB = 1024 * 1024;
/** Part of the function's memory that held data may take. */
const STORE_SHARE = 1 / 20;
/** Part of the function's memory that bodies under way may take, all together, and one of them alone. */
const BODIES_SHARE = 1 / 32;
/** Part of the function's memory that the extension may use. */
const MEMORY_SHARE = 1 / 4;
/**
 * The runtime alone has an RSS of 60 MB, of which 40 MB are the executable's pages; 80 MB after much work. What the
 * store is sized to hold comes on top: below that limit, the guard would throw away what the store is there for.
 */
const LEAST_MEMORY_LIMIT = 100 * MIB;

/** Reads them; `memoryMb` is the function's configured memory. */
export function readCoreConfig(read: SettingReader, memoryMb: number): CoreConfig {
  const storeMaxBytes = read.bytes("ENV_STORE_MAX_BYTES", {
    default: 0,
    // With less, nothing could be held; a number of MiB without its unit is less.
    min: MIB,
    orZero: true,
    description:
      "Most memory that data waiting for Dataway may take; the oldest goes first, counted. 0: a twentieth of the function's memory, from 8 to 64 MiB.",
  });
  const heldMaxBytes = storeMaxBytes > 0 ? storeMaxBytes : shareOf(memoryMb, STORE_SHARE);
  const bodiesMaxBytes = shareOf(memoryMb, BODIES_SHARE);
  return {
    logLevel: read.choice("ENV_LOG_LEVEL", ["debug", "info", "warn", "error", "off"], {
      default: "info",
      description: "The extension's own log, one JSON line an event in the function's log group.",
      aliases: { warning: "warn", none: "off" },
    }),
    listen: readMainListener(read),
    bodyLimits: {
      maxWireBytes: read.bytes("ENV_HTTP_MAX_BODY_SIZE", {
        default: Math.min(16 * MIB, bodiesMaxBytes),
        min: 1024,
        description:
          "Largest request body taken, in bytes on the wire. Unset: a 32nd of the function's memory, from 8 to 16 MiB.",
      }),
      maxInflatedBytes: read.bytes("ENV_HTTP_MAX_INFLATED_SIZE", {
        default: bodiesMaxBytes,
        min: 1024,
        description:
          "Largest request body taken, in bytes after inflating. Unset: a 32nd of the function's memory, from 8 to 64 MiB.",
      }),
      timeoutMs: read.durationMs("ENV_HTTP_TIMEOUT", {
        default: 30_000,
        min: 100,
        description: "Longest time for a request's body to arrive.",
      }),
    },
    bodiesMaxBytes,
    inputs: readInputs(read),
    budgetMs: read.durationMs("ENV_DATAWAY_BUDGET", {
      default: 500,
      min: 0,
      max: 60_000,
      description:
        "Most billed time one invocation may spend on sending; never past 200 ms before its deadline.",
    }),
    flushPlan: readFlushPlan(read),
    flushIntervalMs: read.durationMs("ENV_FLUSH_INTERVAL", {
      default: 10_000,
      min: 100,
      description: "Time between flushes inside a long invocation, and on managed instances.",
    }),
    storeMaxBytes: heldMaxBytes,
    memoryLimitBytes: readMemoryLimitBytes(read, memoryMb, heldMaxBytes),
    spool: readSpool(read),
  };
}

function shareOf(memoryMb: number, share: number): number {
  return Math.min(64 * MIB, Math.max(8 * MIB, Math.floor(memoryMb * MIB * share)));
}

function readMemoryLimitBytes(read: SettingReader, memoryMb: number, storeMaxBytes: number): number {
  const limitBytes = read.bytes("ENV_MEMORY_LIMIT", {
    default: 0,
    min: MIB,
    orZero: true,
    description:
      "Memory of the extension's process (RSS) above which its oldest data is dropped, counted. 0: a quarter of the function's memory, at least 100 MiB beside what waiting data may take.",
  });
  return limitBytes > 0
    ? limitBytes
    : Math.max(LEAST_MEMORY_LIMIT + storeMaxBytes, Math.floor(memoryMb * MIB * MEMORY_SHARE));
}

function readSpool(read: SettingReader): SpoolConfig | undefined {
  const isOn = read.boolean("ENV_SPOOL", {
    default: false,
    description:
      "Move what Dataway did not take to files, so that it outlives a kill of the extension and more of it can wait. Sent when Dataway is back, also after a restart in the same sandbox.",
  });
  const directory = read.text("ENV_SPOOL_DIR", {
    default: "/tmp/datakit-spool",
    description:
      "Folder of these files; below `/tmp`, as nothing else may be written. The extension makes it; a link, or a folder that others may use, is not used.",
  });
  const maxBytes = read.bytes("ENV_SPOOL_MAX_BYTES", {
    default: 64 * MIB,
    min: MIB,
    description: "Most space they may take; the oldest goes first, counted.",
  });
  return isOn ? { directory, maxBytes } : undefined;
}

function readFlushPlan(read: SettingReader): FlushPlan {
  const name = "ENV_FLUSH_PLAN";
  const text = read.text(name, {
    default: "adaptive",
    description:
      "When to send: `end` of each invocation; `overlap`: beside the next one, which costs no billed time; `periodic,<duration>`; `adaptive`: `end` when traffic is rare, `overlap` when it is busy.",
  }).toLowerCase();
  const [kind = "", every = "", ...rest] = text.split(",").map((part) => part.trim());
  if ((kind === "adaptive" || kind === "end" || kind === "overlap") && every === "") return { kind };
  const everyMs = parseDurationMs(every);
  if (kind === "periodic" && rest.length === 0 && everyMs !== undefined && everyMs > 0) {
    if (isDoubtful(every)) read.problem(doubt(name, every));
    return { kind, everyMs };
  }
  read.problem({
    name,
    message:
      `Cannot use ${name} as it must be adaptive, end, overlap or periodic,<duration>: current value is ${
        read.quote(text)
      }`,
    used: "adaptive",
  });
  return { kind: "adaptive" };
}
