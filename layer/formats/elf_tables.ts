/**
 * Finds the tables of an ELF program that say what it needs of which libraries. Strict on purpose: the build edits
 * these tables, and a file that is laid out otherwise than thought must be refused, not damaged.
 */
import { readElf } from "./elf.ts";

/** A part of the file, as its section header describes it. Offsets and sizes in bytes. */
export interface Section {
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Index of the section that this one refers to. */
  readonly link: number;
  readonly info: number;
  readonly entryBytes: number;
}

/** A part of the file that the program may run. Offsets, addresses and sizes in bytes. */
export interface CodeSegment {
  readonly offset: number;
  readonly address: number;
  readonly sizeBytes: number;
}

/** The tables by which the loader binds a program to its libraries. */
export interface ElfTables {
  readonly view: DataView;
  /** `.dynsym` */
  readonly symbols: Section;
  /** `.dynstr` */
  readonly strings: Section;
  /** `.gnu.version`: two bytes for each symbol. */
  readonly versions: Section;
  /** `.gnu.version_r`: chains of needed versions. */
  readonly needs: Section;
  /** `.rela.dyn` and `.rela.plt`: places that the loader fills in. */
  readonly relocations: readonly Section[];
  readonly code: readonly CodeSegment[];
  /** The dynamic section's values by their tags. */
  readonly dynamic: ReadonlyMap<number, number>;
}

/** Size of an entry of `.dynsym`, in bytes. */
export const SYMBOL_BYTES = 24;

const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const DYNAMIC_BYTES = 16;
const ET_DYN = 3;
const PT_LOAD = 1;
const PF_X = 1;
/** Section types. */
const STRTAB = 3;
const RELA = 4;
const DYNAMIC = 6;
const DYNSYM = 11;
const VERDEF = 0x6ffffffd;
const VERNEED = 0x6ffffffe;
const VERSYM = 0x6fffffff;
/** Tags of the dynamic section; the loader goes by these, never by section headers. */
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_STRSZ = 10;
const DT_VERSYM = 0x6ffffff0;
const DT_VERDEF = 0x6ffffffc;
const DT_VERNEED = 0x6ffffffe;
const DT_VERNEEDNUM = 0x6fffffff;

/**
 * The version tables of a position-independent 64-bit little-endian program. Throws unless the section headers,
 * the dynamic section and the loaded segments agree on where each table is and how many entries it has.
 *
 * @see the ELF-64 object file format; Linux Standard Base core, "Symbol Versioning"
 */
export function readElfTables(file: Uint8Array): ElfTables {
  readElf(file);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  check("its ELF version", view.getUint8(6), 1);
  check("its type", view.getUint16(16, true), ET_DYN);
  check("the size of its header", view.getUint16(52, true), 64);
  const sections = readSections(view);
  const symbols = only(sections, DYNSYM, ".dynsym", SYMBOL_BYTES);
  const versions = only(sections, VERSYM, ".gnu.version", 2);
  const needs = only(sections, VERNEED, ".gnu.version_r", 0);
  const dynamic = only(sections, DYNAMIC, ".dynamic", DYNAMIC_BYTES);
  const strings = sections[symbols.link];
  if (strings === undefined || strings.type !== STRTAB) throw refusal("it has no .dynstr");
  check("the number of its version definitions", sections.filter(({ type }) => type === VERDEF).length, 0);
  check("the string table of .gnu.version_r", needs.link, symbols.link);
  check("the symbol table of .gnu.version", sections[versions.link]?.offset ?? 0, symbols.offset);
  check("the number of its symbol versions", versions.sizeBytes / 2, symbols.sizeBytes / SYMBOL_BYTES);
  const relocations = sections.filter(({ type }) => type === RELA);
  const tables = [symbols, strings, versions, needs, dynamic, ...relocations];
  for (const table of tables) requireLoaded(view, table);
  requireApart(tables);
  const tags = readDynamic(view, dynamic);
  requireSameAsLoader(tags, { symbols, strings, versions, needs });
  return { view, symbols, strings, versions, needs, relocations, code: readCode(view), dynamic: tags };
}

/** An error that says why the file is left alone. */
export function refusal(why: string): Error {
  return new Error(`Cannot edit the ELF file as ${why}`);
}

