/** Decodes whole bodies, for tests that look at points before Dataway's rules. */
import { isMalformed, type PointDecoder, type WirePoint } from "../../../src/ingest/datakit/decoded.ts";
import { createJsonCheck, createJsonDecoder } from "../../../src/ingest/datakit/json_decoder.ts";
import { createLineProtocolDecoder } from "../../../src/ingest/datakit/line_protocol_decoder.ts";
import type { Precision } from "../../../src/ingest/datakit/precision.ts";
import { createProtobufDecoder } from "../../../src/ingest/datakit/protobuf_decoder.ts";

/** All that a body held. */
export interface Decoded {
  readonly points: readonly WirePoint[];
  readonly malformed: number;
  readonly firstError: string | undefined;
}

export function decodeLineProtocol(text: string, precision: Precision): Decoded {
  return collect(createLineProtocolDecoder(new TextEncoder().encode(text), precision));
}

export function decodeProtobuf(body: Uint8Array, precision: Precision): Decoded {
  return collect(createProtobufDecoder(body, precision));
}

export function decodeJson(text: string, precision: Precision): Decoded {
  const check = createJsonCheck(text);
  let isJson: boolean | undefined;
  while (isJson === undefined) isJson = check();
  if (isJson) return collect(createJsonDecoder(text, precision));
  return { points: [], malformed: 1, firstError: "Cannot read points as the body must be JSON" };
}

function collect(decoder: PointDecoder): Decoded {
  const points: WirePoint[] = [];
  let malformed = 0;
  let firstError: string | undefined;
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    if (!isMalformed(next)) points.push(next);
    else if (next.count > 0) {
      malformed += next.count;
      firstError ??= next.error;
    }
  }
  return { points, malformed, firstError };
}
