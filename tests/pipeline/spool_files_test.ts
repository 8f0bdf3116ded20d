import { assertEquals, assertThrows } from "@std/assert";
import { createDiskFiles } from "../../src/pipeline/spool_files.ts";
import { scenario } from "../support/scenario.ts";

scenario("disk files write, replace, list and remove in a folder made when first needed", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const files = createDiskFiles(`${parent}/a/b`);
    assertEquals(files.list(), []);
    assertEquals(await Deno.stat(`${parent}/a`).catch(() => "none"), "none");
    files.write("x", new Uint8Array([1, 2, 3]));
    files.write("y", new Uint8Array([4]));
    files.rename("x", "y");
    Deno.mkdirSync(`${parent}/a/b/folder`);
    assertEquals(files.list(), [{ name: "y", sizeBytes: 3 }]);
    assertEquals(files.read("y"), new Uint8Array([1, 2, 3]));
    const modes = [`${parent}/a/b`, `${parent}/a/b/y`].map((path) => (Deno.statSync(path).mode ?? 0) & 0o777);
    assertEquals(modes, [0o700, 0o600]);
    files.remove("y");
    assertEquals(files.list(), []);
    assertThrows(() => files.remove("y"), Deno.errors.NotFound);
    await Deno.remove(`${parent}/a`, { recursive: true });
    files.write("z", new Uint8Array([5]));
    assertEquals(files.list(), [{ name: "z", sizeBytes: 1 }]);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
