/**
 * The pipe whose descriptor Lambda names in `_LAMBDA_TELEMETRY_LOG_FD`: each of the managed runtimes' records comes
 * behind a head, so that one with newlines stays whole.
 * @see https://github.com/aws/aws-lambda-java-libs `FrameType.java`, `FramedTelemetryLogSink.java`
 */

/** One record. */
export interface LogFrame {
  readonly text: string;
  /** When it was written, in epoch ms, where the head says so. */
  readonly at: number | undefined;
  /** Of the record, where the runtime knows it. */
  readonly level: string | undefined;
}

/** Type, length, and time, big-endian. */
const HEAD_BYTES = 16;
/** The upper three bytes of every type. */
const MAGIC = 0xa55a00;
/** The time of the head counts. */
const TIMED_BIT = 0b10;
/** By the number in bits 2 to 4 of the type. */
const LEVELS: readonly (string | undefined)[] = [
  undefined,
  "TRACE",
  "DEBUG",
  "INFO",
  "WARN",
  "ERROR",
  "FATAL",
];

/** Reads frames to the end of the pipe. Rejects when a head is none, as nothing after it can be told apart. */
export async function readFrames(
  pipe: AsyncIterable<Uint8Array>,
  onFrame: (frame: LogFrame) => void,
): Promise<void> {
  let rest = new Uint8Array();
  for await (const chunk of pipe) {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    rest = bytes.subarray(takeFrames(bytes, onFrame));
  }
}

/** Hands on every frame that is complete; returns how many bytes those took. */
function takeFrames(bytes: Uint8Array<ArrayBuffer>, onFrame: (frame: LogFrame) => void): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const type = view.getUint32(at);
    if (type >>> 8 !== MAGIC) throw new Error(`Cannot read a log frame of type 0x${type.toString(16)}`);
    const end = at + HEAD_BYTES + view.getUint32(at + 4);
    if (end > bytes.length) break;
    const timed = (type & TIMED_BIT) !== 0;
    const text = new TextDecoder().decode(bytes.subarray(at + HEAD_BYTES, end));
    onFrame({
      // Runtimes end some records with a newline and some not: it is the end of the record, not a part of it.
      text: text.endsWith("\n") ? text.slice(0, -1) : text,
      at: timed ? Number(view.getBigUint64(at + 8)) / 1000 : undefined,
      level: LEVELS[(type >> 2) & 0b111],
    });
    at = end;
  }
  return at;
}
