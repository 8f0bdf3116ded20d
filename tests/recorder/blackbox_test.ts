import { assertEquals, assertStringIncludes } from "@std/assert";
import type { PointDraft } from "../../src/point/point.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import { type BlackBox, type BoxPoint, createBlackBox } from "../../src/recorder/blackbox.ts";
import type { SandboxUsage } from "../../src/recorder/sandbox_probe.ts";
import type { RequestOutcome } from "../../src/recorder/verdicts.ts";
import { type FakeTime, installFakeTime } from "../support/fake_time.ts";

interface Setup {
  readonly time: FakeTime;
  readonly box: BlackBox;
  /** What was sent. */
  readonly sent: Record<string, unknown>[];
  /** What the file has held, and `gone` when it was removed. */
  readonly file: string[];
  /** What each probe sees, in the order in which they end. */
  usage: SandboxUsage[];
}

function setUp(time: FakeTime): Setup {
  const sent: Record<string, unknown>[] = [];
  const file: string[] = [];
  const fieldsOf = ({ bytes }: { bytes: Uint8Array }): Record<string, unknown> => {
    const { fields, timeNs, measurement } = decodePoint("logging", bytes);
    return { measurement, ...Object.fromEntries(fields), at: Number(timeNs / 1_000_000n) };
  };
  const setup: Setup = {
    time,
    sent,
    file,
    usage: [],
    box: createBlackBox({
      createProbe: () => ({ begin: () => {}, end: () => setup.usage.shift() ?? {} }),
      memorySizeMb: 128,
      encode,
      send: (point) => void sent.push(fieldsOf(point)),
      file: {
        save: (bytes) => void file.push(String(fieldsOf({ bytes })["aws_request_id"])),
        remove: () => void file.push("gone"),
        take: () => undefined,
      },
      now: time.now,
    }),
  };
  return setup;
}

function encode(draft: PointDraft): BoxPoint | undefined {
  let point: BoxPoint | undefined;
  createPointWriter({
    commit: (_kind, _source, bytes, length, commonMask) =>
      void (point = { bytes: bytes.slice(0, length), commonMask }),
    trimmed: () => {},
  }).write(draft, "telemetry");
  return point;
}

function outcome(requestId: string, timeouts: 0 | 1 = 0): RequestOutcome {
  return {
    requestId,
    errors: timeouts,
    threw: 0,
    timeouts,
    outOfMemory: 0,
    coldStarts: 0,
    finished: { durationMs: 1 },
  };
}

