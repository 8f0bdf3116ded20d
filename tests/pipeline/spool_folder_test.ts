import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { createDiskFiles, createSpoolFolder } from "../../src/pipeline/spool_folder.ts";
import { scenario } from "../support/scenario.ts";

const MAX_BYTES = 1000;

/** A folder of our own below which everything of a test is. */
async function inFolder(run: (parent: string) => void | Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await run(parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

scenario(
  "disk files write, replace, list and remove in a folder made when first needed",
  () =>
    inFolder(async (parent) => {
      const folder = `${parent}/a/b`;
      const files = createDiskFiles(folder, MAX_BYTES);
      assertEquals(files.list(), []);
      assertEquals(await Deno.stat(`${parent}/a`).catch(() => "none"), "none");
      files.write("1.spool", new Uint8Array([1, 2, 3]));
      files.write("2.spool", new Uint8Array([4]));
      files.rename("1.spool", "2.spool");
      Deno.mkdirSync(`${folder}/3.spool`);
      assertEquals(files.list(), [{ name: "2.spool", sizeBytes: 3 }]);
      assertEquals(files.read("2.spool"), new Uint8Array([1, 2, 3]));
      const modes = [folder, `${folder}/2.spool`].map((path) => (Deno.statSync(path).mode ?? 0) & 0o777);
      assertEquals(modes, [0o700, 0o600]);
      files.remove("2.spool");
      assertEquals(files.list(), []);
      assertThrows(() => files.remove("2.spool"), Deno.errors.NotFound);
      assertThrows(() => files.read("2.spool"), Deno.errors.NotFound);
      await Deno.remove(`${parent}/a`, { recursive: true });
      files.write("5.spool", new Uint8Array([5]));
      assertEquals(files.list(), [{ name: "5.spool", sizeBytes: 1 }]);
    }),
);

/** What somebody else may have put where a file of ours should be. */
const IMPOSTORS: readonly (readonly [name: string, make: (path: string, parent: string) => void])[] = [
  ["a pipe", (path) => void new Deno.Command("mkfifo", { args: [path] }).outputSync()],
  ["a link to a file", (path, parent) => Deno.symlinkSync(`${parent}/precious`, path)],
  ["a link to nothing", (path, parent) => Deno.symlinkSync(`${parent}/nothing`, path)],
  ["a link to an endless device", (path) => Deno.symlinkSync("/dev/zero", path)],
  ["a second name of a file", (path, parent) => Deno.linkSync(`${parent}/precious`, path)],
  ["a folder", (path) => Deno.mkdirSync(path)],
  ["a file of another user", (path) => {
    Deno.writeTextFileSync(path, "x");
    if (Deno.uid() === 0) Deno.chownSync(path, 12_345, 12_345);
    else Deno.truncateSync(path, MAX_BYTES + 1);
  }],
  ["a file with a hole of 3 GB", (path) => {
    Deno.writeTextFileSync(path, "x");
    Deno.truncateSync(path, 3e9);
  }],
];

scenario(
  "disk files neither list nor read what is no file of ours, and write around it",
  () =>
    inFolder((parent) => {
      Deno.writeTextFileSync(`${parent}/precious`, "precious");
      for (const [what, make] of IMPOSTORS) {
        const folder = `${parent}/spool`;
        const files = createDiskFiles(folder, MAX_BYTES);
        files.write("1.spool", new Uint8Array([1]));
        make(`${folder}/2.spool`, parent);
        make(`${folder}/unfinished.tmp`, parent);
        const startedAt = performance.now();
        assertEquals(files.list(), [{ name: "1.spool", sizeBytes: 1 }], what);
        assertThrows(() => files.read("2.spool"), Error);
        assertThrows(() => files.write("2.spool", new Uint8Array([2])), Error);
        createSpoolFolder(files).put(7, new Uint8Array([7]));
        assertEquals(createSpoolFolder(files).read(7), new Uint8Array([7]));
        assertLess(performance.now() - startedAt, 1000, what);
        assertEquals(Deno.readTextFileSync(`${parent}/precious`), "precious");
        Deno.removeSync(folder, { recursive: true });
      }
    }),
);

scenario("disk files put a file in place of a link, and not where it leads", () =>
  inFolder((parent) => {
    Deno.writeTextFileSync(`${parent}/precious`, "precious");
    const files = createDiskFiles(`${parent}/spool`, MAX_BYTES);
    files.write("1.spool", new Uint8Array([1]));
    Deno.symlinkSync(`${parent}/precious`, `${parent}/spool/00000000000000007.spool`);
    createSpoolFolder(files).put(7, new Uint8Array([7]));
    assertEquals(createSpoolFolder(files).read(7), new Uint8Array([7]));
    createSpoolFolder(files).remove(7);
    assertEquals(Deno.readTextFileSync(`${parent}/precious`), "precious");
  }));

/** Folders that are not to be used, whatever is in them. */
const WRONG_FOLDERS: readonly (readonly [name: string, make: (folder: string, parent: string) => void])[] = [
  ["a link to a folder", (folder, parent) => Deno.symlinkSync(`${parent}/other`, folder)],
  ["a folder that others may read", (folder) => {
    Deno.mkdirSync(folder);
    Deno.chmodSync(folder, 0o755);
  }],
  ["a file", (folder) => Deno.writeTextFileSync(folder, "x")],
];

scenario("disk files use no folder that is not ours alone", () =>
  inFolder((parent) => {
    Deno.mkdirSync(`${parent}/other`, { mode: 0o700 });
    for (const [what, make] of WRONG_FOLDERS) {
      const folder = `${parent}/spool`;
      make(folder, parent);
      const files = createDiskFiles(folder, MAX_BYTES);
      assertThrows(() => files.list(), Error, "nobody else");
      assertThrows(() => files.write("1.spool", new Uint8Array([1])), Error, "nobody else");
      assertEquals(Array.from(Deno.readDirSync(`${parent}/other`)), [], what);
      Deno.removeSync(folder);
    }
    Deno.symlinkSync(`${parent}/other`, `${parent}/link`);
    const below = createDiskFiles(`${parent}/link/spool`, MAX_BYTES);
    assertThrows(() => below.write("1.spool", new Uint8Array([1])), Error, "nobody else");
  }));

scenario("disk files notice that their folder was exchanged for another", () =>
  inFolder((parent) => {
    const folder = `${parent}/spool`;
    const files = createDiskFiles(folder, MAX_BYTES);
    files.write("1.spool", new Uint8Array([1]));
    Deno.renameSync(folder, `${parent}/away`);
    Deno.mkdirSync(folder, { mode: 0o700 });
    Deno.writeTextFileSync(`${folder}/1.spool`, "x");
    for (const use of [() => files.list(), () => files.read("1.spool"), () => files.remove("1.spool")]) {
      assertThrows(use, Error, "stay the same");
    }
    assertEquals(Deno.readTextFileSync(`${folder}/1.spool`), "x");
  }));

scenario(
  "spool folder removes the rest of writes, and takes numbers that it can count on from",
  () =>
    inFolder((parent) => {
      const files = createDiskFiles(`${parent}/spool`, MAX_BYTES);
      const folder = createSpoolFolder(files);
      folder.put(5, new Uint8Array([1]));
      for (
        const name of [
          "unfinished.tmp",
          "unfinished-1.tmp",
          "notes.txt",
          "90071992547409910.spool",
          "6.spool",
        ]
      ) {
        Deno.writeTextFileSync(`${parent}/spool/${name}`, "x");
      }
      const rests: Uint8Array[] = [];
      assertEquals(folder.list((_, rest) => rests.push(rest)), [{ number: 5, sizeBytes: 1 }]);
      assertEquals(rests, [new Uint8Array([0x78]), new Uint8Array([0x78])]);
      folder.list(() => assert(false, "a rest is told of once"));
      const left = Array.from(Deno.readDirSync(`${parent}/spool`), ({ name }) => name).sort();
      assert(!left.some((name) => name.endsWith(".tmp")), left.join());
      assert(left.includes("notes.txt"));
    }),
);

scenario("disk files look at a bounded number of files", () =>
  inFolder((parent) => {
    const files = createDiskFiles(`${parent}/spool`, MAX_BYTES);
    files.write("00000000000099999.spool", new Uint8Array([1]));
    for (let n = 0; n < 10_050; n++) {
      Deno.writeTextFileSync(`${parent}/spool/${String(n).padStart(17, "0")}.spool`, "");
    }
    assertEquals(files.list().length, 10_000);
    assertEquals(files.list().at(-1)?.name, "00000000000099999.spool");
  }));
