import { assertEquals } from "@std/assert";
import { createSbom, packageUrl } from "../../../layer/attest/sbom.ts";
import { executable, factsOf, PINNED, zipOf } from "./layer_fixture.ts";

const contents = executable();
const facts = { ...factsOf(zipOf(contents), contents), zipSha256: "0123456789abcdef".repeat(4) };

/** Parts of the document, as a reader of its JSON sees them. */
function partsOf(sbom: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(sbom));
}

Deno.test("createSbom names zip, program, runtime before and after its edit, V8 and libraries", () => {
  const { bomFormat, specVersion, serialNumber, components } = partsOf(createSbom(facts));
  assertEquals([bomFormat, specVersion], ["CycloneDX", "1.6"]);
  assertEquals(serialNumber, "urn:uuid:01234567-89ab-8def-a123-456789abcdef");
  const list: Record<string, unknown>[] = Array.isArray(components) ? components : [];
  assertEquals(list.map(({ name, version }) => `${name} ${version}`), [
    "datakit-lambda-extension 2.0.0",
    "denort 2.7.11",
    "v8 14.7",
    "@scope/lib 1.2.3",
  ]);
  assertEquals(list.map(({ licenses }) => licenses), [
    undefined,
    [{ expression: "MIT" }],
    [{ expression: "BSD-3-Clause" }],
    [{ expression: "MIT OR Apache-2.0" }],
  ]);
  assertEquals(list[3]?.hashes, [{ alg: "SHA-512", content: "00".repeat(64) }]);
  assertEquals(list[1]?.pedigree, {
    ancestors: [{
      type: "framework",
      name: "denort",
      version: "2.7.11",
      hashes: [{ alg: "SHA-256", content: PINNED }],
    }],
    notes:
      "The needs of symbol version GLIBC_2.27 were taken out, so that it starts on Amazon Linux 2 (glibc 2.26); " +
      "getenv was replaced by a function that finds nothing, so that no variable of the function's changes how it works",
  });
});

Deno.test("createSbom refers only to parts that it has", () => {
  const { components, metadata, dependencies } = partsOf(createSbom(facts));
  const found = new Set(
    Array.from(JSON.stringify([components, metadata]).matchAll(/"bom-ref":"([^"]+)"/g), ([, ref]) => ref),
  );
  const named = Array.from(JSON.stringify(dependencies).matchAll(/"([^"]+)"/g), ([, text]) => text)
    .filter((text) => text !== "ref" && text !== "dependsOn");
  assertEquals(named.filter((ref) => !found.has(ref)), []);
  assertEquals(found.size, 5);
});

Deno.test("createSbom claims nothing about a base runtime of unknown origin", () => {
  const sbom = JSON.stringify(createSbom({ ...facts, runtime: { ...facts.runtime, version: undefined } }));
  assertEquals([sbom.includes('"v8"'), sbom.includes('"version":"unknown"')], [false, true]);
});

Deno.test("packageUrl encodes a scope's @", () => {
  assertEquals(packageUrl({ name: "@scope/lib", version: "1.2.3" }), "pkg:npm/%40scope/lib@1.2.3");
});
