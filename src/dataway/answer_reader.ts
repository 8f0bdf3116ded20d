/** Puts together one HTTP/1.1 answer from the pieces it comes in. */
export interface AnswerReader {
  readonly push: (chunk: Uint8Array) => void;
  /** The status line and the headers are there. */
  readonly hasHead: () => boolean;
  /** Nothing more is worth waiting for. */
  readonly complete: () => boolean;
  /** What came so far. Throws `TypeError` if that is no HTTP answer. */
  readonly toResponse: () => Response;
}

/** More than this of one answer, in bytes, is not kept: it only explains the status. */
const MAX_BYTES = 64 * 1024;

interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** Where the body starts. */
  readonly end: number;
}

/** A reader. Chunked bodies keep their chunk sizes: a text that explains a refusal can be read with them. */
export function createAnswerReader(): AnswerReader {
  let bytes = new Uint8Array();
  let head: Head | undefined;

  return {
    push(chunk): void {
      if (bytes.byteLength >= MAX_BYTES) return;
      const grown = new Uint8Array(bytes.byteLength + chunk.byteLength);
      grown.set(bytes);
      grown.set(chunk, bytes.byteLength);
      bytes = grown;
      head ??= parseHead(bytes);
    },
    hasHead: () => head !== undefined,
    complete: () => bytes.byteLength >= MAX_BYTES || (head !== undefined && isWhole(head, bytes)),
    toResponse(): Response {
      if (head === undefined || head.status < 200 || head.status > 599) {
        throw new TypeError("Cannot read the answer as it is not HTTP/1.1");
      }
      const { status, headers, end } = head;
      return new Response(mayHaveBody(status) ? bytes.slice(end) : null, { status, headers });
    },
  };
}

/** The head of the final answer, or `undefined` while it is not all there. Interim answers (1xx) are passed over. */
function parseHead(bytes: Uint8Array): Head | undefined {
  // One char a byte, so that positions in the text are positions in the bytes.
  const text = bytes.reduce((all, byte) => all + String.fromCharCode(byte), "");
  let start = 0;
  while (true) {
    const end = text.indexOf("\r\n\r\n", start);
    if (end < 0) return undefined;
    const [first = "", ...lines] = text.slice(start, end).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    start = end + 4;
    if (status < 100 || status >= 200) return { status, headers: parseHeaders(lines), end: start };
  }
}

function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ??
      [];
    if (name !== undefined && value !== undefined) headers.append(name, value);
  }
  return headers;
}

/** Without a length a body ends with its connection. */
function isWhole({ status, headers, end }: Head, bytes: Uint8Array): boolean {
  if (!mayHaveBody(status)) return true;
  const length = headers.get("content-length");
  return length !== null && bytes.byteLength - end >= Number(length);
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}
