/**
 * HTTP/2 in clear text on one connection, as far as a server of unary calls needs it. Node's own, which Deno has too,
 * makes a dozen objects and events of each stream: a client that opens and resets them holds the event loop for
 * seconds. Here a stream that is reset costs its few bytes, and a client that does nothing else is sent away.
 * @see https://www.rfc-editor.org/rfc/rfc9113
 */
import type { ByteSource } from "./byte_source.ts";
import type { Lease } from "./connection_pool.ts";
import { createHpackDecoder } from "./hpack.ts";
import {
  ConnectionError,
  encodeFrame,
  encodeGoaway,
  encodeSettings,
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  type Frame,
  FRAME_HEAD_BYTES,
  join,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
  PREFACE,
  SETTING,
  withoutPadding,
} from "./http2_frames.ts";
import { type ByteWriter, createHttp2Output } from "./http2_output.ts";
import type { Http2Answer, Http2Call } from "./http2_stream.ts";
import { createHttp2Streams, FIRST_CREDIT, MAX_STREAMS, WINDOW_BYTES } from "./http2_streams.ts";
import { createStrain } from "./http2_strain.ts";

export interface Http2Options {
  /** Answers a call, as soon as there is something of its body or its end. A failure resets its stream. */
  readonly handle: (call: Http2Call) => Promise<Http2Answer>;
  readonly lease: Lease;
  /** Told of each failure of `handle`. */
  readonly onError: (error: unknown) => void;
  /** Whether no further call shall be taken on this connection. */
  readonly isClosing: () => boolean;
}

/** A connection without a call is ended after this many ticks of the pool, and one that does not even begin. */
const IDLE_TICKS = 12;
const BEGIN_TICKS = 3;
/** How long a client may take to learn that its connection ends, and to close it. In ms. */
const LEAVE_MS = 1_000;
/** What a client that is sent away may still send, in bytes. */
const MAX_DISCARDED_BYTES = 1_048_576;
/** Fields of a call, as they come and as HPACK counts them. In bytes. */
const MAX_BLOCK_BYTES = 32_768;
const MAX_FIELDS_BYTES = 16_384;

