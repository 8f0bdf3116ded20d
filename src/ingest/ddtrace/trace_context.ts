/** Trace context out of the headers of three propagation styles. */

/** Where an invocation's trace comes from. */
export interface TraceContext {
  /** Lower half of the trace id, never 0. */
  readonly traceId: bigint;
  /** Upper half; 0 for 64-bit ids. */
  readonly traceIdHigh: bigint;
  /** The span that caused this invocation; 0 when unknown. */
  readonly parentId: bigint;
  readonly priority?: number;
  readonly origin?: string;
}

/** Looks up a header by its lower-case name. */
export type Carrier = (name: string) => string | undefined;

/** Extracts a context: Datadog's headers before W3C's, before B3 single and multi. */
export function extractContext(carrier: Carrier): TraceContext | undefined {
  return fromDatadog(carrier) ?? fromW3c(carrier) ?? fromB3Single(carrier("b3")) ?? fromB3Multi(carrier);
}

function fromDatadog(carrier: Carrier): TraceContext | undefined {
  const traceId = decimalId(carrier("x-datadog-trace-id"));
  if (traceId === undefined) return undefined;
  const high = upperHalf(carrier("x-datadog-tags"));
  return context(
    traceId,
    high,
    decimalId(carrier("x-datadog-parent-id")),
    parsePriority(carrier("x-datadog-sampling-priority")),
    carrier("x-datadog-origin"),
  );
}

/** The tracestate's own member says more than the one sampled bit. */
function fromW3c(carrier: Carrier): TraceContext | undefined {
  const match = /^\s*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\s*$/.exec(
    carrier("traceparent") ?? "",
  );
  if (match === null || match[1] === "ff") return undefined;
  const own = datadogMember(carrier("tracestate") ?? "");
  const isSampled = (parseInt(match[4] ?? "0", 16) & 1) === 1;
  const stated = parsePriority(own.get("s"));
  const priority = stated !== undefined && stated > 0 === isSampled ? stated : isSampled ? 1 : 0;
  return hexContext(match[2], match[3], priority, own.get("o"));
}

/** `{trace}-{span}-{sampled}-{parent}`; the last two may be missing. */
function fromB3Single(header: string | undefined): TraceContext | undefined {
  const match = /^\s*([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d]))?(?:-[0-9a-f]{16})?\s*$/i.exec(
    header ?? "",
  );
  return match === null ? undefined : hexContext(match[1], match[2], b3Priority(match[3]));
}

function fromB3Multi(carrier: Carrier): TraceContext | undefined {
  const flags = carrier("x-b3-flags") === "1" ? "d" : carrier("x-b3-sampled");
  return hexContext(carrier("x-b3-traceid"), carrier("x-b3-spanid"), b3Priority(flags));
}

/** 1 and `true` keep, 0 and `false` reject, `d` is a user's wish to see this trace. */
function b3Priority(sampled: string | undefined): number | undefined {
  if (sampled === undefined) return undefined;
  if (sampled === "d") return 2;
  return sampled === "1" || sampled.toLowerCase() === "true" ? 1 : 0;
}

function hexContext(
  traceId: string | undefined,
  spanId: string | undefined,
  priority: number | undefined,
  origin?: string,
): TraceContext | undefined {
  if (!/^[0-9a-f]{16,32}$/i.test(traceId ?? "")) return undefined;
  const whole = BigInt(`0x${traceId}`);
  const parentId = /^[0-9a-f]{1,16}$/i.test(spanId ?? "") ? BigInt(`0x${spanId}`) : 0n;
  return context(BigInt.asUintN(64, whole), whole >> 64n, parentId, priority, origin);
}

function context(
  traceId: bigint,
  traceIdHigh: bigint,
  parentId = 0n,
  priority?: number,
  origin?: string,
): TraceContext | undefined {
  if (traceId === 0n) return undefined;
  return {
    traceId,
    traceIdHigh,
    parentId,
    ...(priority === undefined ? {} : { priority }),
    ...(origin === undefined || origin === "" ? {} : { origin }),
  };
}

/** An unsigned 64-bit id in decimal; `undefined` for anything else. */
export function decimalId(text: string | undefined): bigint | undefined {
  if (!/^\s*\d{1,20}\s*$/.test(text ?? "")) return undefined;
  const id = BigInt((text ?? "").trim());
  return id < 1n << 64n ? id : undefined;
}

/** A sampling priority in decimal; `undefined` for anything else. */
export function parsePriority(text: string | undefined): number | undefined {
  return /^\s*-?\d{1,3}\s*$/.test(text ?? "") ? Number(text) : undefined;
}

/** The upper half of a trace id out of `_dd.p.tid=<16 hex>,…`; 0 when it has none. */
export function upperHalf(tags: string | undefined): bigint {
  const match = /(?:^|,)\s*_dd\.p\.tid=([0-9a-f]{16})(?:,|\s*$)/i.exec(tags ?? "");
  return match === null ? 0n : BigInt(`0x${match[1]}`);
}

/** `dd=s:2;o:rum` among the members of a tracestate. */
function datadogMember(tracestate: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const member = tracestate.split(",").map((item) => item.trim()).find((item) => item.startsWith("dd="));
  for (const pair of member?.slice(3).split(";") ?? []) {
    const colon = pair.indexOf(":");
    if (colon > 0) pairs.set(pair.slice(0, colon), pair.slice(colon + 1));
  }
  return pairs;
}
