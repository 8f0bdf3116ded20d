/** Reads which places of an ELF program the loader fills in with the address of a symbol. */
import { check, type ElfTables, refusal, type Section } from "./elf_tables.ts";

/** A place that the loader fills in. */
export interface Relocation {
  /** Index in `.dynsym`, 0 for none. */
  readonly symbol: number;
  readonly type: number;
  readonly addend: number;
  /** Offset of its entry, in bytes. */
  readonly at: number;
}

/** Size of an entry of `.rela.dyn` and `.rela.plt`, in bytes. */
const RELOCATION_BYTES = 24;
/** Tags of the dynamic section. */
const DT_PLTRELSZ = 2;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DT_JMPREL = 23;

/**
 * All relocations that name a symbol. Throws unless the section headers and the dynamic section agree on where they
 * are and how many, and when there are any of a form that this does not read.
 *
 * @see the ELF-64 object file format, "Relocations"
 */
export function readRelocations({ view, relocations, dynamic, symbols }: ElfTables): Relocation[] {
  const tables = [
    requireTable(relocations, dynamic, DT_RELA, DT_RELASZ),
    requireTable(relocations, dynamic, DT_JMPREL, DT_PLTRELSZ),
  ];
  check("the number of its tables of relocations", relocations.length, tables.length);
  const symbolCount = symbols.sizeBytes / 24;
  const found: Relocation[] = [];
  for (const { offset, sizeBytes } of tables) {
    for (let at = offset; at < offset + sizeBytes; at += RELOCATION_BYTES) {
      const symbol = view.getUint32(at + 12, true);
      if (symbol === 0) continue;
      if (symbol >= symbolCount) throw refusal(`a relocation names a symbol that there is not: ${symbol}`);
      const addend = Number(view.getBigInt64(at + 16, true));
      found.push({ symbol, type: view.getUint32(at + 8, true), addend, at });
    }
  }
  return found;
}

/** Writes a relocation that names no symbol: the loader adds the program's own address to `address`. */
export function writeRelative(view: DataView, { at }: Relocation, type: number, address: number): void {
  view.setUint32(at + 8, type, true);
  view.setUint32(at + 12, 0, true);
  view.setBigInt64(at + 16, BigInt(address), true);
}

function requireTable(
  sections: readonly Section[],
  dynamic: ReadonlyMap<number, number>,
  addressTag: number,
  sizeTag: number,
): Section {
  const address = dynamic.get(addressTag);
  const section = sections.find((candidate) => candidate.address === address);
  if (section === undefined) throw refusal(`no section has the relocations at ${address}`);
  check("the size of a relocation", section.entryBytes, RELOCATION_BYTES);
  check("the size of its relocations", dynamic.get(sizeTag) ?? 0, section.sizeBytes);
  check("the rest behind its last relocation", section.sizeBytes % RELOCATION_BYTES, 0);
  return section;
}