/** A block of fields that is not whole yet. */
interface Block {
  readonly streamId: number;
  readonly isLast: boolean;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** Serves a connection to its end. Never rejects; closing the connection is the caller's. */
export async function serveHttp2(
  connection: ByteWriter & Pick<Deno.Conn, "closeWrite">,
  source: ByteSource,
  options: Http2Options,
): Promise<void> {
  const { lease } = options;
  const output = createHttp2Output(connection);
  const decoder = createHpackDecoder();
  const strain = createStrain();
  const streams = createHttp2Streams({
    output,
    strain,
    ...options,
    isClosing: () => isLeaving || options.isClosing(),
    onChange: (what) => {
      if (what === "idle") lease.enter("idle", IDLE_TICKS);
      else lease.enter(what === "working" ? "working" : "transfer");
      if (what === "working") lease.prove();
    },
  });
  let block: Block | undefined;
  let isLeaving = false;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  lease.closeWith(() => leave(ERROR.none));
  lease.enter("transfer", BEGIN_TICKS);
  try {
    await begin();
    for (let frame = await readFrame(source); frame !== undefined; frame = await readFrame(source)) {
      take(frame);
    }
  } catch (error) {
    if (error instanceof ConnectionError) onBroken(error);
  }
  streams.end();
  lease.enter("transfer", BEGIN_TICKS);
  await output.flushed();
  if (isLeaving) await discard(source);
  clearTimeout(leaving);

  async function begin(): Promise<void> {
    const preface = await source.readUntil(
      (bytes) => bytes.length < PREFACE.length ? -1 : PREFACE.length,
      64,
    );
    if (!(preface instanceof Uint8Array) || !PREFACE.every((byte, at) => preface[at] === byte)) {
      throw new ConnectionError(ERROR.protocol, "the client does not begin as HTTP/2 does");
    }
    output.send(encodeSettings([
      [SETTING.maxConcurrentStreams, MAX_STREAMS],
      [SETTING.initialWindowSize, WINDOW_BYTES],
      [SETTING.maxHeaderListSize, MAX_FIELDS_BYTES],
    ]));
    output.send(FIRST_CREDIT);
    const first = await readFrame(source);
    if (first === undefined) return;
    if (first.type !== FRAME.settings) {
      throw new ConnectionError(ERROR.protocol, "the client's first frame is not its settings");
    }
    take(first);
    lease.enter("idle", IDLE_TICKS);
  }

  function onBroken({ code }: ConnectionError): void {
    if (code === ERROR.enhanceYourCalm) lease.punish();
    else lease.malformed();
    leave(code);
  }

  /** Ends the connection in order: the client learns which of its calls were taken, and comes back for the others. */
  function leave(code: ErrorCode): void {
    if (isLeaving) return;
    isLeaving = true;
    output.sendLast(encodeGoaway(streams.lastId, code));
    leaving = setTimeout(lease.close, LEAVE_MS);
    output.flushed().then(() => connection.closeWrite()).catch(() => {});
  }

  function take(frame: Frame): void {
    if (block !== undefined && (frame.type !== FRAME.continuation || frame.streamId !== block.streamId)) {
      throw new ConnectionError(ERROR.protocol, "a block of fields is not whole");
    }
    switch (frame.type) {
      case FRAME.data:
        requireStream(frame);
        return streams.onData(frame);
      case FRAME.headers:
        return onHeaders(frame);
      case FRAME.priority:
        return onPriority(frame);
      case FRAME.rstStream:
        requireStream(frame);
        requireBytes(frame, 4);
        strain.add(1);
        return streams.onReset(frame.streamId);
      case FRAME.settings:
        return onSettings(frame);
      case FRAME.pushPromise:
        throw new ConnectionError(ERROR.protocol, "a client promises nothing");
      case FRAME.ping:
        return onPing(frame);
      case FRAME.goaway:
        return requireNoStream(frame);
      case FRAME.windowUpdate:
        return onWindowUpdate(frame);
      case FRAME.continuation:
        return onContinuation(frame);
      default:
        // Unknown frames are to be ignored.
        strain.add(0.2);
    }
  }

  function onHeaders(frame: Frame): void {
    requireStream(frame);
    const { streamId, flags } = frame;
    let fields = withoutPadding(frame);
    const isLast = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.priority) !== 0) {
      if (fields.length < 5) throw new ConnectionError(ERROR.frameSize, "a priority has five bytes");
      requireOther(streamId, fields);
      fields = fields.subarray(5);
    }
    if ((flags & FLAG.endHeaders) !== 0) return onBlock(streamId, isLast, fields);
    block = { streamId, isLast, parts: [fields.slice()], bytes: fields.length };
  }

  function onContinuation({ flags, payload }: Frame): void {
    if (block === undefined) throw new ConnectionError(ERROR.protocol, "there is nothing to continue");
    strain.add(payload.length === 0 ? 1 : 0.1);
    block.parts.push(payload.slice());
    block.bytes += payload.length;
    if (block.bytes > MAX_BLOCK_BYTES) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "a block of fields is too long");
    }
    if ((flags & FLAG.endHeaders) === 0) return;
    const { streamId, isLast, parts } = block;
    block = undefined;
    onBlock(streamId, isLast, join(parts));
  }

  function onBlock(streamId: number, isLast: boolean, bytes: Uint8Array): void {
    // Whatever becomes of the stream: the next block is read by what this one leaves in the table.
    const fields = decoder.decode(bytes, MAX_FIELDS_BYTES);
    if (fields === "malformed") {
      throw new ConnectionError(ERROR.compression, "a block of fields is not HPACK");
    }
    streams.onFields(streamId, isLast, fields);
  }

  function onSettings(frame: Frame): void {
    requireNoStream(frame);
    const { flags, payload } = frame;
    const isAck = (flags & FLAG.ack) !== 0;
    if (isAck ? payload.length > 0 : payload.length % 6 !== 0) {
      throw new ConnectionError(ERROR.frameSize, "a setting has six bytes");
    }
    if (isAck) return;
    strain.add(1);
    const view = new DataView(payload.buffer, payload.byteOffset);
    for (let at = 0; at < payload.length; at += 6) onSetting(view.getUint16(at), view.getUint32(at + 2));
    // Before anything that it allows: until then the client reckons by its settings of before.
    output.send(encodeFrame(FRAME.settings, FLAG.ack, 0));
    output.resume();
  }

  function onSetting(id: number, value: number): void {
    if (id === SETTING.enablePush && value > 1) {
      throw new ConnectionError(ERROR.protocol, "push is on or off");
    }
    if (id === SETTING.maxFrameSize && (value < MAX_FRAME_BYTES || value > 2 ** 24 - 1)) {
      throw new ConnectionError(ERROR.protocol, "frames cannot have that size");
    }
    if (id !== SETTING.initialWindowSize) return;
    if (value > MAX_WINDOW) throw new ConnectionError(ERROR.flowControl, "a window cannot be that wide");
    streams.resize(value);
  }

  function onPing(frame: Frame): void {
    requireNoStream(frame);
    requireBytes(frame, 8);
    if ((frame.flags & FLAG.ack) !== 0) return;
    strain.add(1);
    output.send(encodeFrame(FRAME.ping, FLAG.ack, 0, frame.payload));
  }

  function onPriority(frame: Frame): void {
    requireStream(frame);
    strain.add(0.5);
    if (frame.payload.length !== 5) return streams.refuse(frame.streamId, ERROR.frameSize);
    requireOther(frame.streamId, frame.payload);
  }

  function onWindowUpdate(frame: Frame): void {
    requireBytes(frame, 4);
    const { streamId, payload } = frame;
    const bytes = new DataView(payload.buffer, payload.byteOffset).getUint32(0) & MAX_WINDOW;
    strain.add(0.1);
    if (streamId !== 0) return streams.onWindow(streamId, bytes);
    if (bytes === 0) throw new ConnectionError(ERROR.protocol, "a window must grow");
    output.widen(bytes);
  }
}

