/** Decodes a trace payload of any version, chunk by chunk, so that no more than one chunk is held at a time. */
import { decodeJsonTraces } from "./decode_json.ts";
import { decodeV04, decodeV07 } from "./decode_v04.ts";
import { decodeV05 } from "./decode_v05.ts";
import { decodeV10 } from "./decode_v10.ts";
import type { DecodeContext } from "./decode_context.ts";
import { createMsgpackReader, DecodeError, type MsgpackReader } from "./msgpack_reader.ts";

/** The trace routes there are, as in their paths. */
export type TraceVersion = "v0.3" | "v0.4" | "v0.5" | "v0.7" | "v1.0";

/** Decodes `bytes`. `undefined` = to the end; otherwise why not, fit for the client. Never throws. */
export function decodeTraces(
  version: TraceVersion,
  bytes: Uint8Array,
  context: DecodeContext,
): string | undefined {
  if (bytes.length === 0) return undefined;
  try {
    if ((version === "v0.3" || version === "v0.4") && isJson(bytes)) decodeJsonTraces(bytes, context);
    else decodeMsgpack(version, createMsgpackReader(bytes), context);
    return undefined;
  } catch (error) {
    // RangeError: a text or collection beyond the engine's own limits, which only an attack reaches.
    if (error instanceof DecodeError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function decodeMsgpack(version: TraceVersion, reader: MsgpackReader, context: DecodeContext): void {
  switch (version) {
    case "v0.3":
    case "v0.4":
      return decodeV04(reader, context);
    case "v0.5":
      return decodeV05(reader, context);
    case "v0.7":
      return decodeV07(reader, context);
    case "v1.0":
      return decodeV10(reader, context);
  }
}

/** Told by the first byte, as content types are often wrong: msgpack arrays start at 90. */
function isJson(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 64)) {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue;
    return byte === 0x5b || byte === 0x7b;
  }
  return false;
}
