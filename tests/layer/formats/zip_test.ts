import { assertEquals, assertThrows } from "@std/assert";
import { writeZip } from "../../../layer/formats/zip.ts";
import { readZip } from "../../../layer/formats/zip_reader.ts";

const contents = new TextEncoder().encode("hello ".repeat(1000));

Deno.test("writeZip keeps names, contents and Unix modes, and no time of day", () => {
  const entries = readZip(writeZip([
    { name: "extensions/datakit", contents, mode: 0o755 },
    { name: "datakit/ca.pem", contents: new Uint8Array(), mode: 0o644 },
  ]));
  assertEquals(entries, [
    {
      name: "extensions/datakit",
      mode: 0o100755,
      madeByHost: 3,
      dosTime: 0,
      dosDate: 33,
      extraBytes: 0,
      contents,
    },
    {
      name: "datakit/ca.pem",
      mode: 0o100644,
      madeByHost: 3,
      dosTime: 0,
      dosDate: 33,
      extraBytes: 0,
      contents: new Uint8Array(),
    },
  ]);
});

Deno.test("writeZip deflates", () => {
  assertEquals(writeZip([{ name: "a", contents, mode: 0o644 }]).length < 200, true);
});

Deno.test("readZip refuses an archive with a changed byte", () => {
  const zip = writeZip([{ name: "a", contents, mode: 0o644 }]);
  zip[14] = (zip[14] ?? 0) ^ 1; // the checksum in the file header
  assertThrows(() => readZip(zip), Error, "Cannot read the zip");
});
