/** Says from what and how a layer was built. */
import { EXECUTABLE, type LayerFacts } from "./layer_facts.ts";
import { packageUrl } from "./sbom.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const PREDICATE_TYPE = "https://slsa.dev/provenance/v1";
const BUILD_TYPE = "urn:datakit-lambda-extension:build:v1";
const BUILDER = "urn:datakit-lambda-extension:builder:local";

/**
 * An in-toto statement with SLSA provenance, as an object to be written as JSON. Unsigned: it tells from what the
 * zip can be built again, byte for byte, which anyone can try; it proves nothing about who built it. Without times,
 * so that equal builds give equal statements. A build without git, or with changes that no commit has, says so.
 *
 * @see in-toto attestation framework, Statement v1; SLSA provenance v1.0
 */
export function createProvenance(facts: LayerFacts): Readonly<Record<string, unknown>> {
  const { arch, zipName, zipSha256, executableSha256, runtime, revision, flags } = facts;
  return {
    _type: STATEMENT_TYPE,
    subject: [
      { name: zipName, digest: { sha256: zipSha256 } },
      { name: EXECUTABLE, digest: { sha256: executableSha256 } },
    ],
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: {
          command: `npx -y deno@${facts.denoVersion} task build -- --arch ${arch}`,
          arch,
        },
        internalParameters: {
          denoVersion: facts.denoVersion,
          flags,
          editedBaseRuntimeSha256: runtime.editedSha256,
          ...(revision === undefined
            ? { source: "not a git checkout" }
            : revision.isClean
            ? {}
            : { source: "changes that the commit does not have: the inputs' hashes tell which" }),
        },
        resolvedDependencies: [
          ...(revision === undefined ? [] : [{ name: "source", digest: { gitCommit: revision.commit } }]),
          { name: "denort", digest: { sha256: runtime.sha256 } },
          ...facts.packages.map((library) => ({
            uri: packageUrl(library),
            digest: library.sha512 === undefined ? {} : { sha512: library.sha512 },
          })),
          ...facts.inputs.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
        ],
      },
      runDetails: { builder: { id: BUILDER, version: { deno: facts.denoVersion } } },
    },
  };
}
