import { latin1 } from "../../latin1.ts";
import { createHeaderFields, type Field, type HeaderFields } from "../../header_fields.ts";
import { type BodyReader, createBodyReader } from "./body_reader.ts";

/** Puts together one HTTP/1.1 answer from the pieces it comes in. */
export interface AnswerReader {
  /** Takes what came. Throws `TypeError` when that is no HTTP/1.1 answer, or one whose head has no end. */
  push(chunk: Uint8Array): void;
  /** The peer closed the connection. Throws `TypeError` when there is no answer yet. */
  end(): void;
  /** The final status and its headers, once they are there. */
  head(): AnswerHead | undefined;
  /** Nothing more will be taken: the body has ended, or is longer than what is wanted of it. */
  isComplete(): boolean;
  /** The answer has come to its own end, and its connection may serve another request. */
  isReusable(): boolean;
  /** What came of the body, as text. */
  text(): string;
  /** The same, as it came. */
  bytes(): Uint8Array;
}

/** Status and headers. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderFields;
}

/**
 * All heads of one answer together, interim ones (1xx) included, in bytes. A peer that sends interim answers or
 * headers for ever is refused here, by what came and not by a timer: such a flood keeps timers from firing.
 */
const MAX_HEAD_BYTES = 64 * 1024;

/** Options of a connection, among others. */
const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)\s*keep-alive\s*(?:,|$)/i;

const NOTHING = new Uint8Array(0);

/** A reader that keeps at most `maxBodyBytes` of the body. */
export function createAnswerReader(maxBodyBytes: number): AnswerReader {
  let bytes: Uint8Array = NOTHING;
  /** Whether these bytes are a copy: nearly all heads come whole, and are read where they lie. */
  let isOwn = false;
  let filled = 0;
  /** Where the head starts that is being read, and up to where there is no end of it. */
  let start = 0;
  let searched = 0;
  let head: AnswerHead | undefined;
  let keepsAlive = false;
  let body: BodyReader | undefined;

  function append(chunk: Uint8Array): void {
    if (filled === 0) {
      [bytes, filled] = [chunk, chunk.byteLength];
      return;
    }
    if (filled + chunk.byteLength > bytes.byteLength) {
      const grown = new Uint8Array(Math.max(2 * bytes.byteLength, filled + chunk.byteLength));
      grown.set(bytes.subarray(0, filled));
      bytes = grown;
    }
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }

  function readHeads(): void {
    for (;;) {
      const end = findHeadEnd(bytes.subarray(0, filled), Math.max(start, searched - 3));
      if (end < 0) {
        searched = filled;
        if (filled > MAX_HEAD_BYTES) throw new TypeError("Cannot read the answer as its head has no end");
        return;
      }
      const { status, version, headers } = parseHead(bytes.subarray(start, end));
      start = searched = end;
      if (start > MAX_HEAD_BYTES) throw new TypeError("Cannot read the answer as its head has no end");
      if (status >= 100 && status < 200) continue;
      if (status < 100 || status > 599) throw notHttp();
      head = { status, headers };
      keepsAlive = isKeptAlive(version, headers);
      body = createBodyReader(status, headers, maxBodyBytes);
      body.push(bytes.subarray(end, filled));
      bytes = NOTHING;
      return;
    }
  }

  return {
    push: (chunk) => {
      if (body !== undefined) return body.push(chunk);
      append(chunk);
      readHeads();
      // The rest of a head comes later: until then the chunk is its reader's again.
      if (body === undefined && !isOwn) [bytes, isOwn] = [bytes.slice(0, filled), true];
    },
    end: () => {
      if (body === undefined) throw filled === 0 ? new TypeError("The connection was closed") : notHttp();
      body.end();
    },
    head: () => head,
    isComplete: () => body?.isComplete() === true,
    isReusable: () => body?.isReusable() === true && keepsAlive,
    text: () => body?.text() ?? "",
    bytes: () => body?.bytes() ?? new Uint8Array(),
  };
}

function notHttp(): TypeError {
  return new TypeError("Cannot read the answer as it is not HTTP/1.1");
}

/** Behind the empty line that ends a head, or -1. */
function findHeadEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

function parseHead(bytes: Uint8Array): AnswerHead & { readonly version: string } {
  const [first = "", ...lines] = latin1(bytes).split("\r\n");
  const [, version = "", status] = /^HTTP\/(1\.[01]) (\d{3})(?: |$)/.exec(first) ?? [];
  const fields: Field[] = [];
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ??
      [];
    if (name !== undefined && value !== undefined) fields.push([name.toLowerCase(), value]);
  }
  return { status: Number(status ?? 0), version, headers: createHeaderFields(fields) };
}

function isKeptAlive(version: string, headers: HeaderFields): boolean {
  const options = headers.get("connection");
  if (options === null) return version === "1.1";
  return version === "1.1" ? !CLOSE.test(options) : KEEP_ALIVE.test(options);
}
