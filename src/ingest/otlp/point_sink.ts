import { makePoint } from "../../pipeline/make_point.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import type { Point, PointDraft } from "../../point/point.ts";
import { splitMessage } from "../../point/split_message.ts";

/** Takes the points of one request, and what of it was refused. */
export interface PointSink {
  /**
   * Makes a point of a draft, or several of a log too long for one; rejects it if nothing is left. `trimmed`: it lost
   * a part already when it was read.
   */
  add(draft: PointDraft, trimmed?: boolean): void;
  /** Counts data of the request that cannot be taken, with the first reason to tell the client. */
  reject(reason: string, count?: number): void;
  /** Counts what many points share and what is without a part of its own. */
  trim(count: number): void;
  /** Hands on what is held. */
  flush(): void;
  readonly rejected: number;
  /** The first reason, empty when nothing was rejected. */
  readonly reason: string;
}

/** Points handed on at once: a huge request must not be held twice, as wire values and as points. */
const BATCH_POINTS = 1024;

/** A sink of one request. */
export function createPointSink({ consume, refuse }: Pick<Intake, "consume" | "refuse">): PointSink {
  let batch: Point[] = [];
  let rejected = 0;
  let firstReason = "";

  function flush(): void {
    if (batch.length === 0) return;
    const points = batch;
    batch = [];
    consume(points);
  }

  function reject(reason: string, count = 1): void {
    rejected += count;
    if (firstReason === "") firstReason = reason;
  }

  return {
    add: (draft, isTrimmed = false) => {
      const point = makePoint(draft, refuse, { isTrimmed });
      if (point === undefined) return reject("they must have a value");
      batch.push(...splitMessage(point));
      if (batch.length >= BATCH_POINTS) flush();
    },
    reject,
    trim: (count) => refuse("trimmed", count),
    flush,
    get rejected(): number {
      return rejected;
    },
    get reason(): string {
      return firstReason;
    },
  };
}
