/** Reads which versions of which libraries an ELF program needs, and which of its symbols ask for them. */
import { check, type ElfTables, readElfTables, refusal, SYMBOL_BYTES } from "./elf_tables.ts";

/** One version that a library must have for the loader to start the program, such as `GLIBC_2.25`. */
export interface VersionNeed {
  readonly version: string;
  /** By which `.gnu.version` refers to it; unique in the file. */
  readonly index: number;
  /** Offset of its entry, in bytes. */
  readonly at: number;
}

/** What is needed of one library. */
export interface LibraryNeed {
  readonly library: string;
  readonly versions: readonly VersionNeed[];
  readonly at: number;
}

/** A symbol of the dynamic symbol table. */
export interface DynamicSymbol {
  readonly name: string;
  readonly isWeak: boolean;
  readonly isImported: boolean;
  /** 0 is local, 1 is global without a version. */
  readonly versionIndex: number;
  /** Offset of its version's index, in bytes. */
  readonly versionAt: number;
}

/** Both sides of the version tables. */
export interface Versions {
  readonly tables: ElfTables;
  readonly libraries: readonly LibraryNeed[];
  readonly symbols: readonly DynamicSymbol[];
}

/** Sizes of a `Verneed` and of a `Vernaux` entry, in bytes: 16 both. */
const ENTRY_BYTES = 16;
const WEAK_FLAG = 2;
const STB_WEAK = 2;

/**
 * The version needs of an ELF program. Throws when its tables contradict themselves or each other: a chain that
 * leaves its table or runs backwards, a count, a hash or an index that is not what it must be.
 *
 * @see Linux Standard Base core, "Symbol Versioning": `Elf64_Verneed`, `Elf64_Vernaux`
 */
export function readVersions(file: Uint8Array): Versions {
  const tables = readElfTables(file);
  const libraries = readLibraries(tables);
  const symbols = readSymbols(tables);
  const known = new Set([0, 1]);
  for (const { version, index } of libraries.flatMap(({ versions }) => versions)) {
    if (known.has(index)) throw refusal(`the index of ${version} is taken twice: ${index}`);
    known.add(index);
  }
  for (const { name, versionIndex } of symbols) {
    if (!known.has(versionIndex)) throw refusal(`the version of ${name} is unknown: ${versionIndex}`);
  }
  return { tables, libraries, symbols };
}

function readLibraries(tables: ElfTables): LibraryNeed[] {
  const { view, needs } = tables;
  const libraries: LibraryNeed[] = [];
  for (let at = needs.offset; libraries.length < needs.info;) {
    requireInside(tables, at);
    check("the version of a need", view.getUint16(at, true), 1);
    libraries.push({
      library: text(tables, view.getUint32(at + 4, true)),
      versions: readChain(tables, at + view.getUint32(at + 8, true), view.getUint16(at + 2, true)),
      at,
    });
    const step = view.getUint32(at + 12, true);
    check("the number of its needed libraries", step === 0 ? libraries.length : needs.info, needs.info);
    if (step === 0) break;
    if (libraries.length === needs.info) throw refusal(`it needs more than ${needs.info} libraries`);
    at += step;
  }
  return libraries;
}

function readChain(tables: ElfTables, first: number, count: number): VersionNeed[] {
  const { view } = tables;
  const versions: VersionNeed[] = [];
  for (let at = first; versions.length < count;) {
    requireInside(tables, at);
    const version = text(tables, view.getUint32(at + 8, true));
    check(`the hash of ${version}`, view.getUint32(at, true), elfHash(version));
    const flags = view.getUint16(at + 4, true);
    if (flags !== 0 && flags !== WEAK_FLAG) throw refusal(`the flags of ${version} are unknown: ${flags}`);
    versions.push({ version, index: view.getUint16(at + 6, true), at });
    const step = view.getUint32(at + 12, true);
    if ((step === 0) !== (versions.length === count)) {
      throw refusal(`the chain of ${version} does not end after ${count} versions`);
    }
    at += step;
  }
  if (count === 0) throw refusal("a library has no needed version");
  return versions;
}

function readSymbols(tables: ElfTables): DynamicSymbol[] {
  const { view, symbols, versions } = tables;
  return Array.from({ length: symbols.sizeBytes / SYMBOL_BYTES }, (_, index) => {
    const at = symbols.offset + index * SYMBOL_BYTES;
    const versionAt = versions.offset + index * 2;
    return {
      name: text(tables, view.getUint32(at, true)),
      isWeak: view.getUint8(at + 4) >> 4 === STB_WEAK,
      isImported: view.getUint16(at + 6, true) === 0,
      versionIndex: view.getUint16(versionAt, true),
      versionAt,
    };
  });
}

function requireInside({ needs }: ElfTables, at: number): void {
  const isInside = at >= needs.offset && at + ENTRY_BYTES <= needs.offset + needs.sizeBytes && at % 4 === 0;
  if (!isInside) throw refusal(`a version need is outside of its table: at byte ${at}`);
}

function text({ view, strings }: ElfTables, start: number): string {
  let end = start;
  while (end < strings.sizeBytes && view.getUint8(strings.offset + end) !== 0) end++;
  if (end >= strings.sizeBytes) throw refusal(`a name is outside of .dynstr: at byte ${start}`);
  return String.fromCharCode(
    ...new Uint8Array(view.buffer, view.byteOffset + strings.offset + start, end - start),
  );
}

/** The System V hash, by which the loader compares versions before it looks at their names. */
function elfHash(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) {
    hash = ((hash << 4) + name.charCodeAt(index)) >>> 0;
    hash = (hash ^ ((hash & 0xf0000000) >>> 24)) & 0x0fffffff;
  }
  return hash;
}