/** Throws unless the two are equal. */
export function check(what: string, actual: number, wanted: number): void {
  if (actual !== wanted) throw refusal(`${what} must be ${wanted}: current value is ${actual}`);
}

function readSections(view: DataView): Section[] {
  check("the size of a section header", view.getUint16(58, true), SECTION_BYTES);
  const tableAt = Number(view.getBigUint64(40, true));
  return Array.from({ length: view.getUint16(60, true) }, (_, index) => {
    const at = tableAt + index * SECTION_BYTES;
    return {
      type: view.getUint32(at + 4, true),
      address: Number(view.getBigUint64(at + 16, true)),
      offset: Number(view.getBigUint64(at + 24, true)),
      sizeBytes: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      entryBytes: Number(view.getBigUint64(at + 56, true)),
    };
  });
}

function only(sections: readonly Section[], type: number, name: string, entryBytes: number): Section {
  const found = sections.filter((section) => section.type === type);
  const [section] = found;
  if (section === undefined || found.length > 1) throw refusal(`it has ${found.length} sections ${name}`);
  check(`the size of an entry of ${name}`, section.entryBytes, entryBytes);
  if (entryBytes > 0) check(`the rest behind the last entry of ${name}`, section.sizeBytes % entryBytes, 0);
  return section;
}

/** A part of the file that is loaded, and where. */
interface LoadedSegment extends CodeSegment {
  readonly isCode: boolean;
}

function readLoaded(view: DataView): LoadedSegment[] {
  check("the size of a program header", view.getUint16(54, true), SEGMENT_BYTES);
  const tableAt = Number(view.getBigUint64(32, true));
  const headers = Array.from(
    { length: view.getUint16(56, true) },
    (_, index) => tableAt + index * SEGMENT_BYTES,
  );
  return headers.filter((at) => view.getUint32(at, true) === PT_LOAD).map((at) => ({
    isCode: (view.getUint32(at + 4, true) & PF_X) !== 0,
    offset: Number(view.getBigUint64(at + 8, true)),
    address: Number(view.getBigUint64(at + 16, true)),
    sizeBytes: Number(view.getBigUint64(at + 32, true)),
  }));
}

function readCode(view: DataView): CodeSegment[] {
  return readLoaded(view).filter(({ isCode, offset, sizeBytes }) =>
    isCode && offset + sizeBytes <= view.byteLength
  );
}

/** The loader reads memory: a table must be where the segment puts it. */
function requireLoaded(view: DataView, { offset, address, sizeBytes }: Section): void {
  const isLoaded = readLoaded(view).some((segment) =>
    offset >= segment.offset && offset + sizeBytes <= segment.offset + segment.sizeBytes &&
    offset + sizeBytes <= view.byteLength && address - segment.address === offset - segment.offset
  );
  if (!isLoaded) throw refusal(`the table at byte ${offset} is in no loaded segment`);
}

function requireApart(tables: readonly Section[]): void {
  const sorted = tables.toSorted((left, right) => left.offset - right.offset);
  for (const [index, { offset, sizeBytes }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && offset + sizeBytes > next.offset) {
      throw refusal(`the tables at bytes ${offset} and ${next.offset} overlap`);
    }
  }
}

function readDynamic(view: DataView, dynamic: Section): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.sizeBytes; at += DYNAMIC_BYTES) {
    const tag = Number(view.getBigUint64(at, true));
    if (tag === 0) break;
    found.set(tag, Number(view.getBigUint64(at + 8, true)));
  }
  return found;
}

function requireSameAsLoader(
  found: ReadonlyMap<number, number>,
  tables: Pick<ElfTables, "symbols" | "strings" | "versions" | "needs">,
): void {
  check("the number of its DT_VERDEF", found.has(DT_VERDEF) ? 1 : 0, 0);
  check("DT_SYMTAB", found.get(DT_SYMTAB) ?? 0, tables.symbols.address);
  check("DT_STRTAB", found.get(DT_STRTAB) ?? 0, tables.strings.address);
  check("DT_STRSZ", found.get(DT_STRSZ) ?? 0, tables.strings.sizeBytes);
  check("DT_VERSYM", found.get(DT_VERSYM) ?? 0, tables.versions.address);
  check("DT_VERNEED", found.get(DT_VERNEED) ?? 0, tables.needs.address);
  check("DT_VERNEEDNUM", found.get(DT_VERNEEDNUM) ?? 0, tables.needs.info);
}
