/**
 * Heads of HTTP/1 requests: from bytes to method, target, fields, and how long the body is.
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */
import { type Field, valueOf } from "../header_fields.ts";
import { latin1 } from "../latin1.ts";

/** How a request's body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

export interface RequestHead {
  readonly method: string;
  /** As sent: a path with its query, or a whole URL. */
  readonly target: string;
  /** Names in lower case, in the order they came. */
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** Whether the client speaks HTTP/1.1, and not 1.0: it understands chunks and what is said before an answer. */
  readonly isCurrent: boolean;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
  /** Whether the client waits for our leave before it sends the body. */
  readonly expectsContinue: boolean;
}

/** A head that cannot be served, by the status that says so. */
export type HeadFailure = 400 | 405 | 417 | 431 | 501 | 505;

/** Longest head, in bytes, and most fields in it: real ones have 300 bytes and ten fields. */
export const MAX_HEAD_BYTES = 65_536;
const MAX_FIELDS = 128;

/** Empty lines before a head, in bytes. */
const MAX_BLANK_BYTES = 8;

const LF = 10;
const CR = 13;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/;
/** A path, a whole URL as proxies are sent, or the server itself. */
const TARGET = /^(?:\/|https?:\/\/|\*$)/i;
/** Methods that a `Request` cannot have. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Where a head ends: after its first empty line, be its lines ended by CRLF or LF. Empty lines before it, which
 * some clients send after a body, count as a part of it.
 */
export function findHeadEnd(bytes: Uint8Array<ArrayBuffer>, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const before = bytes[at - 1] === CR ? at - 2 : at - 1;
    if (bytes[before] === LF && !isBlank(bytes, before)) return at + 1;
  }
  return -1;
}

function isBlank(bytes: Uint8Array, end: number): boolean {
  if (end > MAX_BLANK_BYTES) return false;
  for (let at = 0; at < end; at++) {
    if (bytes[at] !== CR && bytes[at] !== LF) return false;
  }
  return true;
}

/** Reads a head that {@link findHeadEnd} found. */
export function parseHead(bytes: Uint8Array): RequestHead | HeadFailure {
  const lines = latin1(bytes).replace(/^[\r\n]+/, "").split("\n");
  const [, method = "", target = "", major, minor] = REQUEST_LINE.exec(withoutCr(lines[0] ?? "")) ?? [];
  if (method === "") return 400;
  if (major !== "1") return 505;
  if (FORBIDDEN_METHODS.has(method)) return 405;
  if (!TARGET.test(target)) return 400;
  const fields = parseFields(lines);
  if (typeof fields === "number") return fields;
  const isCurrent = minor !== "0";
  const framing = parseFraming(fields, isCurrent);
  if (typeof framing === "number") return framing;
  const expect = valueOf(fields, "expect")?.toLowerCase() ?? "";
  if (expect !== "" && expect !== "100-continue") return 417;
  const connection = valueOf(fields, "connection")?.toLowerCase() ?? "";
  return {
    method,
    target,
    fields,
    framing,
    isCurrent,
    keepAlive: isCurrent ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection),
    expectsContinue: expect !== "" && isCurrent && framing.kind !== "none",
  };
}

/** The fields of a head's lines, of which the first is not one. */
export function parseFields(lines: readonly string[]): Field[] | HeadFailure {
  const fields: Field[] = [];
  for (let at = 1; at < lines.length; at++) {
    const line = withoutCr(lines[at] ?? "");
    if (line === "") continue;
    if (fields.length === MAX_FIELDS) return 431;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    const value = trimBlanks(line, colon + 1);
    // A space before the colon, or a line that continues the one before, is no name.
    if (!TOKEN.test(name) || /[\0\r]/.test(value)) return 400;
    fields.push([name.toLowerCase(), value]);
  }
  return fields;
}

/**
 * Where there are both, the transfer coding wins, as the standard says. What is unclear is refused: two readers of
 * such a head would see two different requests.
 */
function parseFraming(fields: readonly Field[], isCurrent: boolean): Framing | HeadFailure {
  const coding = valueOf(fields, "transfer-encoding");
  if (coding !== undefined) {
    if (!isCurrent) return 400;
    return coding.toLowerCase() === "chunked" ? { kind: "chunked" } : 501;
  }
  const length = valueOf(fields, "content-length");
  if (length === undefined) return { kind: "none" };
  const [first = "", ...others] = length.split(",").map((part) => part.trim());
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) return 400;
  const bytes = Number(first);
  return bytes === 0 ? { kind: "none" } : { kind: "length", bytes };
}

/** Without spaces and tabs at both ends; `trim` would also take a no-break space, which is a byte of the value. */
function trimBlanks(line: string, from: number): string {
  let [start, end] = [from, line.length];
  while (start < end && isSpace(line.charCodeAt(start))) start++;
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

function withoutCr(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
