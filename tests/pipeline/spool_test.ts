import { assert, assertEquals, assertExists, assertLessOrEqual, assertThrows } from "@std/assert";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";
import { forgeSpoolFile as forge } from "./forge_spool_file.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolLife, startLife } from "./spool_life.ts";

function stowed(disk: FakeDisk, ...names: string[]): SpoolLife {
  const life = startLife(disk);
  life.add(...names);
  life.spool.spill(100);
  return life;
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
  const life = startLife(disk);
  life.addFrom("statsd", "metric", "m");
  life.addFrom("telemetry", "metric", "t");
  const before = life.store.take("metric", { maxBytes: 1000 });
  assertExists(before);
  const points = pointsOf(before);
  before.putBack();
  life.spool.spill(100);
  const lease = life.spool.take();
  assertExists(lease);
  assertEquals([lease.batch.category, pointsOf(lease)], ["metric", points]);
  lease.exported();
  assertEquals(
    life.ledger.entries().map(({ source, exported }) => [source, exported]),
    [["statsd", 1], ["telemetry", 1]],
  );
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool finds the files of an earlier life when first asked, and counts them as received", () => {
  const disk = createFakeDisk();
  stowed(disk, "a", "b");
  const next = startLife(disk);
  assertEquals([next.spool.held(), next.spool.bytes, next.ledger.entries()], [0, 0, []]);
  assertEquals(next.replay(), ["a", "b"]);
  assertEquals(next.spool.recovered, 2);
  assertEquals(next.ledger.entries(), [
    { source: "otlp", category: "logging", received: 2, exported: 2, dropped: new Map() },
  ]);
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool sends files of earlier lives first, also when the clock was set back meanwhile", () => {
  const disk = createFakeDisk();
  stowed(disk, "first");
  const life = startLife(disk, { now: 1_000 });
  life.addFrom("otlp", "metric", "second");
  life.spool.spill(100);
  assertEquals(startLife(disk).replay(), ["first", "second"]);
});

Deno.test("spool.spill() writes small files anew with what comes next, so that many spills are few POSTs", () => {
  const disk = createFakeDisk();
  const life = startLife(disk);
  for (let n = 0; n < 50; n++) {
    life.add(`n${n}`);
    life.spool.spill(100);
  }
  assertEquals(disk.contents.size, 1);
  assertEquals(life.replay(), Array.from({ length: 50 }, (_, n) => `n${n}`));
});

Deno.test("spool.spill() makes files that fit into one POST, common tags counted in", () => {
  const disk = createFakeDisk();
  const life = startLife(disk, { maxBatchBytes: 1100 });
  life.add(...Array.from({ length: 25 }, (_, n) => `n${n}`));
  life.spool.spill(100);
  const sizes: number[] = [];
  for (let lease; (lease = life.spool.take()) !== undefined;) {
    sizes.push(lease.batch.sizeBytes + 10 * lease.batch.count);
  }
  assertEquals(sizes.length, 3);
  assert(sizes.every((sizeBytes) => sizeBytes <= 1100), String(sizes));
});

Deno.test("spool.spill() ends when its time is over; the rest stays in the store", () => {
  const life = startLife(createFakeDisk());
  life.add("a");
  life.spool.spill(0);
  assertEquals([life.store.held(), life.spool.held()], [1, 0]);
});

Deno.test("spool does not touch a file that is lent", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a");
  const lease = life.spool.take();
  assertExists(lease);
  life.add("b");
  life.spool.spill(100);
  assertEquals(disk.contents.size, 2);
  assertEquals(messagesOf(pointsOf(lease)), ["a"]);
  lease.putBack();
  assertEquals(life.replay(), ["a", "b"]);
});

Deno.test("a spooled lease exported() of one half leaves only the other in the file", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a", "b", "c");
  const lease = life.spool.take();
  assertExists(lease);
  const [first, second] = lease.split();
  first.exported();
  second.putBack();
  assertThrows(() => second.putBack(), Error, "settled before");
  assertEquals(life.spool.held(), 1);
  life.checkAccount();
  assertEquals(startLife(disk).replay(), ["c"]);
});

