/** Reads one file out of a tar archive: enough for an npm package, which has plain ustar entries. */

const BLOCK_BYTES = 512;
const decoder = new TextDecoder();

/**
 * The contents of `name` in the archive, without copying.
 * Throws when there is no such file or the archive is cut short.
 *
 * @see POSIX pax, "ustar Interchange Format"
 */
export function readTarEntry(archive: Uint8Array, name: string): Uint8Array {
  for (let at = 0; at + BLOCK_BYTES <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    if (header[0] === 0) break; // zero blocks end the archive
    const sizeBytes = Number.parseInt(text(header, 124, 12).trim(), 8);
    if (!Number.isSafeInteger(sizeBytes)) {
      throw new Error(`Cannot read the tar archive: bad size at byte ${at}`);
    }
    const prefix = text(header, 345, 155);
    const entryName = prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
    const start = at + BLOCK_BYTES;
    if (start + sizeBytes > archive.length) throw new Error("Cannot read the tar archive as it is cut short");
    if (entryName === name) return archive.subarray(start, start + sizeBytes);
    at = start + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new Error(`Cannot find ${name} in the tar archive`);
}

function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return decoder.decode(end === -1 ? field : field.subarray(0, end));
}
