import { assertEquals, assertRejects } from "@std/assert";
import { createProvenance } from "../../../layer/attest/provenance.ts";
import { createSbom } from "../../../layer/attest/sbom.ts";
import type { Arch } from "../../../layer/build/base_runtime.ts";
import { encodeList } from "../../../layer/deploy/publish_list.ts";
import { gatherRelease, releasedFiles, zipNameOf } from "../../../layer/deploy/release_folder.ts";
import { scenario } from "../../support/scenario.ts";
import { executable, factsOf, zipOf } from "../attest/layer_fixture.ts";

const INTEGRITY = `sha512-${"A".repeat(85)}A==`;

/** Puts two good layers into `folder`, and returns the hash of one zip. */
async function writeLayers(folder: string): Promise<string> {
  let hash = "";
  for (const arch of ["amd64", "arm64"] as const) {
    const contents = executable("GLIBC_2.25", arch);
    const zip = zipOf(contents);
    const facts = { ...factsOf(zip, contents, arch), zipName: zipNameOf(arch) };
    const texts = [`${facts.zipSha256}  ${facts.zipName}\n`, createSbom(facts), createProvenance(facts)];
    const [zipName = "", ...beside] = releasedFiles(arch);
    await Deno.writeFile(`${folder}/${zipName}`, zip);
    for (const [index, name] of beside.entries()) {
      const text = texts[index];
      await Deno.writeTextFile(`${folder}/${name}`, typeof text === "string" ? text : JSON.stringify(text));
    }
    hash = facts.zipSha256;
  }
  const lock = { version: "5", npm: { "@scope/lib@1.2.3": { integrity: INTEGRITY } } };
  await Deno.writeTextFile(`${folder}/deno.lock`, JSON.stringify(lock));
  return hash;
}

const listOf = (arch: Arch, sha256: string, extensionVersion = "2.0.0"): string =>
  encodeList([{
    partition: "aws",
    region: "eu-west-1",
    arch,
    arn: "arn:aws:lambda:eu-west-1:123456789012:layer:datakit-arm64:1",
    extensionVersion,
    sha256,
    sharedWith: [],
  }]);

async function inFolders(use: (from: string, to: string, armHash: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-release-" });
  try {
    await use(folder, `${folder}/release`, await writeLayers(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = (folder: string): string[] => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

scenario("gatherRelease puts both layers, what is said of them, and the list into one folder", async () => {
  await inFolders(async (from, to, armHash) => {
    const options = { from, to, root: from, extensionVersion: "2.0.0" };
    const names = await gatherRelease(options);
    assertEquals(names.length, 8);
    assertEquals(namesIn(to), [...names].sort());
    await Deno.writeTextFile(`${from}/arns.json`, listOf("arm64", armHash));
    assertEquals((await gatherRelease(options)).at(-1), "arns.json");
    for (const name of names) {
      assertEquals(await Deno.readFile(`${to}/${name}`), await Deno.readFile(`${from}/${name}`));
    }
  });
});

scenario(
  "gatherRelease copies nothing when a layer is not as is said of it, and names each fault",
  async () => {
    await inFolders(async (from, to) => {
      const options = { from, to, root: from, extensionVersion: "2.0.0" };
      await Deno.remove(`${from}/${zipNameOf("arm64")}.cdx.json`);
      await Deno.writeTextFile(
        `${from}/${zipNameOf("amd64")}.sha256`,
        `${"0".repeat(64)}  ${zipNameOf("amd64")}\n`,
      );
      const error = await assertRejects(() => gatherRelease(options), Error, "Cannot release");
      assertEquals(
        error.message.match(/linux-amd64.zip: sha256 file|linux-arm64.zip: SBOM/g)?.length,
        2,
        error.message,
      );
      await assertRejects(() => Deno.stat(to), Deno.errors.NotFound);
    });
  },
);

scenario("gatherRelease refuses a list whose layers of this version have other bytes", async () => {
  await inFolders(async (from, to) => {
    const options = { from, to, root: from, extensionVersion: "2.0.0" };
    await Deno.writeTextFile(`${from}/arns.json`, listOf("arm64", "1".repeat(64)));
    await assertRejects(
      () => gatherRelease(options),
      Error,
      "arm64 was published with other bytes in eu-west-1",
    );
    await Deno.writeTextFile(`${from}/arns.json`, listOf("arm64", "1".repeat(64), "1.9.0"));
    assertEquals((await gatherRelease(options)).length, 9);
  });
});
