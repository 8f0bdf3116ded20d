import { assertEquals } from "@std/assert";
import { createVerdicts, type RequestOutcome, type VerdictOptions } from "../../src/recorder/verdicts.ts";

const ALL = new Set(["timeout", "oom", "error", "cold", "slow"] as const);

function verdicts(options: Partial<VerdictOptions> = {}): (outcome: Partial<RequestOutcome>) => unknown {
  const { causeOf } = createVerdicts({ causes: ALL, slowMs: 0, share: 0, ...options });
  const well: RequestOutcome = {
    requestId: "r",
    errors: 0,
    threw: 0,
    timeouts: 0,
    outOfMemory: 0,
    coldStarts: 0,
    finished: { durationMs: 10 },
  };
  return (outcome) => causeOf({ ...well, ...outcome });
}

Deno.test("causeOf() names the worst that happened, of what is asked for", () => {
  const causeOf = verdicts();
  assertEquals(causeOf({}), undefined);
  assertEquals(causeOf({ errors: 1, timeouts: 1, coldStarts: 1 }), "timeout");
  assertEquals(causeOf({ errors: 1, outOfMemory: 1 }), "oom");
  assertEquals(causeOf({ errors: 1, coldStarts: 1 }), "error");
  assertEquals(causeOf({ coldStarts: 1 }), "cold");
  // Where it counts as no error, it is one for whoever looks into it.
  assertEquals(causeOf({ threw: 1 }), "error");
  const onlyErrors = verdicts({ causes: new Set(["error"]) });
  assertEquals([onlyErrors({ coldStarts: 1 }), onlyErrors({ errors: 1, timeouts: 1 })], [undefined, "error"]);
});

Deno.test("causeOf() calls slow what takes as long as is set", () => {
  const causeOf = verdicts({ slowMs: 250 });
  const of = (durationMs: number): unknown => causeOf({ finished: { durationMs } });
  assertEquals([of(249), of(250), of(9_000)], [undefined, "slow", "slow"]);
});

Deno.test("causeOf() calls slow three times the p95 of those before, once there were fifty", () => {
  const causeOf = verdicts();
  const of = (durationMs: number): unknown => causeOf({ finished: { durationMs } });
  for (let i = 0; i < 49; i++) assertEquals(of(100), undefined);
  assertEquals(of(5_000), undefined);
  assertEquals([of(299), of(300)], [undefined, "slow"]);
  // What has become usual is not slow.
  for (let i = 0; i < 100; i++) of(1_000);
  assertEquals([of(2_999), of(3_001)], [undefined, "slow"]);
});

Deno.test("causeOf() takes its share of the others by request id, and always the same", () => {
  const causeOf = verdicts({ share: 0.25 });
  const ids = Array.from({ length: 4_000 }, () => crypto.randomUUID());
  const taken = ids.filter((requestId) => causeOf({ requestId }) === "sample");
  assertEquals(ids.filter((requestId) => causeOf({ requestId }) === "sample"), taken);
  assertEquals(Math.abs(taken.length - 1_000) < 150, true, `${taken.length} of 4000`);
  assertEquals(causeOf({ requestId: "no id of Lambda's" }), undefined);
});
