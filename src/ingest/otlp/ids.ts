/** Trace and span ids, as hex. */

/** 16 bytes that are not all zero. */
export function isTraceId(hex: string): boolean {
  return hex.length === 32 && isUsable(hex);
}

/** 8 bytes that are not all zero. */
export function isSpanId(hex: string): boolean {
  return hex.length === 16 && isUsable(hex);
}

function isUsable(hex: string): boolean {
  return /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex);
}

/** How ids are written into points: `0` when absent, hex, or the decimal of the low 8 bytes. */
export function createIdFormat(decimal: boolean): (hex: string) => string {
  if (!decimal) return (hex) => hex === "" ? "0" : hex;
  return (hex) => hex === "" ? "0" : BigInt(`0x${hex.slice(-16)}`).toString();
}
