/**
 * What the page is told: the state of a run as `GET /api/state` answers it, and the events of `GET /api/events`.
 * Shared by the server and the script in the browser, so it imports nothing.
 *
 * Times `t` are ms since the emulator's start, durations `d` and `…Ms` are ms; sizes are bytes, memory is MB, money
 * USD. Long lists are tables: an array per row, trailing defaults left out, which keeps 10,000 invocations below 5 MB.
 */

/** Bumped when an older page could not read a newer state. */
export const STATE_VERSION = 1;

export const CATEGORIES = ["metric", "logging", "tracing"] as const;
/** One figure for each of {@link CATEGORIES}. */
export type ByCategory = readonly [metric: number, logging: number, tracing: number];

export type DatawayMode = "ok" | "slow" | "403" | "hang" | "down";
export const DATAWAY_MODES: readonly DatawayMode[] = ["ok", "slow", "403", "hang", "down"];

export type InvocationStatus = "running" | "ok" | "error" | "timeout" | "crash" | "oom";

/** The life of the emulator that is told about. */
export type RunMode = "live" | "ended" | "report" | "error";

/** Something the sandbox was in for a while. */
export interface PhaseRow {
  readonly k: "init" | "frozen" | "reset" | "shutdown" | "restore";
  /** Lives of the sandbox count from 1. */
  readonly life: number;
  readonly t: number;
  /** -1: still in it. */
  readonly d: number;
  /** E.g. `timeout`, `failure`, `spindown`; `control` when it was asked for here. */
  readonly why: string;
}

/** One invocation. */
export interface InvocationRow {
  readonly n: number;
  readonly id: string;
  readonly t: number;
  /** To `runtimeDone`, a suppressed init included. */
  readonly run: number;
  /** From there to the last extension's `next`. */
  readonly hold: number;
  /** The init it waited for, or whose first invocation it is. */
  readonly init: number;
  /** 1: `init` is a part of `run`. */
  readonly inside: number;
  readonly billed: number;
  readonly mem: number;
  readonly status: InvocationStatus;
  /** The event in a few words. */
  readonly ev: string;
  /** Points of it that arrived. */
  readonly pts: ByCategory;
  /** Points of it that were sent and have not arrived (yet). */
  readonly wait: ByCategory;
  /** Points of it that were sent and never can arrive: their sender is gone. */
  readonly lost: ByCategory;
  readonly err: string;
}

/** One request to Dataway. */
export interface UploadRow {
  /** Counts from 1. */
  readonly n: number;
  readonly t: number;
  /** -1: not answered yet. */
  readonly d: number;
  /** Index in {@link CATEGORIES}; -1: none of them. */
  readonly cat: number;
  readonly pts: number;
  /** Points the extension made of its own doings, which its ledger leaves out. */
  readonly own: number;
  /** The body's size before and after compression. */
  readonly raw: number;
  readonly wire: number;
  /** 0: no answer. */
  readonly status: number;
  /** The invocation it came in or after; 0: before the first. */
  readonly inv: number;
  /** How often these points had been sent before. */
  readonly tries: number;
}

/** What the extension's ledger told since it was last asked: differences, points of a source. */
export interface LedgerRow {
  readonly t: number;
  /** Index in {@link RunState.sources}. */
  readonly source: number;
  /** Index in {@link CATEGORIES}; -1: it did not say. */
  readonly cat: number;
  readonly received: number;
  readonly exported: number;
  readonly dropped: number;
  /** Of `dropped`. */
  readonly reason: string;
}

/** What is held for Dataway. */
export interface HeldRow {
  readonly t: number;
  readonly points: number;
  readonly bytes: number;
  /**
   * 0: the extension's own word, at a moment in which no upload was under way. 1: what Dataway saw of it, which is
   * what was sent in vain and has not arrived since.
   */
  readonly seen: number;
}

/** A start of the extension and the function; times since that start. -1: never. */
export interface StartRow {
  readonly life: number;
  readonly t: number;
  readonly registerMs: number;
  readonly extensionReadyMs: number;
  readonly functionReadyMs: number;
}

