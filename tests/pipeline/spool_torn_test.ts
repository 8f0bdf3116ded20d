/** Files of the spool that are not what they were: what is torn is counted, what is gone is not called torn. */
import { assert, assertEquals } from "@std/assert";
import { createDiskFiles, createSpoolFolder } from "../../src/pipeline/spool_folder.ts";
import { scenario } from "../support/scenario.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolProcess, startSpoolProcess } from "./spool_process.ts";

/** A disk on which an earlier process has left one file for each inner list, and the files' names. */
function left(...files: readonly string[][]): { disk: FakeDisk; names: readonly string[] } {
  const disk = createFakeDisk();
  for (const messages of files) {
    const process = startSpoolProcess(disk);
    process.add(...messages);
    process.spool.spill(100);
  }
  return { disk, names: [...disk.contents.keys()] };
}

/** The bytes of a file that holds two points, and where its head ends. */
function twoPoints(): { bytes: Uint8Array; headEnd: number } {
  const [bytes = new Uint8Array()] = left(["a", "b"]).disk.contents.values();
  const headEnd = 20 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(16, true);
  return { bytes, headEnd };
}

function told({ lines }: SpoolProcess): readonly unknown[] {
  return lines.map((line) => JSON.parse(line)).map(({ error, pointsAtMost }) => [error, pointsAtMost]);
}

const NAME = "00000000000000001.spool";

Deno.test("a file of an earlier process that is cut at any byte is torn, and its points count once its head says how many", () => {
  const { bytes, headEnd } = twoPoints();
  for (let length = 0; length < bytes.length; length++) {
    const disk = createFakeDisk();
    disk.contents.set(NAME, bytes.slice(0, length));
    const process = startSpoolProcess(disk);
    assertEquals(process.replay(), [], `${length} bytes`);
    const points = length < headEnd ? undefined : 2;
    assertEquals([process.spool.torn, process.spool.recovered, disk.contents.size], [1, points ?? 0, 0]);
    assertEquals([...process.ledger.totalDropped()], points === undefined ? [] : [["spool_lost", points]]);
    assertEquals(told(process), [["It is torn", points]]);
    process.checkAccount();
  }
});

Deno.test("a file of an earlier process that has grown, or in which one byte is another, is torn and never sent", () => {
  const { bytes } = twoPoints();
  const spoilt = Array.from(bytes, (byte, at) => bytes.with(at, byte ^ 0x5a));
  for (const content of [new Uint8Array([...bytes, 0]), new Uint8Array([...bytes, ...bytes]), ...spoilt]) {
    const disk = createFakeDisk();
    disk.contents.set(NAME, content);
    const process = startSpoolProcess(disk);
    assertEquals([process.replay(), process.spool.torn, disk.contents.size], [[], 1, 0]);
    process.checkAccount();
  }
});

Deno.test("a write that was cut off at any byte is told of with what it was to hold at most", () => {
  const { bytes, headEnd } = twoPoints();
  for (let length = 1; length <= bytes.length; length++) {
    const { disk } = left(["whole"]);
    disk.contents.set("unfinished-1.tmp", bytes.slice(0, length));
    const process = startSpoolProcess(disk);
    assertEquals(process.replay(), ["whole"]);
    const points = length < headEnd ? undefined : 2;
    assertEquals(told(process), [["It was being written", points]]);
    // What it was to replace may have had a part of them.
    assertEquals([process.spool.torn, process.ledger.totalDropped().size, disk.contents.size], [1, 0, 0]);
    process.checkAccount();
  }
});

Deno.test("each write that was cut off counts, very many cost no time, and one line tells of them", () => {
  const { bytes } = twoPoints();
  const disk = createFakeDisk();
  for (let n = 0; n < 40; n++) disk.contents.set(`unfinished-${n}.tmp`, bytes.slice(0, -1));
  let reads = 0;
  const { read } = disk;
  Object.assign(disk, {
    read: (name: string) => {
      reads++;
      return read(name);
    },
  });
  const process = startSpoolProcess(disk);
  assertEquals([process.replay(), process.spool.torn, process.lines.length, disk.contents.size], [
    [],
    40,
    1,
    0,
  ]);
  assertEquals(reads, 16);
});

Deno.test("a file of an earlier process that vanishes after it was listed is gone and not torn, and the others are sent", () => {
  const { disk, names } = left(["a"], ["b"], ["c"], ["d"]);
  const process = startSpoolProcess(disk);
  const first = process.spool.take();
  for (const name of names.slice(1, 3)) disk.contents.delete(name);
  first?.exported();
  assertEquals(process.replay(), ["d"]);
  assertEquals([process.spool.torn, process.spool.gone, process.spool.held(), process.spool.bytes], [
    0,
    2,
    0,
    0,
  ]);
  assertEquals(process.lines.length, 1, process.lines.join("\n"));
  assert(process.lines[0]?.includes("was gone before it was read"));
  process.checkAccount();
});

Deno.test("a process that sends what another one has listed makes nothing torn", () => {
  const { disk } = left(["a"], ["b"]);
  const [one, other] = [startSpoolProcess(disk), startSpoolProcess(disk)];
  const first = other.spool.take();
  assertEquals(one.replay(), ["a", "b"]);
  first?.exported();
  assertEquals([other.replay(), other.spool.torn, other.spool.gone], [[], 0, 1]);
  for (const process of [one, other]) process.checkAccount();
});

