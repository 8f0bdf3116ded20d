import { assertEquals, assertThrows } from "@std/assert";
import { readElf } from "../../../layer/formats/elf.ts";

/** An ELF header with a section header table of two entries at byte 100, followed by a payload. */
function elf(machine: number): Uint8Array {
  const file = new Uint8Array(300);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(18, machine, true);
  view.setBigUint64(40, 100n, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 2, true);
  return file;
}

Deno.test("readElf tells the machine and where the file ends", () => {
  assertEquals(readElf(elf(0x3e)), { machine: "amd64", endBytes: 228 });
  assertEquals(readElf(elf(0xb7)), { machine: "arm64", endBytes: 228 });
});

Deno.test("readElf refuses what Lambda cannot run", () => {
  assertThrows(() => readElf(elf(0xf3)), Error, "machine is unknown: 243");
  assertThrows(() => readElf(new TextEncoder().encode("#!/bin/sh\n".repeat(10))), Error, "not a 64-bit");
  assertThrows(() => readElf(new Uint8Array()), Error, "not a 64-bit");
});

Deno.test("readElf refuses a file that is cut short", () => {
  assertThrows(() => readElf(elf(0x3e).subarray(0, 227)), Error, "it should have 228 bytes");
});
