/**
 * X-Ray's trace header, which INVOKE and the platform's events carry whether or not tracing is on.
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export interface XrayHeader {
  /** 32 lower-case hexadecimal digits, as W3C has them: the root's time and its random part. */
  readonly traceId: string;
  /** The segment that caused this one, which only X-Ray knows. */
  readonly parentId: string | undefined;
  /** `undefined`: not decided yet. */
  readonly sampled: boolean | undefined;
}

const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
/** No header of AWS's is longer. */
const MAX_LENGTH = 1024;

/** Reads a header: parts in any order, unknown ones ignored. `undefined`: it names no root. */
export function parseXrayHeader(header: string | undefined): XrayHeader | undefined {
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  const parts = new Map<string, string>();
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0) parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  const root = ROOT.exec(parts.get("root") ?? "");
  if (root === null) return undefined;
  const traceId = `${root[1]}${root[2]}`.toLowerCase();
  if (/^0+$/.test(traceId)) return undefined;
  const parent = parts.get("parent");
  const sampled = parts.get("sampled");
  return {
    traceId,
    parentId: parent !== undefined && SPAN_ID.test(parent) ? parent.toLowerCase() : undefined,
    sampled: sampled === "1" ? true : sampled === "0" ? false : undefined,
  };
}
