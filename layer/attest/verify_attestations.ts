/** Compares a layer's zip with the SBOM and the provenance beside it. */
import { pinnedVersion } from "../build/base_runtime.ts";
import { readInputs } from "../build/build_inputs.ts";
import { readElf } from "../formats/elf.ts";
import { type CheckResult, checkResult, compare, fileName, listOf, pick, readJson } from "./check_result.ts";
import { EXECUTABLE } from "./layer_facts.ts";
import { readLockFile } from "./lock_file.ts";
import { PREDICATE_TYPE, STATEMENT_TYPE } from "./provenance.ts";

/** The zip, and what it should be. */
export interface Subject {
  readonly name: string;
  readonly zipSha256: string;
  readonly executable: Uint8Array;
  readonly executableSha256: string;
  /** Of the base runtime as it is in the executable. */
  readonly runtimeSha256: string;
}

/** Hashes and packages of the SBOM, the latter against the lock file in `root`. */
export async function checkSbom(path: string, subject: Subject, root: string): Promise<CheckResult[]> {
  const sbom = await readJson(path);
  if (sbom === undefined) {
    return [checkResult("MISSING", "SBOM", `${fileName(path)} is not there or not JSON`)];
  }
  if (pick(sbom, "bomFormat") !== "CycloneDX") return [checkResult("WRONG", "SBOM", "it is not CycloneDX")];
  const components = listOf(pick(sbom, "components"));
  const named = (name: string): unknown => components.find((component) => pick(component, "name") === name);
  return [
    compare("SBOM: zip", hashOf(pick(sbom, "metadata", "component")), subject.zipSha256),
    compare("SBOM: executable", hashOf(named("datakit-lambda-extension")), subject.executableSha256),
    compare("SBOM: base runtime", hashOf(named("denort")), subject.runtimeSha256),
    await checkPackages(components, root),
  ];
}

async function checkPackages(components: readonly unknown[], root: string): Promise<CheckResult> {
  const what = "SBOM: packages";
  const shipped = components.filter((component) => String(pick(component, "purl")).startsWith("pkg:npm/"));
  const ids = shipped.map((component) => `${pick(component, "name")}@${pick(component, "version")}`);
  const lockFile = await Deno.readTextFile(`${root}/deno.lock`).catch(() => undefined);
  if (lockFile === undefined) {
    return checkResult("note", what, `${ids.join(", ")}; no deno.lock to compare with`);
  }
  const locked = new Map(
    readLockFile(lockFile).map((entry) => [`${entry.name}@${entry.version}`, entry.sha512]),
  );
  const strangers = ids.filter((id, index) =>
    locked.get(id) === undefined || locked.get(id) !== hashOf(shipped[index])
  );
  return strangers.length === 0
    ? checkResult("ok", what, `${ids.join(", ")}: hashes as in deno.lock`)
    : checkResult("WRONG", what, `not as in this checkout's deno.lock: ${strangers.join(", ")}`);
}

/** Hashes of the provenance; sources and base runtime that it names. */
export async function checkProvenance(path: string, subject: Subject, root: string): Promise<CheckResult[]> {
  const statement = await readJson(path);
  if (statement === undefined) {
    return [checkResult("MISSING", "provenance", `${fileName(path)} is not there or not JSON`)];
  }
  if (pick(statement, "_type") !== STATEMENT_TYPE || pick(statement, "predicateType") !== PREDICATE_TYPE) {
    return [checkResult("WRONG", "provenance", "it is not an in-toto statement v1 with SLSA provenance v1")];
  }
  const subjects = listOf(pick(statement, "subject"));
  const build = pick(statement, "predicate", "buildDefinition");
  const inputs = listOf(pick(build, "resolvedDependencies"));
  const digest = (list: readonly unknown[], name: string, kind = "sha256"): unknown =>
    pick(list.find((entry) => pick(entry, "name") === name), "digest", kind);
  const original = digest(inputs, "denort");
  const machine = readElf(subject.executable).machine;
  const version = typeof original === "string" ? pinnedVersion(machine, original) : undefined;
  const commit = digest(inputs, "source", "gitCommit");
  const remark = pick(build, "internalParameters", "source");
  return [
    compare("provenance: zip", digest(subjects, subject.name), subject.zipSha256),
    compare("provenance: executable", digest(subjects, EXECUTABLE), subject.executableSha256),
    compare(
      "provenance: runtime",
      pick(build, "internalParameters", "editedBaseRuntimeSha256"),
      subject.runtimeSha256,
    ),
    version === undefined
      ? checkResult("WRONG", "base runtime", `it was not made from the pinned release: ${original}`)
      : checkResult("ok", "base runtime", `made from the pinned Deno ${version}: ${original}`),
    checkResult(
      "note",
      "commit",
      [commit, remark].filter((part) => part !== undefined).join(", with ") || "not told",
    ),
    await compareInputs(inputs, root),
    checkResult("note", "signature", "none: this tells from what to build it again, not who built it"),
  ];
}

async function compareInputs(inputs: readonly unknown[], root: string): Promise<CheckResult> {
  const here = await readInputs(root).catch(() => []);
  const wanted = new Map(inputs.map((input) => [pick(input, "name"), pick(input, "digest", "sha256")]));
  const equal = here.filter(({ path, sha256 }) => wanted.get(path) === sha256).length;
  const files = inputs.filter((input) => /[.](ts|json|lock)$/.test(String(pick(input, "name")))).length;
  const isSame = equal === files && here.length === files;
  const rest = isSame ? "deno task build must give these very bytes" : "built from other sources";
  return checkResult("note", "sources", `${equal} of ${files} files as in this checkout: ${rest}`);
}

function hashOf(component: unknown): unknown {
  return pick(listOf(pick(component, "hashes"))[0], "content");
}
