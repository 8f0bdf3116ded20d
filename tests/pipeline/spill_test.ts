import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { Lease } from "../../src/pipeline/lease.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createSpill } from "../../src/pipeline/spill.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { put, testPoint } from "../support/points.ts";

interface Case {
  readonly stuck?: boolean;
  readonly breaker?: BreakerState;
  readonly short?: boolean;
  readonly last?: boolean;
}

function run({ stuck = false, breaker = "closed", short = false, last = false }: Case): string[] {
  const calls: string[] = [];
  const store = createPointStore({ maxBytes: 1e6, ledger: createLedger() });
  put(store, "otlp", [testPoint("a")]);
  const lent = store.take("logging", { maxBytes: 1e6 });
  const other: Lease = {
    batch: { category: "metric", ranges: [], count: 0, sizeBytes: 0 },
    split: () => [other, other],
    divide: () => [other],
    exported: () => {},
    putBack: () => {},
    drop: () => {},
  };
  const underway: Lease[] = lent === undefined ? [other] : [lent, other];
  createSpill({
    flusher: { stuck },
    uploads: { replaceLeases: (replace) => underway.forEach((lease) => void replace(lease)) },
    breaker: () => breaker,
    spool: {
      spill: (maxMs) => (calls.push(`spill ${maxMs}`), false),
      secure: (lease) => {
        calls.push(`secure ${lease.batch.category}`);
        return undefined;
      },
      audit: () => void calls.push("audit"),
    },
    memory: { short, relieve: () => void calls.push("relieve") },
    log: createLogger({ write: (line) => calls.push(line) }),
  })(20, last);
  return calls;
}

Deno.test("spill moves data to the spool when Dataway does not take it, memory is short, or the end has come", () => {
  const moved = ["secure logging", "spill 20"];
  assertEquals(run({}), ["relieve"]);
  assertEquals(run({ stuck: true }), [...moved, "relieve"]);
  assertEquals(run({ breaker: "open" }), [...moved, "relieve"]);
  assertEquals(run({ breaker: "half_open" }), [...moved, "relieve"]);
  assertEquals(run({ short: true }), [...moved, "relieve"]);
  assertEquals(run({ last: true }), [...moved, "audit", "relieve"]);
});

Deno.test("spill drops nothing for want of memory while more is still being moved to the spool", () => {
  for (
    const [hasRest, comesAgain, relieves] of [[true, true, 0], [true, false, 1], [false, true, 1]] as const
  ) {
    let relieved = 0;
    const spill = createSpill({
      flusher: { stuck: true },
      uploads: { replaceLeases: () => {} },
      breaker: () => "open",
      spool: { spill: () => hasRest, secure: () => undefined, audit: () => {} },
      memory: { short: true, relieve: () => void relieved++ },
      log: createLogger({ write: () => {} }),
    });
    assertEquals(spill(20, false, comesAgain), hasRest);
    assertEquals(relieved, relieves);
  }
});

Deno.test("spill never throws: what fails is one line", () => {
  const lines: string[] = [];
  const spill = (): never => {
    throw new Error("unexpected");
  };
  createSpill({
    flusher: { stuck: true },
    uploads: { replaceLeases: () => {} },
    breaker: () => "closed",
    spool: { spill, secure: () => undefined, audit: () => {} },
    log: createLogger({ write: (line) => lines.push(line) }),
  })(20, false);
  assertEquals(lines.length, 1);
});
