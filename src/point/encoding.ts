import { encodeLineProtocol } from "./line_protocol.ts";
import { commonTagsLineProtocolSize, lineProtocolSize } from "./line_protocol_size.ts";
import type { Point } from "./point.ts";
import { encodeProtobuf } from "./protobuf.ts";
import { commonTagsProtobufSize, protobufSize } from "./protobuf_size.ts";

/** How points become the body of a request. */
export interface Encoding {
  /** The `Content-Type` that names this encoding to Dataway. */
  readonly contentType: string;
  /** One body of these points, uncompressed, with the common tags in each point that lacks their key. */
  readonly encode: (
    points: readonly Point[],
    commonTags: ReadonlyMap<string, string>,
  ) => Uint8Array<ArrayBuffer>;
  /** Bytes of the point in such a body, common tags counted in; never less than the true size. */
  readonly sizeOf: (point: Point, commonTags: ReadonlyMap<string, string>) => number;
  /** Bytes that the common tags add to each point, never less than they really do. */
  readonly commonSize: (commonTags: ReadonlyMap<string, string>) => number;
}

const MAX_PREFIX_GROWTH_BYTES = 4;

/**
 * Dataway's encodings by DataKit's names for them.
 * @see `spec/datakit.md` 3.3, 3.5 and 3.6
 */
export const ENCODINGS: Readonly<Record<"v1" | "v2", Encoding>> = {
  v1: {
    contentType: "application/line-protocol",
    encode: encodeLineProtocol,
    sizeOf: (point, commonTags) => lineProtocolSize(point) + commonTagsLineProtocolSize(commonTags),
    commonSize: commonTagsLineProtocolSize,
  },
  v2: {
    contentType: "application/protobuf; proto=com.guance.Point",
    encode: encodeProtobuf,
    sizeOf: (point, commonTags) => protobufSize(point) + commonTagsProtobufSize(commonTags),
    // A point that grows past a power of 128 has a longer length prefix.
    commonSize: (commonTags) => commonTagsProtobufSize(commonTags) + MAX_PREFIX_GROWTH_BYTES,
  },
};
