import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import type { Point, PointDraft, Source } from "../../src/point/point.ts";
import { UNKNOWN_MASK } from "../../src/point/point_range.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { createHeldRequests, type HeldRequests } from "../../src/recorder/held_requests.ts";
import type { RequestOutcome } from "../../src/recorder/verdicts.ts";
import { messagesOf, pointsOf, testPoint } from "../support/points.ts";

interface Setup {
  readonly requests: HeldRequests;
  /** Holds a log, or a span of OTLP that sampling leaves out. */
  hold(requestId: string | undefined, name: string, what?: "log" | "sampled log" | "span"): void;
  ended(requestId: string, how?: Partial<RequestOutcome>): void;
  /** Takes out what was sent: `message` of each, and the markers' counts. */
  sent(): unknown[];
  /** How many of a source were refused, by reason. */
  refused(): Record<string, number>;
  readonly markers: PointDraft[];
}

function setUp(options: { managedInstance?: boolean } = {}): Setup {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 64e6, ledger });
  const markers: PointDraft[] = [];
  const requests = createHeldRequests({
    config: { level: "info", causes: new Set(["timeout", "oom", "error"]), slowMs: 0, share: 0 },
    store,
    write: (draft) => void markers.push(draft),
    ledger,
    managedInstance: options.managedInstance ?? false,
    schema: "documented",
    now: () => 1_000,
  });
  const place = (
    requestId: string | undefined,
    point: Point,
    source: Source,
    reason: "level" | "sampled",
  ) => {
    const bytes = encodePoint(point);
    requests.place(
      requestId,
      { source, category: point.category, reason },
      bytes,
      bytes.length,
      UNKNOWN_MASK,
    );
  };
  return {
    requests,
    markers,
    hold: (requestId, name, what = "log") => {
      if (what === "span") place(requestId, testPoint(name, "tracing"), "otlp", "sampled");
      else place(requestId, testPoint(name), "telemetry", what === "log" ? "level" : "sampled");
    },
    ended: (requestId, how = {}) =>
      requests.ended({
        requestId,
        errors: 0,
        threw: 0,
        timeouts: 0,
        outOfMemory: 0,
        coldStarts: 0,
        finished: { durationMs: 5 },
        ...how,
      }),
    sent: () =>
      (["logging", "tracing"] as const).flatMap((category) => {
        const lease = store.take(category, { maxBytes: 64e6 });
        const points = lease === undefined ? [] : pointsOf(lease);
        lease?.exported();
        return messagesOf(points);
      }),
    refused: () =>
      Object.fromEntries(
        ledger.refusals().map(({ source, reason, count }) => [`${source} ${reason}`, count]),
      ),
  };
}

Deno.test("what is held of a request that failed is sent at its end, and what comes late at once", () => {
  const { hold, ended, sent, refused } = setUp();
  hold("a", "1");
  hold("a", "2", "sampled log");
  hold("a", "3", "span");
  assertEquals(sent(), []);
  ended("a", { errors: 1 });
  assertEquals(sent(), ["1", "2", "3"]);
  hold("a", "late");
  assertEquals([sent(), refused()], [["late"], {}]);
});

Deno.test("what is held of a request that ended well is counted by why it was held", () => {
  const { requests, hold, ended, sent, refused } = setUp();
  hold("a", "1");
  hold("a", "2", "sampled log");
  hold("a", "3", "span");
  ended("a");
  hold("a", "late");
  // Two more may yet tell otherwise.
  ended("b");
  assertEquals([requests.held, refused()], [4, {}]);
  ended("c");
  assertEquals([requests.held, requests.heldBytes, sent()], [0, 0, []]);
  assertEquals(refused(), {
    "telemetry recorder_discarded": 2,
    "telemetry sampled_out": 1,
    "otlp sampled_out": 1,
  });
});

Deno.test("a request that turns out to have failed after its end is sent all the same", () => {
  const { hold, ended, sent } = setUp();
  hold("a", "1");
  ended("a");
  ended("b");
  ended("a", { timeouts: 1, errors: 1, finished: undefined });
  assertEquals(sent(), ["1"]);
});

Deno.test("requests side by side are told apart", () => {
  const { hold, ended, sent } = setUp();
  for (let n = 0; n < 3; n++) for (const id of ["a", "b", "c"]) hold(id, `${id}${n}`);
  ended("c");
  ended("b", { errors: 1 });
  ended("a");
  assertEquals(sent(), ["b0", "b1", "b2"]);
});

Deno.test("what comes before the first request has the verdict of the first, and of no other", () => {
  const failing = setUp();
  failing.hold(undefined, "init");
  failing.ended("a", { errors: 1 });
  assertEquals(failing.sent(), ["init"]);
  const well = setUp();
  well.hold(undefined, "init");
  well.ended("a");
  well.ended("b", { errors: 1 });
  well.ended("c");
  assertEquals([well.sent(), well.refused()], [[], { "telemetry recorder_discarded": 1 }]);
});

Deno.test("a retry under the same id is another run: its own end decides", () => {
  const { requests, hold, ended, sent } = setUp();
  requests.invoked("a");
  hold("a", "first run");
  ended("a", { errors: 1 });
  requests.invoked("a");
  hold("a", "second run");
  ended("a");
  assertEquals(sent(), ["first run"]);
  requests.invoked("a");
  hold("a", "third run");
  ended("a", { errors: 1 });
  assertEquals(sent(), ["third run"]);
});

