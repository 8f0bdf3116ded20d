/**
 * Records a run for the page: put its functions where the emulator and the Dataway double tell what happens. What it
 * knows is in `log`; a server shows it while it grows, a report keeps it.
 */
import type { UploadWatcher } from "../dataway.ts";
import type { SandboxEvent, SandboxWatcher } from "../events.ts";
import type { InitResult } from "../init.ts";
import { nowMs } from "../waiters.ts";
import { detailOf, searchLogs } from "./detail.ts";
import { createRunLog, type RunLog } from "./run_log.ts";
import { type Armed, type CheckRow, type InvocationDetail, type RunHead, STATE_VERSION } from "./state.ts";
import { createDatawayWatch, OWN_MEASUREMENT } from "./watch_dataway.ts";
import { readOwnWord } from "./own_word.ts";
import { createLedgerWatch, type LedgerWord } from "./watch_ledger.ts";
import { createSandboxWatch } from "./watch_sandbox.ts";

export interface RecorderOptions {
  readonly function: RunHead["function"];
  readonly extension: RunHead["extension"];
  /** An event for the editor, as JSON. */
  readonly sample?: string;
  /** Asks the extension for its ledger; resolves to `undefined` when it tells none. Never rejects. */
  readonly askLedger?: () => Promise<LedgerWord | undefined>;
  /** Epoch ms. */
  readonly now?: () => number;
}

export interface Recorder {
  readonly log: RunLog;
  /** For `LambdaOptions.onEvent`. */
  readonly onEvent: SandboxWatcher;
  /** For `LambdaOptions.beforeFreeze`. */
  readonly beforeFreeze: () => Promise<void>;
  /** For `DatawayDoubleOptions.onUpload`. */
  readonly onUpload: UploadWatcher;
  /** For `ControlsOptions.onChange`. */
  readonly onArmed: (armed: Armed) => void;
  readonly detail: (n: number) => InvocationDetail | undefined;
  /** Numbers of the invocations whose logs hold the text, in any case. */
  readonly search: (text: string) => readonly number[];
  check(row: CheckRow): void;
  /** The emulator cannot go on. */
  fail(reason: string): void;
  /** It will not go on. */
  end(): void;
}

/** On-demand prices of us-east-1. Since August 2025 the init is billed as well, which `billed` contains. */
const USD_PER_GB_S: Readonly<Record<string, number>> = { x86_64: 0.0000166667, arm64: 0.0000133334 };
const USD_PER_REQUEST = 0.0000002;
const CALM: Armed = { dataway: "ok", timeout: false, crash: false, frozen: false };

/** Starts the clock of a run. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { now = nowMs, askLedger } = options;
  const log = createRunLog({
    v: STATE_VERSION,
    run: crypto.randomUUID(),
    mode: "live",
    error: "",
    failedStart: "",
    startedAt: now(),
    sources: [],
    function: options.function,
    extension: options.extension,
    price: {
      usdPerGbS: USD_PER_GB_S[options.function.arch] ?? 0.0000166667,
      usdPerRequest: USD_PER_REQUEST,
    },
    armed: CALM,
    refused: {},
    ledger: "none",
    sample: options.sample ?? "{}",
    tags: {},
  }, now);
  const sandbox = createSandboxWatch(log, () => log.head.armed.frozen);
  const ledger = createLedgerWatch(log);
  const dataway = createDatawayWatch(log, sandbox, ledger.found);
  log.put("dataway", { t: 0, mode: "ok" });
  /** Uploads before this life of the sandbox, and when it began. */
  let lifeFrom = 0;
  let lifeAt = 0;

  function onEvent(event: SandboxEvent): void {
    if (event.kind === "initStarted") {
      lifeFrom = dataway.uploads.length;
      lifeAt = log.now(event.at);
      ledger.started();
      if (log.head.mode === "ended") log.patch({ mode: "live", now: 0 });
    }
    if (event.kind === "initialized") noteStart(event.result);
    sandbox.watch(event);
    if (event.kind === "frozen") dataway.giveUp(event.at);
    if (event.kind !== "ended") return;
    dataway.giveUp(event.at);
    ledger.ended({ ...dataway.arrivedAfter(ledger.heardAt ?? lifeAt), inVain: dataway.lose() });
    if (event.result.reason === "spindown") log.patch({ mode: "ended", now: log.now() });
  }

  function noteStart({ status, errorType }: InitResult): void {
    const failedStart = status === "success" ? "" : errorType ?? status;
    if (failedStart !== log.head.failedStart) log.patch({ failedStart });
  }

  async function beforeFreeze(): Promise<void> {
    // While a request is under way both sides may count its points, or neither.
    if (askLedger !== undefined && dataway.isQuiet) ledger.said(await askLedger(), log.now());
  }

  function noteTags(tags: ReadonlyMap<string, string>): void {
    const known = Object.entries(log.head.tags);
    const shared = known.length === 0 ? [...tags] : known.filter(([key, value]) => tags.get(key) === value);
    if (shared.length !== known.length) log.patch({ tags: Object.fromEntries(shared) });
  }

  return {
    log,
    onEvent,
    beforeFreeze,
    onUpload: (upload, body) => {
      for (const { tags } of upload.points) noteTags(tags);
      const answered = dataway.watch(upload, body);
      if (!upload.points.some(({ measurement }) => measurement === OWN_MEASUREMENT)) return answered;
      return (isAnswered) => {
        answered(isAnswered);
        const own = readOwnWord(dataway.uploads.slice(lifeFrom));
        if (own !== undefined) ledger.wrote(own.word, log.now(own.at));
      };
    },
    onArmed: (armed) => {
      if (armed.dataway !== log.head.armed.dataway) log.put("dataway", { t: log.now(), mode: armed.dataway });
      log.patch({ armed });
    },
    detail: (n) => detailOf({ log, sandbox, dataway }, n),
    search: (text) => searchLogs({ log, sandbox, dataway }, text),
    check: (row) => log.put("check", row),
    fail: (reason) => log.patch({ mode: "error", error: reason, now: log.now() }),
    end: () => log.head.mode === "live" && log.patch({ mode: "ended", now: log.now() }),
  };
}
