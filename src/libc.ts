/**
 * What only the C library can do with the process's memory. Native calls are allowed until these few are bound, which
 * is before anything from outside is read: then the permission is given up.
 */

/** Calls of the C library of this process. */
export interface Libc {
  /** Memory that is the process's own, without pages of files (`RssAnon`), in bytes. Costs 20 µs. */
  ownBytes(): number;
  /** Hands what is free to the kernel, which the C library keeps for the next time. Takes up to some ms of CPU. */
  trim(): void;
  /**
   * Lets go of the pages of the executable: those that are used come back, 16 at a time, as the kernel has them still.
   * Takes some 1 ms of CPU, and coming back 1 to 2 ms over the next invocations.
   */
  dropPages(): void;
}

/** A part of the executable as it lies in memory. */
export interface Segment {
  readonly address: bigint;
  readonly sizeBytes: bigint;
}

const SYMBOLS = {
  getauxval: { parameters: ["u64"], result: "u64" },
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Keys of `getauxval()`: where the program's headers lie, how many there are, the size of a page. */
const [AT_PHDR, AT_PHNUM, AT_PAGESZ] = [3n, 5n, 6n];
/** Of a page of a private mapping of a file that was not written to: it is read from the file again. */
const MADV_DONTNEED = 4;
const O_RDONLY_CLOEXEC = 0o2000000;
/** Sizes in pages: all, resident, resident and of files, and four more. */
const STATM = new TextEncoder().encode("/proc/self/statm\0");
const STATM_BYTES = 128;

const HEADER_BYTES = 56;
const PT_LOAD = 1;
const PT_PHDR = 6;
const PF_W = 2;

/** The C library; `undefined` where it cannot be called. Gives up the permission to call anything else. */
export function openLibc(): Libc | undefined {
  try {
    return bind();
  } catch {
    return undefined;
  } finally {
    Deno.permissions.revokeSync({ name: "ffi" });
  }
}

function bind(): Libc | undefined {
  const { symbols } = Deno.dlopen("libc.so.6", SYMBOLS);
  const pageBytes = symbols.getauxval(AT_PAGESZ);
  const headersAt = symbols.getauxval(AT_PHDR);
  const headers = Deno.UnsafePointer.create(headersAt);
  if (headers === null || pageBytes === 0n) return undefined;
  const bytes = Number(symbols.getauxval(AT_PHNUM)) * HEADER_BYTES;
  const table = new DataView(Deno.UnsafePointerView.getArrayBuffer(headers, bytes).slice(0));
  const segments = unwritableSegments(table, headersAt, pageBytes);
  const line = new Uint8Array(STATM_BYTES);
  const decoder = new TextDecoder();
  let ownBytes = 0;

  function readOwnBytes(): number {
    const file = symbols.open(STATM, O_RDONLY_CLOEXEC);
    // No descriptor is left: what it was must do.
    if (file < 0) return ownBytes;
    const length = Number(symbols.read(file, line, BigInt(line.length)));
    symbols.close(file);
    const [, resident, ofFiles] = decoder.decode(line.subarray(0, Math.max(0, length))).split(" ").map(
      Number,
    );
    if (resident === undefined || ofFiles === undefined) return ownBytes;
    return ownBytes = (resident - ofFiles) * Number(pageBytes);
  }

  return readOwnBytes() <= 0 ? undefined : {
    ownBytes: readOwnBytes,
    trim: () => void symbols.malloc_trim(0n),
    dropPages: () => {
      for (const { address, sizeBytes } of segments) symbols.madvise(address, sizeBytes, MADV_DONTNEED);
    },
  };
}

/**
 * The parts of a program that nothing can have written to: code and constants. Of others, what was written would be
 * lost. `table`: its headers, which lie at `tableAt`; no part without a header that tells where that is.
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
 */
export function unwritableSegments(table: DataView, tableAt: bigint, pageBytes: bigint): Segment[] {
  const places = Array.from(
    { length: Math.floor(table.byteLength / HEADER_BYTES) },
    (_, n) => n * HEADER_BYTES,
  );
  const self = places.find((at) => table.getUint32(at, true) === PT_PHDR);
  if (self === undefined) return [];
  const base = tableAt - table.getBigUint64(self + 16, true);
  return places.flatMap((at) => {
    if (table.getUint32(at, true) !== PT_LOAD || (table.getUint32(at + 4, true) & PF_W) !== 0) return [];
    const from = base + table.getBigUint64(at + 16, true);
    const to = from + table.getBigUint64(at + 32, true);
    // Whole pages only: beside them lies what follows.
    const address = (from + pageBytes - 1n) / pageBytes * pageBytes;
    const end = to / pageBytes * pageBytes;
    return end > address ? [{ address, sizeBytes: end - address }] : [];
  });
}