Deno.test("an INVOKE that comes after its telemetry takes nothing away", () => {
  const { requests, hold, ended, sent } = setUp();
  hold("a", "early");
  requests.invoked("a");
  hold("a", "then");
  ended("a", { errors: 1 });
  assertEquals(sent(), ["early", "then"]);
  hold("b", "all of it");
  ended("b", { errors: 1 });
  requests.invoked("b");
  hold("b", "late");
  assertEquals([sent(), requests.held], [["all of it", "late"], 0]);
});

for (
  const [reason, expected] of [["timeout", "sent"], ["failure", "sent"], ["spindown", "counted"]] as const
) {
  Deno.test(`at a shutdown for ${reason} what has no verdict is ${expected}, and nothing is held any more`, () => {
    const { requests, hold, ended, sent, refused } = setUp();
    hold("well", "1");
    ended("well");
    hold("open", "2");
    hold(undefined, "3");
    requests.shutdown(reason);
    hold("later", "4");
    hold("well", "5");
    assertEquals(sent(), expected === "sent" ? ["2", "3", "4"] : []);
    assertEquals(requests.held, 0);
    assertEquals(refused(), { "telemetry recorder_discarded": expected === "sent" ? 2 : 5 });
  });
}

Deno.test("what did not fit is told before the first that did, and counted", () => {
  const { requests, hold, ended, sent, refused, markers } = setUp();
  for (let n = 0; n < 5_000; n++) hold("a", `${n} ${"x".repeat(100)}`);
  assertLessOrEqual(requests.heldBytes, 256 * 1024);
  ended("a", { errors: 1 });
  const kept = sent();
  const evicted = 5_000 - kept.length;
  assertEquals(kept[0], `${evicted} ${"x".repeat(100)}`);
  assertEquals(refused(), { "telemetry recorder_evicted": evicted });
  const [marker] = markers;
  assertEquals(markers.length, 1);
  assertEquals(marker?.timeNs, testPoint("").timeNs);
  assertEquals(Object.fromEntries(marker?.fields ?? []), {
    message: `${evicted} earlier lines or spans of this request did not fit into the recorder`,
    status: "warning",
    aws_request_id: "a",
    recorder_cause: "error",
    recorder_evicted: BigInt(evicted),
  });
});

Deno.test("a line larger than the ring leaves a marker alone", () => {
  const { hold, ended, sent, markers } = setUp();
  hold("a", "x".repeat(300_000));
  ended("a", { errors: 1 });
  assertEquals([sent(), markers.length, markers[0]?.timeNs], [[], 1, 1_000_000_000n]);
});

Deno.test("on managed instances a line of no request is sent, and a sampled one left out", () => {
  const { hold, ended, sent, refused } = setUp({ managedInstance: true });
  hold(undefined, "1");
  hold(undefined, "2", "sampled log");
  for (let n = 0; n < 40; n++) {
    hold(`r${n}`, `${n}`);
    ended(`r${n}`, n === 7 ? { errors: 1 } : {});
  }
  assertEquals(sent(), ["1", "7"]);
  // Those of the last 32 requests may yet be wanted.
  assertEquals(refused(), { "telemetry sampled_out": 1, "telemetry recorder_discarded": 7 });
});

Deno.test("a restored snapshot does not send what its maker had held", () => {
  const { requests, hold, ended, sent, refused } = setUp();
  hold(undefined, "of the snapshot");
  requests.restored();
  hold(undefined, "of this sandbox");
  ended("a", { errors: 1 });
  assertEquals([sent(), refused()], [["of this sandbox"], { "telemetry recorder_discarded": 1 }]);
});

Deno.test("whatever happens in whatever order, each point is sent, counted or held", () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    const random = (below: number): number => {
      state = Math.imul(state, 1_103_515_245) + 12_345 >>> 0;
      return (state >>> 8) % below;
    };
    const { requests, hold, ended, sent, refused } = setUp({ managedInstance: seed % 4 === 0 });
    let placed = 0;
    let taken = 0;
    const ids = [undefined, ...Array.from({ length: 7 }, (_, n) => `r${n}`)];
    for (let step = 0; step < 400; step++) {
      const id = ids[random(ids.length)];
      switch (random(10)) {
        case 0:
          if (id !== undefined) ended(id, { errors: random(3) === 0 ? 1 : 0 });
          break;
        case 1:
          if (id !== undefined) ended(id, { timeouts: 1, finished: undefined });
          break;
        case 2:
          if (id !== undefined) requests.invoked(id);
          break;
        case 3:
          if (random(4) === 0) requests.restored();
          else if (random(8) === 0) requests.shed(random(500_000));
          break;
        default: {
          const name = "x".repeat(random(20) === 0 ? random(100_000) : random(300));
          hold(id, name, (["log", "sampled log", "span"] as const)[random(3)]);
          placed++;
        }
      }
      if (random(300) === 0) requests.shutdown("failure");
      taken += sent().length;
      const counted = Object.values(refused()).reduce((sum, count) => sum + count, 0);
      assertEquals(taken + counted + requests.held, placed, `seed ${seed}, step ${step}`);
      assertLessOrEqual(requests.heldBytes, 1024 * 1024);
    }
    requests.shutdown("spindown");
    assertEquals([requests.held, requests.heldBytes], [0, 0]);
  }
});
