/** Writes msgpack: what was made here then takes the way of everything else. */

/** What can be written. Objects and maps are maps. */
export type Packable = unknown;

const INITIAL_BYTES = 4096;
const MAX_DEPTH = 512;

/** The msgpack of a value; what has no form is nil. Throws RangeError for one that nests without end. */
export function pack(value: Packable): Uint8Array {
  const encoder = new TextEncoder();
  let bytes = new Uint8Array(INITIAL_BYTES);
  let view = new DataView(bytes.buffer);
  let at = 0;

  function ensure(more: number): void {
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, at + more));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
    view = new DataView(bytes.buffer);
  }

  /** A head and an unsigned integer of four bytes after it. */
  function putSize(head: number, size: number): void {
    ensure(5);
    bytes[at] = head;
    view.setUint32(at + 1, size);
    at += 5;
  }

  function putText(text: string): void {
    ensure(5 + 3 * text.length);
    const { written } = encoder.encodeInto(text, bytes.subarray(at + 5));
    bytes[at] = 0xdb;
    view.setUint32(at + 1, written);
    at += 5 + written;
  }

  function putNumber(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) putSize(0xce, value);
    else if (Number.isSafeInteger(value)) putBigInt(BigInt(value));
    else putFloat(value);
  }

  function putFloat(value: number): void {
    ensure(9);
    bytes[at] = 0xcb;
    view.setFloat64(at + 1, value);
    at += 9;
  }

  function putBigInt(value: bigint): void {
    if (value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value)) {
      return putFloat(Number(value));
    }
    ensure(9);
    if (value < 0n) {
      bytes[at] = 0xd3;
      view.setBigInt64(at + 1, value);
    } else {
      bytes[at] = 0xcf;
      view.setBigUint64(at + 1, value);
    }
    at += 9;
  }

  function putMembers(members: readonly (readonly [unknown, unknown])[], depth: number): void {
    putSize(0xdf, members.length);
    for (const [key, member] of members) {
      putText(String(key));
      put(member, depth + 1);
    }
  }

  function put(value: Packable, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError("Cannot write msgpack as its values nest too deep");
    switch (typeof value) {
      case "string":
        return putText(value);
      case "number":
        return putNumber(value);
      case "bigint":
        return putBigInt(value);
      case "boolean":
        ensure(1);
        bytes[at++] = value ? 0xc3 : 0xc2;
        return;
    }
    if (Array.isArray(value)) {
      putSize(0xdd, value.length);
      for (const item of value) put(item, depth + 1);
    } else if (value instanceof Uint8Array) {
      putSize(0xc6, value.length);
      ensure(value.length);
      bytes.set(value, at);
      at += value.length;
    } else if (value instanceof Map) putMembers([...value], depth);
    else if (typeof value === "object" && value !== null) putMembers(Object.entries(value), depth);
    else {
      ensure(1);
      bytes[at++] = 0xc0;
    }
  }

  put(value, 0);
  return bytes.subarray(0, at);
}
