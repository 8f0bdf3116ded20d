/** Finds out how big an archive is unpacked by reading only its end: neither Lambda nor S3 tells. */
import { readZipDirectory, TAIL_BYTES } from "../formats/zip_directory.ts";

const LIMIT_MS = 30_000;
/** A directory bigger than this belongs to no archive that Lambda takes. In bytes. */
const MAX_DIRECTORY_BYTES = 32 * 1024 * 1024;

/**
 * Unpacked size in bytes of the archive at `location`, a signed URL, or undefined when it cannot be found out.
 * The URL is a secret: it is never part of an error.
 */
export async function unpackedBytesAt(location: string | undefined): Promise<number | undefined> {
  if (location === undefined || !/^https?:/.test(location)) return undefined;
  try {
    const tail = await fetchEnd(location, TAIL_BYTES);
    let members = readZipDirectory(tail.bytes, tail.totalBytes);
    if ("startsAt" in members) {
      const needed = tail.totalBytes - members.startsAt;
      if (needed > MAX_DIRECTORY_BYTES) return undefined;
      members = readZipDirectory((await fetchEnd(location, needed)).bytes, tail.totalBytes);
    }
    if ("startsAt" in members) return undefined;
    return members.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
  } catch {
    return undefined; // then it is said that the size is not known
  }
}

async function fetchEnd(
  location: string,
  sizeBytes: number,
): Promise<{ bytes: Uint8Array; totalBytes: number }> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const response = await fetch(location, { headers: { Range: `bytes=-${sizeBytes}` }, signal });
  const totalBytes = Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1]);
  if (response.status !== 206 || !Number.isSafeInteger(totalBytes)) {
    await response.body?.cancel();
    throw new Error(`Cannot read the archive's end as the status must be 206: it is ${response.status}`);
  }
  return { bytes: await response.bytes(), totalBytes };
}
