/** HTTP as bytes on a connection, for what no client would send. */

/** What a server answered to one request. */
export interface RawAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came back on a connection, and whether the server ended it. */
export interface RawReply {
  readonly answers: readonly RawAnswer[];
  readonly ended: boolean;
}

/** Latin-1: one byte a character. */
function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/**
 * Sends the parts one after the other, then reads until the server ends the connection or `patienceMs` went by
 * without a byte. The connection is closed in any case.
 */
export async function exchange(
  port: number,
  parts: readonly (string | Uint8Array)[],
  { patienceMs = 200, halfClose = false }: { readonly patienceMs?: number; readonly halfClose?: boolean } =
    {},
): Promise<RawReply> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let sentAt = Infinity;
  const reading = readAll(connection, patienceMs, () => sentAt);
  try {
    for (const part of parts) {
      const bytes = typeof part === "string" ? toBytes(part) : part;
      for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
      if (parts.length > 1) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (halfClose) await connection.closeWrite();
  } catch {
    // The server has ended the connection already: what it answered tells why.
  }
  sentAt = performance.now();
  const { text, ended } = await reading;
  if (ended) connection.close();
  return { answers: parseAnswers(text), ended };
}

async function readAll(
  connection: Deno.Conn,
  patienceMs: number,
  sentAt: () => number,
): Promise<{ readonly text: string; readonly ended: boolean }> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  let heardAt = 0;
  let isLate = false;
  const watch = setInterval(() => {
    if (isLate || performance.now() - Math.max(heardAt, sentAt()) <= patienceMs) return;
    isLate = true;
    connection.close(); // which ends the read that waits
  }, 20);
  try {
    for (;;) {
      const size = await connection.read(buffer).catch(() => null);
      if (size === null) return { text, ended: !isLate };
      heardAt = performance.now();
      text += String.fromCharCode(...buffer.subarray(0, size));
    }
  } finally {
    clearInterval(watch);
  }
}

function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const [line = "", ...lines] = rest.slice(0, Math.max(0, end)).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3}) ?/.exec(line)?.[1]);
    if (end < 0 || Number.isNaN(status)) throw new Error(`Cannot read an answer: ${JSON.stringify(rest)}`);
    const fields = Object.fromEntries(lines.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }));
    rest = rest.slice(end + 4);
    const hasBody = status >= 200 && status !== 204 && status !== 304;
    const { body, used } = hasBody ? takeBody(rest, fields) : { body: "", used: 0 };
    answers.push({ status, fields, body });
    rest = rest.slice(used);
  }
  return answers;
}

function takeBody(
  text: string,
  fields: Readonly<Record<string, string>>,
): { readonly body: string; readonly used: number } {
  if (fields["transfer-encoding"] !== "chunked") {
    // Without a length it goes on to the end of the connection.
    const used = Number(fields["content-length"] ?? text.length);
    return { body: text.slice(0, used), used };
  }
  let body = "";
  for (let at = 0;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error(`Cannot read a chunk: ${JSON.stringify(text)}`);
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { body, used: at };
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
  }
}
