/** Reads a zip archive's directory, which stands at its end: enough to know what Lambda will unpack. */

/** A file of an archive, as the directory tells of it. */
export interface ZipMember {
  readonly name: string;
  /** File type and permissions as in `stat`; 0 when the archive was not made by a Unix. */
  readonly mode: number;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Offset of the file's own header, in bytes. */
  readonly headerAt: number;
}

/** The directory did not fit into the piece of the archive that was given. */
export interface DirectoryElsewhere {
  /** Where the directory begins, in bytes from the archive's start. */
  readonly startsAt: number;
}

const END_SIGNATURE = 0x06054b50;
const HEADER_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const HEADER_BYTES = 46;
/** The end record can be followed by a comment of this length at most. In bytes. */
const MAX_COMMENT_BYTES = 65_535;
const UNIX = 3;
/** Of 32-bit fields whose value stands in a zip64 record. Lambda's limits are far below. */
const IN_ZIP64 = 0xffff_ffff;

/** Bytes of an archive's end that are sure to hold its end record. */
export const TAIL_BYTES = END_BYTES + MAX_COMMENT_BYTES;

/**
 * The members of an archive of `totalBytes`, of which `tail` is the end. When the directory begins before `tail`
 * it says where, so that a longer piece can be fetched. Throws when this is no zip archive or a zip64 one.
 *
 * @see APPNOTE.TXT of the zip format, 4.3.12 central directory, 4.3.16 end of central directory record
 */
export function readZipDirectory(
  tail: Uint8Array,
  totalBytes: number,
): readonly ZipMember[] | DirectoryElsewhere {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const endAt = findEnd(view);
  const count = view.getUint16(endAt + 10, true);
  const startsAt = view.getUint32(endAt + 16, true);
  if (startsAt === IN_ZIP64) throw new Error("Cannot read the zip archive as it is of the zip64 kind");
  const tailAt = totalBytes - tail.length;
  if (startsAt < tailAt) return { startsAt };
  const members: ZipMember[] = [];
  for (let at = startsAt - tailAt; members.length < count;) {
    if (at + HEADER_BYTES > tail.length || view.getUint32(at, true) !== HEADER_SIGNATURE) {
      throw new Error(`Cannot read the zip archive as its directory breaks off at file ${members.length}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    members.push({
      name: new TextDecoder().decode(tail.subarray(at + HEADER_BYTES, at + HEADER_BYTES + nameBytes)),
      mode: view.getUint8(at + 5) === UNIX ? view.getUint32(at + 38, true) >>> 16 : 0,
      method: view.getUint16(at + 10, true),
      packedBytes: view.getUint32(at + 20, true),
      unpackedBytes: view.getUint32(at + 24, true),
      headerAt: view.getUint32(at + 42, true),
    });
    at += HEADER_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

function findEnd(view: DataView): number {
  for (let at = view.byteLength - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END_SIGNATURE) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw new Error("Cannot read the zip archive as it has no end record");
}
