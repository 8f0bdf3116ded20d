/**
 * Frames of HTTP/2: their numbers, and those that we write.
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-6
 */

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;
export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a client sends first. */
export const PREFACE: Uint8Array<ArrayBuffer> = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const FRAME_HEAD_BYTES = 9;
/** Largest payload that we take, and that anybody takes without having said so. In bytes. */
export const MAX_FRAME_BYTES = 16_384;
/** A window that was never set, and the largest there may be. In bytes. */
export const DEFAULT_WINDOW = 65_535;
export const MAX_WINDOW = 2 ** 31 - 1;

/** One frame as it came. The payload is valid until the next one is read. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The end of a connection: it breaks the rules in a way that leaves nothing to go on with. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A frame's bytes. */
export function encodeFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = NOTHING,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length * 256 + type);
  view.setUint8(4, flags);
  view.setUint32(5, streamId);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

export function encodeSettings(
  settings: readonly (readonly [id: number, value: number])[],
): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(6 * settings.length);
  const view = new DataView(payload.buffer);
  for (const [index, [id, value]] of settings.entries()) {
    view.setUint16(6 * index, id);
    view.setUint32(6 * index + 2, value);
  }
  return encodeFrame(FRAME.settings, 0, 0, payload);
}

export function encodeRstStream(streamId: number, code: ErrorCode): Uint8Array<ArrayBuffer> {
  return encodeFrame(FRAME.rstStream, 0, streamId, word(code));
}

export function encodeWindowUpdate(streamId: number, bytes: number): Uint8Array<ArrayBuffer> {
  return encodeFrame(FRAME.windowUpdate, 0, streamId, word(bytes));
}

export function encodeGoaway(lastStreamId: number, code: ErrorCode): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, lastStreamId);
  view.setUint32(4, code);
  return encodeFrame(FRAME.goaway, 0, 0, payload);
}

/** Bytes joined to one piece. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Without padding and priority, which stand around a payload. Throws when they are longer than it. */
export function withoutPadding({ flags, payload }: Frame): Uint8Array<ArrayBuffer> {
  if ((flags & FLAG.padded) === 0) return payload;
  const [padding] = payload;
  if (padding === undefined || padding >= payload.length) {
    throw new ConnectionError(ERROR.protocol, "a frame's padding is longer than the frame");
  }
  return payload.subarray(1, payload.length - padding);
}

const NOTHING = new Uint8Array(0);

function word(value: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, value);
  return payload;
}