Deno.test("spool does not send a half twice although the disk could not be told", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a", "b");
  const lease = life.spool.take();
  assertExists(lease);
  const [first, second] = lease.split();
  disk.capacity = 0;
  first.exported();
  second.putBack();
  assertEquals(life.replay(), ["b"]);
  life.checkAccount();
});

Deno.test("spool.drop() counts a refused file by its reason", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a", "b");
  const lease = life.spool.take();
  assertExists(lease);
  lease.drop("rejected");
  assertEquals(life.ledger.totalDropped(), new Map([["rejected", 2]]));
  assertEquals(disk.contents.size, 0);
});

Deno.test("spool drops the oldest file when it is full, of an earlier life too, counted", () => {
  const disk = createFakeDisk();
  stowed(disk, "old1", "old2");
  const life = startLife(disk, { maxBytes: disk.used() + 20, now: 1_800_000_000_000 });
  life.addFrom("otlp", "metric", "new");
  life.spool.spill(100);
  assertLessOrEqual(disk.used(), life.spool.bytes);
  assertEquals(life.ledger.totalDropped(), new Map([["spool_full", 2]]));
  life.checkAccount();
  assertEquals(life.replay(), ["new"]);
});

Deno.test("spool keeps in memory what does not fit into it at all, and gives nothing up for it", () => {
  const disk = createFakeDisk();
  const size = ((): number => {
    const other = createFakeDisk();
    stowed(other, "a");
    return other.used();
  })();
  const life = startLife(disk, { maxBytes: size });
  life.add("a");
  life.spool.spill(100);
  life.addFrom("otlp", "tracing", ...Array.from({ length: 10 }, (_, n) => `n${n}`));
  life.spool.spill(100);
  assertEquals([life.spool.held(), life.store.held()], [1, 10]);
  life.checkAccount();
});

for (
  const [name, spoil] of [
    ["a full disk", (disk: FakeDisk) => void (disk.capacity = 10)],
    ["a read-only disk", (disk: FakeDisk) => void (disk.readOnly = true)],
  ] as const
) {
  Deno.test(`spool is off with one line on ${name}: data stays in memory`, () => {
    const disk = createFakeDisk();
    const life = startLife(disk);
    spoil(disk);
    for (let n = 0; n < 3; n++) {
      life.add("a");
      life.spool.spill(100);
    }
    assertEquals([life.store.held(), life.spool.held(), disk.contents.size], [3, 0, 0]);
    assertEquals(life.lines.length, 1);
    assert(life.lines[0]?.includes("The spool is off as it cannot be written"));
    life.checkAccount();
  });
}

Deno.test("spool sends each file once in a life although it cannot be removed, and says that a restart would not", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a");
  disk.readOnly = true;
  assertEquals(life.replay(), ["a"]);
  assertEquals(life.replay(), []);
  assert(life.lines.some((line) => line.includes("cannot be removed")));
});

Deno.test("spool counts a file that is gone or spoilt when its turn comes as lost", () => {
  for (const spoil of ["remove", "cut", "flip"] as const) {
    const disk = createFakeDisk();
    const life = stowed(disk, "a", "b");
    const [[name, bytes] = ["", new Uint8Array()]] = disk.contents;
    if (spoil === "remove") disk.contents.delete(name);
    else if (spoil === "cut") disk.contents.set(name, bytes.slice(0, -1));
    else disk.contents.set(name, bytes.with(bytes.length - 3, (bytes.at(-3) ?? 0) ^ 1));
    assertEquals(life.replay(), [], spoil);
    assertEquals(life.ledger.totalDropped(), new Map([["spool_lost", 2]]));
    life.checkAccount();
    assertEquals(disk.contents.size, 0);
  }
});

