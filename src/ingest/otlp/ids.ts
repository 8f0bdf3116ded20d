/** Trace and span ids where they lie. */
import { SPAN_ID_BYTES } from "./span_ids.ts";
import { integerText } from "./text_buffer.ts";

const TRACE_ID_BYTES = 16;

/** 16 bytes that are not all zero. */
export function isTraceId(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === TRACE_ID_BYTES && isUsable(bytes, from, to);
}

/** 8 bytes that are not all zero. */
export function isSpanId(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === SPAN_ID_BYTES && isUsable(bytes, from, to);
}

/** The low 64 bits of an id in decimal, as Datadog's libraries write it. */
export function decimalId(bytes: Uint8Array, to: number): string {
  return integerText(uint32At(bytes, to - 4), uint32At(bytes, to - 8), false);
}

/** The low 64 bits of an id. */
export function lowBits(bytes: Uint8Array, to: number): bigint {
  return BigInt(uint32At(bytes, to - 8)) << 32n | BigInt(uint32At(bytes, to - 4));
}

function isUsable(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return true;
  return false;
}

/** Ids are written with the highest byte first. */
function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 |
    (bytes[at + 3] ?? 0)) >>> 0;
}