Deno.test("of two processes over one folder neither writes over, nor removes, what the other has written", () => {
  const { disk } = left();
  const [one, other] = [startSpoolProcess(disk), startSpoolProcess(disk)];
  one.add("a");
  one.spool.spill(100);
  // The other has found it, and spills points of the same category.
  other.spool.take()?.putBack();
  other.add("b");
  other.spool.spill(100);
  assertEquals(disk.contents.size, 2);
  // The first one writes its own file anew with what comes next: to the other it is another now.
  one.add("c");
  one.spool.spill(100);
  other.spool.audit();
  assertEquals(other.replay(), ["b"]);
  assertEquals([...other.ledger.totalDropped()], [["spool_lost", 1]]);
  assertEquals(one.replay(), ["a", "c"]);
  assertEquals(one.ledger.totalDropped().size, 0);
  for (const process of [one, other]) process.checkAccount();
});

Deno.test("spool.audit() takes nothing for gone because the folder cannot be listed for now", () => {
  const { disk } = left();
  const process = startSpoolProcess(disk);
  process.add("a", "b");
  process.spool.spill(100);
  const list = disk.list;
  Object.assign(disk, {
    list: () => {
      throw new Error("Too many open files");
    },
  });
  process.spool.audit();
  assertEquals([process.spool.held(), process.ledger.totalDropped().size, disk.contents.size], [2, 0, 1]);
  Object.assign(disk, { list });
  assertEquals(startSpoolProcess(disk).replay(), ["a", "b"]);
});

Deno.test("a file that could not be removed is neither sent by the next process nor called torn", () => {
  const { disk } = left(["a", "b"]);
  const remove = disk.remove;
  Object.assign(disk, {
    remove: () => {
      throw new Deno.errors.PermissionDenied("Operation not permitted");
    },
  });
  assertEquals(startSpoolProcess(disk).replay(), ["a", "b"]);
  assertEquals(disk.contents.size, 1);
  Object.assign(disk, { remove });
  const next = startSpoolProcess(disk);
  assertEquals([next.replay(), next.spool.torn, next.lines, disk.contents.size], [[], 0, [], 0]);
});

/** What happens to a file between its listing and its reading. */
const SWAPS: readonly (readonly [name: string, swap: (path: string) => void])[] = [
  ["vanished", (path) => Deno.removeSync(path)],
  ["became a folder", (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/x`, "x");
  }],
  ["became a link", (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync("/etc/hostname", path);
  }],
  ["has grown beyond any file of ours", (path) => Deno.truncateSync(path, 5e6)],
];

for (const [what, swap] of SWAPS) {
  scenario(
    `a file on the disk that ${what} since it was listed is gone, told in one line, and left alone`,
    async () => {
      const parent = await Deno.makeTempDir();
      try {
        const files = createDiskFiles(`${parent}/spool`, 1024 * 1024);
        const { disk } = left(["a"], ["b"]);
        for (const [name, bytes] of disk.contents) files.write(name, bytes);
        const process = startSpoolProcess(Object.assign(createFakeDisk(), files));
        const first = process.spool.take();
        swap(`${parent}/spool/${[...disk.contents.keys()][1]}`);
        first?.exported();
        assertEquals([process.replay(), process.spool.torn, process.spool.gone], [[], 0, 1]);
        assertEquals(process.lines.length, 1, process.lines.join("\n"));
        process.checkAccount();
      } finally {
        await Deno.remove(parent, { recursive: true });
      }
    },
  );
}

scenario(
  "a file of an earlier process that has grown beyond any file of ours counts as torn, and goes",
  async () => {
    const parent = await Deno.makeTempDir();
    try {
      const files = createDiskFiles(`${parent}/spool`, 1024 * 1024);
      const { disk, names } = left(["a"], ["b"]);
      for (const [name, bytes] of disk.contents) files.write(name, bytes);
      // A hole: it takes no time to make, and would to read.
      Deno.truncateSync(`${parent}/spool/${names[0]}`, 3e9);
      const process = startSpoolProcess(Object.assign(createFakeDisk(), files));
      assertEquals([process.replay(), process.spool.torn, process.spool.bytes], [["b"], 1, 0]);
      assertEquals(told(process), [["It has grown", undefined]]);
      assertEquals(Array.from(Deno.readDirSync(`${parent}/spool`)), []);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
);

scenario("a folder in which somebody makes and removes files all the time can be listed", async () => {
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/spool`;
  const files = createDiskFiles(folder, 1000);
  createSpoolFolder(files).put(7, new Uint8Array([7]));
  const name = `${folder}/00000000000000008.spool`;
  await using other = new Deno.Command("sh", {
    args: ["-c", `while :; do : > ${name}; rm -f ${name}; done`],
  }).spawn();
  try {
    const endAt = performance.now() + 1000;
    let seen = 0;
    for (let tries = 0; tries < 20_000 && performance.now() < endAt; tries++) {
      const found = createSpoolFolder(files).list().map(({ number }) => number);
      if (found.includes(8)) seen++;
      assert(found.includes(7));
    }
    assert(seen > 0, "nobody made files");
  } finally {
    other.kill("SIGKILL");
    await other.status;
    await Deno.remove(parent, { recursive: true });
  }
});
