/** The streams of one HTTP/2 connection: opened by fields, fed by data, answered, reset, forgotten. */
import type { Field } from "../header_fields.ts";
import {
  ConnectionError,
  DEFAULT_WINDOW,
  encodeRstStream,
  encodeWindowUpdate,
  ERROR,
  type ErrorCode,
  FLAG,
  type Frame,
  MAX_WINDOW,
  withoutPadding,
} from "./http2_frames.ts";
import type { Http2Output } from "./http2_output.ts";
import { areTrailers, type Http2Head, toHead } from "./http2_request.ts";
import { createStream, type Http2Answer, type Http2Call, type Http2Stream } from "./http2_stream.ts";
import type { Strain } from "./http2_strain.ts";

export interface Http2StreamsOptions {
  readonly output: Http2Output;
  readonly strain: Strain;
  /** Answers a call, as soon as there is something of its body or its end. A failure resets its stream. */
  readonly handle: (call: Http2Call) => Promise<Http2Answer>;
  /** Told of each failure of `handle`. */
  readonly onError: (error: unknown) => void;
  /** Whether no further call shall be taken. */
  readonly isClosing: () => boolean;
  /** Told when a call begins, when work on it does, and when the last one is over. */
  readonly onChange: (what: "receiving" | "working" | "idle") => void;
}

export interface Http2Streams {
  /** The client's last stream. */
  readonly lastId: number;
  /** Calls under way. */
  readonly size: number;
  /** Fields of a stream: a new call's, or what comes after a body. */
  onFields(streamId: number, isLast: boolean, fields: readonly Field[] | "too_large"): void;
  onData(frame: Frame): void;
  /** The client gives a stream up. */
  onReset(streamId: number): void;
  /** The client takes this many more bytes of an answer. */
  onWindow(streamId: number, bytes: number): void;
  /** The client's setting for all streams. */
  resize(initialWindow: number): void;
  /** Refuses a stream, be it open or not. */
  refuse(streamId: number, code: ErrorCode): void;
  /** The connection is over. */
  end(): void;
}

/** Calls at a time on one connection. */
export const MAX_STREAMS = 100;
/** Bytes of bodies that may wait for their readers, on a stream and on a connection. */
export const WINDOW_BYTES = 262_144;
/** The client is told of room when this much of it is free again: not for each frame. In bytes. */
const CREDIT_BYTES = WINDOW_BYTES / 4;

/** What a connection tells the client at its start, so that the window is {@link WINDOW_BYTES}. */
export const FIRST_CREDIT: Uint8Array = encodeWindowUpdate(0, WINDOW_BYTES - DEFAULT_WINDOW);

