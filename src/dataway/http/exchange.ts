import { type AnswerReader, createAnswerReader } from "./answer_reader.ts";
import { closeQuietly, type Connection, writeAll } from "./connection.ts";
import { createHeaderFields } from "../../header_fields.ts";
import type { HttpAnswer, Wants } from "./message.ts";

/** What a request came to. */
export interface Exchanged {
  readonly answer: HttpAnswer;
  /** Whether the connection may serve another request; it is closed if not. Never rejects. */
  readonly reusable: boolean | Promise<boolean>;
}

/** The connection ended before a byte of an answer. If it was used before, it may have been dead already. */
export class NoAnswerError extends TypeError {
  override readonly name = "TypeError";
}

/** An answer's body is kept up to this, in bytes: it only explains the status. */
const EXPLANATION_BYTES = 16 * 1024;
/** A body that is wanted. In bytes. */
const WHOLE_BODY_BYTES = 1024 * 1024;
/** The text that explains a refusal gets this long after its status, in ms. */
const EXPLANATION_MS = 100;
/** How long the rest of a body is read without its caller, so that its connection can be used again. In ms. */
const DRAIN_MS = 300;
const READ_BYTES = 4096;

/** One request and its answer over a connection, which is closed if either fails or `signal` fires. */
export async function exchange(
  connection: Connection,
  pieces: readonly Uint8Array[],
  wants: Wants,
  signal: AbortSignal,
): Promise<Exchanged> {
  const reader = createAnswerReader(wants === "body" ? WHOLE_BODY_BYTES : EXPLANATION_BYTES);
  const cut = (): void => closeQuietly(connection);
  signal.addEventListener("abort", cut, { once: true });
  try {
    signal.throwIfAborted();
    // A peer may answer before it has read everything, and not read the rest.
    let isWritten = false;
    const written = writePieces(connection, pieces).then(() => void (isWritten = true));
    written.catch(() => {});
    await readHead(connection, reader);
    const head = reader.head();
    const status = head?.status ?? 0;
    let isInTime = true;
    if (wants === "body") await readBody(connection, reader);
    else if (wants === "explanation" || !isSuccess(status)) {
      isInTime = await settledWithin(readBody(connection, reader), EXPLANATION_MS);
    }
    const answer = {
      status,
      headers: head?.headers ?? createHeaderFields([]),
      text: reader.text(),
      ...(wants === "status" ? {} : { bytes: reader.bytes() }),
    };
    if (isWritten && reader.isReusable()) return { answer, reusable: true };
    return { answer, reusable: isInTime ? drain(connection, reader, written) : refuseReuse(connection) };
  } catch (error) {
    closeQuietly(connection);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

async function writePieces(connection: Connection, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) await writeAll(connection, piece);
}

async function readHead(connection: Connection, reader: AnswerReader): Promise<void> {
  let hasBegun = false;
  while (reader.head() === undefined) {
    const chunk = await readChunk(connection).catch((error) => {
      throw hasBegun ? error : new NoAnswerError("The connection broke before an answer", { cause: error });
    });
    if (chunk === undefined) {
      if (!hasBegun) throw new NoAnswerError("The connection was closed before an answer");
      reader.end();
    } else reader.push(chunk);
    hasBegun = true;
  }
}

/** Reads on until the body is complete. A body that breaks off takes nothing from its status. */
async function readBody(connection: Connection, reader: AnswerReader): Promise<void> {
  try {
    while (!reader.isComplete()) {
      const chunk = await readChunk(connection);
      if (chunk === undefined) return reader.end();
      reader.push(chunk);
    }
  } catch {
    closeQuietly(connection);
  }
}

async function readChunk(connection: Connection): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(READ_BYTES);
  const count = await connection.read(buffer);
  return count === null ? undefined : buffer.subarray(0, count);
}

/** Whether request and answer both came to their ends, and soon. */
async function drain(
  connection: Connection,
  reader: AnswerReader,
  written: Promise<void>,
): Promise<boolean> {
  const whole = Promise.all([written, readBody(connection, reader)]).then(() => {});
  const isWhole = await settledWithin(whole, DRAIN_MS).catch(() => false);
  return isWhole && reader.isReusable() || refuseReuse(connection);
}

function refuseReuse(connection: Connection): false {
  closeQuietly(connection);
  return false;
}

async function settledWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<boolean>((resolve) => void (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    clearTimeout(timer);
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
