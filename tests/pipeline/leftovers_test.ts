import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import { createLeftovers } from "../../src/pipeline/leftovers.ts";

interface Case {
  readonly stuck?: boolean;
  readonly breaker?: BreakerState;
  readonly short?: boolean;
  readonly last?: boolean;
}

function run({ stuck = false, breaker = "closed", short = false, last = false }: Case): string[] {
  const calls: string[] = [];
  createLeftovers({
    flusher: { stuck },
    breaker: () => breaker,
    spool: {
      stow: (maxMs) => void calls.push(`stow ${maxMs}`),
      audit: () => void calls.push("audit"),
    },
    memory: { short, relieve: () => void calls.push("relieve") },
    log: createLogger({ write: (line) => calls.push(line) }),
  })(20, last);
  return calls;
}

Deno.test("leftovers go to the spool when Dataway does not take them, memory is short, or the end has come", () => {
  assertEquals(run({}), ["relieve"]);
  assertEquals(run({ stuck: true }), ["stow 20", "relieve"]);
  assertEquals(run({ breaker: "open" }), ["stow 20", "relieve"]);
  assertEquals(run({ breaker: "half_open" }), ["stow 20", "relieve"]);
  assertEquals(run({ short: true }), ["stow 20", "relieve"]);
  assertEquals(run({ last: true }), ["stow 20", "audit", "relieve"]);
});

Deno.test("leftovers never throw: what fails is one line", () => {
  const lines: string[] = [];
  const stow = (): never => {
    throw new Error("unexpected");
  };
  createLeftovers({
    flusher: { stuck: true },
    breaker: () => "closed",
    spool: { stow, audit: () => {} },
    log: createLogger({ write: (line) => lines.push(line) }),
  })(20, false);
  assertEquals(lines.length, 1);
});
