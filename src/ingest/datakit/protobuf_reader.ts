/** Reads protobuf fields of one message. Reading beyond its end gives zeros and sets {@link ProtobufReader.failed}. */
export interface ProtobufReader {
  /** Steps to the next field; false at the end, or when the message is broken. */
  next(): boolean;
  /** Number and wire type (0 varint, 1 fixed64, 2 bytes, 5 fixed32) of the field {@link next} came to. */
  readonly field: number;
  readonly wireType: number;
  /** The field's value, as an unsigned 64-bit integer. */
  readonly varint: bigint;
  /** The value of a fixed64 field as a double. */
  double(): number;
  /** The bytes of a length-delimited field; a view, not a copy. */
  readonly bytes: Uint8Array;
  readonly failed: boolean;
}

/** A reader over one message. Never throws and never reads outside of it. */
export function createProtobufReader(message: Uint8Array): ProtobufReader {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  let field = 0;
  let wireType = 0;
  let varint = 0n;
  let bytes = message.subarray(0, 0);
  let failed = false;

  /** Tags and lengths, as a number: larger ones than it holds exactly are beyond any message's end. */
  function readSize(): number {
    let size = 0;
    for (let factor = 1, i = 0; i < 10; i++, factor *= 128) {
      const byte = readByte();
      size += (byte & 127) * factor;
      if (byte < 128) return size;
    }
    failed = true;
    return 0;
  }

  function readVarint(): bigint {
    let low = 0;
    // Four groups of seven bits fit a small integer, and most values fit those.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = readByte();
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = readByte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    failed = true;
    return 0n;
  }

  function readByte(): number {
    const byte = message[at];
    if (byte === undefined) {
      failed = true;
      return 0;
    }
    at++;
    return byte;
  }

  function take(size: number): void {
    if (size > message.length - at) {
      failed = true;
      bytes = message.subarray(0, 0);
      return;
    }
    bytes = message.subarray(at, at + size);
    at += size;
  }

  return {
    next: () => {
      if (failed || at >= message.length) return false;
      const tag = readSize();
      field = Math.floor(tag / 8);
      wireType = tag % 8;
      if (field === 0) failed = true;
      else if (wireType === 0) varint = readVarint();
      else if (wireType === 1) take(8);
      else if (wireType === 2) take(readSize());
      else if (wireType === 5) take(4);
      else failed = true;
      return !failed;
    },
    get field(): number {
      return field;
    },
    get wireType(): number {
      return wireType;
    },
    get varint(): bigint {
      return varint;
    },
    double: () => bytes.length === 8 ? view.getFloat64(bytes.byteOffset - message.byteOffset, true) : 0,
    get bytes(): Uint8Array {
      return bytes;
    },
    get failed(): boolean {
      return failed;
    },
  };
}
