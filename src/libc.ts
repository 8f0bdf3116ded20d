/**
 * What only the C library can do with the process's memory and its sockets. Native calls are allowed until these few
 * are bound, which is before anything from outside is read: then the permission is given up.
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
  /** A bound UDP socket of this process; `undefined` where the system does not show it. Costs 0.1 ms. */
  udpSocket(address: Deno.NetAddr): KernelSocket | undefined;
}

/** The kernel's side of a UDP socket, as long as that is open. */
export interface KernelSocket {
  /**
   * Lets packets that nobody has read yet take up to `bytes` of the kernel's memory, bookkeeping included (some 770
   * bytes for a short packet), or what the system allows. Never makes the room smaller. Memory is taken as it is filled.
   */
  widen(bytes: number): void;
  /** Packets that the kernel threw away since the socket was opened, as there was no room. Costs 2 µs. */
  dropped(): number;
}

/** A part of the executable as it lies in memory. */
export interface Segment {
  readonly address: bigint;
  readonly sizeBytes: bigint;
}

/** Memory is handed over by its address: what is declared a `buffer` takes 0.15 ms more of the start for each call. */
const SYMBOLS = {
  getauxval: { parameters: ["u64"], result: "u64" },
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
  mallopt: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
  open: { parameters: ["pointer", "i32"], result: "i32" },
  read: { parameters: ["i32", "pointer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
} as const;

type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Memory that calls read or write, and its address, which stays the same. */
interface Shared {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: Deno.PointerValue;
}

/** What calls that ask about a socket write to. */
interface Answer {
  readonly value: Shared;
  /** Of the value, in bytes: in, and out. */
  readonly size: Shared;
}

/** Keys of `getauxval()`: where the program's headers lie, how many there are, the size of a page. */
const [AT_PHDR, AT_PHNUM, AT_PAGESZ] = [3n, 5n, 6n];
/**
 * So large a block has pages of its own, in bytes: they are there once they are written to, and go at once. The C library
 * would raise that to 32 MiB by itself; it fills with zeros then what a large body is to be read into, in one go.
 */
const OWN_PAGES_BYTES = 1_048_576;
const M_MMAP_THRESHOLD = -3;
/** Of a page of a private mapping of a file that was not written to: it is read from the file again. */
const MADV_DONTNEED = 4;
const O_RDONLY_CLOEXEC = 0o2000000;
/** Sizes in pages: all, resident, resident and of files, and four more. */
const STATM = new TextEncoder().encode("/proc/self/statm\0");
const STATM_BYTES = 128;

/** Of sockets, on x86_64 and arm64. */
const [AF_INET, AF_INET6] = [2, 10];
const [SOL_SOCKET, SO_TYPE, SO_RCVBUF, SO_MEMINFO] = [1, 3, 8, 55];
const SOCK_DGRAM = 2;
/** Which number of `SO_MEMINFO` (since Linux 4.12) tells what was dropped. */
const MEMINFO_DROPS = 8;
const NUMBER_BYTES = 4;
/** Longer than any address of a socket and any of these options is. */
const VALUE_BYTES = 128;
/** Sockets are bound before there is much else. */
const MAX_DESCRIPTOR = 256;

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
  symbols.mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
  const pageBytes = symbols.getauxval(AT_PAGESZ);
  const headersAt = symbols.getauxval(AT_PHDR);
  const headers = Deno.UnsafePointer.create(headersAt);
  if (headers === null || pageBytes === 0n) return undefined;
  const bytes = Number(symbols.getauxval(AT_PHNUM)) * HEADER_BYTES;
  const table = new DataView(Deno.UnsafePointerView.getArrayBuffer(headers, bytes).slice(0));
  const segments = unwritableSegments(table, headersAt, pageBytes);
  const name = shared(STATM);
  const line = shared(new Uint8Array(STATM_BYTES));
  const answer = { value: shared(new Uint8Array(VALUE_BYTES)), size: shared(new Uint8Array(NUMBER_BYTES)) };
  const decoder = new TextDecoder();
  let ownBytes = 0;

  function readOwnBytes(): number {
    const file = symbols.open(name.address, O_RDONLY_CLOEXEC);
    // No descriptor is left: what it was must do.
    if (file < 0) return ownBytes;
    const length = Number(symbols.read(file, line.address, BigInt(STATM_BYTES)));
    symbols.close(file);
    const [, resident, ofFiles] = decoder.decode(line.bytes.subarray(0, Math.max(0, length))).split(" ").map(
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
    udpSocket: (address) => findUdpSocket(symbols, answer, address),
  };
}

/** A copy with an address: V8 moves what is not in a buffer of its own. */
function shared(content: Uint8Array): Shared {
  const bytes = new Uint8Array(new ArrayBuffer(content.length));
  bytes.set(content);
  return { bytes, address: Deno.UnsafePointer.of(bytes) };
}

/** Deno tells nobody its descriptors: the one with this address is looked for. TCP may have the same one. */
function findUdpSocket(
  calls: Calls,
  answer: Answer,
  { hostname, port }: Deno.NetAddr,
): KernelSocket | undefined {
  const family = hostname.includes(":") ? AF_INET6 : AF_INET;
  const { value, size } = answer;
  const name = new DataView(value.bytes.buffer);
  const length = new DataView(size.bytes.buffer);
  for (let descriptor = 0; descriptor < MAX_DESCRIPTOR; descriptor++) {
    length.setUint32(0, VALUE_BYTES, true);
    if (calls.getsockname(descriptor, value.address, size.address) !== 0) continue;
    if (name.getUint16(0, true) !== family || name.getUint16(2) !== port) continue;
    // Of IPv6 there is one address that is the machine's own.
    if (family === AF_INET && value.bytes.subarray(4, 8).join(".") !== hostname) continue;
    if (numberOf(calls, answer, descriptor, SO_TYPE) === SOCK_DGRAM) {
      return kernelSocket(calls, answer, descriptor);
    }
  }
  return undefined;
}

function kernelSocket(calls: Calls, answer: Answer, descriptor: number): KernelSocket {
  const { value } = answer;
  let last = 0;
  let total = 0;
  return {
    widen: (bytes) => {
      if ((numberOf(calls, answer, descriptor, SO_RCVBUF) ?? bytes) >= bytes) return;
      // The kernel doubles what it is told, for its bookkeeping.
      new DataView(value.bytes.buffer).setUint32(0, bytes / 2, true);
      calls.setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value.address, NUMBER_BYTES);
    },
    dropped: () => {
      const now = numberOf(calls, answer, descriptor, SO_MEMINFO, MEMINFO_DROPS) ?? last;
      // It begins anew at 2 ** 32.
      total += (now - last) >>> 0;
      last = now;
      return total;
    },
  };
}

/** What the kernel tells of a socket: the number at `index`. `undefined` where it does not tell. */
function numberOf(
  calls: Calls,
  { value, size }: Answer,
  descriptor: number,
  option: number,
  index = 0,
): number | undefined {
  const length = new DataView(size.bytes.buffer);
  length.setUint32(0, VALUE_BYTES, true);
  if (calls.getsockopt(descriptor, SOL_SOCKET, option, value.address, size.address) !== 0) return undefined;
  const isTold = length.getUint32(0, true) >= (index + 1) * NUMBER_BYTES;
  return isTold ? new DataView(value.bytes.buffer).getUint32(index * NUMBER_BYTES, true) : undefined;
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
