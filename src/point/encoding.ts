import { cleanCommonTags } from "./clean_text.ts";
import type { CommonTags } from "./common_tags.ts";
import { frameGrowth, joinedPieces, joinPoints } from "./join_points.ts";
import { encodeLineProtocol } from "./line_protocol.ts";
import { longLinePieces } from "./long_line.ts";
import type { Category } from "./point.ts";
import { contentOf, decodeRanges, pointBytes, type PointRange } from "./point_range.ts";

/** Points of one category. */
export interface EncodablePoints {
  readonly category: Category;
  readonly ranges: readonly PointRange[];
}

/** How points become the body of a request. */
export interface Encoding {
  /** The `Content-Type` that names this encoding to Dataway. */
  readonly contentType: string;
  /** One body of these points, uncompressed, with the common tags in each point that lacks their key. */
  readonly encode: (points: EncodablePoints, common: CommonTags) => Uint8Array<ArrayBuffer>;
  /** The same body in pieces, each made at its time; empty ones are there to pause at. @default all at once */
  readonly pieces?: (points: EncodablePoints, common: CommonTags) => Iterable<Uint8Array<ArrayBuffer>>;
  /** Bytes that the common tags add to each point, never less than they really do. */
  readonly growth: (common: CommonTags) => number;
}

/** Points from this on are written in pieces, in bytes. */
const LONG_POINT_BYTES = 16 * 1024;

/**
 * Dataway's encodings by DataKit's names for them. Points are held as `v2`; as lines they are written on their way
 * out, so that there is one place for the rules, one form in memory and in the spool's files, and only who asks for
 * lines pays for them.
 * @see `tests/spec/datakit.md` 3.3, 3.5 and 3.6
 */
export const ENCODINGS: Readonly<Record<"v1" | "v2", Encoding>> = {
  v1: {
    contentType: "application/line-protocol",
    encode: ({ category, ranges }, common) =>
      encodeLineProtocol(decodeRanges(category, ranges), common.texts),
    pieces: linePieces,
    growth: frameGrowth,
  },
  v2: {
    contentType: "application/protobuf; proto=com.guance.Point",
    encode: ({ ranges }, common) => joinPoints(ranges, common),
    pieces: ({ ranges }, common) => joinedPieces(ranges, common),
    growth: frameGrowth,
  },
};

function* linePieces(
  { category, ranges }: EncodablePoints,
  common: CommonTags,
): Generator<Uint8Array<ArrayBuffer>> {
  const encode = (range: PointRange): Uint8Array<ArrayBuffer> =>
    encodeLineProtocol(decodeRanges(category, [range]), common.texts);
  for (const range of ranges) {
    let from = range.from;
    for (let i = range.from; i < range.to; i++) {
      if (pointBytes(range, i) < LONG_POINT_BYTES) continue;
      if (i > from) yield encode({ ...range, from, to: i });
      yield* longLinePieces(contentOf(range, i), [...cleanCommonTags(common.texts)]);
      from = i + 1;
    }
    if (range.to > from) yield encode({ ...range, from });
  }
}
