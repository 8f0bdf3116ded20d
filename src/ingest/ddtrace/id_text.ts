/** Ids as the points of spans have them, for what is linked with those points. */
import type { DdtraceMapping } from "../../config/ddtrace.ts";
import { hex16 } from "./span.ts";

type IdForms = Pick<DdtraceMapping, "traceId64Hex" | "traceId128" | "hexSpanIds">;

/** `high`: the upper half of a 128-bit id as 16 hexadecimal digits; empty for an id of 64 bits. */
export function traceIdText(forms: IdForms, low: bigint, high: string): string {
  if (forms.traceId64Hex) return hex16(low);
  return forms.traceId128 && high !== "" ? `${high}${hex16(low)}` : low.toString();
}

/** `0` for none. */
export function spanIdText(forms: IdForms, id: bigint): string {
  return forms.hexSpanIds && id !== 0n ? hex16(id) : id.toString();
}
