import { toBigInt } from "./int64.ts";
import type { WireSpan } from "./wire_span.ts";

/** A start before this is no time: 2000-01-01 in ns, as the agent has it. */
const MIN_START_NS = 946_684_800_000_000_000n;
/** A start may be this far ahead of our clock, in ns. */
const MAX_AHEAD_NS = 3_600_000_000_000n;
/** More than the error of a time as a double, in ns. */
const MARGIN = 1_000_000;
const TWO_32 = 0x1_0000_0000;

/** Mends times that cannot be. `nowMs` is Unix time. */
export function normalizeSpan(span: WireSpan, nowMs: number): void {
  if ((span.durationHigh | 0) < 0) span.durationLow = span.durationHigh = 0;
  const start = (span.startHigh | 0) * TWO_32 + span.startLow;
  const latest = nowMs * 1e6 + Number(MAX_AHEAD_NS);
  if (start < Number(MIN_START_NS) + MARGIN || start > latest - MARGIN) mendStart(span, nowMs);
}

function mendStart(span: WireSpan, nowMs: number): void {
  const nowNs = BigInt(Math.trunc(nowMs)) * 1_000_000n;
  let startNs = toBigInt(span.startLow, span.startHigh);
  if (startNs < MIN_START_NS) startNs = nowNs - toBigInt(span.durationLow, span.durationHigh);
  if (startNs < MIN_START_NS) startNs = nowNs;
  if (startNs > nowNs + MAX_AHEAD_NS) startNs = nowNs + MAX_AHEAD_NS;
  span.startLow = Number(startNs & 0xffff_ffffn);
  span.startHigh = Number(startNs >> 32n);
}
