/** Base64 of megabytes, decoded in steps. */
import { latin1 } from "../../latin1.ts";
import type { TextPiece } from "../../point/long_text.ts";

/** Bytes that are read at a time. */
const STEP_BYTES = 32 * 1024;
const PAD = 0x3d;

/** A text that is being decoded, as `parseBase64()` does with a short one. */
export interface LongBase64 {
  /** Goes on for a while; `true`: to the end. */
  step(): boolean;
  /** Known at the end; `undefined`: the text is no base64. */
  result(): Uint8Array | undefined;
}

/** A decoder of a text. */
export function createLongBase64({ bytes: source, from, to, form }: TextPiece): LongBase64 {
  const target = new Uint8Array(Math.ceil((to - from) * 0.75) + 3);
  let length = 0;
  let at = from;
  let isPadded = false;
  let bytes: Uint8Array | undefined;
  /** What is left of the part before: less than four characters. */
  let rest = "";

  function step(): boolean {
    if (at >= to) return end();
    const until = form.cut(source, at, Math.min(to, at + STEP_BYTES), to);
    const text = rest + latin1(form.convert(source, at, until));
    at = until;
    const whole = text.length - text.length % 4;
    rest = text.slice(whole);
    return whole > 0 && !decode(text.slice(0, whole));
  }

  /** `false`: it is no base64, or there was some behind the padding. */
  function decode(text: string): boolean {
    if (isPadded) return false;
    const last = text.length - 1;
    const padding = text.charCodeAt(last) !== PAD ? 0 : text.charCodeAt(last - 1) !== PAD ? 1 : 2;
    isPadded = padding > 0;
    try {
      const { read, written } = target.subarray(length).setFromBase64(text);
      length += written;
      // What is missing was white space, which the runtime takes and DataKit does not.
      return read === text.length && written === text.length / 4 * 3 - padding;
    } catch {
      return false;
    }
  }

  function end(): true {
    if (rest === "") bytes = target.subarray(0, length);
    return true;
  }

  return { step, result: () => bytes };
}
