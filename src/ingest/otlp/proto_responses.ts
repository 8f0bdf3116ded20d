/**
 * The two answers OTLP knows, in protobuf.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */

/** `google.rpc.Status`. */
export function encodeStatus(code: number, message: string): Uint8Array<ArrayBuffer> {
  return concat([[0x08, ...varint(code)], lengthDelimited(0x12, new TextEncoder().encode(message))]);
}

/** The same with a `google.rpc.RetryInfo`: when to send again, in seconds. */
export function encodeRetryStatus(code: number, message: string, afterS: number): Uint8Array<ArrayBuffer> {
  const delay = lengthDelimited(0x0a, [0x08, ...varint(afterS)]);
  const type = new TextEncoder().encode("type.googleapis.com/google.rpc.RetryInfo");
  const detail = concat([lengthDelimited(0x0a, type), lengthDelimited(0x12, delay)]);
  return concat([encodeStatus(code, message), lengthDelimited(0x1a, detail)]);
}

/** `Export…ServiceResponse`: no byte at all unless something was rejected. */
export function encodeExportResponse(rejected: number, message: string): Uint8Array<ArrayBuffer> {
  if (rejected === 0) return new Uint8Array(0);
  const text = lengthDelimited(0x12, new TextEncoder().encode(message));
  return concat([lengthDelimited(0x0a, concat([[0x08, ...varint(rejected)], text]))]);
}

function lengthDelimited(tag: number, bytes: ArrayLike<number>): Uint8Array {
  return concat([[tag, ...varint(bytes.length)], bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 0x80);
  return [...bytes, Math.floor(value / 128 ** bytes.length)];
}

function concat(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
