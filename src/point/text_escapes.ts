/** Text of a line's field, escaped byte by byte: what is escaped is ASCII, and those bytes are in no longer character. */
import { formatScalar } from "./line_protocol.ts";

/** What each byte becomes. */
export interface TextEscapes {
  /** What stands around a text. */
  readonly quote: string;
  /** Bytes that each byte takes. */
  readonly sizes: Uint8Array;
  /** What the bytes become that take more than one. */
  readonly texts: readonly (Uint8Array | undefined)[];
}

let made: { readonly text: TextEscapes; readonly json: TextEscapes } | undefined;

/** Those of a text by itself, or of one in a list's JSON that is itself a text of a line. */
export function textEscapes(isJson: boolean): TextEscapes {
  // Who sends no lines does not wait for them at startup.
  made ??= {
    text: createEscapes('"', (char) => formatScalar(char).slice(1, -1)),
    json: createEscapes('\\"', (char) => formatScalar(JSON.stringify(char).slice(1, -1)).slice(1, -1)),
  };
  return isJson ? made.json : made.text;
}

/** A piece of UTF-8 as it stands in the line. */
export function escapeBytes(bytes: Uint8Array, { sizes, texts }: TextEscapes): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  let size = 0;
  for (let i = 0; i < length; i++) size += sizes[bytes[i] ?? 0] ?? 1;
  if (size === length) return bytes.slice();
  const escaped = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0;
    if (sizes[byte] === 1) {
      escaped[at++] = byte;
      continue;
    }
    const text = texts[byte];
    if (text !== undefined) { for (let k = 0; k < text.length; k++) escaped[at++] = text[k] ?? 0; }
  }
  return escaped;
}

function createEscapes(quote: string, escape: (char: string) => string): TextEscapes {
  const sizes = new Uint8Array(256).fill(1);
  const texts: (Uint8Array | undefined)[] = [];
  for (let byte = 0; byte < 0x80; byte++) {
    const text = escape(String.fromCharCode(byte));
    if (text.length === 1) continue;
    sizes[byte] = text.length;
    texts[byte] = new TextEncoder().encode(text);
  }
  return { quote, sizes, texts };
}
