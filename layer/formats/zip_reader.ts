/** A small strict zip reader: what Lambda's unpacker would see, read without the writer's code. */
import { crc32, inflateRawSync } from "node:zlib";

export interface ReadEntry {
  readonly name: string;
  /** File type and permissions, as in `stat`. */
  readonly mode: number;
  /** 3 is Unix. */
  readonly madeByHost: number;
  readonly dosTime: number;
  readonly dosDate: number;
  readonly extraBytes: number;
  readonly contents: Uint8Array;
}

const END_RECORD_BYTES = 22;
const CENTRAL_HEADER_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/** The archive's files. Throws on anything that a plain archive without a comment does not have. */
export function readZip(archive: Uint8Array): ReadEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - END_RECORD_BYTES;
  expect(view.getUint32(end, true), 0x06054b50, "end of directory");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: ReadEntry[] = [];
  for (let index = 0; index < count; index++) {
    expect(view.getUint32(at, true), 0x02014b50, "directory header");
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameBytes));
    entries.push({
      name,
      mode: view.getUint32(at + 38, true) >>> 16,
      madeByHost: view.getUint8(at + 5),
      dosTime: view.getUint16(at + 12, true),
      dosDate: view.getUint16(at + 14, true),
      extraBytes,
      contents: readContents(archive, view, at),
    });
    at += CENTRAL_HEADER_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
  }
  expect(at, end, "end of the directory");
  return entries;
}

/** Follows a directory header to the file, whose own header must agree with it. */
function readContents(archive: Uint8Array, view: DataView, central: number): Uint8Array {
  const local = view.getUint32(central + 42, true);
  expect(view.getUint32(local, true), 0x04034b50, "file header");
  // Version needed up to name length: the same fields in both headers.
  for (let at = 0; at < 24; at++) {
    expect(view.getUint8(local + 4 + at), view.getUint8(central + 6 + at), `byte ${at} of the file header`);
  }
  expect(view.getUint16(local + 8, true), 8, "method");
  const start = local + LOCAL_HEADER_BYTES + view.getUint16(local + 26, true) +
    view.getUint16(local + 28, true);
  const contents = new Uint8Array(
    inflateRawSync(archive.subarray(start, start + view.getUint32(local + 18, true))),
  );
  expect(contents.length, view.getUint32(local + 22, true), "size");
  expect(crc32(contents), view.getUint32(local + 14, true), "checksum");
  return contents;
}

function expect(actual: number, wanted: number, what: string): void {
  if (actual !== wanted) throw new Error(`Cannot read the zip as its ${what} is ${actual}, not ${wanted}`);
}
