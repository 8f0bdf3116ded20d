/**
 * Gives JavaScript a way to give memory back. The C library keeps what was freed between two things that are still
 * there, for as long as the process lives: after a burst of large requests that is tens of MB of the function's memory.
 * `malloc_trim` hands it to the kernel. The base runtime contains a call of it, behind a signal that only a variable
 * turns on, and nothing that a script may do comes to it.
 */
import { type ElfTables, refusal } from "../formats/elf_tables.ts";
import { readRelocations, type Relocation } from "../formats/relocations.ts";
import { readVersions } from "../formats/version_needs.ts";

/** What Deno calls for `os.getPriority()` of `node:os`, with 0 (`PRIO_PROCESS`) first, and what is called instead. */
const REPLACED = "getpriority";
const REPLACEMENT = "malloc_trim";

/**
 * A copy of the program in which `os.getPriority()` is `malloc_trim(0)`: where the loader would put the address of the
 * one function, it puts that of the other. Its result, 0 or 1, is a priority like any other. Throws, naming the reason,
 * when the file is not as expected.
 *
 * @see https://man7.org/linux/man-pages/man3/malloc_trim.3.html
 */
export function trimHeap(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const edited = new Uint8Array(program);
  const { tables, symbols } = readVersions(edited);
  const replacement = symbols.findIndex(({ name }) => name === REPLACEMENT);
  if (replacement < 0) throw refusal(`it does not know ${REPLACEMENT}`);
  const places = placesOf(edited, REPLACED);
  if (places.length === 0) throw refusal(`it does not call ${REPLACED}`);
  for (const place of places) name(tables, place, replacement);
  return edited;
}

/** The places in which a program has the address of a function. */
export function placesOf(program: Uint8Array, name: string): readonly Relocation[] {
  const { tables, symbols } = readVersions(program);
  return readRelocations(tables).filter(({ symbol }) => symbols[symbol]?.name === name);
}

/** Makes a relocation name another symbol. */
function name({ view }: ElfTables, { at }: Relocation, symbol: number): void {
  view.setUint32(at + 12, symbol, true);
}
