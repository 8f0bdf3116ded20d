/** One HTTP/2 stream as its handler sees it: a body to read, and an answer to give. */
import type { Field } from "../header_fields.ts";
import type { Http2Head } from "./http2_request.ts";

/** A request on its way in. */
export interface Http2Call {
  readonly head: Http2Head;
  /** The body's next part; `undefined` at its end. Throws when the client gives it up, or the connection ends. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Whether there is still somebody to answer. */
  readonly isGone: boolean;
}

export interface Http2Answer {
  /** `:status` comes first. */
  readonly fields: readonly Field[];
  readonly body?: Uint8Array;
  /** Fields after the body. */
  readonly trailers?: readonly Field[];
}

/** A stream's state, kept by its connection. */
export interface Http2Stream {
  readonly id: number;
  readonly head: Http2Head;
  /** What the client may still send, and what we may. In bytes. */
  receiveWindow: number;
  sendWindow: number;
  /** Bytes of the body so far, those that nobody has read yet, and those read that the client was not told of. */
  received: number;
  unread: number;
  credit: number;
  /** Whether the client has said all it will. */
  hasEnded: boolean;
  /** Whether somebody works on it. */
  isStarted: boolean;
  isGone: boolean;
  /** What is still to be sent of an answer's body, and what follows it. */
  unsent: Uint8Array | undefined;
  trailers: readonly Field[] | undefined;
  readonly body: BodyQueue;
}

/** Parts of a body that wait for their reader. */
export interface BodyQueue {
  push(part: Uint8Array<ArrayBuffer>): void;
  end(): void;
  fail(error: Error): void;
  /** The next part; `undefined` at the end. One call at a time. */
  take(): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

export function createStream(
  id: number,
  head: Http2Head,
  receiveWindow: number,
  sendWindow: number,
): Http2Stream {
  return {
    id,
    head,
    receiveWindow,
    sendWindow,
    received: 0,
    unread: 0,
    credit: 0,
    hasEnded: false,
    isStarted: false,
    isGone: false,
    unsent: undefined,
    trailers: undefined,
    body: createBodyQueue(),
  };
}

function createBodyQueue(): BodyQueue {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let isOver = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  function changed(): void {
    wake?.();
    wake = undefined;
  }

  return {
    push: (part) => {
      parts.push(part);
      changed();
    },
    end: () => {
      isOver = true;
      changed();
    },
    fail: (error) => {
      failure ??= error;
      parts.length = 0;
      changed();
    },
    take: async () => {
      while (parts.length === 0 && !isOver && failure === undefined) {
        await new Promise<void>((resolve) => void (wake = resolve));
      }
      if (failure !== undefined) throw failure;
      return parts.shift();
    },
  };
}
