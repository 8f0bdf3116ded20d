/** Answers of an HTTP/1.1 server, for a client of few words. */
import { latin1 } from "../latin1.ts";
import type { ByteSource } from "./byte_source.ts";
import { createHttp1Body } from "./http1_body.ts";
import { type Field, valueOf } from "../header_fields.ts";
import { findHeadEnd, type Framing, MAX_HEAD_BYTES, parseFields } from "./http1_head.ts";

export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly text: string;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
}

/** Interim answers before the real one; a server that sends more never comes to it. */
const MAX_INTERIM = 16;

/**
 * Reads one answer, its body up to `maxBytes`. `undefined` when the connection ends before a byte of it. Throws when it
 * is no HTTP/1.1, breaks off or is too long.
 */
export async function readAnswer(source: ByteSource, maxBytes: number): Promise<Answer | undefined> {
  for (let interim = 0; interim <= MAX_INTERIM; interim++) {
    const bytes = await source.readUntil(findHeadEnd, MAX_HEAD_BYTES);
    if (bytes === undefined && interim === 0 && source.buffered === 0) return undefined;
    if (bytes === undefined || bytes === "too_long") break;
    const lines = latin1(bytes).split("\n");
    const [, minor, digits] = /^HTTP\/1\.([01]) (\d{3})(?:[ \r]|$)/.exec(lines[0] ?? "") ?? [];
    const fields = parseFields(lines);
    if (digits === undefined || typeof fields === "number") break;
    const status = Number(digits);
    if (status < 200) continue;
    const framing = framingOf(status, fields);
    const text = await readText(source, framing, maxBytes);
    const connection = valueOf(fields, "connection")?.toLowerCase() ?? "";
    return {
      status,
      fields,
      text,
      keepAlive: framing !== "rest" && minor === "1" && !/\bclose\b/.test(connection),
    };
  }
  throw new Error("Cannot read an answer as it is not HTTP/1.1");
}

function framingOf(status: number, fields: readonly Field[]): Framing | "rest" {
  if (status === 204 || status === 304) return { kind: "none" };
  if (/\bchunked$/i.test(valueOf(fields, "transfer-encoding") ?? "")) return { kind: "chunked" };
  const length = valueOf(fields, "content-length") ?? "";
  if (!/^\d{1,15}$/.test(length)) return "rest";
  return length === "0" ? { kind: "none" } : { kind: "length", bytes: Number(length) };
}

async function readText(source: ByteSource, framing: Framing | "rest", maxBytes: number): Promise<string> {
  const body = framing === "rest" ? undefined : createHttp1Body(source, framing);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const part = body === undefined ? await source.read(maxBytes) : await body.read();
    if (part === undefined) return text + decoder.decode();
    bytes += part.length;
    if (bytes > maxBytes) throw new Error(`Cannot read an answer of more than ${maxBytes} bytes`);
    text += decoder.decode(part, { stream: true });
  }
}
