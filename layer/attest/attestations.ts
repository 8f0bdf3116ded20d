/** Gathers what is known of a packed layer and writes it beside the zip. */
import { type Arch, type BaseRuntime, pinnedVersion, sha256 } from "../build/base_runtime.ts";
import { type BuildInput, readRevision } from "../build/build_inputs.ts";
import { BUILD_FLAGS } from "../build/compile.ts";
import { readElf } from "../formats/elf.ts";
import { type LayerFacts, PROVENANCE_SUFFIX, SBOM_SUFFIX, SHA256_SUFFIX } from "./layer_facts.ts";
import { readLockFile } from "./lock_file.ts";
import { bundledPackages, type KnownPackage, npmCacheDir, readPackageFacts } from "./packages.ts";
import { createProvenance } from "./provenance.ts";
import { createSbom } from "./sbom.ts";

export interface AttestationOptions {
  readonly root: string;
  /** Where the bundle and its source maps lie. */
  readonly workDir: string;
  readonly arch: Arch;
  readonly runtime: BaseRuntime;
  readonly inputs: readonly BuildInput[];
  readonly executable: Uint8Array;
  readonly zipPath: string;
  readonly zipSha256: string;
}

/**
 * Writes the `.sha256` file, the SBOM and the provenance beside the zip. Throws when a package of the bundle is
 * not in the lock file or not in Deno's cache: it could not have been built from there.
 */
export async function writeAttestations(options: AttestationOptions): Promise<void> {
  const { zipPath, zipSha256 } = options;
  const facts = await gatherFacts(options);
  await Deno.writeTextFile(`${zipPath}${SHA256_SUFFIX}`, `${zipSha256}  ${facts.zipName}\n`);
  await writeJson(`${zipPath}${SBOM_SUFFIX}`, createSbom(facts));
  await writeJson(`${zipPath}${PROVENANCE_SUFFIX}`, createProvenance(facts));
}

async function gatherFacts(options: AttestationOptions): Promise<LayerFacts> {
  const { root, arch, runtime, inputs, executable, zipPath, zipSha256 } = options;
  const config: Record<string, unknown> = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const editedRuntime = executable.subarray(0, readElf(executable).endBytes);
  return {
    arch,
    version: String(config["version"]),
    license: typeof config["license"] === "string" ? config["license"] : undefined,
    zipName: zipPath.slice(zipPath.lastIndexOf("/") + 1),
    zipSha256,
    executableSha256: sha256(executable),
    runtime: {
      version: pinnedVersion(arch, runtime.sha256),
      sha256: runtime.sha256,
      editedSha256: sha256(editedRuntime),
    },
    packages: await shippedPackages(options),
    inputs,
    revision: await readRevision(root),
    flags: BUILD_FLAGS,
    denoVersion: Deno.version.deno,
    v8Version: Deno.version.v8,
  };
}

async function shippedPackages({ root, workDir }: AttestationOptions): Promise<KnownPackage[]> {
  const locked = readLockFile(await Deno.readTextFile(`${root}/deno.lock`));
  const cacheDir = await npmCacheDir();
  const shipped: KnownPackage[] = [];
  for (const id of Array.from(await bundledPackages(workDir)).sort()) {
    const found = locked.find(({ name, version }) => `${name}@${version}` === id);
    const facts = found === undefined ? undefined : await readPackageFacts(cacheDir, found);
    if (found === undefined || facts === undefined) {
      throw new Error(`Cannot vouch for ${id} as it is in the bundle but not in deno.lock and Deno's cache`);
    }
    shipped.push({ ...found, ...facts });
  }
  return shipped;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
