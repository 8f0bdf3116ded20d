import { createLogger } from "@std/log";
import { createDatawayExporter } from "../../src/dataway/exporter.ts";
import { createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import { createFlusher } from "../../src/pipeline/flusher.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createRetry } from "../../src/pipeline/retry.ts";
import { createUploads } from "../../src/pipeline/uploads.ts";
import { createSpool } from "../../src/pipeline/spool.ts";
import type { SpoolFiles } from "../../src/pipeline/spool_folder.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import type { FakeDataway } from "./dataway.ts";
import type { World } from "./world.ts";

/** What became of the points that a process found in its predecessor's files. */
export interface Revival {
  readonly received: number;
  /** Sent, or too large for any Dataway. */
  readonly sent: number;
  readonly left: number;
}

/** A new process in the same sandbox makes one flush. */
export async function revive(world: World, dataway: FakeDataway, disk: SpoolFiles): Promise<Revival> {
  const { time, schedule, tell } = world;
  const { now } = time;
  const log = createLogger({ now, write: (line) => tell(`  log: ${line}`) });
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e9, ledger });
  const exporter = createDatawayExporter({
    endpoints: dataway.endpoints,
    encoding: dataway.encoding,
    commonTags: () => new Map(),
    commonKeys: createCommonKeys([]),
    maxRawBodyBytes: schedule.maxRawBodyBytes,
    timeoutMs: schedule.timeoutMs,
    gzip: false,
    send: dataway.send,
    now,
    version: "0",
  });
  const spool = createSpool({
    files: disk,
    maxBytes: schedule.spoolMaxBytes,
    maxBatchBytes: exporter.maxBatchBytes,
    pointOverheadBytes: exporter.pointOverheadBytes,
    store,
    ledger,
    log,
    now,
  });
  const breaker = createCircuitBreaker({ now });
  const uploads = createUploads({ exporter, retry: createRetry({ now }), log, now });
  const flusher = createFlusher({ store, spool, exporter, uploads, breaker, collect: () => {}, log, now });
  tell("the next process starts");
  let done = false;
  void flusher.flush(new AbortController().signal).then(() => void (done = true));
  await time.settle();
  while (!done && await time.step());
  let received = 0;
  let sent = 0;
  for (const entry of ledger.entries()) {
    received += entry.received;
    sent += entry.exported + (entry.dropped.get("too_large") ?? 0);
  }
  return { received, sent, left: spool.held() };
}
