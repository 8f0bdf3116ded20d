/** Checks a layer's zip: its bytes, what Lambda would unpack, and the attestations beside it. */
import { sha256 } from "../build/base_runtime.ts";
import { readElf } from "../formats/elf.ts";
import { type CheckResult, checkResult, compare, fileName, messageOf } from "./check_result.ts";
import { OLDEST_GLIBC, tooNewVersions } from "../build/lower_glibc.ts";
import { EXECUTABLE, PROVENANCE_SUFFIX, SBOM_SUFFIX, SHA256_SUFFIX } from "./layer_facts.ts";
import { checkProvenance, checkSbom, type Subject } from "./verify_attestations.ts";
import { readZip } from "../formats/zip_reader.ts";

/**
 * What is right and wrong with a layer's zip. `root` is a checkout, whose lock file and sources it is compared with.
 * Throws only when the zip cannot be read from the disk.
 */
export async function verifyLayer(zipPath: string, root: string): Promise<CheckResult[]> {
  const zip = await Deno.readFile(zipPath).catch((cause) => {
    throw new Error(`Cannot read the zip ${zipPath}: ${messageOf(cause)}`, { cause });
  });
  const name = fileName(zipPath);
  const zipSha256 = sha256(zip);
  const results: CheckResult[] = [await checkHashFile(`${zipPath}${SHA256_SUFFIX}`, name, zipSha256)];
  const executable = unpack(zip);
  if (typeof executable === "string") return [...results, checkResult("WRONG", "contents", executable)];
  results.push(checkResult("ok", "contents", `${EXECUTABLE}, mode 0755, and nothing else`));
  const subject = {
    name,
    zipSha256,
    executable,
    executableSha256: sha256(executable),
    runtimeSha256: sha256(executable.subarray(0, readElf(executable).endBytes)),
  };
  return [
    ...results,
    checkGlibc(subject),
    ...await checkSbom(`${zipPath}${SBOM_SUFFIX}`, subject, root),
    ...await checkProvenance(`${zipPath}${PROVENANCE_SUFFIX}`, subject, root),
  ];
}

async function checkHashFile(path: string, name: string, actual: string): Promise<CheckResult> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return checkResult("MISSING", "sha256 file", fileName(path));
  const [, wanted, wantedName] = /^([0-9a-f]{64}) [ *](.+)\n?$/.exec(text) ?? [];
  if (wanted === undefined) {
    return checkResult("WRONG", "sha256 file", "it is not one line as sha256sum writes it");
  }
  if (wantedName !== name) {
    return checkResult("WRONG", "sha256 file", `it is for another file: ${wantedName}`);
  }
  return compare("sha256 file", wanted, actual);
}

/** The executable, or why there is none. */
function unpack(zip: Uint8Array): Uint8Array | string {
  try {
    const entries = readZip(zip);
    const [entry] = entries;
    if (entry === undefined || entries.length > 1 || entry.name !== EXECUTABLE) {
      return `it must hold ${EXECUTABLE} alone: it holds ${entries.map(({ name }) => name).join(", ")}`;
    }
    if (entry.mode !== 0o100755) {
      return `${EXECUTABLE} must have mode 100755: it has ${entry.mode.toString(8)}`;
    }
    readElf(entry.contents);
    return entry.contents;
  } catch (error) {
    return messageOf(error);
  }
}

function checkGlibc({ name, executable }: Subject): CheckResult {
  try {
    const { machine } = readElf(executable);
    if (!name.includes(machine)) return checkResult("WRONG", "machine", `the executable is for ${machine}`);
    const tooNew = tooNewVersions(executable);
    const limit = OLDEST_GLIBC.join(".");
    if (tooNew.length > 0) {
      return checkResult("WRONG", "machine", `it needs more than glibc ${limit}: ${tooNew}`);
    }
    return checkResult("ok", "machine", `${machine}, starts with glibc ${limit} (Amazon Linux 2) and newer`);
  } catch (error) {
    return checkResult("WRONG", "machine", messageOf(error));
  }
}
