import { assertEquals, assertThrows } from "@std/assert";
import { inspectLayerZip } from "../../../layer/deploy/publish_zip.ts";
import { zipFor } from "../../aws/layers.ts";

Deno.test("inspectLayerZip tells hash, size and glibc of a layer", () => {
  const zip = inspectLayerZip("arm64", zipFor("arm64", "salt"));
  assertEquals(zip.glibc, "2.25");
  assertEquals(zip.sha256.length, 64);
  assertEquals(Uint8Array.fromBase64(zip.codeSha256).toHex(), zip.sha256);
});

Deno.test("inspectLayerZip refuses a layer that would break functions", () => {
  const bad: readonly (readonly [Uint8Array<ArrayBuffer>, string])[] = [
    [zipFor("amd64", ""), "its executable is for amd64"],
    [zipFor("arm64", "", { mode: 0o644 }), "must have mode 100755: it has 100644"],
    [
      zipFor("arm64", "", { name: "extensions/README" }),
      "must hold extensions/datakit alone: it has [extensions/README]",
    ],
  ];
  for (const [zip, text] of bad) assertThrows(() => inspectLayerZip("arm64", zip), Error, text);
});
