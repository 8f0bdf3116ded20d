/** Forms that long texts of a body are written in, whatever the protocol. */
import { ESCAPED_BYTES, putEscaped } from "../json/json_escape.ts";
import type { TextForm } from "../point/long_text.ts";

const encoder = new TextEncoder();
/** Where what was converted last is. */
let scratch = new Uint8Array(0);

/** Bytes as base64. Only the last part may be padded. */
export const BASE64: TextForm = {
  cut: (_bytes, from, until, to) => until === to ? to : from + Math.max(3, until - from - (until - from) % 3),
  convert: (bytes, from, to) => {
    const text = bytes.subarray(from, to).toBase64();
    const target = roomFor(text.length);
    return target.subarray(0, encoder.encodeInto(text, target).written);
  },
};

/** What stands between the quotes of the JSON string of a text in another form. */
export function inJson({ cut, convert }: TextForm): TextForm {
  return {
    cut,
    convert: (bytes, from, to) => {
      const text = convert(bytes, from, to);
      const target = roomFor(text.length * ESCAPED_BYTES);
      return target.subarray(0, putEscaped(target, 0, text, 0, text.length));
    },
  };
}

function roomFor(bytes: number): Uint8Array<ArrayBuffer> {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  return scratch;
}
