/**
 * Makes the base runtime deaf to environment variables. Deno and the libraries in it look up dozens of them by name
 * (`DENO_CERT`, `DENO_TLS_CA_STORE`, `NODE_OPTIONS`, `RUST_LOG`, `OTEL_*` …), and users set them on the function for
 * the function's own Deno, Rust or OpenTelemetry; some of them end the process before it can register, which is the
 * end of each invocation. What we read of the environment we read as a whole, which takes another way.
 */
import { readElf } from "../formats/elf.ts";
import { check, type ElfTables, refusal } from "../formats/elf_tables.ts";
import { readRelocations, type Relocation, writeRelative } from "../formats/relocations.ts";
import { readVersions } from "../formats/version_needs.ts";

/** What differs from machine to machine. */
interface Machine {
  /** A function that returns a null pointer: the machine's own code for that, as any compiler writes it. */
  readonly returnNull: readonly number[];
  /** Types of relocations by which a program gets a function's address, and of the one that gives one of its own. */
  readonly globData: number;
  readonly jumpSlot: number;
  readonly relative: number;
}

const MACHINES: Readonly<Record<"amd64" | "arm64", Machine>> = {
  // xor eax, eax; ret
  amd64: { returnNull: [0x31, 0xc0, 0xc3], globData: 6, jumpSlot: 7, relative: 8 },
  // mov x0, xzr; ret
  arm64: {
    returnNull: [0xe0, 0x03, 0x1f, 0xaa, 0xc0, 0x03, 0x5f, 0xd6],
    globData: 1025,
    jumpSlot: 1026,
    relative: 1027,
  },
};

/** The C library's functions that look a variable up by its name. */
const LOOKUPS: ReadonlySet<string> = new Set(["getenv", "secure_getenv", "__secure_getenv"]);
/** Functions begin at such addresses: what is found there is one, not the middle of another. */
const ALIGNMENT = 16;

/**
 * A copy of the program that finds no variable, whichever it looks for: where the loader would put the address of
 * `getenv`, it puts that of a function of the program itself that returns a null pointer, which is the answer for a
 * variable that is not set. The environment itself stays as it is, and can be read as a whole (`environ`).
 * Throws, naming the reason, when the file is not fully understood.
 *
 * @see https://man7.org/linux/man-pages/man3/getenv.3.html
 */
export function ignoreVariables(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const edited = new Uint8Array(program);
  const { tables } = readVersions(edited);
  const machine = MACHINES[readElf(edited).machine];
  const places = lookups(edited);
  if (places.length === 0) throw refusal("nothing in it looks variables up by their names");
  const address = findNullFunction(edited, tables, machine);
  for (const place of places) {
    if (place.type !== machine.globData && place.type !== machine.jumpSlot) {
      throw refusal(`a relocation to getenv is of an unknown type: ${place.type}`);
    }
    check("the addend of a relocation to getenv", place.addend, 0);
    writeRelative(tables.view, place, machine.relative, address);
  }
  check("the number of relocations to getenv after the edit", lookups(edited).length, 0);
  return edited;
}

/** The places in which a program has the address of a function that looks up variables by their names. */
export function lookups(program: Uint8Array): readonly Relocation[] {
  const { tables, symbols } = readVersions(program);
  return readRelocations(tables).filter(({ symbol }) => LOOKUPS.has(symbols[symbol]?.name ?? ""));
}

/** The address of the first function of the program that does nothing but return a null pointer. */
function findNullFunction(program: Uint8Array, { code }: ElfTables, { returnNull }: Machine): number {
  const [first = 0] = returnNull;
  for (const { offset, address, sizeBytes } of code) {
    const end = offset + sizeBytes - returnNull.length;
    for (let at = program.indexOf(first, offset); at >= 0 && at <= end; at = program.indexOf(first, at + 1)) {
      const found = address + at - offset;
      if (found % ALIGNMENT === 0 && returnNull.every((byte, index) => program[at + index] === byte)) {
        return found;
      }
    }
  }
  throw refusal("it has no function that returns a null pointer");
}