/** A change of Dataway's behaviour. */
export interface DatawayRow {
  readonly t: number;
  readonly mode: DatawayMode;
}

/** One conformance check that ran. */
export interface CheckRow {
  readonly n: number;
  readonly out: "pass" | "fail" | "na";
  readonly got: string;
  readonly en: string;
  readonly zh: string;
}

/** The columns of each table, in order. The kinds of rows are the names of the events that carry one. */
export const COLUMNS = {
  phase: ["k", "life", "t", "d", "why"],
  invocation: [
    ...["n", "id", "t", "run", "hold", "init", "inside", "billed", "mem", "status", "ev", "pts", "err"],
    ...["wait", "lost"],
  ],
  upload: ["n", "t", "d", "cat", "pts", "raw", "wire", "status", "inv", "tries", "own"],
  ledger: ["t", "source", "cat", "received", "exported", "dropped", "reason"],
  held: ["t", "points", "bytes", "seen"],
  start: ["life", "t", "registerMs", "extensionReadyMs", "functionReadyMs"],
  dataway: ["t", "mode"],
  check: ["n", "out", "got", "en", "zh"],
} as const satisfies { readonly [K in keyof RowTypes]: readonly string[] };

export interface RowTypes {
  readonly phase: PhaseRow;
  readonly invocation: InvocationRow;
  readonly upload: UploadRow;
  readonly ledger: LedgerRow;
  readonly held: HeldRow;
  readonly start: StartRow;
  readonly dataway: DatawayRow;
  readonly check: CheckRow;
}
export type TableName = keyof RowTypes;
export const TABLES = Object.keys(COLUMNS) as readonly TableName[];

/** What tells rows of a table apart; undefined where rows are only ever added. A row of the same key replaces. */
export function keyOf<K extends TableName>(table: K, row: RowTypes[K]): string | undefined {
  if ("n" in row) return String(row.n);
  if (table === "start" && "life" in row) return String(row.life);
  return "k" in row ? `${row.k} ${row.t}` : undefined;
}

/** What a cell that was left out stands for. */
const DEFAULTS: { readonly [K in TableName]: Readonly<Partial<RowTypes[K]>> } = {
  phase: { why: "" },
  invocation: { pts: [0, 0, 0], wait: [0, 0, 0], lost: [0, 0, 0], err: "" },
  upload: { tries: 0, own: 0 },
  ledger: { exported: 0, dropped: 0, reason: "" },
  held: { bytes: 0, seen: 0 },
  start: {},
  dataway: {},
  check: {},
};

/** What is armed for the next invocation, and what holds now. */
export interface Armed {
  readonly dataway: DatawayMode;
  readonly timeout: boolean;
  readonly crash: boolean;
  /** Asked for here, and not over. */
  readonly frozen: boolean;
}

