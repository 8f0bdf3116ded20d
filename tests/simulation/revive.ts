import { createLogger } from "@std/log";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createOutlet } from "../../src/pipeline/outlet.ts";
import type { SpoolFiles } from "../../src/pipeline/spool_folder.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import { exporterTo, type FakeDataway } from "./dataway.ts";
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
  const exporter = exporterTo(dataway, world, {
    commonTags: () => new Map(),
    commonKeys: createCommonKeys([]),
  });
  const { flusher, spool } = createOutlet({
    store,
    ledger,
    exporter,
    collect: () => {},
    spool: { files: disk, maxBytes: schedule.spoolMaxBytes },
    log,
    now,
  });
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
  return { received, sent, left: spool?.held() ?? 0 };
}
