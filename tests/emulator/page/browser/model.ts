/// <reference lib="dom" />
/** The run as the page knows it: the tables as objects, kept up to date by events. */
import type {
  CheckRow,
  DatawayMode,
  DatawayRow,
  HeldRow,
  InvocationRow,
  PhaseRow,
  RowTypes,
  RunEvent,
  RunHead,
  RunState,
  StartRow,
  TableName,
  UploadRow,
} from "../state.ts";
import { keyOf, TABLES, unpackRow } from "../state.ts";
import { countUpTo } from "./format.ts";
import { createLedgerSums, type LedgerSums } from "./ledger_sums.ts";

/** An invocation with what follows from its row. */
export interface Invocation extends InvocationRow {
  /** Run and hold, in ms. */
  readonly d: number;
  /** USD per million invocations like this one; NaN while it runs. */
  readonly usd: number;
  readonly failed: boolean;
}

/** `d` ms from `t` on. */
export interface Gap {
  readonly t: number;
  readonly d: number;
}

export interface Model {
  readonly head: RunHead;
  readonly invocations: readonly Invocation[];
  readonly uploads: readonly UploadRow[];
  readonly uploadsOf: readonly (readonly UploadRow[])[];
  readonly phases: readonly PhaseRow[];
  readonly starts: readonly StartRow[];
  readonly dataway: readonly DatawayRow[];
  /** What the extension holds: its own word, or what Dataway saw of it when it says nothing. */
  readonly held: readonly HeldRow[];
  readonly heldTold: readonly HeldRow[];
  readonly heldSeen: readonly HeldRow[];
  /** Times without a sandbox, before the first one and between two. */
  readonly gaps: readonly Gap[];
  readonly checks: readonly CheckRow[];
  readonly sums: LedgerSums;
  /** Ms since the start of the run. */
  now(): number;
  /** When a phase is over, or now. */
  endOf(phase: PhaseRow): number;
  /** When a life of the sandbox was over, or now. */
  lifeEnd(life: number): number;
  invocationEnd(invocation: Invocation): number;
  uploadEnd(upload: UploadRow): number;
  modeAt(t: number): DatawayMode;
  /** Whether the run has anything to show. */
  readonly isEmpty: boolean;
  apply(event: RunEvent): void;
}

/** All of a state; `clock` is in ms. */
export function createModel(state: RunState, clock: () => number): Model {
  let head: RunHead = state;
  let headAt = clock();
  /** The last moment of which something is known: our clock may be a little behind the emulator's. */
  let latest = 0;
  const invocations: Invocation[] = [];
  const uploads: UploadRow[] = [];
  const uploadsOf: UploadRow[][] = [[], [], []];
  const phases: PhaseRow[] = [];
  const starts: StartRow[] = [];
  const dataway: DatawayRow[] = [];
  const heldTold: HeldRow[] = [];
  const heldSeen: HeldRow[] = [];
  const checks: CheckRow[] = [];
  const sums = createLedgerSums();
  const endings = new Map<number, PhaseRow>();

  function derive(row: InvocationRow): Invocation {
    const { price, function: { memoryMb } } = head;
    const usd = row.status === "running"
      ? NaN
      : 1e6 * (row.billed / 1000 * memoryMb / 1024 * price.usdPerGbS + price.usdPerRequest);
    const failed = row.status !== "ok" && row.status !== "running";
    return { ...row, d: row.run + row.hold, usd, failed };
  }

  /** Rows are replaced where they stand: others hold on to them by their place. */
  function replace<K extends "phase" | "start" | "check">(
    name: K,
    rows: RowTypes[K][],
    row: RowTypes[K],
  ): void {
    const key = keyOf(name, row);
    const place = rows.findLastIndex((known) => keyOf(name, known) === key);
    if (place < 0) rows.push(row);
    else rows[place] = row;
  }

  function putUpload(row: UploadRow): void {
    uploads[row.n - 1] = row;
    const list = uploadsOf[row.cat];
    if (list !== undefined) {
      const place = list.findLastIndex((known) => known.n === row.n);
      if (place < 0) list.push(row);
      else list[place] = row;
    }
    if (row.d >= 0 && row.status >= 200 && row.status < 300) {
      sums.arrived(row.t + row.d, row.cat, row.pts - row.own);
    }
  }

  const setters: { readonly [K in TableName]: (row: RowTypes[K]) => void } = {
    phase: (row) => {
      replace("phase", phases, row);
      if (row.k === "reset" || row.k === "shutdown") endings.set(row.life, row);
    },
    invocation: (row) => void (invocations[row.n - 1] = derive(row)),
    upload: putUpload,
    ledger: (row) => sums.told(row),
    held: (row) => void (row.seen === 1 ? heldSeen : heldTold).push(row),
    start: (row) => replace("start", starts, row),
    dataway: (row) => void dataway.push(row),
    check: (row) => replace("check", checks, row),
  };

  function set<K extends TableName>(name: K, cells: readonly unknown[]): void {
    const row = unpackRow(name, cells);
    setters[name](row);
    if ("t" in row) latest = Math.max(latest, row.t + ("d" in row ? Math.max(0, row.d) : 0));
  }

  for (const name of TABLES) {
    const { rows } = state.tables[name];
    // What has arrived is counted in the order of arrival.
    const ordered = name === "upload" ? inOrderOfEnd(rows) : rows;
    for (const cells of ordered) set(name, cells);
  }
  if (uploads.length > 0) uploadsOf.forEach((list) => list.sort((a, b) => a.n - b.n));

  const model: Model = {
    get head(): RunHead {
      return head;
    },
    invocations,
    uploads,
    uploadsOf,
    phases,
    starts,
    dataway,
    get held(): readonly HeldRow[] {
      // What it writes of itself comes too rarely to show a course.
      return head.ledger === "asked" ? heldTold : heldSeen;
    },
    heldTold,
    heldSeen,
    get gaps(): readonly Gap[] {
      return starts.map(({ t, life }) => {
        const before = endings.get(life - 1);
        const from = before === undefined ? 0 : model.endOf(before);
        return { t: from, d: t - from };
      });
    },
    checks,
    sums,
    now: () => Math.max(latest, head.mode === "live" ? head.now + clock() - headAt : head.now),
    endOf: (phase) => phase.d < 0 ? Math.max(phase.t, model.now()) : phase.t + phase.d,
    lifeEnd: (life) => {
      const ending = endings.get(life);
      return ending === undefined ? model.now() : model.endOf(ending);
    },
    invocationEnd: (i) => i.status === "running" ? Math.max(i.t + i.d, model.now()) : i.t + i.d,
    uploadEnd: (upload) => upload.d < 0 ? Math.max(upload.t, model.now()) : upload.t + upload.d,
    modeAt: (t) => dataway[Math.max(0, countUpTo(dataway, t, (row) => row.t) - 1)]?.mode ?? "ok",
    get isEmpty(): boolean {
      return invocations.length === 0;
    },
    apply: (event) => {
      if (event.type === "head") {
        const now = model.now();
        head = { ...head, now, ...event.head };
        headAt = clock();
        // A life that begins anew goes on where the clock of the run stands.
        if (event.head.mode === "live" && event.head.now === 0) head = { ...head, now };
      } else if (event.type !== "reset") {
        set(event.type, event.row);
      }
    },
  };
  return model;
}

/** Packed uploads: number, t and d are the first cells. */
function inOrderOfEnd(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  const end = (cells: readonly unknown[]): number => Number(cells[1]) + Math.max(0, Number(cells[2]));
  return rows.toSorted((a, b) => end(a) - end(b));
}
