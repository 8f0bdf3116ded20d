/**
 * The body of an HTTP/1 request, read as the handler asks for it: until then it waits in the kernel, and the client
 * with it.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 */
import { latin1 } from "../latin1.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Framing } from "./http1_head.ts";

export interface Http1Body {
  /** The next part; `undefined` at its end. Throws when it breaks off, breaks the rules or was given up. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Gives up the rest. A read under way goes on, unheard. */
  abandon(): void;
  /** Settles once no read is under way any more. */
  settled(): Promise<void>;
  /** Whether the rest, if there is any, can be read and thrown away: it was not given up and did not break off. */
  isSound(): boolean;
  /** Whether it was read to its end, so that the next request begins where it ends. */
  isComplete(): boolean;
  /** Bytes that are still to come, `Infinity` where only its end tells. */
  leftBytes(): number;
}

/** Longest line with a chunk's size, and most bytes of fields after the last chunk. */
const MAX_SIZE_LINE_BYTES = 1_024;
const MAX_TRAILER_BYTES = 16_384;
const LF = 10;

/** A body that comes from `source`. One `read` at a time. */
export function createHttp1Body(source: ByteSource, framing: Framing): Http1Body {
  let left = framing.kind === "length" ? framing.bytes : 0;
  let isComplete = framing.kind === "none";
  let isAbandoned = false;
  let isSound = true;
  let isFirst = true;
  let reading: Promise<unknown> = Promise.resolve();

  async function read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!isSound) throw new Error("Cannot read a body that was given up or broke off");
    isSound = false;
    const bytes = await readPart();
    isSound = !isAbandoned;
    return bytes;
  }

  async function readPart(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (isComplete) return undefined;
    if (left === 0 && !await nextChunk()) return undefined;
    const bytes = await source.read(left);
    if (bytes === undefined) throw tooShort();
    left -= bytes.length;
    isComplete = framing.kind === "length" && left === 0;
    return bytes;
  }

  /** Reads up to the next chunk's first byte; `false` when there is none. */
  async function nextChunk(): Promise<boolean> {
    // The last chunk's data end with a line of their own.
    if (!isFirst && await line() !== "") throw malformed();
    isFirst = false;
    const [, size] = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(await line()) ?? [];
    if (size === undefined) throw malformed();
    left = parseInt(size, 16);
    if (left > 0) return true;
    await skipTrailers();
    isComplete = true;
    return false;
  }

  async function skipTrailers(): Promise<void> {
    for (let bytes = 0; bytes < MAX_TRAILER_BYTES;) {
      const text = await line();
      if (text === "") return;
      bytes += text.length + 2;
    }
    throw malformed();
  }

  async function line(): Promise<string> {
    const bytes = await source.readUntil(findLineEnd, MAX_SIZE_LINE_BYTES);
    if (bytes === undefined) throw tooShort();
    if (bytes === "too_long") throw malformed();
    return latin1(bytes).replace(/\r?\n$/, "");
  }

  return {
    read: () => {
      const result = read();
      reading = result.catch(() => {});
      return result;
    },
    abandon: () => {
      isAbandoned = true;
      isSound = false;
    },
    settled: async () => void (await reading),
    isSound: () => isSound,
    isComplete: () => isComplete,
    leftBytes: () => isComplete ? 0 : framing.kind === "length" ? left : Infinity,
  };
}

function findLineEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(LF, from);
  return at < 0 ? -1 : at + 1;
}

function tooShort(): Error {
  return new Error("Cannot read a body as the connection ended before it");
}

function malformed(): Error {
  return new Error("Cannot read a body as its chunks break the rules of HTTP/1.1");
}
