/** The side of an HTTP/2 connection that we write: frames in order, bodies as far as the client's windows allow. */
import { encodeFields } from "./hpack.ts";
import type { Field } from "../header_fields.ts";
import {
  ConnectionError,
  DEFAULT_WINDOW,
  encodeFrame,
  ERROR,
  FLAG,
  FRAME,
  join,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
} from "./http2_frames.ts";
import type { Http2Answer, Http2Stream } from "./http2_stream.ts";

/** The part of a connection that is written to. */
export interface ByteWriter {
  write(bytes: Uint8Array): Promise<number>;
}

export interface Http2Output {
  /** Queues a frame. Throws when the client lets too many wait. */
  send(frame: Uint8Array): void;
  /** Queues the last frame: whatever comes later is not sent. */
  sendLast(frame: Uint8Array): void;
  /** Queues an answer; `onSent` is called once its last frame is queued, which may take the client's leave. */
  answer(stream: Http2Stream, answer: Http2Answer, onSent: () => void): void;
  /** The client takes this many more bytes, on one stream or, without one, in all. Throws when that is too many. */
  widen(bytes: number, stream?: Http2Stream): void;
  /** The client wants another window on each stream than until now; {@link resume} makes use of it. */
  resize(initialWindow: number, streams: Iterable<Http2Stream>): void;
  /** Sends what the windows allow by now. */
  resume(): void;
  /** What the client's windows are when a stream begins. */
  readonly initialWindow: number;
  /** Drops what is left of an answer. */
  drop(stream: Http2Stream): void;
  /** Settles once all that is queued is written, or the connection has failed. */
  flushed(): Promise<void>;
}

/** Frames that wait for a client which does not read, in bytes. */
const MAX_QUEUED_BYTES = 262_144;

export function createHttp2Output(writer: ByteWriter): Http2Output {
  const queue: Uint8Array[] = [];
  const waiting = new Map<Http2Stream, () => void>();
  let queuedBytes = 0;
  let window = DEFAULT_WINDOW;
  let initialWindow = DEFAULT_WINDOW;
  let writing: Promise<void> | undefined;
  let isOver = false;

  function send(frame: Uint8Array): void {
    if (isOver) return;
    queuedBytes += frame.length;
    if (queuedBytes > MAX_QUEUED_BYTES) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "the client does not read what it asked for");
    }
    queue.push(frame);
    writing ??= write();
  }

  async function write(): Promise<void> {
    // All that is queued in this turn goes in one piece.
    await Promise.resolve();
    try {
      while (queue.length > 0) {
        const bytes = join(queue.splice(0));
        for (let sent = 0; sent < bytes.length;) sent += await writer.write(bytes.subarray(sent));
        queuedBytes -= bytes.length;
      }
    } catch {
      // The reading side learns of it as well.
      isOver = true;
      queue.length = 0;
    }
    writing = undefined;
  }

  function sendHeaders(stream: Http2Stream, fields: readonly Field[], isLast: boolean): void {
    send(
      encodeFrame(
        FRAME.headers,
        FLAG.endHeaders | (isLast ? FLAG.endStream : 0),
        stream.id,
        encodeFields(fields),
      ),
    );
  }

  /** Sends what the windows allow of a body; whether all of the answer is out. */
  function pump(stream: Http2Stream): boolean {
    for (let left = stream.unsent; left !== undefined && left.length > 0;) {
      const bytes = Math.min(left.length, MAX_FRAME_BYTES, window, stream.sendWindow);
      if (bytes <= 0) return false;
      const isLast = bytes === left.length && stream.trailers === undefined;
      send(encodeFrame(FRAME.data, isLast ? FLAG.endStream : 0, stream.id, left.subarray(0, bytes)));
      window -= bytes;
      stream.sendWindow -= bytes;
      left = left.subarray(bytes);
      stream.unsent = left;
    }
    if (stream.trailers !== undefined) sendHeaders(stream, stream.trailers, true);
    return true;
  }

  function pumpAll(streams: Iterable<Http2Stream>): void {
    for (const stream of streams) {
      const onSent = waiting.get(stream);
      if (onSent === undefined || !pump(stream)) continue;
      waiting.delete(stream);
      onSent();
    }
  }

  return {
    send,
    sendLast: (frame) => {
      if (!isOver) queue.push(frame);
      isOver = true;
      writing ??= write();
    },
    answer: (stream, { fields, body, trailers }, onSent) => {
      const hasBody = body !== undefined && body.length > 0;
      sendHeaders(stream, fields, !hasBody && trailers === undefined);
      if (!hasBody && trailers === undefined) return onSent();
      stream.unsent = body;
      stream.trailers = trailers;
      waiting.set(stream, onSent);
      pumpAll([stream]);
    },
    widen: (bytes, stream) => {
      if (stream === undefined) {
        window += bytes;
        if (window > MAX_WINDOW) {
          throw new ConnectionError(ERROR.flowControl, "the connection's window is too wide");
        }
      } else stream.sendWindow += bytes;
      pumpAll(stream === undefined ? [...waiting.keys()] : [stream]);
    },
    resize: (bytes, streams) => {
      const grown = bytes - initialWindow;
      initialWindow = bytes;
      for (const stream of streams) {
        stream.sendWindow += grown;
        if (stream.sendWindow > MAX_WINDOW) {
          throw new ConnectionError(ERROR.flowControl, "a stream's window is too wide");
        }
      }
    },
    resume: () => pumpAll([...waiting.keys()]),
    get initialWindow() {
      return initialWindow;
    },
    drop: (stream) => void waiting.delete(stream),
    flushed: async () => {
      while (writing !== undefined) await writing;
    },
  };
}
