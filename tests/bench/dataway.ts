/** A Dataway that takes everything at once and counts it afterwards: as little cost as a receiver can have. */
import { gunzipSync } from "node:zlib";
import { startDataway } from "../emulator/dataway.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";

export interface CountingDataway extends AsyncDisposable {
  /** For `ENV_DATAWAY`. */
  readonly url: string;
  /** Points received, by category. Counting inflates the bodies, so do it after the measurement. */
  count(): ReadonlyMap<string, number>;
  /** The metrics received of one measurement. Reading them takes time, too. */
  metrics(measurement: string): DecodedPoint[];
  /** POSTs received. */
  readonly posts: number;
  /** `performance.now()` at the arrival of the last one. */
  readonly lastPostAt: number;
}

interface Body {
  readonly category: string;
  readonly gzip: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `PBPoints.arr`: field 1, length-delimited. */
const POINT_TAG = 0x0a;

/** Starts the Dataway on a free port of the loopback. It reads protobuf bodies only. */
export async function startCountingDataway(): Promise<CountingDataway> {
  const bodies: Body[] = [];
  let lastPostAt = 0;
  const dataway = await startDataway({
    uploads: "count",
    onUpload: ({ category = "", headers }, bytes) => {
      lastPostAt = performance.now();
      bodies.push({ category, gzip: headers.get("content-encoding") === "gzip", bytes });
    },
  });
  return {
    url: dataway.url,
    count: () => {
      const counts = new Map<string, number>();
      for (const { category, gzip, bytes } of bodies) {
        const points = countPoints(gzip ? gunzipSync(bytes) : bytes);
        counts.set(category, (counts.get(category) ?? 0) + points);
      }
      return counts;
    },
    metrics: (measurement) => {
      const found: DecodedPoint[] = [];
      const name = new TextEncoder().encode(measurement);
      for (const { category, gzip, bytes } of bodies) {
        if (category !== "metric") continue;
        for (const point of pointsOf(gzip ? gunzipSync(bytes) : bytes)) {
          // A copy, as what zlib gives is a Buffer, whose slices are views.
          if (startsWithName(point.content, name)) found.push(...decodeProtobuf(new Uint8Array(point.whole)));
        }
      }
      return found;
    },
    get posts() {
      return bodies.length;
    },
    get lastPostAt() {
      return lastPostAt;
    },
    [Symbol.asyncDispose]: () => dataway[Symbol.asyncDispose](),
  };
}

/** Number of points in a `PBPoints` message, which has no other field. Throws on anything else. */
export function countPoints(message: Uint8Array): number {
  let points = 0;
  for (const _ of pointsOf(message)) points++;
  return points;
}

/** One point of a message: with its key and length, and without. */
interface EncodedPoint {
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

function* pointsOf(message: Uint8Array): Generator<EncodedPoint> {
  for (let at = 0; at < message.length;) {
    const start = at;
    if (message[at++] !== POINT_TAG) throw new Error(`Cannot read points: byte ${at - 1} begins no point`);
    let length = 0;
    let shift = 0;
    for (let more = true; more; shift += 7) {
      const byte = message[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      more = byte >= 0x80;
    }
    const contentAt = at;
    at += length;
    if (at > message.length) throw new Error("Cannot read points: the message is cut short");
    yield { whole: message.subarray(start, at), content: message.subarray(contentAt, at) };
  }
}

/** `PBPoint.name` is its first field. */
function startsWithName(content: Uint8Array, name: Uint8Array): boolean {
  return content[0] === POINT_TAG && content[1] === name.length &&
    name.every((byte, index) => content[2 + index] === byte);
}