/** All but the tables. */
export interface RunHead {
  readonly v: typeof STATE_VERSION;
  /** Tells one run of an emulator from another. */
  readonly run: string;
  /** Events up to this one are in the state. */
  readonly seq: number;
  readonly now: number;
  readonly mode: RunMode;
  /** Why the mode is `error`, or what went wrong with a command. */
  readonly error: string;
  /** Why the last start failed, e.g. `Extension.Crash`; empty when it did not. */
  readonly failedStart: string;
  /** Epoch ms of `t` = 0. */
  readonly startedAt: number;
  readonly sources: readonly string[];
  readonly function: {
    readonly name: string;
    readonly runtime: string;
    readonly arch: string;
    readonly memoryMb: number;
    readonly timeoutMs: number;
  };
  readonly extension: { readonly name: string; readonly version: string };
  readonly price: { readonly usdPerGbS: number; readonly usdPerRequest: number };
  readonly armed: Armed;
  /** What arrived and never became a point, by reason, in the protocol's own units. */
  readonly refused: Readonly<Record<string, number>>;
  /** Whether the extension tells its ledger: when it is asked, only in its own points, or not at all (so far). */
  readonly ledger: "asked" | "written" | "none";
  /** An event for the editor. */
  readonly sample: string;
  /** Tags that every point has. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A table as it is sent. */
export interface Table {
  readonly cols: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export type RunState = RunHead & { readonly tables: { readonly [K in TableName]: Table } };

/** Where a span came from. */
export const SPAN_SOURCES = ["platform", "otlp", "ddtrace", "extension"] as const;

/** One span; `t` since the invocation's start, below 0 for what came before. */
export interface SpanDetail {
  readonly name: string;
  /** Index in {@link SPAN_SOURCES}. */
  readonly source: number;
  readonly t: number;
  readonly d: number;
  /** Index of its parent in the list; -1: none. A parent stands before its children. */
  readonly parent: number;
  readonly error: boolean;
}

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

export interface LogDetail {
  /** Since the invocation's start. */
  readonly t: number;
  readonly level: LogLevel;
  readonly text: string;
  /** Empty: the function's own output. */
  readonly source: string;
}

/** A figure with those of the invocations before it, oldest first; `null` where there was none. */
export interface MetricDetail {
  readonly measurement: string;
  /** What tells it from others of the same name, e.g. `route=/orders`. */
  readonly labels: string;
  readonly field: string;
  readonly values: readonly (number | null)[];
}

/** A point as it was sent. */
export interface PointDetail {
  /** Number of the upload, the last one if there were several. */
  readonly upload: number;
  readonly category: number;
  readonly measurement: string;
  /** Epoch ns, in decimal. */
  readonly timeNs: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, string])[];
  /** Its bytes in the body in base64; empty when they were left out of a report. */
  readonly bytes: string;
  /** `text` is line protocol, `protobuf` a message of Dataway's schema. */
  readonly form: "text" | "protobuf";
  readonly arrived: boolean;
}

/** What `GET /api/invocations/:n` answers. */
export interface InvocationDetail {
  readonly n: number;
  /** W3C or Datadog id that most spans share; empty: no spans arrived. */
  readonly trace: string;
  readonly spans: readonly SpanDetail[];
  readonly logs: readonly LogDetail[];
  readonly metrics: readonly MetricDetail[];
  readonly points: readonly PointDetail[];
  /** The invocation's event as text, and what the caller got. */
  readonly event: string;
  readonly response: string;
}

/** What happens, as the stream tells it: one row of a table, or a part of the head that changed. */
export type RunEvent =
  | { readonly type: TableName; readonly row: readonly unknown[] }
  | { readonly type: "head"; readonly head: Partial<RunHead> }
  /** Fetch the state again. */
  | { readonly type: "reset" };

/** What the page asks for. */
export type ControlRequest =
  | { readonly do: "dataway"; readonly mode: DatawayMode }
  | { readonly do: "timeout" | "crash"; readonly on: boolean }
  | { readonly do: "freeze"; readonly ms: number }
  | { readonly do: "kill" }
  | { readonly do: "restore" };

/** A row as an array, without trailing defaults. */
export function packRow<K extends TableName>(table: K, row: RowTypes[K]): readonly unknown[] {
  const entries = new Map<string, unknown>(Object.entries(row));
  const defaults = new Map<string, unknown>(Object.entries(DEFAULTS[table]));
  const cells = COLUMNS[table].map((column) => entries.get(column));
  let length = cells.length;
  while (length > 0) {
    const column = COLUMNS[table][length - 1] ?? "";
    if (!defaults.has(column) || String(cells[length - 1]) !== String(defaults.get(column))) break;
    length--;
  }
  return cells.slice(0, length);
}

/** The inverse of {@link packRow}. */
export function unpackRow<K extends TableName>(table: K, cells: readonly unknown[]): RowTypes[K] {
  const row: Record<string, unknown> = { ...DEFAULTS[table] };
  COLUMNS[table].forEach((column, i) => {
    if (i < cells.length) row[column] = cells[i];
  });
  return row as unknown as RowTypes[K];
}
