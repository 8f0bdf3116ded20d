/** Makes the smallest ELF programs that have version needs, to be read, edited and damaged by tests. */

/** Version index of a symbol, and what the program needs of one library. */
export interface FixtureOptions {
  /** @default 0x3e, x86-64 */
  readonly machine?: number;
  readonly libraries: readonly FixtureLibrary[];
  readonly symbols: readonly FixtureSymbol[];
  /** @default no table of relocations at all */
  readonly relocations?: {
    readonly dyn: readonly FixtureRelocation[];
    readonly plt: readonly FixtureRelocation[];
  };
  /** What the program may run, at an address that 16 divides. @default nothing */
  readonly code?: readonly number[];
}

/** By the symbol's place among the fixture's symbols, counted from 1. */
export type FixtureRelocation = readonly [symbol: number, type: number, addend: number];

export interface FixtureLibrary {
  readonly name: string;
  readonly versions: readonly (readonly [name: string, hash: number, index: number])[];
}

export interface FixtureSymbol {
  readonly name: string;
  readonly weak?: boolean;
  /** Defined by the program itself. */
  readonly own?: boolean;
  readonly version: number;
}

/** A program and where its tables are, as offsets in bytes. */
export interface Fixture {
  readonly file: Uint8Array;
  readonly view: DataView;
  readonly segmentAt: number;
  readonly symbolsAt: number;
  readonly versionsAt: number;
  readonly needsAt: number;
  readonly stringsAt: number;
  readonly dynamicAt: number;
  /** .rela.dyn, which .rela.plt follows. */
  readonly relocationsAt: number;
  readonly codeAt: number;
  /** Section headers: nothing, .dynsym, .gnu.version, .gnu.version_r, .dynstr, .dynamic, .rela.dyn, .rela.plt. */
  readonly sectionsAt: number;
}

/** System V hashes, worked out with binutils: this fixture must not share the reader's mistakes. */
export const HASH = {
  "GLIBC_2.2.5": 0x09691a75,
  "GLIBC_2.17": 0x06969197,
  "GLIBC_2.25": 0x06969185,
  "GLIBC_2.27": 0x06969187,
  "GLIBC_2.28": 0x06969188,
} as const;

/** Where the segment is in memory; other than in the file, so that the two cannot be mixed up. */
export const LOADED_AT = 0x10000;

