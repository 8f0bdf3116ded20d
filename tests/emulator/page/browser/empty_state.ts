/** The state before there is one. */
import { COLUMNS, type RunState, STATE_VERSION, type Table, type TableName } from "../state.ts";

const empty = (name: TableName): Table => ({ cols: COLUMNS[name], rows: [] });

export const EMPTY_STATE: RunState = {
  v: STATE_VERSION,
  run: "",
  seq: 0,
  now: 0,
  mode: "ended",
  error: "",
  failedStart: "",
  startedAt: 0,
  sources: [],
  function: { name: "", runtime: "", arch: "", memoryMb: 0, timeoutMs: 0 },
  extension: { name: "", version: "" },
  price: { usdPerGbS: 0, usdPerRequest: 0 },
  armed: { dataway: "ok", timeout: false, crash: false, frozen: false },
  refused: {},
  ledger: "none",
  sample: "{}",
  tags: {},
  tables: {
    phase: empty("phase"),
    invocation: empty("invocation"),
    upload: empty("upload"),
    ledger: empty("ledger"),
    held: empty("held"),
    start: empty("start"),
    dataway: empty("dataway"),
    check: empty("check"),
  },
};
