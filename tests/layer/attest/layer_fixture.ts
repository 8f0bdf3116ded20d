/** A small layer whose every fact is known, for the tests of its attestations. */
import { type Arch, sha256 } from "../../../layer/build/base_runtime.ts";
import { EXECUTABLE, type LayerFacts } from "../../../layer/attest/layer_facts.ts";
import { writeZip } from "../../../layer/formats/zip.ts";
import { elfFixture, HASH } from "../formats/elf_fixture.ts";

export const ZIP_NAME = "layer-amd64.zip";
/** Of Deno 2.7.11's base runtime for amd64. */
export const PINNED = "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6";
const PINNED_ARM64 = "9c888d915647ff971a497acd39ee45ea63da5f19d12d4363124942c257c055ef";
/** ELF's numbers of the machines. */
const MACHINES: Readonly<Record<Arch, number>> = { amd64: 0x3e, arm64: 0xb7 };

/** A program that stands for the executable: a base runtime, and a payload behind it. */
export function executable(
  newest: "GLIBC_2.25" | "GLIBC_2.27" = "GLIBC_2.25",
  arch: Arch = "amd64",
): Uint8Array {
  const { file } = elfFixture({
    machine: MACHINES[arch],
    libraries: [{ name: "libc.so.6", versions: [[newest, HASH[newest], 2]] }],
    symbols: [{ name: "write", version: 2 }],
  });
  return new Uint8Array([...file, ...new TextEncoder().encode("payload")]);
}

/** The zip with that program. */
export function zipOf(contents: Uint8Array, name = EXECUTABLE, mode = 0o755): Uint8Array<ArrayBuffer> {
  return writeZip([{ name, contents, mode }]);
}

/** What its build would know. */
export function factsOf(zip: Uint8Array, contents: Uint8Array, arch: Arch = "amd64"): LayerFacts {
  return {
    arch,
    version: "2.0.0",
    license: undefined,
    zipName: ZIP_NAME,
    zipSha256: sha256(zip),
    executableSha256: sha256(contents),
    runtime: {
      version: "2.7.11",
      sha256: arch === "amd64" ? PINNED : PINNED_ARM64,
      editedSha256: sha256(contents.subarray(0, contents.length - "payload".length)),
    },
    packages: [{
      name: "@scope/lib",
      version: "1.2.3",
      sha512: "00".repeat(64),
      hasInstallScript: false,
      isDeprecated: false,
      license: "MIT OR Apache-2.0",
      installScripts: [],
    }],
    inputs: [{ path: "src/main.ts", sha256: "11".repeat(32) }],
    revision: { commit: "ab".repeat(20), isClean: true },
    flags: ["--no-opt"],
    denoVersion: "2.7.11",
    v8Version: "14.7",
  };
}
