/**
 * What a block of HTTP/2 fields asks for, where the rules hold that a field must follow.
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.2
 */
import { type Field, valueOf } from "../header_fields.ts";

/** A request's head, with its pseudo fields taken out. */
export interface Http2Head {
  readonly method: string;
  readonly path: string;
  readonly authority: string | undefined;
  /** Names in lower case. */
  readonly fields: readonly Field[];
  /** What the head says of the body's length, in bytes. */
  readonly length: number | undefined;
}

const PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);
/** They are of a connection, which is no longer one request's. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** The request that a first block asks for; `undefined` when it breaks the rules. */
export function toHead(block: readonly Field[]): Http2Head | undefined {
  const pseudo = new Map<string, string>();
  const fields: Field[] = [];
  for (const field of block) {
    const [name, value] = field;
    if (!name.startsWith(":")) {
      if (!isAllowed(field)) return undefined;
      fields.push(field);
    } else if (fields.length > 0 || pseudo.has(name) || !PSEUDO.has(name) || !isValue(value)) {
      return undefined;
    } else pseudo.set(name, value);
  }
  const method = pseudo.get(":method");
  const path = pseudo.get(":path");
  if (!method || !path || !pseudo.get(":scheme")) return undefined;
  const text = valueOf(fields, "content-length");
  if (text !== undefined && !/^\d{1,15}$/.test(text)) return undefined;
  const length = text === undefined ? undefined : Number(text);
  return { method, path, authority: pseudo.get(":authority"), fields, length };
}

/** Whether a block that comes after a body keeps the rules. */
export function areTrailers(block: readonly Field[]): boolean {
  return block.every((field) => !field[0].startsWith(":") && isAllowed(field));
}

function isAllowed([name, value]: Field): boolean {
  if (!NAME.test(name) || FORBIDDEN.has(name) || !isValue(value)) return false;
  return name !== "te" || value === "trailers";
}

function isValue(value: string): boolean {
  return !/[\0\r\n]/.test(value);
}
