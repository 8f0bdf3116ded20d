import { assertEquals, assertRejects } from "@std/assert";
import type { LayerFacts } from "../../../layer/attest/layer_facts.ts";
import { createProvenance } from "../../../layer/attest/provenance.ts";
import { createSbom } from "../../../layer/attest/sbom.ts";
import { verifyLayer } from "../../../layer/attest/verify_layer.ts";
import { scenario } from "../../support/scenario.ts";
import { executable, factsOf, ZIP_NAME, zipOf } from "./layer_fixture.ts";

const INTEGRITY = `sha512-${"A".repeat(85)}A==`;

/** Parts of a layer's folder, any of which a test changes. */
interface Folder {
  zip: Uint8Array;
  hashFile: string | undefined;
  sbom: string | undefined;
  provenance: string | undefined;
  lock: string;
}

/** Verifies a good layer after `damage`, and tells every result that is not `ok`. */
async function complaints(
  damage: (folder: Folder) => void,
  change: (facts: LayerFacts) => LayerFacts = (facts) => facts,
  contents = executable(),
): Promise<string[]> {
  const zip = zipOf(contents);
  const facts = change(factsOf(zip, contents));
  const folder: Folder = {
    zip,
    hashFile: `${facts.zipSha256}  ${ZIP_NAME}\n`,
    sbom: JSON.stringify(createSbom(facts)),
    provenance: JSON.stringify(createProvenance(facts)),
    lock: JSON.stringify({ version: "5", npm: { "@scope/lib@1.2.3": { integrity: INTEGRITY } } }),
  };
  damage(folder);
  const root = await Deno.makeTempDir({ prefix: "datakit-verify-" });
  try {
    const path = `${root}/${ZIP_NAME}`;
    await Deno.writeFile(path, folder.zip);
    await Deno.writeTextFile(`${root}/deno.lock`, folder.lock);
    const texts = [[".sha256", folder.hashFile], [".cdx.json", folder.sbom], [
      ".intoto.json",
      folder.provenance,
    ]] as const;
    for (const [suffix, text] of texts) {
      if (text !== undefined) await Deno.writeTextFile(`${path}${suffix}`, text);
    }
    return (await verifyLayer(path, root))
      .filter(({ verdict }) => verdict === "WRONG" || verdict === "MISSING")
      .map(({ verdict, what }) => `${verdict} ${what}`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

scenario("verifyLayer has nothing to say against a layer as it was built", async () => {
  assertEquals(await complaints(() => {}), []);
});

scenario("verifyLayer tells a zip with other bytes in each place that knows the right ones", async () => {
  const other = executable();
  other[other.length - 1] = 0x21;
  assertEquals(await complaints((folder) => folder.zip = zipOf(other)), [
    "WRONG sha256 file",
    "WRONG SBOM: zip",
    "WRONG SBOM: executable",
    "WRONG provenance: zip",
    "WRONG provenance: executable",
  ]);
});

scenario("verifyLayer tells a damaged zip, another file and another mode", async () => {
  const flipped = (folder: Folder): void => {
    folder.zip[100] = (folder.zip[100] ?? 0) ^ 1;
  };
  assertEquals(await complaints(flipped), ["WRONG sha256 file", "WRONG contents"]);
  const cut = (folder: Folder): void => void (folder.zip = folder.zip.subarray(0, 50));
  assertEquals(await complaints(cut), ["WRONG sha256 file", "WRONG contents"]);
  const renamed = (folder: Folder): void => void (folder.zip = zipOf(executable(), "extensions/other"));
  assertEquals(await complaints(renamed), ["WRONG sha256 file", "WRONG contents"]);
  const unstartable = (folder: Folder): void =>
    void (folder.zip = zipOf(executable(), "extensions/datakit", 0o644));
  assertEquals(await complaints(unstartable), ["WRONG sha256 file", "WRONG contents"]);
});

scenario("verifyLayer tells an executable that Amazon Linux 2 cannot start", async () => {
  assertEquals(await complaints(() => {}, undefined, executable("GLIBC_2.27")), ["WRONG machine"]);
});

scenario("verifyLayer tells another base runtime than the pinned one", async () => {
  const change = (facts: LayerFacts): LayerFacts => ({
    ...facts,
    runtime: { ...facts.runtime, sha256: "00".repeat(32) },
  });
  assertEquals(await complaints(() => {}, change), ["WRONG base runtime"]);
});

scenario("verifyLayer tells attestations that are missing, of another kind, or not JSON", async () => {
  assertEquals(
    await complaints((folder) => {
      folder.hashFile = undefined;
      folder.sbom = undefined;
      folder.provenance = undefined;
    }),
    ["MISSING sha256 file", "MISSING SBOM", "MISSING provenance"],
  );
  assertEquals(
    await complaints((folder) => {
      folder.hashFile = `${"00".repeat(32)}  other.zip\n`;
      folder.sbom = "{}";
      folder.provenance = '{"_type":"https://in-toto.io/Statement/v0.1"}';
    }),
    ["WRONG sha256 file", "WRONG SBOM", "WRONG provenance"],
  );
  const broken = (folder: Folder): void => void (folder.sbom = "{");
  assertEquals(await complaints(broken), ["MISSING SBOM"]);
});

scenario("verifyLayer tells packages that the lock file does not have with that hash", async () => {
  const lock = { version: "5", npm: { "@scope/lib@1.2.3": { integrity: INTEGRITY.replace("AAA", "BBB") } } };
  assertEquals(await complaints((folder) => folder.lock = JSON.stringify(lock)), ["WRONG SBOM: packages"]);
});

scenario("verifyLayer throws when there is no zip", async () => {
  await assertRejects(() => verifyLayer("/nowhere/layer.zip", "/nowhere"), Error, "Cannot read the zip");
});
