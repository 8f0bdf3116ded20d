import { assertEquals, assertThrows } from "@std/assert";
import { readZipDirectory } from "../../../layer/formats/zip_directory.ts";
import { writeZip } from "../../../layer/formats/zip.ts";

const ZIP = writeZip([
  { name: "a/b", contents: new Uint8Array(1000), mode: 0o755 },
  { name: "c", contents: new Uint8Array(24), mode: 0o644 },
]);

Deno.test("readZipDirectory reads sizes and modes from the archive's end alone", () => {
  const members = readZipDirectory(ZIP.subarray(ZIP.length - 118), ZIP.length);
  assertEquals(
    "startsAt" in members ? [] : members.map(({ name, mode, unpackedBytes }) => [name, mode, unpackedBytes]),
    [
      ["a/b", 0o100755, 1000],
      ["c", 0o100644, 24],
    ],
  );
});

Deno.test("readZipDirectory says where the directory is when it was cut off", () => {
  assertEquals(readZipDirectory(ZIP.subarray(ZIP.length - 30), ZIP.length), { startsAt: ZIP.length - 118 });
});

Deno.test("readZipDirectory refuses what is no archive or a damaged one", () => {
  assertThrows(() => readZipDirectory(new Uint8Array(100), 100), Error, "has no end record");
  const damaged = ZIP.slice();
  damaged[ZIP.length - 118] = 0;
  assertThrows(() => readZipDirectory(damaged, ZIP.length), Error, "breaks off at file 0");
});
