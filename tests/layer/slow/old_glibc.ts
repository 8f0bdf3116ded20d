/**
 * Amazon Linux 2's C library is not to be had where the tests run. What of it decides about a start can be made
 * from this machine's: copies of libc and libm that have no version GLIBC_2.27 and none of its functions, so that
 * the loader refuses who asks for it, and finds nothing or an older version for who does not.
 */

/** The version that is taken out of the copies, and what it is called there instead; as long as the original. */
const VERSION = "GLIBC_2.27";
const DISGUISE = "NOTHERE2.27";
const LIBRARIES = ["libc.so.6", "libm.so.6"];
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const DYNSYM = 11;
const VERDEF = 0x6ffffffd;
const VERSYM = 0x6fffffff;
const HIDDEN = 0x8000;

/** Writes the copies of the libraries in `source` to `folder`. Throws when one of them has no GLIBC_2.27. */
export async function copyOldGlibc(source: string, folder: string): Promise<void> {
  for (const name of LIBRARIES) {
    const library = await Deno.readFile(`${source}/${name}`);
    withoutVersion(library);
    await Deno.writeFile(`${folder}/${name}`, library, { mode: 0o755 });
  }
}

/** Takes the version's functions away and changes its hash, which the loader compares first. */
function withoutVersion(library: Uint8Array): void {
  const view = new DataView(library.buffer);
  const [symbols, versions, definitions] = [DYNSYM, VERSYM, VERDEF].map((type) => section(view, type));
  if (symbols === undefined || versions === undefined || definitions === undefined) {
    throw new Error("Cannot make an old library of one without versions");
  }
  const index = disguise(view, definitions);
  for (let at = 0; at < symbols.sizeBytes / SYMBOL_BYTES; at++) {
    if ((view.getUint16(versions.offset + 2 * at, true) & ~HIDDEN) !== index) continue;
    const symbolAt = symbols.offset + SYMBOL_BYTES * at;
    view.setUint16(symbolAt + 6, 0, true); // undefined
    view.setBigUint64(symbolAt + 8, 0n, true);
  }
}

/** Index by which the library's symbols refer to the version. */
function disguise(view: DataView, { offset, sizeBytes }: Place): number {
  for (let at = offset; at < offset + sizeBytes;) {
    if (view.getUint32(at + 8, true) === hashOf(VERSION)) {
      view.setUint32(at + 8, hashOf(DISGUISE), true);
      return view.getUint16(at + 4, true);
    }
    const step = view.getUint32(at + 16, true);
    if (step === 0) break;
    at += step;
  }
  throw new Error(`Cannot make an old library of one without ${VERSION}`);
}

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

function section(view: DataView, type: number): Place | undefined {
  const tableAt = Number(view.getBigUint64(40, true));
  for (let index = 0; index < view.getUint16(60, true); index++) {
    const at = tableAt + index * SECTION_BYTES;
    if (view.getUint32(at + 4, true) !== type) continue;
    return {
      offset: Number(view.getBigUint64(at + 24, true)),
      sizeBytes: Number(view.getBigUint64(at + 32, true)),
    };
  }
  return undefined;
}

function hashOf(name: string): number {
  return Array.from(name).reduce((hash, letter) => {
    const next = ((hash << 4) + letter.charCodeAt(0)) >>> 0;
    return (next ^ (next >>> 28 << 4)) & 0x0fffffff;
  }, 0);
}