/** Builds the program; each library's versions follow the list of libraries, like lld and GNU ld lay them out. */
export function elfFixture(options: FixtureOptions): Fixture {
  const { machine = 0x3e, libraries, symbols, relocations, code = [] } = options;
  const strings = new Strings();
  const segmentAt = 64;
  const symbolsAt = segmentAt + 56;
  const versionsAt = symbolsAt + 24 * (symbols.length + 1);
  const needsAt = Math.ceil((versionsAt + 2 * (symbols.length + 1)) / 8) * 8;
  const versionCount = libraries.reduce((sum, { versions }) => sum + versions.length, 0);
  const needsBytes = 16 * (libraries.length + versionCount);
  const stringsAt = needsAt + needsBytes;
  for (const { name, versions } of libraries) {
    strings.add(name);
    for (const [version] of versions) strings.add(version);
  }
  for (const { name } of symbols) strings.add(name);
  const dynamicAt = Math.ceil((stringsAt + strings.bytes.length) / 8) * 8;
  const dynamicBytes = 16 * (relocations === undefined ? 7 : 11);
  const relocationsAt = dynamicAt + dynamicBytes;
  const { dyn = [], plt = [] } = relocations ?? {};
  const pltAt = relocationsAt + 24 * dyn.length;
  const codeAt = Math.ceil((pltAt + 24 * plt.length) / 16) * 16;
  const sectionsAt = Math.ceil((codeAt + code.length) / 8) * 8;
  const sectionCount = relocations === undefined ? 6 : 8;
  const file = new Uint8Array(sectionsAt + 64 * sectionCount);
  const view = new DataView(file.buffer);
  file.set(strings.bytes, stringsAt);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  for (
    const [at, value] of [[16, 3], [18, machine], [52, 64], [54, 56], [56, 1], [58, 64], [
      60,
      sectionCount,
    ]] as const
  ) {
    view.setUint16(at, value, true);
  }
  put64(view, 32, segmentAt);
  put64(view, 40, sectionsAt);
  view.setUint32(segmentAt, 1, true);
  view.setUint32(segmentAt + 4, 5, true);
  put64(view, segmentAt + 16, LOADED_AT);
  put64(view, segmentAt + 32, sectionsAt);

  for (const [index, symbol] of symbols.entries()) {
    const at = symbolsAt + 24 * (index + 1);
    view.setUint32(at, strings.add(symbol.name), true);
    view.setUint8(at + 4, symbol.weak === true ? 0x22 : 0x12);
    view.setUint16(at + 6, symbol.own === true ? 1 : 0, true);
    view.setUint16(versionsAt + 2 * (index + 1), symbol.version, true);
  }
  let versionAt = needsAt + 16 * libraries.length;
  for (const [place, { name, versions }] of libraries.entries()) {
    const at = needsAt + 16 * place;
    view.setUint16(at, 1, true);
    view.setUint16(at + 2, versions.length, true);
    view.setUint32(at + 4, strings.add(name), true);
    view.setUint32(at + 8, versionAt - at, true);
    view.setUint32(at + 12, place + 1 < libraries.length ? 16 : 0, true);
    for (const [order, [version, hash, index]] of versions.entries()) {
      view.setUint32(versionAt, hash, true);
      view.setUint16(versionAt + 6, index, true);
      view.setUint32(versionAt + 8, strings.add(version), true);
      view.setUint32(versionAt + 12, order + 1 < versions.length ? 16 : 0, true);
      versionAt += 16;
    }
  }
  file.set(code, codeAt);
  for (const [index, [symbol, type, addend]] of [...dyn, ...plt].entries()) {
    const at = relocationsAt + 24 * index;
    view.setUint32(at + 8, type, true);
    view.setUint32(at + 12, symbol, true);
    put64(view, at + 16, addend);
  }
  const dynamic = [
    [5, LOADED_AT + stringsAt],
    [6, LOADED_AT + symbolsAt],
    [10, strings.bytes.length],
    [0x6ffffff0, LOADED_AT + versionsAt],
    [0x6ffffffe, LOADED_AT + needsAt],
    [0x6fffffff, libraries.length],
    ...relocations === undefined ? [] : [
      [7, LOADED_AT + relocationsAt],
      [8, 24 * dyn.length],
      [23, LOADED_AT + pltAt],
      [2, 24 * plt.length],
    ] as const,
  ] as const;
  for (const [index, [tag, value]] of dynamic.entries()) {
    put64(view, dynamicAt + 16 * index, tag);
    put64(view, dynamicAt + 16 * index + 8, value);
  }
  const sections = [
    [11, symbolsAt, 24 * (symbols.length + 1), 4, 1, 24],
    [0x6fffffff, versionsAt, 2 * (symbols.length + 1), 1, 0, 2],
    [0x6ffffffe, needsAt, needsBytes, 4, libraries.length, 0],
    [3, stringsAt, strings.bytes.length, 0, 0, 0],
    [6, dynamicAt, dynamicBytes, 4, 0, 16],
    ...relocations === undefined ? [] : [
      [4, relocationsAt, 24 * dyn.length, 1, 0, 24],
      [4, pltAt, 24 * plt.length, 1, 0, 24],
    ] as const,
  ] as const;
  for (const [index, [type, offset, sizeBytes, link, info, entryBytes]] of sections.entries()) {
    const at = sectionsAt + 64 * (index + 1);
    view.setUint32(at + 4, type, true);
    put64(view, at + 16, LOADED_AT + offset);
    put64(view, at + 24, offset);
    put64(view, at + 32, sizeBytes);
    view.setUint32(at + 40, link, true);
    view.setUint32(at + 44, info, true);
    put64(view, at + 56, entryBytes);
  }
  return {
    file,
    view,
    segmentAt,
    symbolsAt,
    versionsAt,
    needsAt,
    stringsAt,
    dynamicAt,
    relocationsAt,
    codeAt,
    sectionsAt,
  };
}

/** A string table; a string that is there already is not added again. */
class Strings {
  bytes = new Uint8Array(1);
  readonly #known = new Map<string, number>();

  add(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const at = this.bytes.length;
    this.bytes = new Uint8Array([...this.bytes, ...new TextEncoder().encode(text), 0]);
    this.#known.set(text, at);
    return at;
  }
}

function put64(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}
