import { assert, assertEquals, assertExists, assertLessOrEqual, assertThrows } from "@std/assert";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";
import { forgeSpoolFile as forge } from "./forge_spool_file.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolProcess, startSpoolProcess } from "./spool_process.ts";

function stowed(disk: FakeDisk, ...names: string[]): SpoolProcess {
  const run = startSpoolProcess(disk);
  run.add(...names);
  assertEquals(run.spool.spill(100), false);
  return run;
}

Deno.test("spool.spill() moves what the store holds into a file, and the account stays whole", () => {
  const disk = createFakeDisk();
  const { store, spool, ledger, checkAccount } = stowed(disk, "a", "b");
  assertEquals([store.held(), spool.held(), disk.contents.size], [0, 2, 1]);
  assertEquals(spool.bytes, disk.used());
  assertEquals([spool.held("otlp", "logging"), spool.held("statsd"), spool.held("otlp", "metric")], [
    2,
    0,
    0,
  ]);
  assertEquals(ledger.entries().map(({ received, exported }) => [received, exported]), [[2, 0]]);
  checkAccount();
});

Deno.test("spool.take() gives a point back as it was, with its source's account", () => {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk);
  run.addFrom("statsd", "metric", "m");
  run.addFrom("telemetry", "metric", "t");
  const before = run.store.take("metric", { maxBytes: 1000 });
  assertExists(before);
  const points = pointsOf(before);
  before.putBack();
  run.spool.spill(100);
  const lease = run.spool.take();
  assertExists(lease);
  assertEquals([lease.batch.category, pointsOf(lease)], ["metric", points]);
  lease.exported();
  assertEquals(
    run.ledger.entries().map(({ source, exported }) => [source, exported]),
    [["statsd", 1], ["telemetry", 1]],
  );
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool finds the files of an earlier run when first asked, and counts them as received", () => {
  const disk = createFakeDisk();
  stowed(disk, "a", "b");
  const next = startSpoolProcess(disk);
  assertEquals([next.spool.held(), next.spool.bytes, next.ledger.entries()], [0, 0, []]);
  assertEquals(next.replay(), ["a", "b"]);
  assertEquals(next.spool.recovered, 2);
  assertEquals(next.ledger.entries(), [
    { source: "otlp", category: "logging", received: 2, exported: 2, dropped: new Map() },
  ]);
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool sends files of earlier processes first, also when the clock was set back meanwhile", () => {
  const disk = createFakeDisk();
  stowed(disk, "first");
  const run = startSpoolProcess(disk, { now: 1_000 });
  run.addFrom("otlp", "metric", "second");
  run.spool.spill(100);
  assertEquals(startSpoolProcess(disk).replay(), ["first", "second"]);
});

Deno.test("spool.spill() writes small files anew with what comes next, so that many spills are few POSTs", () => {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk);
  for (let n = 0; n < 50; n++) {
    run.add(`n${n}`);
    run.spool.spill(100);
  }
  assertEquals(disk.contents.size, 1);
  assertEquals(run.replay(), Array.from({ length: 50 }, (_, n) => `n${n}`));
});

Deno.test("spool.spill() makes files that fit into one POST, common tags counted in", () => {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk, { maxBatchBytes: 1100 });
  run.add(...Array.from({ length: 25 }, (_, n) => `n${n}`));
  run.spool.spill(100);
  const sizes: number[] = [];
  for (let lease; (lease = run.spool.take()) !== undefined;) {
    sizes.push(lease.batch.sizeBytes + 10 * lease.batch.count);
  }
  assertEquals(sizes.length, 3);
  assert(sizes.every((sizeBytes) => sizeBytes <= 1100), String(sizes));
});

Deno.test("spool.spill() ends when its time is over; the rest stays in the store", () => {
  const run = startSpoolProcess(createFakeDisk());
  run.add("a");
  assert(run.spool.spill(0), "more is left");
  assertEquals([run.store.held(), run.spool.held()], [1, 0]);
});

Deno.test("spool does not touch a file that is lent", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a");
  const lease = run.spool.take();
  assertExists(lease);
  run.add("b");
  run.spool.spill(100);
  assertEquals(disk.contents.size, 2);
  assertEquals(messagesOf(pointsOf(lease)), ["a"]);
  lease.putBack();
  assertEquals(run.replay(), ["a", "b"]);
});

Deno.test("a spooled lease exported() of one half leaves only the other in the file", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a", "b", "c");
  const lease = run.spool.take();
  assertExists(lease);
  const [first, second] = lease.split();
  first.exported();
  second.putBack();
  assertThrows(() => second.putBack(), Error, "settled before");
  assertEquals(run.spool.held(), 1);
  run.checkAccount();
  assertEquals(startSpoolProcess(disk).replay(), ["c"]);
});

Deno.test("spool does not send a half twice although the disk could not be told", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a", "b");
  const lease = run.spool.take();
  assertExists(lease);
  const [first, second] = lease.split();
  disk.capacity = 0;
  first.exported();
  second.putBack();
  assertEquals(run.replay(), ["b"]);
  run.checkAccount();
});

