/**
 * HPACK, the form of header fields in HTTP/2: a decoder with its dynamic table, and as much of an encoder as answers
 * of a few fields need.
 * @see https://www.rfc-editor.org/rfc/rfc7541
 */
import { decodeHuffman } from "./hpack_huffman.ts";
import type { Field } from "../header_fields.ts";

/** The first 61 fields that either side knows, in their order; `\n` parts name and value. */
const STATIC: readonly Field[] = [
  ...[":authority", ":method\nGET", ":method\nPOST", ":path\n/", ":path\n/index.html", ":scheme\nhttp"],
  ...[":scheme\nhttps", ":status\n200", ":status\n204", ":status\n206", ":status\n304", ":status\n400"],
  ...[":status\n404", ":status\n500", "accept-charset", "accept-encoding\ngzip, deflate", "accept-language"],
  ...["accept-ranges", "accept", "access-control-allow-origin", "age", "allow", "authorization"],
  ...["cache-control", "content-disposition", "content-encoding", "content-language", "content-length"],
  ...["content-location", "content-range", "content-type", "cookie", "date", "etag", "expect", "expires"],
  ...["from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
  ...["last-modified", "link", "location", "max-forwards", "proxy-authenticate", "proxy-authorization"],
  ...["range", "referer", "refresh", "retry-after", "server", "set-cookie", "strict-transport-security"],
  ...["transfer-encoding", "user-agent", "vary", "via", "www-authenticate"],
].map((text) => {
  const [name = "", value = ""] = text.split("\n");
  return [name, value];
});

/** Largest dynamic table, which is HTTP/2's default, and what each field counts beyond its characters. In bytes. */
const MAX_TABLE_BYTES = 4_096;
const FIELD_OVERHEAD_BYTES = 32;

/** Decodes the blocks of one connection, in their order. */
export interface HpackDecoder {
  /**
   * The fields of one block, in order. "malformed" when it breaks the rules, after which no further block can be read;
   * "too_large" when its fields are more than `maxBytes`, with which the table goes on as it must.
   */
  decode(block: Uint8Array, maxBytes: number): Field[] | "malformed" | "too_large";
}

/** A decoder with an empty table. */
export function createHpackDecoder(): HpackDecoder {
  const table: Field[] = [];
  let tableBytes = 0;
  let maxTableBytes = MAX_TABLE_BYTES;

  function fit(maxBytes: number): void {
    while (tableBytes > maxBytes) tableBytes -= sizeOf(table.pop());
  }

  function remember(field: Field): void {
    const bytes = sizeOf(field);
    fit(maxTableBytes - bytes);
    // A field larger than the table leaves it empty.
    if (bytes > maxTableBytes) return;
    table.unshift(field);
    tableBytes += bytes;
  }

  function at(index: number): Field {
    const field = index <= STATIC.length ? STATIC[index - 1] : table[index - STATIC.length - 1];
    if (field === undefined) throw MALFORMED;
    return field;
  }

  function decodeField(reader: BlockReader, first: number): Field {
    if (first >= 0x80) return at(reader.integer(7));
    const isRemembered = first >= 0x40;
    const index = reader.integer(isRemembered ? 6 : 4);
    const name = index === 0 ? reader.text() : at(index)[0];
    const field: Field = [name, reader.text()];
    if (isRemembered) remember(field);
    return field;
  }

  function resize(reader: BlockReader): void {
    const bytes = reader.integer(5);
    if (bytes > MAX_TABLE_BYTES) throw MALFORMED;
    maxTableBytes = bytes;
    fit(bytes);
  }

  return {
    decode: (block, maxBytes) => {
      const reader = createBlockReader(block);
      const fields: Field[] = [];
      let bytes = 0;
      let isLarge = false;
      try {
        for (let first = reader.peek(); first !== undefined; first = reader.peek()) {
          if (first >= 0x20 && first < 0x40) {
            // A change of size comes before all fields.
            if (bytes > 0) return "malformed";
            resize(reader);
            continue;
          }
          const field = decodeField(reader, first);
          bytes += sizeOf(field);
          isLarge ||= bytes > maxBytes;
          if (!isLarge) fields.push(field);
        }
      } catch (error) {
        if (error === MALFORMED) return "malformed";
        throw error;
      }
      return isLarge ? "too_large" : fields;
    },
  };
}

/** A block of fields, none of which the other side shall remember. Names must be in lower case. */
export function encodeFields(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const parts: number[] = [];
  for (const [name, value] of fields) {
    const whole = STATIC.findIndex(([n, v]) => n === name && v === value);
    if (whole >= 0) {
      pushInteger(parts, 0x80, 7, whole + 1);
      continue;
    }
    const index = STATIC.findIndex(([n]) => n === name) + 1;
    pushInteger(parts, 0, 4, index);
    if (index === 0) pushText(parts, name);
    pushText(parts, value);
  }
  return Uint8Array.from(parts);
}

const MALFORMED = new Error("Cannot read a block of fields as it breaks the rules of HPACK");

interface BlockReader {
  /** The next byte, left where it is. */
  peek(): number | undefined;
  /** A number whose first `bits` bits are the last ones of the next byte. */
  integer(bits: number): number;
  text(): string;
}

function createBlockReader(block: Uint8Array): BlockReader {
  let at = 0;

  function byte(): number {
    const value = block[at++];
    if (value === undefined) throw MALFORMED;
    return value;
  }

  function integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const next = byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) return value;
    }
    throw MALFORMED;
  }

  return {
    peek: () => block[at],
    integer,
    text: () => {
      const isHuffman = (block[at] ?? 0) >= 0x80;
      const length = integer(7);
      if (at + length > block.length) throw MALFORMED;
      const bytes = block.subarray(at, at + length);
      at += length;
      const text = isHuffman ? decodeHuffman(bytes) : String.fromCharCode(...bytes);
      if (text === undefined) throw MALFORMED;
      return text;
    },
  };
}

function pushInteger(parts: number[], flags: number, bits: number, value: number): void {
  const most = 2 ** bits - 1;
  if (value < most) return void parts.push(flags | value);
  parts.push(flags | most);
  let rest = value - most;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) parts.push(rest % 0x80 | 0x80);
  parts.push(rest);
}

function pushText(parts: number[], text: string): void {
  pushInteger(parts, 0, 7, text.length);
  for (let at = 0; at < text.length; at++) parts.push(text.charCodeAt(at) & 0xff);
}

function sizeOf(field: Field | undefined): number {
  return field === undefined ? 0 : field[0].length + field[1].length + FIELD_OVERHEAD_BYTES;
}
