import { Buffer } from "node:buffer";

/** Beyond this a string's bytes are counted before room is made: the bound of three a unit would waste memory. */
const COUNTED_LENGTH = 65_536;
/** Below this many units a loop beats the call into the text encoder. */
const SHORT_LENGTH = 48;

/** Puts strings into buffers as UTF-8; a lone surrogate becomes U+FFFD. */
export interface TextCopier {
  /** Bytes that {@link put} may need for `text`. */
  room(text: string): number;
  /** Writes `text` at `at`, where there is room, and returns its bytes. */
  put(text: string, buffer: Uint8Array, at: number): number;
}

/** A copier with an encoder of its own. */
export function createTextCopier(): TextCopier {
  const encoder = new TextEncoder();
  return {
    room: (text) => text.length > COUNTED_LENGTH ? Buffer.byteLength(text) : text.length * 3,
    put: (text, buffer, at) => {
      const { length } = text;
      if (length < SHORT_LENGTH) {
        let i = 0;
        for (; i < length; i++) {
          const unit = text.charCodeAt(i);
          if (unit >= 0x80) break;
          buffer[at + i] = unit;
        }
        if (i === length) return length;
      }
      return encoder.encodeInto(text, buffer.subarray(at)).written;
    },
  };
}
