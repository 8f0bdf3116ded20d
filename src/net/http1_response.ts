/** Answers as the bytes of HTTP/1.1. */
import { STATUS_TEXT } from "@std/http/status";

export interface ResponseOptions {
  /** Whether the request's method was HEAD: the answer says how long its body would be, and has none. */
  readonly isHead: boolean;
  /** What becomes of the connection: nothing is said when it stays open as the client expects. */
  readonly connection?: "close" | "keep-alive";
  /** Unix time in ms. */
  readonly now: number;
}

const encoder = new TextEncoder();

/** Leave to send a body. */
export const CONTINUE: Uint8Array<ArrayBuffer> = encode("HTTP/1.1 100 Continue\r\n\r\n");

let dateAt = 0;
let date = "";

/** The whole answer as one piece. Reads the response's body. */
export async function encodeResponse(
  response: Response,
  { isHead, connection, now }: ResponseOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { status } = response;
  const body = response.body === null ? new Uint8Array(0) : new Uint8Array(await response.arrayBuffer());
  const lines = [`HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? ""}`];
  for (const [name, value] of response.headers) {
    if (name !== "content-length" && name !== "transfer-encoding" && name !== "connection") {
      lines.push(`${name}: ${value}`);
    }
  }
  if (!response.headers.has("date")) lines.push(`date: ${dateOf(now)}`);
  // These two have no body, and say nothing about one.
  if (status !== 204 && status !== 304) lines.push(`content-length: ${body.length}`);
  if (connection !== undefined) lines.push(`connection: ${connection}`);
  const head = encode(`${lines.join("\r\n")}\r\n\r\n`);
  if (isHead || body.length === 0) return head;
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** One byte a character, as it was decoded. */
function encode(text: string): Uint8Array<ArrayBuffer> {
  const ascii = encoder.encode(text);
  if (ascii.length === text.length) return ascii;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function dateOf(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== dateAt) [dateAt, date] = [second, new Date(now).toUTCString()];
  return date;
}
