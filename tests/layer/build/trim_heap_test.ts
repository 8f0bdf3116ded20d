import { assertEquals, assertThrows } from "@std/assert";
import { placesOf, trimHeap } from "../../../layer/build/trim_heap.ts";
import { elfFixture, type Fixture, type FixtureOptions, HASH } from "../formats/elf_fixture.ts";

/** Symbols of the fixture, by their places. */
const [WRITE, TRIM, PRIORITY] = [1, 2, 3];
/** Types of relocations, by machine: a table's address, and a jump's. */
const MACHINES = [["amd64", 0x3e, 6, 7], ["arm64", 0xb7, 1025, 1026]] as const;

/** Like Deno's base runtime: of each function the address is wanted. */
function runtime(
  machine: number,
  globData: number,
  jumpSlot: number,
  names = ["malloc_trim", "getpriority"],
): Fixture {
  const options: FixtureOptions = {
    machine,
    libraries: [{ name: "libc.so.6", versions: [["GLIBC_2.17", HASH["GLIBC_2.17"], 2]] }],
    symbols: ["write", ...names].map((name) => ({ name, version: 2 })),
    relocations: {
      dyn: [[WRITE ?? 0, globData, 0], [TRIM ?? 0, globData, 0]],
      plt: [[WRITE ?? 0, jumpSlot, 0], [PRIORITY ?? 0, jumpSlot, 0]],
    },
    code: [0x90, 0xc3],
  };
  return elfFixture(options);
}

function symbols({ relocationsAt }: Fixture, file: Uint8Array): number[] {
  const view = new DataView(file.buffer);
  return Array.from({ length: 4 }, (_, index) => view.getUint32(relocationsAt + 24 * index + 12, true));
}

for (const [arch, machine, globData, jumpSlot] of MACHINES) {
  Deno.test(`trimHeap lets getpriority be malloc_trim, and changes nothing else, ${arch}`, () => {
    const fixture = runtime(machine, globData, jumpSlot);
    const before = fixture.file.slice();
    const edited = trimHeap(fixture.file);
    assertEquals(fixture.file, before);
    assertEquals(symbols(fixture, before), [WRITE, TRIM, WRITE, PRIORITY]);
    assertEquals(symbols(fixture, edited), [WRITE, TRIM, WRITE, TRIM]);
    assertEquals(placesOf(edited, "getpriority"), []);
    const changed = Array.from(edited.keys()).filter((at) => edited[at] !== before[at]);
    assertEquals(changed, [fixture.relocationsAt + 24 * 3 + 12]);
  });
}

for (
  const [missing, names] of [["malloc_trim", ["x", "getpriority"]], ["getpriority", [
    "malloc_trim",
    "x",
  ]]] as const
) {
  Deno.test(`trimHeap refuses a program without ${missing}`, () => {
    const { file } = runtime(0x3e, 6, 7, [...names]);
    assertThrows(() => trimHeap(file), Error, missing);
  });
}
