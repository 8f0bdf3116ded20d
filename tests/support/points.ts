import { type Batch, batchOf } from "../../src/pipeline/exporter.ts";
import type { Lease } from "../../src/pipeline/lease.ts";
import type { Intake, InvocationSpan, RefusalReason } from "../../src/pipeline/receiver.ts";
import type { PointStore } from "../../src/pipeline/store.ts";
import type { Category, Point, Source } from "../../src/point/point.ts";
import { decodePoint, decodeRanges, encodeRange, UNKNOWN_MASK } from "../../src/point/point_range.ts";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import { encodePoint } from "../../src/point/protobuf.ts";

/** Key and length of a point below 128 bytes. */
const FRAME_BYTES = 2;
/** Field 15, length-delimited. */
const PADDING_HEAD = [0x7a];

/** A point for tests that do not look inside it. `name` ends up in the field `message` (or `value` of a metric). */
export function testPoint(
  name: string,
  category: Category = "logging",
  timeNs = 1_700_000_000_000_000_000n,
): Point {
  return {
    category,
    measurement: "test",
    tags: new Map(),
    fields: category === "metric" ? new Map([["value", BigInt(name.length)]]) : new Map([["message", name]]),
    timeNs,
  };
}

/** The `message` fields, in order. */
export function messagesOf(points: readonly Point[]): unknown[] {
  return points.map((point) => point.fields.get("message"));
}

/** The points of a batch, or of one that is lent, decoded. */
export function pointsOf(of: Pick<Batch, "category" | "ranges"> | Lease): Point[] {
  const { category, ranges } = "batch" in of ? of.batch : of;
  return decodeRanges(category, ranges);
}

/** A batch of points as they are. */
export function batchOfPoints(points: readonly Point[]): Batch {
  return batchOf(points[0]?.category ?? "metric", points.length === 0 ? [] : [encodeRange(points)]);
}

/** Puts points into a store as they are, each of exactly `sizeBytes` (below 130) if it is given. */
export function put(
  store: Pick<PointStore, "append">,
  source: Source,
  points: readonly Point[],
  sizeBytes?: number,
): void {
  for (const point of points) {
    const bytes = padded(encodePoint(point), sizeBytes);
    store.append(source, point.category, bytes, bytes.length, UNKNOWN_MASK);
  }
}

/** Fills a point up with a member that nobody knows. */
function padded(bytes: Uint8Array, sizeBytes?: number): Uint8Array {
  if (sizeBytes === undefined) return bytes;
  const missing = sizeBytes - FRAME_BYTES - bytes.length - PADDING_HEAD.length - 1;
  if (missing < 0) throw new Error(`Cannot pad a point of ${bytes.length} bytes to ${sizeBytes}`);
  return Uint8Array.from([...bytes, ...PADDING_HEAD, missing, ...new Uint8Array(missing)]);
}

/** An intake that keeps what it is given, as the rules leave it. */
export interface RecordingIntake extends Intake {
  readonly points: Point[];
  /** Counts by reason. */
  readonly refused: Map<RefusalReason, number>;
  /** What tracers told of invocations. */
  readonly invocationSpans: InvocationSpan[];
}

/** An intake of one source over nothing but memory. */
export function createRecordingIntake(source: Source = "otlp"): RecordingIntake {
  const points: Point[] = [];
  const refused = new Map<RefusalReason, number>();
  const invocationSpans: InvocationSpan[] = [];
  const refuse = (reason: RefusalReason, count = 1): void => {
    refused.set(reason, (refused.get(reason) ?? 0) + count);
  };
  const writer = createPointWriter({
    commit: ({ category }, _source, bytes, length) =>
      points.push(decodePoint(category, bytes.slice(0, length))),
    trimmed: () => refuse("trimmed"),
  });
  return {
    points,
    refused,
    refuse,
    writer,
    begin: (kind) => writer.begin(kind, source),
    write: (draft) => writer.write(draft, source),
    invocationSpans,
    invocationSpan: (span) => void invocationSpans.push(span),
  };
}
