import { decodeProtobufPoints } from "../../point/protobuf_decoder.ts";
import { createDecodeCollector, type Decoded } from "./decoded.ts";
import { type Precision, toNs } from "./precision.ts";

/**
 * Decodes a `PBPoints` body; times are nanoseconds unless the request says otherwise. Never throws.
 * @see `spec/datakit.md` 3.6
 */
export function decodeProtobuf(body: Uint8Array, precision: Precision): Decoded {
  const collector = createDecodeCollector();
  const unit = precision === "auto" ? "n" : precision;
  const { points, broken } = decodeProtobufPoints(body);
  for (const { measurement, tags, fields, time, isTrimmed } of points) {
    const timeNs = time === 0n ? undefined : toNs(time, unit);
    collector.add({ measurement, tags, fields, timeNs, ...(isTrimmed ? { isTrimmed } : {}) });
  }
  if (broken > 0) collector.fail("Cannot read a point as its protobuf is broken", broken);
  return collector.result();
}
