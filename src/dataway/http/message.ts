import type { HeaderFields } from "../../header_fields.ts";

/** One HTTP request. Redirects are answers like any other: following one would carry a token to a host nobody named. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Without `host`, `content-length` and `connection`, which are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Ends the request, whatever it waits for. */
  readonly signal: AbortSignal;
  /**
   * What is wanted of the answer. `status`: the status decides, and only one that is no success is given a moment
   * for the text that explains it. `explanation`: a success is given that moment too. `body`: all of it.
   * @default "status"
   */
  readonly wants?: Wants;
}

/** How much of an answer is wanted. */
export type Wants = "status" | "explanation" | "body";

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Pick<HeaderFields, "get">;
  /** As much of the body as was wanted and came. */
  readonly text: string;
  /** The same as it came, where more than the status was wanted. */
  readonly bytes?: Uint8Array;
}

/** Sends one request. Rejects with the signal's reason, or with why there was no answer. */
export type Send = (url: string, request: HttpRequest) => Promise<HttpAnswer>;

/** How a request is written: to the server itself, or to a proxy that forwards it. */
export interface RequestForm {
  /** The whole URL stands in the request line. */
  readonly absolute: boolean;
  readonly proxyAuthorization?: string | undefined;
}

/** A body up to this goes into one piece with its head: one system call, one segment. In bytes. */
const JOINED_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** The bytes of a request, in the pieces that are written. */
export function encodeRequest(target: URL, request: HttpRequest, form: RequestForm): readonly Uint8Array[] {
  const path = `${target.pathname}${target.search}`;
  let lines = `${request.method} ${form.absolute ? `${target.origin}${path}` : path} HTTP/1.1\r\n`;
  lines += `host: ${target.host}\r\n`;
  if (form.proxyAuthorization !== undefined) lines += `proxy-authorization: ${form.proxyAuthorization}\r\n`;
  for (const name in request.headers) lines += `${name}: ${request.headers[name]}\r\n`;
  if (request.method !== "GET") lines += `content-length: ${request.body.byteLength}\r\n`;
  const head = encoder.encode(`${lines}\r\n`);
  if (request.body.byteLength > JOINED_BYTES) return [head, request.body];
  const whole = new Uint8Array(head.byteLength + request.body.byteLength);
  whole.set(head);
  whole.set(request.body, head.byteLength);
  return [whole];
}
