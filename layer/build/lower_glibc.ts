/**
 * Makes the base runtime start on Amazon Linux 2. It was linked against glibc 2.27 and its loader refuses
 * to start a program that asks for a version it does not have; yet all that the runtime takes from 2.27 is there in
 * Amazon Linux 2's 2.26 under an older version, or may be missing.
 */
import { check, refusal } from "../formats/elf_tables.ts";
import { type LibraryNeed, readVersions, type VersionNeed } from "../formats/version_needs.ts";

/** The glibc version that Lambda's oldest runtimes have, Amazon Linux 2's: [major, minor]. */
export const OLDEST_GLIBC = [2, 26] as const;

const REMOVED_VERSION = "GLIBC_2.27";
const GLOBAL_INDEX = 1;

/**
 * The functions that glibc 2.27 gave a second, faster version without an error handler. The first one,
 * GLIBC_2.2.5 (on arm64 GLIBC_2.17), is in every glibc and computes the same. For a symbol that asks for no
 * version, the loader takes the version of a library with the lowest index, which is the first one, even where
 * it is not the default: so the runtime gets that one everywhere, on newer systems too (seen with gdb on 2.36).
 */
const OLDER_VERSION_EXISTS: ReadonlySet<string> = new Set(["expf", "exp2f", "logf", "log2f", "powf"]);

/**
 * The functions that are new in glibc 2.27. All are weak: where they are missing, their address is zero, for which
 * their callers (Rust's standard library, V8) look before each call and go to the kernel or do without.
 * Without a version they are found on newer systems like before, as no library has two versions of them.
 */
const MAY_BE_MISSING: ReadonlySet<string> = new Set([
  "copy_file_range",
  "pkey_alloc",
  "pkey_free",
  "pkey_get",
  "pkey_mprotect",
  "pkey_set",
]);

/**
 * A copy of the program that needs nothing above glibc 2.26: the needs of 2.27 are unlinked, and the symbols that
 * asked for them ask for no version. A program without such needs comes back unchanged.
 * Throws, naming the reason, when the file is not fully understood, when it needs a version above 2.26 other than
 * 2.27, or when a symbol of 2.27 is not one of those known to work without it.
 *
 * @see https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
 */
export function lowerGlibc(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const edited = new Uint8Array(program);
  const { tables: { view }, libraries, symbols } = readVersions(edited);
  const removed = libraries.flatMap(({ versions }) => versions.filter(isRemoved));
  for (const need of removed) {
    for (const { name, isWeak, isImported, versionIndex, versionAt } of symbols) {
      if (versionIndex !== need.index) continue;
      const works = OLDER_VERSION_EXISTS.has(name) || isWeak && MAY_BE_MISSING.has(name);
      if (!works || !isImported) throw refusal(`${name} is not known to work without ${REMOVED_VERSION}`);
      view.setUint16(versionAt, GLOBAL_INDEX, true);
    }
  }
  for (const library of libraries) unlink(view, library);
  requireOldGlibc(edited, symbols.length);
  return edited;
}

/** The versions of glibc above `OLDEST_GLIBC` that a program needs, each once, such as `GLIBC_2.27`. */
export function tooNewVersions(program: Uint8Array): string[] {
  const needed = readVersions(program).libraries.flatMap(({ versions }) => versions);
  return Array.from(new Set(needed.map(({ version }) => version).filter(isTooNew)));
}

function isRemoved({ version }: VersionNeed): boolean {
  return version === REMOVED_VERSION;
}

/** GLIBC_ABI_DT_RELR and the like are too new as well: no such name existed in 2.26. */
function isTooNew(version: string): boolean {
  if (!version.startsWith("GLIBC_")) return false;
  const [major, minor] = version.slice("GLIBC_".length).split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_GLIBC;
  if (major === undefined || minor === undefined || Number.isNaN(major + minor)) return true;
  return major > oldestMajor || major === oldestMajor && minor > oldestMinor;
}

/** Takes the entries out of the library's chain and clears them, so that nothing stale is left to be misread. */
function unlink(view: DataView, { library, at, versions }: LibraryNeed): void {
  const kept = versions.filter((need) => !isRemoved(need));
  const [first] = kept;
  if (kept.length === versions.length) return;
  // The library would stay in the list with an empty chain, for which no loader was ever tried.
  if (first === undefined) throw refusal(`nothing else than ${REMOVED_VERSION} is needed of ${library}`);
  view.setUint16(at + 2, kept.length, true);
  view.setUint32(at + 8, first.at - at, true);
  for (const [index, need] of kept.entries()) {
    view.setUint32(need.at + 12, (kept[index + 1]?.at ?? need.at) - need.at, true);
  }
  for (const need of versions.filter(isRemoved)) {
    for (let offset = 0; offset < 16; offset += 4) view.setUint32(need.at + offset, 0, true);
  }
}

function requireOldGlibc(edited: Uint8Array, symbolCount: number): void {
  check("the number of its symbols after the edit", readVersions(edited).symbols.length, symbolCount);
  const left = tooNewVersions(edited);
  if (left.length > 0) {
    throw refusal(`it needs more than glibc ${OLDEST_GLIBC.join(".")}: ${left.join(", ")}`);
  }
}
