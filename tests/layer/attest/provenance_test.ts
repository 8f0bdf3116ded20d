import { assertEquals } from "@std/assert";
import { createProvenance } from "../../../layer/attest/provenance.ts";
import { executable, factsOf, PINNED, zipOf } from "./layer_fixture.ts";

const contents = executable();
const facts = {
  ...factsOf(zipOf(contents), contents),
  zipSha256: "22".repeat(32),
  executableSha256: "33".repeat(32),
  runtime: { version: "2.7.11", sha256: PINNED, editedSha256: "44".repeat(32) },
};

Deno.test("createProvenance names commit, command, flags and the hash of every input", () => {
  assertEquals(JSON.parse(JSON.stringify(createProvenance(facts))), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      { name: "layer-amd64.zip", digest: { sha256: "22".repeat(32) } },
      { name: "extensions/datakit", digest: { sha256: "33".repeat(32) } },
    ],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:datakit-lambda-extension:build:v1",
        externalParameters: { command: "npx -y deno@2.7.11 task build -- --arch amd64", arch: "amd64" },
        internalParameters: {
          denoVersion: "2.7.11",
          flags: ["--no-opt"],
          editedBaseRuntimeSha256: "44".repeat(32),
        },
        resolvedDependencies: [
          { name: "source", digest: { gitCommit: "ab".repeat(20) } },
          { name: "denort", digest: { sha256: PINNED } },
          { uri: "pkg:npm/%40scope/lib@1.2.3", digest: { sha512: "00".repeat(64) } },
          { name: "src/main.ts", digest: { sha256: "11".repeat(32) } },
        ],
      },
      runDetails: {
        builder: { id: "urn:datakit-lambda-extension:builder:local", version: { deno: "2.7.11" } },
      },
    },
  });
});

Deno.test("createProvenance says when the commit does not hold all that was built, and when there is none", () => {
  const dirty = JSON.stringify(
    createProvenance({ ...facts, revision: { commit: "ab".repeat(20), isClean: false } }),
  );
  assertEquals(dirty.includes("changes that the commit does not have"), true);
  const none = JSON.stringify(createProvenance({ ...facts, revision: undefined }));
  assertEquals([none.includes("gitCommit"), none.includes("not a git checkout")], [false, true]);
});
