import { assertEquals, assertThrows } from "@std/assert";
import { lowerGlibc, tooNewVersions } from "../../../layer/build/lower_glibc.ts";
import { readVersions } from "../../../layer/formats/version_needs.ts";
import { elfFixture, type Fixture, HASH } from "../formats/elf_fixture.ts";

/** Shaped like Deno's base runtime: 2.27 is libm's second and last need, libc's middle one. */
function runtime(machine = 0x3e): Fixture {
  return elfFixture({
    machine,
    libraries: [
      {
        name: "libm.so.6",
        versions: [["GLIBC_2.2.5", HASH["GLIBC_2.2.5"], 5], ["GLIBC_2.27", HASH["GLIBC_2.27"], 4]],
      },
      {
        name: "libc.so.6",
        versions: [
          ["GLIBC_2.2.5", HASH["GLIBC_2.2.5"], 2],
          ["GLIBC_2.27", HASH["GLIBC_2.27"], 6],
          ["GLIBC_2.25", HASH["GLIBC_2.25"], 3],
        ],
      },
    ],
    symbols: [
      { name: "expf", version: 4 },
      { name: "write", version: 2 },
      { name: "copy_file_range", weak: true, version: 6 },
      { name: "getrandom", version: 3 },
      { name: "main", own: true, version: 1 },
    ],
  });
}

/** Needs and symbols as a person would write them down. */
function described(file: Uint8Array): string[] {
  const { libraries, symbols } = readVersions(file);
  return [
    ...libraries.map(({ library, versions }) =>
      `${library}: ${versions.map(({ version, index }) => `${version} is ${index}`).join(", ")}`
    ),
    symbols.map(({ name, versionIndex, isWeak }) => `${name}${isWeak ? " (weak)" : ""} ${versionIndex}`).join(
      ", ",
    ),
  ];
}

for (const [arch, machine] of [["amd64", 0x3e], ["arm64", 0xb7]] as const) {
  Deno.test(`lowerGlibc unlinks the needs of 2.27 and takes the version from their symbols, ${arch}`, () => {
    const { file } = runtime(machine);
    assertEquals(described(file), [
      "libm.so.6: GLIBC_2.2.5 is 5, GLIBC_2.27 is 4",
      "libc.so.6: GLIBC_2.2.5 is 2, GLIBC_2.27 is 6, GLIBC_2.25 is 3",
      " 0, expf 4, write 2, copy_file_range (weak) 6, getrandom 3, main 1",
    ]);
    assertEquals(described(lowerGlibc(file)), [
      "libm.so.6: GLIBC_2.2.5 is 5",
      "libc.so.6: GLIBC_2.2.5 is 2, GLIBC_2.25 is 3",
      " 0, expf 1, write 2, copy_file_range (weak) 1, getrandom 3, main 1",
    ]);
  });
}

Deno.test("lowerGlibc changes nothing but the tables of versions, and not its argument", () => {
  const { file, versionsAt, symbolsAt, needsAt, stringsAt } = runtime();
  const before = file.slice();
  const edited = lowerGlibc(file);
  assertEquals(file, before);
  const changed = Array.from(edited.keys()).filter((at) => edited[at] !== before[at]);
  // Two bytes of .gnu.version, none of .dynsym; libm's and libc's counts, chains, and the two cleared entries.
  assertEquals(changed.filter((at) => at < versionsAt || at >= stringsAt), []);
  assertEquals(changed.filter((at) => at >= versionsAt && at < needsAt), [versionsAt + 2, versionsAt + 6]);
  assertEquals(symbolsAt < versionsAt, true);
});

Deno.test("lowerGlibc unlinks a need that is the first of its library", () => {
  const { file } = elfFixture({
    libraries: [{
      name: "libc.so.6",
      versions: [["GLIBC_2.27", HASH["GLIBC_2.27"], 2], ["GLIBC_2.17", HASH["GLIBC_2.17"], 3]],
    }],
    symbols: [{ name: "pkey_get", weak: true, version: 2 }],
  });
  assertEquals(described(lowerGlibc(file)), ["libc.so.6: GLIBC_2.17 is 3", " 0, pkey_get (weak) 1"]);
});