Deno.test("spool goes on when the function empties its folder between two spills", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a");
  disk.contents.clear();
  life.add("b");
  life.spool.spill(100);
  assertEquals(life.replay(), ["b"]);
  assertEquals(life.ledger.totalDropped(), new Map([["spool_lost", 1]]));
  life.checkAccount();
});

Deno.test("spool removes torn files of an earlier life, counts them, and sends the others", () => {
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
  const life = startLife(disk);
  assertEquals(life.replay(), ["good"]);
  assertEquals(life.spool.torn, 7);
  assertEquals([...disk.contents.keys()], ["someone-elses.txt"]);
  life.checkAccount();
});

Deno.test("spool is off with one line when its folder cannot be read", () => {
  const disk = createFakeDisk();
  const life = startLife(disk);
  disk.crashIn = 0;
  assertEquals([life.spool.take(), life.spool.take()], [undefined, undefined]);
  life.add("a");
  life.spool.spill(100);
  assertEquals([life.store.held(), life.lines.length], [1, 1]);
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
  const life = startLife(disk);
  const lease = life.spool.take();
  assertExists(lease);
  lease.exported();
  assertEquals([life.spool.recovered, life.spool.torn], [1, 0]);
  life.checkAccount();
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
    const life = startLife(disk);
    assertEquals(life.spool.take(), undefined, JSON.stringify(runs));
    assertEquals([life.spool.recovered, life.spool.torn, life.ledger.entries()], [0, 1, []]);
    assertEquals(disk.contents.size, 0);
  }
});

Deno.test("spool counts the points of a file that vanished or was swapped, and sends nothing of the other", () => {
  for (const put of [undefined, forge([["otlp", 1]], pointBytes("whole"))]) {
    const disk = createFakeDisk();
    const life = stowed(disk, "a", "b");
    const [name = ""] = disk.contents.keys();
    if (put === undefined) disk.contents.delete(name);
    else disk.contents.set(name, put);
    assertEquals(life.replay(), []);
    assertEquals([...life.ledger.totalDropped()], [["spool_lost", 2]]);
    life.checkAccount();
  }
});

Deno.test("spool.spill() adds nothing to a file that was swapped", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a");
  const [name = ""] = disk.contents.keys();
  disk.contents.set(name, forge([["otlp", 1]], pointBytes("whole")));
  life.add("b");
  life.spool.spill(100);
  assertEquals(life.replay(), ["b"]);
  assertEquals([...life.ledger.totalDropped()], [["spool_lost", 1]]);
  life.checkAccount();
});

Deno.test("spool.audit() counts the points of files that are gone at the end", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a", "b");
  life.addFrom("otlp", "metric", "m");
  life.spool.spill(100);
  disk.contents.delete(disk.contents.keys().next().value ?? "");
  life.spool.audit();
  assertEquals([life.spool.held(), [...life.ledger.totalDropped()]], [1, [["spool_lost", 2]]]);
  life.checkAccount();
});

Deno.test("spool waits with a file that cannot be read for now, sends the others, and comes back to it", () => {
  const disk = createFakeDisk();
  const life = stowed(disk, "a");
  life.addFrom("otlp", "metric", "m");
  life.spool.spill(100);
  const [name = ""] = disk.contents.keys();
  disk.unreadable = name;
  assertEquals(life.replay().length, 1);
  assertEquals([life.spool.held(), life.ledger.totalDropped().size], [1, 0]);
  disk.unreadable = undefined;
  assertEquals(life.replay(), []);
  life.now += 60_000;
  assertEquals(life.replay(), ["a"]);
  life.checkAccount();
});

Deno.test("spool.spill() leaves a point in memory that is larger than any file, and spills the others", () => {
  const life = startLife(createFakeDisk());
  life.add("a");
  put(life.store, "otlp", [testPoint("x".repeat(800_000))]);
  life.add("b");
  life.spool.spill(100);
  assertEquals([life.store.held(), life.spool.held()], [1, 2]);
  life.checkAccount();
});
