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

/** As Lambda writes it. Each invocation has one, and it costs half of what reading part by part does. */
const USUAL =
  /^Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;Parent=([0-9a-f]{16}))?(?:;Sampled=([01]))?(?:;Lineage=[^;=]*)?$/;
const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
const NO_ID = /^0+$/;
/** No header of AWS's is longer. */
const MAX_LENGTH = 1024;

/** Reads a header: parts in any order, unknown ones ignored. `undefined`: it names no root. */
export function parseXrayHeader(header: string | undefined): XrayHeader | undefined {
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  const usual = USUAL.exec(header);
  return usual === null ? readParts(header) : headerOf(`${usual[1]}${usual[2]}`, usual[3], usual[4]);
}

function headerOf(
  traceId: string,
  parentId: string | undefined,
  sampled: string | undefined,
): XrayHeader | undefined {
  if (NO_ID.test(traceId)) return undefined;
  return { traceId, parentId, sampled: sampled === "1" ? true : sampled === "0" ? false : undefined };
}

function readParts(header: string): XrayHeader | undefined {
  let rootText = "";
  let parent = "";
  let sampled = "";
  for (let from = 0, end = 0; from < header.length; from = end + 1) {
    end = header.indexOf(";", from);
    if (end < 0) end = header.length;
    const equals = header.indexOf("=", from);
    if (equals <= from || equals > end) continue;
    const value = header.slice(equals + 1, end).trim();
    const name = header.slice(from, equals).trim().toLowerCase();
    if (name === "root") rootText = value;
    else if (name === "parent") parent = value;
    else if (name === "sampled") sampled = value;
  }
  const root = ROOT.exec(rootText);
  if (root === null) return undefined;
  const parentId = SPAN_ID.test(parent) ? parent.toLowerCase() : undefined;
  return headerOf(`${root[1]}${root[2]}`.toLowerCase(), parentId, sampled);
}