Deno.test("lowerGlibc gives back what is old enough as it was", () => {
  const once = lowerGlibc(runtime().file);
  assertEquals(lowerGlibc(once), once);
});

Deno.test("tooNewVersions names each version above 2.26 once", () => {
  assertEquals(tooNewVersions(runtime().file), ["GLIBC_2.27"]);
  assertEquals(tooNewVersions(lowerGlibc(runtime().file)), []);
});

Deno.test("lowerGlibc refuses a version above 2.26 that it does not know", () => {
  const { file } = elfFixture({
    libraries: [{ name: "libc.so.6", versions: [["GLIBC_2.28", HASH["GLIBC_2.28"], 2]] }],
    symbols: [{ name: "fcntl64", version: 2 }],
  });
  assertThrows(() => lowerGlibc(file), Error, "it needs more than glibc 2.26: GLIBC_2.28");
});

const SECTION = { symbols: 64, versions: 128, needs: 192, strings: 256, dynamic: 320 } as const;

/** What is damaged, how, and what must be said about it. */
const DAMAGES: readonly (readonly [string, (fixture: Fixture) => void, string])[] = [
  ["a 32-bit file", ({ view }) => view.setUint8(4, 1), "not a 64-bit little-endian ELF file"],
  ["a big-endian file", ({ view }) => view.setUint8(5, 2), "not a 64-bit little-endian ELF file"],
  ["another machine", ({ view }) => view.setUint16(18, 0xf3, true), "its machine is unknown: 243"],
  ["another ELF version", ({ view }) => view.setUint8(6, 2), "its ELF version must be 1: current value is 2"],
  ["a program at fixed addresses", ({ view }) => view.setUint16(16, 2, true), "its type must be 3"],
  ["bigger section headers", ({ view }) => view.setUint16(58, 72, true), "as it is cut short"],
  [
    "smaller section headers",
    ({ view }) => view.setUint16(58, 40, true),
    "size of a section header must be 64",
  ],
  [
    "bigger program headers",
    ({ view }) => view.setUint16(54, 64, true),
    "size of a program header must be 56",
  ],
  [
    "no .gnu.version_r",
    ({ view, sectionsAt }) => view.setUint32(sectionsAt + SECTION.needs + 4, 1, true),
    "it has 0 sections .gnu.version_r",
  ],
  [
    "two symbol tables",
    ({ view, sectionsAt }) => view.setUint32(sectionsAt + SECTION.strings + 4, 11, true),
    "it has 2 sections .dynsym",
  ],
  [
    "versions of its own",
    ({ view, sectionsAt }) => view.setUint32(sectionsAt + 4, 0x6ffffffd, true),
    "the number of its version definitions must be 0",
  ],
  [
    "fewer versions than symbols",
    ({ view, sectionsAt }) => view.setBigUint64(sectionsAt + SECTION.versions + 32, 10n, true),
    "the number of its symbol versions must be 6: current value is 5",
  ],
  [
    "tables that overlap",
    ({ view, sectionsAt, symbolsAt, dynamicAt }) => {
      view.setBigUint64(sectionsAt + SECTION.versions + 24, BigInt(symbolsAt), true);
      view.setBigUint64(sectionsAt + SECTION.versions + 16, 0x10000n + BigInt(symbolsAt), true);
      view.setBigUint64(dynamicAt + 16 * 3 + 8, 0x10000n + BigInt(symbolsAt), true);
    },
    "overlap",
  ],
  [
    "a table outside of the file",
    ({ view, sectionsAt }) => view.setBigUint64(sectionsAt + SECTION.needs + 24, 1n << 40n, true),
    "is in no loaded segment",
  ],
  [
    "a table that is loaded elsewhere",
    ({ view, sectionsAt, needsAt }) =>
      view.setBigUint64(sectionsAt + SECTION.needs + 16, 0x20000n + BigInt(needsAt), true),
    "is in no loaded segment",
  ],
  ["nothing loaded", ({ view, segmentAt }) => view.setUint32(segmentAt, 4, true), "is in no loaded segment"],
  [
    "a loader that reads another table",
    ({ view, dynamicAt }) => view.setBigUint64(dynamicAt + 16 * 4 + 8, 0x10000n, true),
    "DT_VERNEED must be",
  ],
  [
    "a loader that reads another number of libraries",
    ({ view, dynamicAt }) => view.setBigUint64(dynamicAt + 16 * 5 + 8, 1n, true),
    "DT_VERNEEDNUM must be 2: current value is 1",
  ],
  ["an unknown need", ({ view, needsAt }) => view.setUint16(needsAt, 2, true), "version of a need must be 1"],
  [
    "fewer libraries than counted",
    ({ view, needsAt }) => view.setUint32(needsAt + 12, 0, true),
    "the number of its needed libraries must be 2: current value is 1",
  ],
  [
    "more libraries than counted",
    ({ view, needsAt }) => view.setUint32(needsAt + 16 + 12, 16, true),
    "it needs more than 2 libraries",
  ],
  [
    "a chain that ends early",
    ({ view, needsAt }) => view.setUint16(needsAt + 2, 3, true),
    "the chain of GLIBC_2.27 does not end after 3 versions",
  ],
  [
    "a chain that goes on",
    ({ view, needsAt }) => view.setUint16(needsAt + 2, 1, true),
    "the chain of GLIBC_2.2.5 does not end after 1 versions",
  ],
  [
    "a chain that leaves its table",
    ({ view, needsAt }) => view.setUint32(needsAt + 8, 0x7ffffff0, true),
    "a version need is outside of its table",
  ],
  [
    "a chain that turns back",
    ({ view, needsAt }) => view.setUint32(needsAt + 32 + 12, 0xfffffff0, true),
    "a version need is outside of its table",
  ],
  [
    "a wrong hash",
    ({ view, needsAt }) => view.setUint32(needsAt + 32, 1, true),
    "hash of GLIBC_2.2.5 must be",
  ],
  [
    "unknown flags",
    ({ view, needsAt }) => view.setUint16(needsAt + 36, 4, true),
    "flags of GLIBC_2.2.5 are unknown: 4",
  ],
  ["an index taken twice", ({ view, needsAt }) => view.setUint16(needsAt + 38, 4, true), "is taken twice: 4"],
  [
    "a name outside",
    ({ view, needsAt }) => view.setUint32(needsAt + 4, 9999, true),
    "name is outside of .dynstr",
  ],
  [
    "an unknown version of a symbol",
    ({ view, versionsAt }) => view.setUint16(versionsAt + 4, 9, true),
    "the version of write is unknown: 9",
  ],
  [
    "a symbol that is not known to work",
    ({ view, versionsAt }) => view.setUint16(versionsAt + 4, 4, true),
    "write is not known to work without GLIBC_2.27",
  ],
  [
    "a symbol that may be missing but is not weak",
    ({ view, symbolsAt }) => view.setUint8(symbolsAt + 24 * 3 + 4, 0x12),
    "copy_file_range is not known to work without GLIBC_2.27",
  ],
  [
    "a symbol of 2.27 that the program has itself",
    ({ view, symbolsAt }) => view.setUint16(symbolsAt + 24 + 6, 1, true),
    "expf is not known to work without GLIBC_2.27",
  ],
];

for (const [what, damage, message] of DAMAGES) {
  Deno.test(`lowerGlibc refuses ${what}`, () => {
    const fixture = runtime();
    damage(fixture);
    assertThrows(() => lowerGlibc(fixture.file), Error, message);
  });
}

Deno.test("lowerGlibc refuses a library of which nothing else is needed", () => {
  const { file } = elfFixture({
    libraries: [{ name: "libm.so.6", versions: [["GLIBC_2.27", HASH["GLIBC_2.27"], 2]] }],
    symbols: [{ name: "expf", version: 2 }],
  });
  assertThrows(() => lowerGlibc(file), Error, "nothing else than GLIBC_2.27 is needed of libm.so.6");
});

Deno.test("lowerGlibc refuses a file that is cut short anywhere", () => {
  const { file } = runtime();
  for (let length = 0; length < file.length; length += 7) {
    assertThrows(() => lowerGlibc(file.subarray(0, length)), Error);
  }
});