/** Reads what a client still sends: closed under it, the connection would be reset, and the last frame with it. */
async function discard(source: ByteSource): Promise<void> {
  try {
    for (let bytes = 0; bytes < MAX_DISCARDED_BYTES;) {
      const skipped = await source.skip(MAX_DISCARDED_BYTES);
      if (skipped === 0) return;
      bytes += skipped;
    }
  } catch {
    // Closed, by the client or by its patience's end.
  }
}

/** The next frame; `undefined` at the end of the connection. Throws when it is larger than we take. */
async function readFrame(source: ByteSource): Promise<Frame | undefined> {
  const head = await read(source, FRAME_HEAD_BYTES);
  if (head === undefined) return undefined;
  const view = new DataView(head.buffer, head.byteOffset);
  const length = view.getUint32(0) >>> 8;
  const [type, flags, streamId] = [view.getUint8(3), view.getUint8(4), view.getUint32(5) & MAX_WINDOW];
  if (length > MAX_FRAME_BYTES) throw new ConnectionError(ERROR.frameSize, "a frame is larger than we take");
  const payload = await read(source, length);
  return payload === undefined ? undefined : { type, flags, streamId, payload };
}

async function read(source: ByteSource, bytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const found = await source.readUntil((buffered) => buffered.length < bytes ? -1 : bytes, MAX_FRAME_BYTES);
  return found === "too_long" ? undefined : found;
}

function requireStream({ streamId }: Frame): void {
  if (streamId === 0) throw new ConnectionError(ERROR.protocol, "a frame of a stream names none");
}

function requireNoStream({ streamId }: Frame): void {
  if (streamId !== 0) throw new ConnectionError(ERROR.protocol, "a frame of the connection names a stream");
}

function requireBytes({ payload }: Frame, bytes: number): void {
  if (payload.length !== bytes) {
    throw new ConnectionError(ERROR.frameSize, `a frame must have ${bytes} bytes`);
  }
}

/** A stream that waits for itself waits for ever. */
function requireOther(streamId: number, priority: Uint8Array): void {
  const other = new DataView(priority.buffer, priority.byteOffset).getUint32(0) & MAX_WINDOW;
  if (other === streamId) throw new ConnectionError(ERROR.protocol, "a stream depends on itself");
}
