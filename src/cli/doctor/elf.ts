/** What a program file is made for. */

/** `e_machine` by its number. @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const MACHINES: ReadonlyMap<number, string> = new Map([[62, "x86_64"], [183, "arm64"]]);
/** Up to `e_machine`, in bytes. */
const HEAD_BYTES = 20;

/** The architecture's name as Lambda has it; `undefined` for what is no program of Linux's, or cannot be read. */
export function architectureOf(path: string): string | undefined {
  try {
    using file = Deno.openSync(path, { read: true });
    const head = new Uint8Array(HEAD_BYTES);
    if (file.readSync(head) !== HEAD_BYTES) return undefined;
    if (head[0] !== 0x7f || head[1] !== 0x45 || head[2] !== 0x4c || head[3] !== 0x46) return undefined;
    const isLittle = head[5] === 1;
    const machine = new DataView(head.buffer).getUint16(18, isLittle);
    return MACHINES.get(machine) ?? `machine ${machine}`;
  } catch {
    return undefined;
  }
}

/** Our own. */
export function ownArchitecture(): string {
  return Deno.build.arch === "aarch64" ? "arm64" : Deno.build.arch;
}
