/** Dataway over very many invocations: breaks by plan, and keeps figures instead of uploads. */
import { type ReceivedPoint, type ReceivedUpload, startDataway } from "../emulator/dataway.ts";
import type { ReplyStep } from "../emulator/scripted_server.ts";

/** How uploads are met. Only `ok` takes them, so nothing is ever taken whose sender does not learn of it. */
export type Mode = "ok" | "hang" | "reset" | "503" | "429" | "413";

export interface SoakDataway extends AsyncDisposable {
  readonly url: string;
  mode: Mode;
  /** Points taken, without the extension's own. */
  readonly points: number;
  /** Numbers of the lines taken, each as often as it came. */
  readonly lines: readonly number[];
  /** Sums of the extension's own counters. */
  readonly own: ReadonlyMap<string, number>;
  readonly uploads: number;
  readonly refused: number;
  /** What was wrong with uploads, in words. */
  readonly violations: readonly string[];
}

/** A body above this many points is halved by a 413. */
const SPLIT_ABOVE_POINTS = 50;
const OWN_MEASUREMENT = "awslambda-extension";
const LINE = /line (\d+) of the soak/g;

const STEPS: Readonly<Record<Mode, ReplyStep | ((points: number) => ReplyStep)>> = {
  ok: 200,
  hang: "hang",
  reset: "reset",
  "503": 503,
  "429": { status: 429, retryAfter: 1 },
  "413": (points) => points > SPLIT_ABOVE_POINTS ? 413 : 200,
};

/** Starts it on a free port of the loopback. */
export async function startSoakDataway(): Promise<SoakDataway> {
  const lines: number[] = [];
  const own = new Map<string, number>();
  let mode: Mode = "ok";
  let points = 0;
  let uploads = 0;
  let refused = 0;

  function take({ category, measurement, fields }: ReceivedPoint): void {
    if (measurement !== OWN_MEASUREMENT) points++;
    else for (const [name, value] of fields) own.set(name, (own.get(name) ?? 0) + Number(value));
    if (category !== "logging") return;
    for (const [, number] of String(fields.get("message")).matchAll(LINE)) lines.push(Number(number));
  }

  function onUpload(upload: ReceivedUpload): void {
    uploads++;
    if (upload.status === 200) upload.points.forEach(take);
    else refused++;
  }

  const dataway = await startDataway({ uploads: "watch", onUpload });
  return {
    url: dataway.url,
    lines,
    own,
    violations: dataway.violations,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      dataway.otherwise(STEPS[next]);
      // What hangs is cut with each change.
      dataway.resetWaiting();
    },
    get points() {
      return points;
    },
    get uploads() {
      return uploads;
    },
    get refused() {
      return refused;
    },
    [Symbol.asyncDispose]: () => dataway[Symbol.asyncDispose](),
  };
}
