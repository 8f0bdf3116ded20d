/** Gathers a release: everything that is put on a static host, checked before it is copied. */
import { type CheckResult, messageOf } from "../attest/check_result.ts";
import { PROVENANCE_SUFFIX, SBOM_SUFFIX, SHA256_SUFFIX } from "../attest/layer_facts.ts";
import { verifyLayer } from "../attest/verify_layer.ts";
import type { Arch } from "../build/base_runtime.ts";
import { LIST_NAME, parseList } from "./publish_list.ts";

const ARCHS: readonly Arch[] = ["amd64", "arm64"];

export interface ReleaseOptions {
  /** Folder of the zips and of what lies beside them. */
  readonly from: string;
  /** Folder of the release. What else lies there stays. */
  readonly to: string;
  /** A checkout, whose lock file and sources the layers are compared with. */
  readonly root: string;
  readonly extensionVersion: string;
}

/** File name of the layer for `arch`. */
export function zipNameOf(arch: Arch): string {
  return `datakit_aws_extension-linux-${arch}.zip`;
}

/** Names of the layer and of what is said of it: hash, SBOM, provenance. */
export function releasedFiles(arch: Arch): readonly string[] {
  return ["", SHA256_SUFFIX, SBOM_SUFFIX, PROVENANCE_SUFFIX].map((suffix) => `${zipNameOf(arch)}${suffix}`);
}

/**
 * Copies both layers, what is said of them, and the list of ARNs if there is one, and returns the files' names.
 * Nothing is copied unless both layers are as is said of them. Throws, naming each fault, when they are not, or when
 * the list names a layer of this version with other bytes.
 */
export async function gatherRelease(options: ReleaseOptions): Promise<readonly string[]> {
  const { from, to, root } = options;
  const faults: string[] = [];
  for (const arch of ARCHS) {
    const results = await verifyLayer(`${from}/${zipNameOf(arch)}`, root);
    faults.push(
      ...results.filter(isFault).map(({ what, details }) => `${zipNameOf(arch)}: ${what}: ${details}`),
    );
  }
  const list = await readList(options);
  faults.push(...list.faults);
  if (faults.length > 0) {
    throw new Error(`Cannot release as something is not as it should be:\n  ${faults.join("\n  ")}`);
  }
  const names = [...ARCHS.flatMap(releasedFiles), ...list.names];
  await Deno.mkdir(to, { recursive: true });
  for (const name of names) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  return names;
}

function isFault({ verdict }: CheckResult): boolean {
  return verdict === "WRONG" || verdict === "MISSING";
}

async function readList(
  { from, extensionVersion }: ReleaseOptions,
): Promise<{ readonly names: readonly string[]; readonly faults: readonly string[] }> {
  const text = await Deno.readTextFile(`${from}/${LIST_NAME}`).catch(() => undefined);
  if (text === undefined) return { names: [], faults: [] };
  const faults: string[] = [];
  for (const arch of ARCHS) {
    const wanted = (await Deno.readTextFile(`${from}/${zipNameOf(arch)}${SHA256_SUFFIX}`).catch(messageOf))
      .slice(0, 64);
    const others = parseList(text).filter((layer) =>
      layer.arch === arch && layer.extensionVersion === extensionVersion && layer.sha256 !== wanted
    );
    if (others.length > 0) {
      const regions = others.map(({ region }) => region).join(", ");
      faults.push(`${LIST_NAME}: ${arch} was published with other bytes in ${regions}: publish it again`);
    }
  }
  return { names: [LIST_NAME], faults };
}
