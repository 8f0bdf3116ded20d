import { assertEquals, assertStringIncludes } from "@std/assert";
import { createLogger } from "@std/log";
import { type BoxFile, createBoxFile } from "../../src/recorder/box_file.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { encodeSpoolFile } from "../../src/pipeline/spool_format.ts";
import { createDiskFiles } from "../../src/pipeline/spool_folder.ts";
import { createFakeDisk, type FakeDisk } from "../pipeline/fake_files.ts";
import { testPoint } from "../support/points.ts";
import { scenario } from "../support/scenario.ts";

const POINT = encodePoint(testPoint("box"));
const NAME = "blackbox.box";

function open(disk: FakeDisk): { file: BoxFile; lines: string[] } {
  const lines: string[] = [];
  return { file: createBoxFile(disk, createLogger({ write: (line) => void lines.push(line) })), lines };
}

Deno.test("a box that was saved is there for the next process, once", () => {
  const disk = createFakeDisk();
  const { file } = open(disk);
  file.save(encodePoint(testPoint("an earlier one")));
  file.save(POINT);
  assertEquals(Array.from(disk.contents.keys()), [NAME]);
  const next = open(disk).file;
  assertEquals([next.take(), next.take()], [POINT, undefined]);
});

Deno.test("a box that was removed is not there", () => {
  const disk = createFakeDisk();
  const { file, lines } = open(disk);
  file.save(POINT);
  file.remove();
  file.remove();
  assertEquals([file.take(), disk.contents.size, lines], [undefined, 0, []]);
});

Deno.test("what is no box of ours is not believed, and goes", () => {
  const whole = encodeSpoolFile({ category: "logging", runs: [["telemetry", 1]] }, []);
  const metric = encodeSpoolFile({ category: "metric", runs: [["telemetry", 1]] }, [
    Uint8Array.from([0x0a, POINT.length, ...POINT]),
  ]);
  for (const content of [new Uint8Array(), new Uint8Array(5_000), whole, metric, POINT]) {
    const disk = createFakeDisk();
    disk.contents.set(NAME, content);
    assertEquals([open(disk).file.take(), disk.contents.size], [undefined, 0]);
  }
});

Deno.test("a disk that fails costs the file only, and one line", () => {
  const disk = createFakeDisk();
  disk.readOnly = true;
  const { file, lines } = open(disk);
  for (let n = 0; n < 3; n++) file.save(POINT);
  assertEquals([lines.length, file.take()], [1, undefined]);
});

scenario(
  "a box is a file of ours in the spool's own folder, and a link in its place is not followed",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const files = createDiskFiles(`${folder}/spool`, 1024 * 1024);
      const file = createBoxFile(files, createLogger({ write: () => {} }));
      file.save(POINT);
      assertEquals(files.list(), []);
      assertEquals(file.take(), POINT);
      await Deno.writeTextFile(`${folder}/secret`, "secret");
      await Deno.symlink(`${folder}/secret`, `${folder}/spool/${NAME}`);
      assertEquals(file.take(), undefined);
      file.save(POINT);
      assertEquals([await Deno.readTextFile(`${folder}/secret`), file.take()], ["secret", POINT]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a box that is torn at any byte is told of, once, and goes", () => {
  const disk = createFakeDisk();
  open(disk).file.save(POINT);
  const bytes = disk.contents.get(NAME) ?? new Uint8Array();
  for (let length = 0; length < bytes.length; length++) {
    disk.contents.set(NAME, bytes.slice(0, length));
    const { file, lines } = open(disk);
    assertEquals([file.take(), file.take(), lines.length, disk.contents.size], [undefined, undefined, 1, 0]);
    assertStringIncludes(lines[0] ?? "", "torn");
  }
});

Deno.test("a box that cannot be saved leaves nothing behind that would be taken for data of the spool", () => {
  const disk = createFakeDisk();
  const { file } = open(disk);
  const { rename } = disk;
  Object.assign(disk, {
    rename: () => {
      throw new Error("Is a directory");
    },
  });
  file.save(POINT);
  Object.assign(disk, { rename });
  disk.capacity = 10;
  file.save(POINT);
  assertEquals(Array.from(disk.contents.keys()), []);
});
