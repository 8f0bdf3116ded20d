/** Decodes a trace payload of any version, chunk by chunk, so that only one chunk is held at a time. */
import { JsonSyntaxError } from "../../json/json_scanner.ts";
import type { TimeSlice } from "../../time_slice.ts";
import type { DecodeContext } from "./decode_context.ts";
import { decodeV04, decodeV05 } from "./decode_v04.ts";
import { decodeV07 } from "./decode_v07.ts";
import { decodeV10 } from "./decode_v10.ts";
import { jsonToMsgpack } from "./json_to_msgpack.ts";
import { DecodeError } from "./msgpack_cursor.ts";
import type { TraceVersion } from "./routes.ts";

/** No tracer of today sends JSON, and as msgpack it may be three times as long. */
const MAX_JSON_BYTES = 1024 * 1024;

/**
 * The payload as msgpack: the JSON form of v0.3 and v0.4 is rewritten, with pauses. Rejects with DecodeError when it is
 * not readable JSON.
 */
export async function toMsgpack(
  version: TraceVersion,
  bytes: Uint8Array,
  slice: TimeSlice,
): Promise<Uint8Array> {
  if ((version !== "v0.3" && version !== "v0.4") || !isJson(bytes)) return bytes;
  if (bytes.length > MAX_JSON_BYTES) {
    throw new DecodeError(
      `Cannot decode traces as JSON may have ${MAX_JSON_BYTES} bytes: current value is ${bytes.length}`,
    );
  }
  try {
    return await jsonToMsgpack(bytes, slice);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new DecodeError("Cannot decode traces as the payload must be a JSON array of traces");
  }
}

/** Decodes the payload of a context. `undefined` = to the end; otherwise why not, fit for the client. */
export async function decodeTraces(
  version: TraceVersion,
  context: DecodeContext,
): Promise<string | undefined> {
  if (context.cursor.bytes.length === 0) return undefined;
  try {
    await decode(version, context);
    return undefined;
  } catch (error) {
    return describeDecodeError(error);
  }
}

/** What the client is told of an error of its payload; throws any other. */
export function describeDecodeError(error: unknown): string {
  // RangeError: a text or collection beyond the engine's own limits, which only an attack reaches.
  if (error instanceof DecodeError || error instanceof RangeError) return error.message;
  throw error;
}

function decode(version: TraceVersion, context: DecodeContext): Promise<void> {
  switch (version) {
    case "v0.3":
    case "v0.4":
      return decodeV04(context);
    case "v0.5":
      return decodeV05(context);
    case "v0.7":
      return decodeV07(context);
    case "v1.0":
      return decodeV10(context);
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
