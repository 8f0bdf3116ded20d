/** What the build needs to know of an ELF file: where it ends, and for which machine it is. */

/** Machines that Lambda offers, by ELF's `e_machine`. */
const MACHINES: ReadonlyMap<number, "amd64" | "arm64"> = new Map([[0x3e, "amd64"], [0xb7, "arm64"]]);
const HEADER_BYTES = 64;

/** The facts of a 64-bit little-endian ELF file that the build relies on. */
export interface ElfFacts {
  readonly machine: "amd64" | "arm64";
  /** Offset just behind the section header table, which Deno's runtime has as its last part. In bytes. */
  readonly endBytes: number;
}

/**
 * Reads the ELF header. `deno compile` leaves the base runtime as it was and writes its payload behind it, so
 * the first `endBytes` of a compiled program are its base runtime.
 * Throws when the file is not a whole 64-bit little-endian ELF file for a machine that Lambda offers.
 *
 * @see the ELF-64 object file format, "ELF header"
 */
export function readElf(file: Uint8Array): ElfFacts {
  const isElf64 = file.length >= HEADER_BYTES && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c &&
    file[3] === 0x46 && file[4] === 2 && file[5] === 1;
  if (!isElf64) throw new Error("Cannot read the base runtime as it is not a 64-bit little-endian ELF file");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const machine = MACHINES.get(view.getUint16(18, true));
  if (machine === undefined) {
    throw new Error(`Cannot use the ELF file as its machine is unknown: ${view.getUint16(18, true)}`);
  }
  const tableAt = Number(view.getBigUint64(40, true));
  const endBytes = tableAt + view.getUint16(58, true) * view.getUint16(60, true);
  if (tableAt === 0 || endBytes > file.length) {
    throw new Error(`Cannot use the ELF file as it is cut short: it should have ${endBytes} bytes`);
  }
  return { machine, endBytes };
}