Deno.test("spool.drop() counts a refused file by its reason", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a", "b");
  const lease = run.spool.take();
  assertExists(lease);
  lease.drop("rejected");
  assertEquals(run.ledger.totalDropped(), new Map([["rejected", 2]]));
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool drops the oldest file when it is full, of an earlier run too, counted", () => {
  const disk = createFakeDisk();
  stowed(disk, "old1", "old2");
  const run = startSpoolProcess(disk, { maxBytes: disk.used() + 20, now: 1_800_000_000_000 });
  run.addFrom("otlp", "metric", "new");
  run.spool.spill(100);
  assertLessOrEqual(disk.used(), run.spool.bytes);
  assertEquals(run.ledger.totalDropped(), new Map([["spool_full", 2]]));
  run.checkAccount();
  assertEquals(run.replay(), ["new"]);
});

Deno.test("spool keeps in memory what does not fit into it at all, and gives nothing up for it", () => {
  const disk = createFakeDisk();
  const size = ((): number => {
    const other = createFakeDisk();
    stowed(other, "a");
    return other.used();
  })();
  const run = startSpoolProcess(disk, { maxBytes: size });
  run.add("a");
  run.spool.spill(100);
  run.addFrom("otlp", "tracing", ...Array.from({ length: 10 }, (_, n) => `n${n}`));
  run.spool.spill(100);
  assertEquals([run.spool.held(), run.store.held()], [1, 10]);
  run.checkAccount();
});

for (
  const [name, spoil] of [
    ["a full disk", (disk: FakeDisk) => void (disk.capacity = 10)],
    ["a read-only disk", (disk: FakeDisk) => void (disk.readOnly = true)],
  ] as const
) {
  Deno.test(`spool is off with one line on ${name}: data stays in memory`, () => {
    const disk = createFakeDisk();
    const run = startSpoolProcess(disk);
    spoil(disk);
    for (let n = 0; n < 3; n++) {
      run.add("a");
      run.spool.spill(100);
    }
    assertEquals([run.store.held(), run.spool.held(), disk.contents.size], [3, 0, 0]);
    assertEquals(run.lines.length, 1);
    assert(run.lines[0]?.includes("The spool is off as it cannot be written"));
    run.checkAccount();
  });
}

Deno.test("spool sends each file once in a run although it cannot be removed, and says that a restart would not", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a");
  disk.readOnly = true;
  assertEquals(run.replay(), ["a"]);
  assertEquals(run.replay(), []);
  assert(run.lines.some((line) => line.includes("cannot be removed")));
});

Deno.test("spool counts a file that is gone or spoilt when its turn comes as lost", () => {
  for (const spoil of ["remove", "cut", "flip"] as const) {
    const disk = createFakeDisk();
    const run = stowed(disk, "a", "b");
    const [[name, bytes] = ["", new Uint8Array()]] = disk.contents;
    if (spoil === "remove") disk.contents.delete(name);
    else if (spoil === "cut") disk.contents.set(name, bytes.slice(0, -1));
    else disk.contents.set(name, bytes.with(bytes.length - 3, (bytes.at(-3) ?? 0) ^ 1));
    assertEquals(run.replay(), [], spoil);
    assertEquals(run.ledger.totalDropped(), new Map([["spool_lost", 2]]));
    run.checkAccount();
    assertEquals(disk.contents.size, 0);
  }
});

Deno.test("spool goes on when the function empties its folder between two spills", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a");
  disk.contents.clear();
  run.add("b");
  run.spool.spill(100);
  assertEquals(run.replay(), ["b"]);
  assertEquals(run.ledger.totalDropped(), new Map([["spool_lost", 1]]));
  run.checkAccount();
});

Deno.test("spool removes torn files of an earlier run, counts them, and sends the others", () => {
  const disk = createFakeDisk();
  stowed(disk, "good");
  const [[, good] = ["", new Uint8Array()]] = disk.contents;
  const torn: readonly Uint8Array[] = [
    new Uint8Array(),
    new Uint8Array(5000),
    good.slice(0, 15),
    good.slice(0, -1),
    good.with(7, 2),
    new Uint8Array([...good, 0]),
  ];
  for (const [n, bytes] of torn.entries()) disk.contents.set(`0000000000000000${n}.spool`, bytes);
  disk.contents.set("unfinished.tmp", good.slice(0, 30));
  disk.contents.set("someone-elses.txt", good);
  const run = startSpoolProcess(disk);
  assertEquals(run.replay(), ["good"]);
  assertEquals(run.spool.torn, 7);
  assertEquals([...disk.contents.keys()], ["someone-elses.txt"]);
  run.checkAccount();
});

Deno.test("spool is off with one line when its folder cannot be read", () => {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk);
  disk.crashIn = 0;
  assertEquals([run.spool.take(), run.spool.take()], [undefined, undefined]);
  run.add("a");
  run.spool.spill(100);
  assertEquals([run.store.held(), run.lines.length], [1, 1]);
});

