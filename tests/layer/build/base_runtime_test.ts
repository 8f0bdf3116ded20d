import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { extractBaseRuntime, findBaseRuntime, sha256 } from "../../../layer/build/base_runtime.ts";
import { scenario } from "../../support/scenario.ts";

/** The smallest file that passes for a program for amd64. */
function program(): Uint8Array {
  const file = new Uint8Array(200);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file[18] = 0x3e;
  file[40] = 100;
  return file;
}

Deno.test("extractBaseRuntime refuses a runtime that is not the pinned one", () => {
  assertThrows(
    () => extractBaseRuntime("amd64", program()),
    Error,
    "Cannot trust the base runtime for amd64 as its SHA-256 is",
  );
});

Deno.test("extractBaseRuntime refuses a runtime for the other machine", () => {
  assertThrows(() => extractBaseRuntime("arm64", program()), Error, "it is for amd64, not for arm64");
});

scenario(
  "findBaseRuntime takes the file that the variable names, and refuses one for another machine",
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/denort`;
    await Deno.writeFile(path, program());
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    Deno.env.set("DENORT_BIN_X64", path);
    Deno.env.set("DENORT_BIN_ARM64", path);
    try {
      assertEquals(await findBaseRuntime("amd64", folder, log), { path, sha256: sha256(program()) });
      assertEquals(lines.length, 1);
      assertEquals(lines[0]?.includes("NOT the pinned release"), true);
      await assertRejects(() => findBaseRuntime("arm64", folder, log), Error, "is for amd64");
    } finally {
      Deno.env.delete("DENORT_BIN_X64");
      Deno.env.delete("DENORT_BIN_ARM64");
      await Deno.remove(folder, { recursive: true });
    }
  },
);
