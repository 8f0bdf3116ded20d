/** Everything the page knows of a run: a head, tables, and what changed last, for those who listen. */
import {
  COLUMNS,
  keyOf,
  packRow,
  type RowTypes,
  type RunEvent,
  type RunHead,
  type RunState,
  type Table,
  type TableName,
  TABLES,
} from "./state.ts";

/** An event with its number. */
export interface NumberedEvent {
  readonly seq: number;
  readonly event: RunEvent;
}

export interface RunLog {
  readonly head: RunHead;
  /** Ms since the start, now or of an epoch time, with one decimal. */
  now(atEpochMs?: number): number;
  patch(head: Partial<RunHead>): void;
  /** Adds a row, or replaces the one of the same key. */
  put<K extends TableName>(table: K, row: RowTypes[K]): void;
  rows<K extends TableName>(table: K): readonly RowTypes[K][];
  state(): RunState;
  /** What came after event `seq`; `undefined` when that is too long ago to be known. */
  since(seq: number): readonly NumberedEvent[] | undefined;
  /** Until the returned function is called. */
  listen(listener: (event: NumberedEvent) => void): () => void;
}

/** Events kept for those who come back. */
const KEPT_EVENTS = 4096;

/** An empty log. `nowMs` is epoch time. */
export function createRunLog(head: Omit<RunHead, "seq" | "now">, nowMs: () => number): RunLog {
  const tables = Object.fromEntries(TABLES.map((name) => [name, createTable(name)])) as {
    readonly [K in TableName]: LogTable<K>;
  };
  const listeners = new Set<(event: NumberedEvent) => void>();
  let current: RunHead = { ...head, seq: 0, now: 0 };
  let recent: NumberedEvent[] = [];
  let seq = 0;

  function now(atEpochMs = nowMs()): number {
    return Math.round((atEpochMs - head.startedAt) * 10) / 10;
  }

  function tell(event: RunEvent): void {
    const numbered = { seq: ++seq, event };
    recent.push(numbered);
    if (recent.length > 2 * KEPT_EVENTS) recent = recent.slice(-KEPT_EVENTS);
    for (const listener of listeners) listener(numbered);
  }

  function headNow(): RunHead {
    return { ...current, seq, now: current.mode === "live" ? now() : current.now };
  }

  return {
    get head(): RunHead {
      return headNow();
    },
    now,
    patch: (change) => {
      current = { ...current, ...change };
      tell({ type: "head", head: change });
    },
    put: (name, row) => tell({ type: name, row: tables[name].put(row) }),
    rows: (name) => tables[name].rows,
    state: () => {
      const packed = Object.fromEntries(TABLES.map((name) => [name, tables[name].packed()]));
      return { ...headNow(), tables: packed as RunState["tables"] };
    },
    since: (from) => {
      const oldest = recent[0]?.seq ?? seq + 1;
      if (from > seq || from < oldest - 1) return undefined;
      return recent.filter((event) => event.seq > from);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

interface LogTable<K extends TableName> {
  readonly rows: readonly RowTypes[K][];
  /** The row as it is sent. */
  put(row: RowTypes[K]): readonly unknown[];
  packed(): Table;
}

function createTable<K extends TableName>(name: K): LogTable<K> {
  const rows: RowTypes[K][] = [];
  const packed: (readonly unknown[])[] = [];
  const places = new Map<string, number>();
  return {
    rows,
    put: (row) => {
      const key = keyOf(name, row);
      const known = key === undefined ? undefined : places.get(key);
      const place = known ?? rows.length;
      if (key !== undefined) places.set(key, place);
      rows[place] = row;
      const cells = packRow(name, row);
      packed[place] = cells;
      return cells;
    },
    packed: () => ({ cols: COLUMNS[name], rows: [...packed] }),
  };
}