/** One framed point: a name and a field, unless a part is left out. */
function pointBytes(parts: "whole" | "no name" | "no field" | "a tag only"): Uint8Array {
  const name = [0x0a, 1, 0x6d];
  const field = [0x12, 5, 0x0a, 1, 0x66, 0x10, 1];
  const tag = [0x12, 8, 0x0a, 1, 0x74, 0x32, 1, 0x76, 0x40, 1].map((byte, at) => at === 1 ? 8 : byte);
  const content = {
    whole: [...name, ...field],
    "no name": [0x0a, 0, ...field],
    "no field": [0x0a, 6, 0x6d, 0x6d, 0x6d, 0x6d, 0x6d, 0x6d],
    "a tag only": [...name, ...tag],
  }[parts];
  return Uint8Array.from(
    [0x0a, content.length, ...content, 0x18, 1].map((byte, at) => at === 1 ? content.length + 2 : byte),
  );
}

Deno.test("spool takes a file that another process wrote as it should, whoever that was", () => {
  const disk = createFakeDisk();
  disk.contents.set("00000000000000001.spool", forge([["otlp", 1]], pointBytes("whole")));
  const run = startSpoolProcess(disk);
  const lease = run.spool.take();
  assertExists(lease);
  lease.exported();
  assertEquals([run.spool.recovered, run.spool.torn], [1, 0]);
  run.checkAccount();
});

Deno.test("spool believes no count, no point without a name or a field, and sends none of them", () => {
  const empty = new Uint8Array(4_000_000);
  for (let at = 0; at < empty.length; at += 2) empty[at] = 0x0a;
  const forged: readonly (readonly [runs: unknown, payload: Uint8Array])[] = [
    [[["otlp", 2 ** 53 - 1]], pointBytes("whole")],
    [[["otlp", 2 ** 53 - 1], ["otlp", 2 ** 53 - 1]], pointBytes("whole")],
    [[["otlp", 2]], pointBytes("whole")],
    [[["otlp", 2_000_000]], empty],
    [[["otlp", 0.5]], pointBytes("whole")],
    [[["nobody", 1]], pointBytes("whole")],
    [[["otlp", 1]], pointBytes("no name")],
    [[["otlp", 1]], pointBytes("no field")],
    [[["otlp", 1]], pointBytes("a tag only")],
  ];
  for (const [runs, payload] of forged) {
    const disk = createFakeDisk();
    disk.contents.set("00000000000000001.spool", forge(runs, payload));
    const run = startSpoolProcess(disk);
    assertEquals(run.spool.take(), undefined, JSON.stringify(runs));
    assertEquals([run.spool.recovered, run.spool.torn, run.ledger.entries()], [0, 1, []]);
    assertEquals(disk.contents.size, 0);
  }
});

Deno.test("spool counts the points of a file that vanished or was swapped, and sends nothing of the other", () => {
  for (const put of [undefined, forge([["otlp", 1]], pointBytes("whole"))]) {
    const disk = createFakeDisk();
    const run = stowed(disk, "a", "b");
    const [name = ""] = disk.contents.keys();
    if (put === undefined) disk.contents.delete(name);
    else disk.contents.set(name, put);
    assertEquals(run.replay(), []);
    assertEquals([...run.ledger.totalDropped()], [["spool_lost", 2]]);
    run.checkAccount();
  }
});

Deno.test("spool.spill() adds nothing to a file that was swapped", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a");
  const [name = ""] = disk.contents.keys();
  disk.contents.set(name, forge([["otlp", 1]], pointBytes("whole")));
  run.add("b");
  run.spool.spill(100);
  assertEquals(run.replay(), ["b"]);
  assertEquals([...run.ledger.totalDropped()], [["spool_lost", 1]]);
  run.checkAccount();
});

Deno.test("spool.audit() counts the points of files that are gone at the end", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a", "b");
  run.addFrom("otlp", "metric", "m");
  run.spool.spill(100);
  disk.contents.delete(disk.contents.keys().next().value ?? "");
  run.spool.audit();
  assertEquals([run.spool.held(), [...run.ledger.totalDropped()]], [1, [["spool_lost", 2]]]);
  run.checkAccount();
});

Deno.test("spool waits with a file that cannot be read for now, sends the others, and comes back to it", () => {
  const disk = createFakeDisk();
  const run = stowed(disk, "a");
  run.addFrom("otlp", "metric", "m");
  run.spool.spill(100);
  const [name = ""] = disk.contents.keys();
  disk.unreadable = name;
  assertEquals(run.replay().length, 1);
  assertEquals([run.spool.held(), run.ledger.totalDropped().size], [1, 0]);
  disk.unreadable = undefined;
  assertEquals(run.replay(), []);
  run.now += 60_000;
  assertEquals(run.replay(), ["a"]);
  run.checkAccount();
});

Deno.test("spool.spill() leaves a point in memory that is larger than any file, and spills the others", () => {
  const run = startSpoolProcess(createFakeDisk());
  run.add("a");
  put(run.store, "otlp", [testPoint("x".repeat(800_000))]);
  run.add("b");
  run.spool.spill(100);
  assertEquals([run.store.held(), run.spool.held()], [1, 2]);
  run.checkAccount();
});
