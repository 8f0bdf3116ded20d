/** Trace context out of X-Ray's header, as SQS keeps it with a message. */
import type { TraceContext } from "./trace_context.ts";

/**
 * The context of `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1>`, parts in any order; `undefined` unless it has
 * a trace and a parent.
 *
 * Datadog's Java tracer writes this header, too: its 64-bit trace id, with zeros before it. Any other is OpenTelemetry's
 * or X-Ray's own, and has 128 bits. That X-Ray does not sample says nothing of this trace, as it may be off.
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function contextOfXrayHeader(header: string | undefined): TraceContext | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const part = (pattern: RegExp): RegExpExecArray | null => pattern.exec(header);
  const root = part(/(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{8})([0-9a-f]{16})\s*(?:;|$)/i);
  const parent = part(/(?:^|;)\s*Parent=([0-9a-f]{16})\s*(?:;|$)/i);
  const sampled = part(/(?:^|;)\s*Sampled=([01])\s*(?:;|$)/i)?.[1];
  const [, epoch = "", middle = "", low = "0"] = root ?? [];
  const traceId = BigInt(`0x${low}`);
  const parentId = BigInt(`0x${parent?.[1] ?? "0"}`);
  if (traceId === 0n || parentId === 0n) return undefined;
  const isDatadog = middle === "00000000";
  const priority = sampled === "1" ? 1 : isDatadog ? 0 : undefined;
  return {
    traceId,
    traceIdHigh: isDatadog ? 0n : BigInt(`0x${epoch}${middle}`),
    parentId,
    ...(priority === undefined ? {} : { priority }),
  };
}

const MAX_HEADER = 1024;