export function createHttp2Streams(options: Http2StreamsOptions): Http2Streams {
  const { output, strain, handle, onError, isClosing, onChange } = options;
  const streams = new Map<number, Http2Stream>();
  let lastId = 0;
  let receiveWindow = WINDOW_BYTES;
  /** Bytes of all streams that were read and that the client was not told of. */
  let connectionCredit = 0;

  function requireOpened(streamId: number): void {
    if (streamId > lastId || streamId % 2 === 0) {
      throw new ConnectionError(ERROR.protocol, "a stream that was never opened goes on");
    }
  }

  function onFields(streamId: number, isLast: boolean, fields: readonly Field[] | "too_large"): void {
    const stream = streams.get(streamId);
    if (stream !== undefined) return onTrailers(stream, isLast, fields);
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.protocol, "a client's streams have odd numbers");
    if (streamId <= lastId) throw new ConnectionError(ERROR.streamClosed, "a stream that is over goes on");
    lastId = streamId;
    if (fields === "too_large") return refuse(streamId, ERROR.enhanceYourCalm);
    if (streams.size >= MAX_STREAMS || isClosing()) return refuse(streamId, ERROR.refusedStream);
    const head = toHead(fields);
    if (head === undefined) return refuse(streamId, ERROR.protocol);
    open(streamId, head, isLast);
  }

  function open(streamId: number, head: Http2Head, isLast: boolean): void {
    const stream = createStream(streamId, head, WINDOW_BYTES, output.initialWindow);
    streams.set(streamId, stream);
    onChange("receiving");
    if (isLast) endBody(stream);
  }

  function onTrailers(stream: Http2Stream, isLast: boolean, fields: readonly Field[] | "too_large"): void {
    if (stream.hasEnded) return reset(stream, ERROR.streamClosed);
    if (!isLast || fields === "too_large" || !areTrailers(fields)) return reset(stream, ERROR.protocol);
    endBody(stream);
  }

  function onData(frame: Frame): void {
    const { streamId, flags, payload } = frame;
    const data = withoutPadding(frame);
    requireOpened(streamId);
    receiveWindow -= payload.length;
    if (receiveWindow < 0) throw new ConnectionError(ERROR.flowControl, "more came than there was room for");
    const stream = streams.get(streamId);
    if (stream === undefined || stream.hasEnded) {
      strain.add(0.5);
      credit(payload.length);
      return refuse(streamId, ERROR.streamClosed);
    }
    stream.receiveWindow -= payload.length;
    if (stream.receiveWindow < 0) {
      credit(payload.length);
      return reset(stream, ERROR.flowControl);
    }
    const padding = payload.length - data.length;
    if (padding > 0) consume(stream, padding);
    const isLast = (flags & FLAG.endStream) !== 0;
    if (data.length > 0) push(stream, data.slice());
    else if (!isLast) strain.add(1);
    if (isLast) endBody(stream);
    else onChange("receiving");
  }

  function push(stream: Http2Stream, data: Uint8Array<ArrayBuffer>): void {
    stream.received += data.length;
    stream.unread += data.length;
    stream.body.push(data);
    start(stream);
  }

  /** The client has said all: a length that it had named must be right. */
  function endBody(stream: Http2Stream): void {
    stream.hasEnded = true;
    const { length = stream.received } = stream.head;
    if (length !== stream.received) return reset(stream, ERROR.protocol);
    stream.body.end();
    start(stream);
    onChange("working");
  }

  /** Begins to work on a call, once: one that is reset before it says anything costs nothing. */
  function start(stream: Http2Stream): void {
    if (stream.isStarted) return;
    stream.isStarted = true;
    void answer(stream);
  }

  async function answer(stream: Http2Stream): Promise<void> {
    const call: Http2Call = {
      head: stream.head,
      read: async () => {
        const part = await stream.body.take();
        if (part === undefined) return undefined;
        stream.unread -= part.length;
        consume(stream, part.length);
        return part;
      },
      get isGone() {
        return stream.isGone;
      },
    };
    try {
      const answer = await handle(call);
      if (!stream.isGone) output.answer(stream, answer, () => answered(stream));
    } catch (error) {
      if (stream.isGone) return;
      onError(error);
      reset(stream, ERROR.internal);
    }
  }

  function answered(stream: Http2Stream): void {
    strain.ease();
    // What it still wants to say is of no use any more.
    if (!stream.hasEnded) output.send(encodeRstStream(stream.id, ERROR.none));
    forget(stream);
  }

  /** Bytes of a stream were read: the client may send as many again. */
  function consume(stream: Http2Stream, bytes: number): void {
    credit(bytes);
    if (stream.isGone || stream.hasEnded) return;
    stream.credit += bytes;
    if (stream.credit < CREDIT_BYTES) return;
    output.send(encodeWindowUpdate(stream.id, stream.credit));
    stream.receiveWindow += stream.credit;
    stream.credit = 0;
  }

  function credit(bytes: number): void {
    connectionCredit += bytes;
    if (connectionCredit < CREDIT_BYTES) return;
    output.send(encodeWindowUpdate(0, connectionCredit));
    receiveWindow += connectionCredit;
    connectionCredit = 0;
  }

  function reset(stream: Http2Stream, code: ErrorCode): void {
    output.send(encodeRstStream(stream.id, code));
    forget(stream);
  }

  function refuse(streamId: number, code: ErrorCode): void {
    const stream = streams.get(streamId);
    if (stream !== undefined) return reset(stream, code);
    strain.add(1);
    output.send(encodeRstStream(streamId, code));
  }

  function forget(stream: Http2Stream): void {
    stream.isGone = true;
    stream.body.fail(new Error("Cannot read a body as its stream is over"));
    output.drop(stream);
    if (!streams.delete(stream.id)) return;
    // What nobody will read makes room for others.
    credit(stream.unread);
    stream.unread = 0;
    if (streams.size === 0) onChange("idle");
  }

  return {
    get lastId() {
      return lastId;
    },
    get size() {
      return streams.size;
    },
    onFields,
    onData,
    onReset: (streamId) => {
      requireOpened(streamId);
      const stream = streams.get(streamId);
      if (stream !== undefined) forget(stream);
    },
    onWindow: (streamId, bytes) => {
      requireOpened(streamId);
      const stream = streams.get(streamId);
      if (stream === undefined) return;
      if (bytes === 0) return reset(stream, ERROR.protocol);
      if (stream.sendWindow + bytes > MAX_WINDOW) return reset(stream, ERROR.flowControl);
      output.widen(bytes, stream);
    },
    resize: (initialWindow) => output.resize(initialWindow, streams.values()),
    refuse,
    end: () => {
      for (const stream of streams.values()) forget(stream);
    },
  };
}
