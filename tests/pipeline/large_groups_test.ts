/** Batches of very many points that are told apart by their tags, as Dataway's sinker has it. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createSinker } from "../../src/dataway/sinker.ts";
import type { ExportResult } from "../../src/pipeline/exporter.ts";
import type { Lease } from "../../src/pipeline/lease.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { createUploads, newRound, type Uploads } from "../../src/pipeline/uploads.ts";
import type { Point } from "../../src/point/point.ts";
import { decodeRanges } from "../../src/point/point_range.ts";
import { sleep } from "../emulator/waiters.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { put, testPoint } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

const MANY = 40_000;
/** What is given up while it is paused has its timer still. In ms. */
const PAUSED_MS = 10;
const NO_LIMIT = new AbortController().signal;

interface Upload {
  readonly count: number;
  readonly services: string;
}

interface Harness {
  readonly store: PointStore;
  readonly uploads: Uploads;
  /** Points of each upload, and the services that they are of. */
  readonly sent: Upload[];
  take(): Lease;
}

function point(index: number): Point {
  return { ...testPoint(`line ${index}`), tags: new Map([["service", `s${Math.floor(index / 1000) % 5}`]]) };
}

function harness(status: "success" | "retryable"): Harness {
  const store = createPointStore({ maxBytes: 1e8, ledger: createLedger() });
  put(store, "otlp", Array.from({ length: MANY }, (_, index) => point(index)));
  const sinker = createSinker({ keys: ["service"], commonTags: () => new Map() });
  const sent: Upload[] = [];
  const uploads = createUploads({
    exporter: {
      export: (batch): Promise<ExportResult> => {
        const services = new Set(
          decodeRanges("logging", batch.ranges).map(({ tags }) => tags.get("service")),
        );
        sent.push({ count: batch.count, services: [...services].join() });
        return Promise.resolve(status === "success" ? { status } : { status, error: "503" });
      },
    },
    groupOf: sinker.groupOf,
    retry: (attempt) => attempt(),
    log: createLogger({ write: () => {} }),
    now: () => 0,
  });
  const take = (): Lease => {
    const lease = store.take("logging", { maxBytes: 1e8 });
    assert(lease !== undefined);
    return lease;
  };
  return { store, uploads, sent, take };
}

scenario("the event loop runs while the groups of 40,000 points are found", async () => {
  const { store, uploads, sent, take } = harness("retryable");
  const ms = await longestTurnMs(() => uploads.send("logging", take(), newRound(NO_LIMIT)));
  assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  assertEquals(sent[0]?.count, MANY / 5);
  assertEquals(store.held(), MANY);
});

Deno.test("each group of 40,000 points is one upload, and has all of its points", async () => {
  const { store, uploads, sent, take } = harness("success");
  await uploads.send("logging", take(), newRound(NO_LIMIT));
  assertEquals(sent, Array.from({ length: 5 }, (_, index) => ({ count: MANY / 5, services: `s${index}` })));
  assertEquals(store.held(), 0);
});

Deno.test("points whose groups are being found can be put away, and are put back when their time is over", async () => {
  const { store, uploads, sent, take } = harness("success");
  const round = newRound(NO_LIMIT);
  const sending = uploads.send("logging", take(), round);
  const replaced: Lease[] = [];
  let putBack = 0;
  uploads.replaceLeases((lease) => {
    replaced.push(lease);
    return { ...lease, putBack: () => (putBack++, lease.putBack()) };
  });
  assertEquals(replaced.map(({ batch }) => batch.count), [MANY]);
  round.cut.abort();
  await sending;
  assertEquals([putBack, sent.length, round.restored, uploads.count], [1, 0, MANY, 0]);
  assertEquals(take().batch.count, MANY);
  assertEquals(store.held(), MANY);
  await sleep(PAUSED_MS);
});
