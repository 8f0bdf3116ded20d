import { assertEquals, assertThrows } from "@std/assert";
import { ignoreVariables, lookups } from "../../../layer/build/ignore_variables.ts";
import { elfFixture, type Fixture, type FixtureOptions, HASH, LOADED_AT } from "../formats/elf_fixture.ts";

const AMD64 = { machine: 0x3e, globData: 6, jumpSlot: 7, relative: 8, code: [0x31, 0xc0, 0xc3] };
const ARM64 = {
  machine: 0xb7,
  globData: 1025,
  jumpSlot: 1026,
  relative: 1027,
  code: [0xe0, 0x03, 0x1f, 0xaa, 0xc0, 0x03, 0x5f, 0xd6],
};
/** Symbols of the fixture, by their places. */
const [WRITE, GETENV, MAIN] = [1, 2, 3];

/** Like Deno's base runtime: the address of getenv is wanted by a table of addresses and by a jump. */
function runtime(
  options: Partial<FixtureOptions> = {},
  { globData, jumpSlot, relative, machine, code } = AMD64,
): Fixture {
  return elfFixture({
    machine,
    libraries: [{ name: "libc.so.6", versions: [["GLIBC_2.17", HASH["GLIBC_2.17"], 2]] }],
    symbols: [
      { name: "write", version: 2 },
      { name: "getenv", version: 2 },
      { name: "main", own: true, version: 1 },
    ],
    relocations: {
      dyn: [[0, relative, 0x1234], [WRITE, globData, 0], [GETENV, globData, 0]],
      plt: [[WRITE, jumpSlot, 0], [GETENV, jumpSlot, 0]],
    },
    // The same bytes where no function begins come first.
    code: [0x90, ...code, ...Array.from({ length: 31 - code.length }, () => 0x90), ...code],
    ...options,
  });
}

/** Relocations as numbers: symbol, type, addend. */
function relocations({ relocationsAt }: Fixture, file: Uint8Array): number[][] {
  const view = new DataView(file.buffer);
  return Array.from({ length: 5 }, (_, index) => {
    const at = relocationsAt + 24 * index;
    return [
      view.getUint32(at + 12, true),
      view.getUint32(at + 8, true),
      Number(view.getBigInt64(at + 16, true)),
    ];
  });
}

for (const [arch, machine] of [["amd64", AMD64], ["arm64", ARM64]] as const) {
  Deno.test(`ignoreVariables puts a function that finds nothing where getenv would be, ${arch}`, () => {
    const fixture = runtime({}, machine);
    const { globData, jumpSlot, relative } = machine;
    const nothing = LOADED_AT + fixture.codeAt + 32;
    assertEquals(lookups(fixture.file).length, 2);
    const edited = ignoreVariables(fixture.file);
    assertEquals(relocations(fixture, edited), [
      [0, relative, 0x1234],
      [WRITE ?? 0, globData, 0],
      [0, relative, nothing],
      [WRITE ?? 0, jumpSlot, 0],
      [0, relative, nothing],
    ]);
    assertEquals(lookups(edited).length, 0);
  });
}

Deno.test("ignoreVariables changes nothing but the relocations of getenv, and not its argument", () => {
  const { file, relocationsAt } = runtime();
  const before = file.slice();
  const edited = ignoreVariables(file);
  assertEquals(file, before);
  const changed = Array.from(edited.keys()).filter((at) => edited[at] !== before[at]);
  const inside = (at: number, index: number): boolean =>
    at >= relocationsAt + 24 * index + 8 && at < relocationsAt + 24 * (index + 1);
  assertEquals(changed.filter((at) => !inside(at, 2) && !inside(at, 4)), []);
});

Deno.test("ignoreVariables finds every function that looks up variables by name", () => {
  for (const name of ["secure_getenv", "__secure_getenv"]) {
    const { file } = runtime({
      symbols: [
        { name: "write", version: 2 },
        { name, version: 2 },
        { name: "main", own: true, version: 1 },
      ],
    });
    assertEquals(lookups(ignoreVariables(file)).length, 0, name);
  }
});

/** What is wrong with a program, and what the refusal says. */
const REFUSED: readonly (readonly [what: string, options: Partial<FixtureOptions>, message: string])[] = [
  [
    "a program that looks nothing up",
    { relocations: { dyn: [[WRITE ?? 0, 6, 0]], plt: [[MAIN ?? 0, 7, 0]] } },
    "nothing in it looks variables up",
  ],
  [
    "a program without such a function",
    { code: [0x90, 0x31, 0xc0, 0xc3] },
    "has no function that returns a null",
  ],
  [
    "a relocation of another type",
    { relocations: { dyn: [[GETENV ?? 0, 1, 0]], plt: [[WRITE ?? 0, 7, 0]] } },
    "of an unknown type: 1",
  ],
  [
    "a place behind the function",
    { relocations: { dyn: [[GETENV ?? 0, 6, 8]], plt: [[WRITE ?? 0, 7, 0]] } },
    "addend of a relocation to getenv must be 0",
  ],
  [
    "a symbol that there is not",
    { relocations: { dyn: [[GETENV ?? 0, 6, 0]], plt: [[99, 7, 0]] } },
    "names a symbol that there is not: 99",
  ],
];

for (const [what, options, message] of REFUSED) {
  Deno.test(`ignoreVariables refuses ${what}`, () => {
    const { file } = runtime(options);
    assertThrows(() => ignoreVariables(file), Error, message);
  });
}

/** Damage by hand, for which the fixture has no option. */
const DAMAGED: readonly (readonly [what: string, damage: (fixture: Fixture) => void, message: string])[] = [
  [
    "relocations where the loader does not look",
    ({ view, dynamicAt }) => view.setBigUint64(dynamicAt + 16 * 6 + 8, 0x4242n, true),
    "no section has the relocations at 16962",
  ],
  [
    "more relocations than the loader reads",
    ({ view, dynamicAt }) => view.setBigUint64(dynamicAt + 16 * 7 + 8, 24n, true),
    "the size of its relocations must be 72: current value is 24",
  ],
  [
    "nothing that it may run",
    ({ view, segmentAt }) => view.setUint32(segmentAt + 4, 4, true),
    "has no function that returns a null",
  ],
];

for (const [what, damage, message] of DAMAGED) {
  Deno.test(`ignoreVariables refuses a program with ${what}`, () => {
    const fixture = runtime();
    damage(fixture);
    assertThrows(() => ignoreVariables(fixture.file), Error, message);
  });
}
