/** The layer's bill of materials: what is inside, with versions, licences and hashes. */
import { EXECUTABLE, type LayerFacts, type RuntimeFacts } from "./layer_facts.ts";
import type { KnownPackage } from "./packages.ts";

/** A JSON value that is only ever written. */
type Json = Readonly<Record<string, unknown>>;

const EDIT =
  "The needs of symbol version GLIBC_2.27 were taken out, so that it starts on Amazon Linux 2 (glibc 2.26); " +
  "getenv was replaced by a function that finds nothing, so that no variable of the function's changes how it works";

/**
 * CycloneDX 1.6, as an object to be written as JSON. Equal layers give equal documents: no time, no random number.
 *
 * @see CycloneDX 1.6 JSON reference
 */
export function createSbom(facts: LayerFacts): Json {
  const { arch, version, zipName, zipSha256, executableSha256, packages, runtime } = facts;
  const own = {
    ref: `pkg:generic/datakit-lambda-extension@${version}?arch=${arch}`,
    runtime: runtimeRef(runtime),
  };
  const libraries = packages.map(libraryOf);
  const v8 = { ref: `pkg:generic/v8@${facts.v8Version}`, version: facts.v8Version };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(zipSha256)}`,
    version: 1,
    metadata: {
      tools: { components: [{ type: "application", name: "deno", version: facts.denoVersion }] },
      component: { type: "file", "bom-ref": zipName, name: zipName, version, hashes: sha256(zipSha256) },
    },
    components: [
      {
        type: "application",
        "bom-ref": own.ref,
        name: "datakit-lambda-extension",
        version,
        description: `${EXECUTABLE}: the base runtime, the bundled program and its libraries in one file`,
        hashes: sha256(executableSha256),
        ...licenses(facts.license),
        purl: own.ref,
      },
      {
        type: "framework",
        "bom-ref": own.runtime,
        name: "denort",
        version: runtime.version ?? "unknown",
        description: "Deno's base runtime; its Rust crates are listed in Cargo.lock of the same Deno release",
        hashes: sha256(runtime.editedSha256),
        ...licenses("MIT"),
        purl: own.runtime,
        pedigree: {
          ancestors: [{
            type: "framework",
            name: "denort",
            version: runtime.version ?? "unknown",
            hashes: sha256(runtime.sha256),
          }],
          notes: EDIT,
        },
      },
      ...(runtime.version === undefined ? [] : [{
        type: "library",
        "bom-ref": v8.ref,
        name: "v8",
        version: v8.version,
        ...licenses("BSD-3-Clause"),
        purl: v8.ref,
      }]),
      ...libraries,
    ],
    dependencies: [
      { ref: zipName, dependsOn: [own.ref] },
      { ref: own.ref, dependsOn: [own.runtime, ...libraries.map((library) => library["bom-ref"])] },
      { ref: own.runtime, dependsOn: runtime.version === undefined ? [] : [v8.ref] },
      ...(runtime.version === undefined ? [] : [{ ref: v8.ref }]),
      ...libraries.map((library) => ({ ref: library["bom-ref"] })),
    ],
    compositions: [
      { aggregate: "complete", assemblies: [zipName, own.ref] },
      { aggregate: "incomplete", assemblies: [own.runtime] },
    ],
  };
}

/** Package URL; a scope's @ is percent-encoded. */
export function packageUrl({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function libraryOf(library: KnownPackage): Json & { readonly "bom-ref": string } {
  return {
    type: "library",
    "bom-ref": packageUrl(library),
    name: library.name,
    version: library.version,
    ...(library.sha512 === undefined ? {} : { hashes: [{ alg: "SHA-512", content: library.sha512 }] }),
    ...licenses(library.license),
    purl: packageUrl(library),
  };
}

function runtimeRef({ version, editedSha256 }: RuntimeFacts): string {
  return `pkg:generic/denort@${version ?? editedSha256}`;
}

/** An expression is valid for a single licence too. */
function licenses(expression: string | undefined): Json {
  return expression === undefined ? {} : { licenses: [{ expression }] };
}

function sha256(content: string): readonly Json[] {
  return [{ alg: "SHA-256", content }];
}

/** A UUID of version 8 (made by the application's own rule) out of a hash. */
function uuidOf(hash: string): string {
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `a${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
