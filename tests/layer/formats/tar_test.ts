import { assertEquals, assertThrows } from "@std/assert";
import { readTarEntry } from "../../../layer/formats/tar.ts";

/** A ustar archive of the given files, written by the field table of POSIX. */
function tar(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [name, text] of Object.entries(files)) {
    const contents = new TextEncoder().encode(text);
    const header = new Uint8Array(512);
    const put = (at: number, value: string): void => header.set(new TextEncoder().encode(value), at);
    put(0, name);
    put(124, contents.length.toString(8).padStart(11, "0"));
    put(257, "ustar");
    const body = new Uint8Array(Math.ceil(contents.length / 512) * 512);
    body.set(contents);
    blocks.push(header, body);
  }
  blocks.push(new Uint8Array(1024));
  return new Uint8Array(blocks.flatMap((block) => Array.from(block)));
}

const ARCHIVE = tar({
  "package/a.json": "{}",
  "package/bin/empty": "",
  "package/bin/program": "x".repeat(600),
});

Deno.test("readTarEntry gives a file behind others", () => {
  assertEquals(readTarEntry(ARCHIVE, "package/bin/program"), new TextEncoder().encode("x".repeat(600)));
  assertEquals(readTarEntry(ARCHIVE, "package/bin/empty"), new Uint8Array());
});

Deno.test("readTarEntry names a file that is not there", () => {
  assertThrows(() => readTarEntry(ARCHIVE, "bin/program"), Error, "Cannot find bin/program");
});

Deno.test("readTarEntry refuses an archive that is cut short", () => {
  assertThrows(() => readTarEntry(ARCHIVE.subarray(0, 2500), "package/bin/program"), Error, "cut short");
});
