/** Frames of HTTP/2 as bytes, for what no client would send. */
import { encodeFields } from "../../src/net/hpack.ts";
import type { Field } from "../../src/header_fields.ts";
import { encodeFrame, encodeSettings, FLAG, FRAME, join, PREFACE } from "../../src/net/http2_frames.ts";

export const CALL: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/x"],
  [":authority", "h"],
  ["content-type", "application/grpc"],
];

/** A frame as the server sent it. */
export interface ServerFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

export interface RawHttp2 extends Disposable {
  send(...frames: readonly Uint8Array[]): Promise<void>;
  /** The next frame, its own settings and windows left out; `undefined` when the server has ended the connection. */
  receive(): Promise<ServerFrame | undefined>;
  /** The next frame of any kind. */
  receiveAny(): Promise<ServerFrame | undefined>;
}

/** A connection that has said what comes first. */
export async function connectHttp2(
  port: number,
  settings: readonly (readonly [id: number, value: number])[] = [],
): Promise<RawHttp2> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let buffered = new Uint8Array(0);

  async function read(bytes: number): Promise<Uint8Array | undefined> {
    while (buffered.length < bytes) {
      const chunk = new Uint8Array(65_536);
      const size = await connection.read(chunk).catch(() => null);
      if (size === null) return undefined;
      buffered = join([buffered, chunk.subarray(0, size)]);
    }
    const found = buffered.slice(0, bytes);
    buffered = buffered.slice(bytes);
    return found;
  }

  async function receiveAny(): Promise<ServerFrame | undefined> {
    const head = await read(9);
    if (head === undefined) return undefined;
    const view = new DataView(head.buffer);
    const payload = await read(view.getUint32(0) >>> 8);
    if (payload === undefined) return undefined;
    return { type: view.getUint8(3), flags: view.getUint8(4), streamId: view.getUint32(5), payload };
  }

  async function receive(): Promise<ServerFrame | undefined> {
    for (;;) {
      const frame = await receiveAny();
      const isOwn = frame?.type === FRAME.settings ||
        frame?.type === FRAME.windowUpdate && frame.streamId === 0;
      if (!isOwn) return frame;
    }
  }

  async function send(...frames: readonly Uint8Array[]): Promise<void> {
    const bytes = join(frames);
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  }

  await send(PREFACE, encodeSettings(settings));
  return { send, receive, receiveAny, [Symbol.dispose]: () => connection.close() };
}

export function headers(streamId: number, fields: readonly Field[] = CALL, isLast = false): Uint8Array {
  return encodeFrame(
    FRAME.headers,
    FLAG.endHeaders | (isLast ? FLAG.endStream : 0),
    streamId,
    encodeFields(fields),
  );
}

export function data(streamId: number, bytes: Uint8Array, isLast = false): Uint8Array {
  return encodeFrame(FRAME.data, isLast ? FLAG.endStream : 0, streamId, bytes);
}

/** The number at the end of a reset or a goaway. */
export function codeOf({ payload }: ServerFrame): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(payload.length - 4);
}