/** Lets so much time pass. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  let over = false;
  time.outside(ms, () => over = true);
  while (!over) await time.step();
}

const START = 1_789_043_400_000;

async function withFakeTime(test: (setup: Setup) => Promise<void>): Promise<void> {
  using time = installFakeTime(START);
  await test(setUp(time));
}

Deno.test("a request that times out sends what it did 300 ms before its deadline", () =>
  withFakeTime(async ({ time, box, sent, file, usage }) => {
    usage.push({ cpuPct: 40, memoryUsedMb: 90.2 }, { cpuPct: 1.4, memoryUsedMb: 97.4 });
    const invokedAt = time.now();
    box.invoked("r1", invokedAt + 3_000);
    box.line("r0", "of another request");
    box.line("r1", "before the call");
    await pass(time, 2_699);
    assertEquals(file, []);
    await pass(time, 2);
    assertEquals([file, sent], [["r1"], []]);
    box.line("r1", "after it was written");
    await pass(time, 300);
    box.ended(outcome("r1", 1));
    assertEquals(sent, [{
      measurement: "awslambda-blackbox",
      message:
        "Timed out: still running after 2700 ms, 300 ms before its deadline: hung on I/O, it waits for something " +
        "(CPU 1 % of a core); memory 97 of 128 MB",
      status: "critical",
      aws_request_id: "r1",
      running_ms: 2_700n,
      cpu_pct: 40,
      cpu_last_second_pct: 1.4,
      memory_used_mb: 97n,
      memory_size_mb: 128n,
      last_lines: "before the call",
      last_line_count: 1n,
      at: invokedAt + 2_700,
    }]);
    assertEquals(file, ["r1", "gone"]);
  }));

for (
  const [cpuPct, words] of [[0, "hung on I/O"], [5, "hung on I/O"], [50, "by turns"], [90, "busy loop"], [
    170,
    "busy loop",
  ]] as const
) {
  Deno.test(`${cpuPct} % of a core is called: ${words}`, () =>
    withFakeTime(async ({ time, box, sent, usage }) => {
      usage.push({}, { cpuPct });
      box.invoked("r1", time.now() + 1_000);
      await pass(time, 1_000);
      box.ended(outcome("r1", 1));
      assertStringIncludes(String(sent[0]?.["message"]), words);
    }));
}

Deno.test("without counters the black box tells what it knows", () =>
  withFakeTime(async ({ time, box, sent }) => {
    box.invoked("r1", time.now() + 1_000);
    await pass(time, 1_000);
    box.ended(outcome("r1", 1));
    assertEquals(sent[0]?.["message"], "Timed out: still running after 700 ms, 300 ms before its deadline");
  }));

Deno.test("a request that ends well just before its deadline sends nothing, unless a timeout is told later", () =>
  withFakeTime(async ({ time, box, sent, file }) => {
    box.invoked("r1", time.now() + 1_000);
    await pass(time, 800);
    box.ended(outcome("r1"));
    assertEquals([file, sent], [["r1", "gone"], []]);
    box.ended({ ...outcome("r1", 1), finished: undefined });
    assertEquals(sent.length, 1);
    box.invoked("r2", time.now() + 1_000);
    await pass(time, 800);
    box.invoked("r3", time.now() + 1_000);
    box.ended(outcome("r2", 1));
    assertEquals([sent.length, file], [1, ["r1", "gone", "r2", "gone"]]);
    box.close();
  }));

Deno.test("what is over by then writes nothing and leaves no timer", () =>
  withFakeTime(async ({ time, box, file }) => {
    box.invoked("r1", time.now() + 1_000);
    await pass(time, 100);
    box.ended(outcome("r1"));
    assertEquals(time.timers, 0);
    box.invoked("r2", time.now() + 200);
    assertEquals(time.timers, 0);
    box.invoked("r3", time.now() + 1_000);
    box.close();
    assertEquals([time.timers, file], [0, []]);
  }));

Deno.test("a request whose end is told before its INVOKE has no black box, and its retry has one", () =>
  withFakeTime(async ({ time, box, file }) => {
    box.ended(outcome("r1"));
    box.invoked("r1", time.now() + 1_000);
    assertEquals(time.timers, 0);
    box.invoked("r1", time.now() + 1_000);
    await pass(time, 800);
    assertEquals(file, ["r1"]);
    box.close();
  }));

Deno.test("a timer that comes late from a freeze writes nothing", () =>
  withFakeTime(async ({ time, box, file }) => {
    box.invoked("r1", time.now() + 1_000);
    await pass(time, 100);
    time.freeze();
    await pass(time, 60_000);
    time.thaw({ monotonic: true, wallJumpMs: 0 });
    await pass(time, 1_000);
    assertEquals(file, []);
  }));

Deno.test("the last 50 lines are told, long ones cut, whatever their level", () =>
  withFakeTime(async ({ time, box, sent }) => {
    box.invoked("r1", time.now() + 1_000);
    for (let n = 0; n < 120; n++) box.line("r1", `line ${n}`);
    box.line("r1", "é".repeat(5_000));
    await pass(time, 1_000);
    box.ended(outcome("r1", 1));
    const lines = String(sent[0]?.["last_lines"]).split("\n");
    assertEquals([lines.length, lines[0], lines[48]], [50, "line 71", "line 119"]);
    assertEquals(lines[49], `${"é".repeat(1_000)}…`);
    assertEquals(sent[0]?.["last_line_count"], 50n);
  }));
