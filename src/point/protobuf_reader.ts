/**
 * One protobuf message being read, and the field {@link nextField} came to. Plain data with functions beside it:
 * a point has a dozen nested messages, and closures or accessors made for each cost twenty times the reading.
 */
export interface ProtobufReader {
  readonly message: Uint8Array;
  at: number;
  field: number;
  /** 0 varint, 1 fixed64, 2 length-delimited, 5 fixed32. */
  wireType: number;
  /** The value of a varint field, as an unsigned 64-bit integer. */
  varint: bigint;
  /** The bytes of any other field; a view, not a copy. */
  bytes: Uint8Array;
  /** The message is broken; what was read before stands. */
  failed: boolean;
}

/** A reader before the first field. */
export function createProtobufReader(message: Uint8Array): ProtobufReader {
  return { message, at: 0, field: 0, wireType: 0, varint: 0n, bytes: message, failed: false };
}

/** Steps to the next field; false at the end, or when the message is broken. Never throws or reads outside of it. */
export function nextField(reader: ProtobufReader): boolean {
  if (reader.failed || reader.at >= reader.message.length) return false;
  const tag = readSize(reader);
  reader.field = Math.floor(tag / 8);
  reader.wireType = tag % 8;
  if (reader.field === 0) reader.failed = true;
  else if (reader.wireType === 0) reader.varint = readVarint(reader);
  else if (reader.wireType === 1) take(reader, 8);
  else if (reader.wireType === 2) take(reader, readSize(reader));
  else if (reader.wireType === 5) take(reader, 4);
  else reader.failed = true;
  return !reader.failed;
}

/** The value of a fixed64 field as a double. */
export function readDouble({ bytes }: ProtobufReader): number {
  return bytes.length === 8 ? new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true) : 0;
}

function take(reader: ProtobufReader, sizeBytes: number): void {
  const { message, at } = reader;
  if (sizeBytes > message.length - at) {
    reader.failed = true;
    return;
  }
  reader.bytes = message.subarray(at, at + sizeBytes);
  reader.at = at + sizeBytes;
}

/** Tags and lengths, as a number: larger ones than it holds exactly are beyond any message's end. */
function readSize(reader: ProtobufReader): number {
  let size = 0;
  for (let factor = 1, i = 0; i < 10; i++, factor *= 128) {
    const byte = readByte(reader);
    size += (byte & 127) * factor;
    if (byte < 128) return size;
  }
  reader.failed = true;
  return 0;
}

function readVarint(reader: ProtobufReader): bigint {
  let low = 0;
  // Four groups of seven bits fit a small integer, and most values fit those.
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(reader);
    low |= (byte & 127) << shift;
    if (byte < 128) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = readByte(reader);
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  reader.failed = true;
  return 0n;
}

function readByte(reader: ProtobufReader): number {
  const byte = reader.message[reader.at];
  if (byte === undefined) {
    reader.failed = true;
    return 0;
  }
  reader.at++;
  return byte;
}
