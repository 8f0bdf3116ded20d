import { crc32 } from "node:zlib";

/** The bytes of a spool file as another process may forge them: right in form, whatever they claim. */
export function forgeSpoolFile(runs: unknown, payload: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(["logging", runs]));
  const bytes = new Uint8Array(20 + head.length + payload.length);
  bytes.set([0x44, 0x4b, 0x53, 0x50, 0x4f, 0x4f, 0x4c, 1]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, head.length, true);
  bytes.set(head, 20);
  bytes.set(payload, 20 + head.length);
  view.setUint32(8, bytes.length - 16, true);
  view.setUint32(12, crc32(bytes.subarray(16)), true);
  return bytes;
}
