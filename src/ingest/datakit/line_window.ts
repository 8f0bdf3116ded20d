/** Reads a body as text, some whole lines at a time: the text of a large one would be a second copy of it. */
export interface LineWindow {
  /** The next lines, of some size; empty at the body's end. */
  next(): string;
  /** The next lines, of at least `bytes` and with a quote, where there are such. */
  nextWithQuote(bytes: number): string;
}

const LEAST_BYTES = 65_536;
const LF = 10;
const QUOTE = 34;

/** A window at the body's begin. Cut behind line feeds, UTF-8 is as good as whole. */
export function createLineWindow(body: Uint8Array): LineWindow {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let at = startsWithMark(body) ? 3 : 0;

  function upTo(wanted: number): string {
    const lineEnd = wanted < body.length ? body.indexOf(LF, wanted) : -1;
    const from = at;
    at = lineEnd < 0 ? body.length : lineEnd + 1;
    return decoder.decode(body.subarray(from, at));
  }

  return {
    next: () => upTo(at + LEAST_BYTES),
    nextWithQuote: (bytes) => {
      const quote = body.indexOf(QUOTE, at);
      return upTo(quote < 0 ? body.length : Math.max(quote, at + bytes));
    },
  };
}

/** A byte order mark is no part of the text. */
function startsWithMark(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}
