/**
 * Dataways in the simulation's world. Apart from the double that the other tests share, as there are no sockets here and
 * time is not real: an upload is a function call, and what a frozen sandbox misses is decided by the world's clock.
 */
import type { DatawayEndpoint } from "../../src/config/dataway.ts";
import { createDatawayExporter, type DatawayExporterOptions } from "../../src/dataway/exporter.ts";
import type { HttpAnswer, HttpRequest, Send } from "../../src/dataway/http/message.ts";
import { SELF_MEASUREMENT } from "../../src/pipeline/self_metrics.ts";
import type { Category, Point } from "../../src/point/point.ts";
import type { Encoding } from "../../src/point/encoding.ts";
import { type FlushVerdict, numberOf } from "./checks.ts";
import { FAULTS, type Mood } from "./schedule.ts";
import { frameGrowth, joinPoints } from "../../src/point/join_points.ts";
import { pointsOf } from "../support/points.ts";
import type { World } from "./world.ts";

/** Dataways that take, refuse, hang and forget to answer, and know what they took. */
export interface FakeDataway {
  readonly endpoints: readonly DatawayEndpoint[];
  readonly send: Send;
  /** Bodies without contents: only sizes matter here. */
  readonly encoding: Encoding;
  /** How each endpoint behaves from now on. */
  moods: readonly Mood[];
  /** Whether it is no breach that points come which were acknowledged before. */
  mayRepeat: boolean;
  /** Numbers of the points that did. */
  readonly repeated: ReadonlySet<number>;
  /** Uploads that have no outcome yet. */
  readonly underway: number;
  /** Age of the oldest of them, with the tries that failed just before it, in ms; 0 without any. */
  readonly longestMs: number;
  /** Uploads begun since {@link FakeDataway.mark}, and those of them that failed in any way. */
  readonly begun: number;
  readonly failed: number;
  mark(): void;
  /** What it was like since this was last asked. */
  takeVerdict(): FlushVerdict;
  /** Whether a connection died in a freeze with an upload on it. */
  readonly someDied: boolean;
  /** Called when a freeze begins: some connections die of it. */
  frozen(): void;
  /** Numbers of the points for which a 2xx reached the extension. */
  readonly acknowledged: ReadonlySet<number>;
  /** The extension's own figures for which a 2xx reached it. */
  readonly figures: readonly Point[];
  /** How often a point was stored. */
  readonly stored: ReadonlyMap<number, number>;
  /** Endpoints that refused the point for good, by status. */
  readonly refusals: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

/** One upload on its way. */
interface Upload {
  readonly endpoint: number;
  readonly category: Category;
  /** Of the points. */
  readonly numbers: readonly number[];
  readonly points: readonly Point[];
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  readonly begunAt: number;
  /** When the first try of these points was begun that this one follows at once: the program takes them for one. */
  readonly triedAt: number;
  /** When the answer is in our socket, in world time. */
  answerAt?: number;
  dead?: boolean;
}

interface Reply {
  readonly stores: boolean;
  readonly response: HttpAnswer | "breaks" | "never";
  readonly status?: number;
  readonly latencyMs: number;
}

export interface FakeDatawayOptions {
  readonly world: World;
  /** Whether order matters: the last flush begins with the newest. */
  readonly ordered: () => boolean;
}

/** A timer this late is known to come from a freeze; see `deadline.ts`. In ms. */
const CERTAINLY_FROZEN_MS = 600;
/** Most time between the end of a try and the next one of the same upload, in ms. */
const RETRY_MS = 50;
/** Someone is there and has decided. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([200, 400, 403, 413]);

/** An upload may wait for another one's answers while others are encoded. */
const MOST_ENCODED = 10_000;

export function createFakeDataway({ world, ordered }: FakeDatawayOptions): FakeDataway {
  const { time, random, schedule, tell, fail, count } = world;
  /** What was encoded of late, the latest last: a whole body, or parts that the exporter joins to one. */
  const encoded: { readonly bytes: Uint8Array; readonly points: readonly Point[] }[] = [];
  const underway = new Set<Upload>();
  const acknowledged = new Set<number>();
  const figures: Point[] = [];
  const stored = new Map<number, number>();
  const refusals = new Map<number, Map<number, number>>();
  const newest = new Map<Category, number>();
  let frozenAt = 0;
  let begun = 0;
  let failed = 0;
  let trouble = false;
  let someDied = false;
  const answeredMs = new Map<Category, number>();
  let moods: readonly Mood[] = [];
  let mayRepeat = false;
  const repeated = new Set<number>();
  /** By the first point in it: the try that ended last, in world time. */
  const tries = new Map<number, { readonly triedAt: number; readonly endedAt: number }>();

  function store(upload: Upload): void {
    for (const number of upload.numbers) {
      const times = (stored.get(number) ?? 0) + 1;
      stored.set(number, times);
      if (times > 1) count("stored twice as the first answer was lost");
    }
  }

  function acknowledge({ category, numbers, points }: Upload): void {
    figures.push(...points.filter(({ measurement }) => measurement === SELF_MEASUREMENT));
    let last = ordered() ? newest.get(category) ?? -1 : -1;
    for (const number of numbers) {
      acknowledged.add(number);
      // Files are sent after what is newer, and hold what was put back in the order of their writing.
      if (number <= last && !schedule.spool) fail(`Points of ${category} arrive in order`);
      last = number;
    }
    newest.set(category, last);
  }

  function answer(upload: Upload, reply: Reply, settle: (outcome: HttpAnswer | Error) => void): void {
    if (upload.signal.aborted || upload.dead) return;
    underway.delete(upload);
    ended(upload);
    const { status = 0, response } = reply;
    if (status >= 200 && status < 300) acknowledge(upload);
    else failed++;
    if (FINAL_STATUSES.has(status)) answeredMs.set(upload.category, time.elapsedMs - upload.begunAt);
    else trouble = true;
    if (status >= 400 && status < 500) {
      for (const number of upload.numbers) {
        const byEndpoint = refusals.get(number) ?? new Map<number, number>();
        refusals.set(number, byEndpoint.set(upload.endpoint, status));
      }
    }
    tell(`  Dataway ${upload.endpoint} answers ${status || "with a reset"}`);
    settle(typeof response === "object" ? response : new TypeError("connection reset"));
  }

  function ended({ numbers: [number], triedAt }: Upload): void {
    if (number !== undefined) tries.set(number, { triedAt, endedAt: time.elapsedMs });
  }

  /** When an upload of these points was first tried, if it has only just failed. */
  function firstTriedAt([number]: readonly number[]): number {
    const last = number === undefined ? undefined : tries.get(number);
    return last !== undefined && time.elapsedMs - last.endedAt <= RETRY_MS ? last.triedAt : time.elapsedMs;
  }

  /** The extension gave up. Its right, unless the answer had come in a freeze and only waits to be read. */
  function cut(upload: Upload): void {
    if (!underway.delete(upload)) return;
    ended(upload);
    failed++;
    count("uploads cut");
    trouble = true;
    // What Dataway may still answer is cut at the very end only: it would be sent twice.
    if (ordered() && time.elapsedMs - upload.begunAt < schedule.timeoutMs - 1) {
      fail("No upload is cut for want of time");
    }
    const { answerAt = Infinity } = upload;
    tell(`  upload to ${upload.endpoint} is cut`);
    const frozenMs = time.elapsedMs - frozenAt;
    if (upload.dead || answerAt >= time.elapsedMs || answerAt < frozenAt) return;
    if (frozenMs > schedule.timeoutMs + CERTAINLY_FROZEN_MS) {
      fail("An answer that came in a freeze is read before its time is over");
    }
  }

  const send: Send = (url, init) =>
    new Promise((resolve, reject) => {
      const upload = readUpload(url, init);
      const again = upload.numbers.filter((number) => acknowledged.has(number));
      if (again.length > 0 && !mayRepeat) fail("Nothing that Dataway acknowledged is sent again");
      again.forEach((number) => repeated.add(number));
      if (init.signal.aborted) return reject(init.signal.reason);
      begun++;
      underway.add(upload);
      count("uploads");
      const reply = decideReply(moods[upload.endpoint], upload);
      tell(`  upload of ${upload.numbers.length} ${upload.category} to ${upload.endpoint}`);
      init.signal.addEventListener("abort", () => {
        cut(upload);
        reject(init.signal.reason);
      });
      if (reply.stores) {
        time.outside(reply.latencyMs / 2, () => {
          if (!init.signal.aborted) store(upload);
        });
      }
      if (reply.response === "never") return;
      upload.answerAt = time.elapsedMs + reply.latencyMs;
      time.inbound(reply.latencyMs, () =>
        answer(upload, reply, (outcome) => {
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        }));
    });

  /** The points of a body, which is made of what was encoded; none where it is not. */
  function pointsIn(body: Uint8Array): readonly Point[] {
    const points: Point[] = [];
    for (let at = 0; at < body.length;) {
      const part = encoded.findLast(({ bytes }) => isAt(bytes, body, at));
      if (part === undefined) return [];
      points.push(...part.points);
      at += part.bytes.length;
    }
    return points;
  }

  function readUpload(url: string, { body, signal }: HttpRequest): Upload {
    const [, endpoint = "0", category = ""] = /^https:\/\/dataway(\d+)\/v1\/write\/(\w+)\?/.exec(url) ?? [];
    const points = pointsIn(body);
    if (points.length === 0 || points.some((point) => point.category !== category)) {
      fail(`A body holds points of its category: ${url}`);
    }
    const own = points[0]?.category ?? "logging";
    const sizeBytes = body.byteLength;
    // The extension's own figures have none.
    const numbers = points.map(numberOf).filter((number) => !Number.isNaN(number));
    return {
      endpoint: Number(endpoint),
      category: own,
      numbers,
      points,
      sizeBytes,
      signal,
      begunAt: time.elapsedMs,
      triedAt: firstTriedAt(numbers),
    };
  }

  function decideReply(mood: Mood | undefined, upload: Upload): Reply {
    const { kind, latencyMs } = mood ?? { kind: "healthy", latencyMs: 1 };
    const reply = (status: number, text = "", headers: Record<string, string> = {}): Reply => ({
      stores: status === 200,
      status,
      latencyMs,
      response: { status, text, headers: new Headers(headers) },
    });
    switch (kind) {
      case "flapping":
        return decideReply({ kind: random.chance(0.5) ? "healthy" : random.pick(FAULTS), latencyMs }, upload);
      case "healthy":
      case "slow":
        return upload.sizeBytes > schedule.endpointMaxBytes ? reply(413) : reply(200);
      case "refuse":
        return { stores: false, response: "breaks", latencyMs: 1 };
      case "reset":
        return { stores: random.chance(0.5), response: "breaks", latencyMs };
      case "hang":
        return { stores: random.chance(0.5), response: "never", latencyMs };
      case "logs_hang":
        return decideReply({ kind: upload.category === "logging" ? "hang" : "healthy", latencyMs }, upload);
      case "drip":
        // The status decides: that the body never ends is the client's matter.
        return reply(200);
      case "429_retry_after":
        return reply(429, "", { "retry-after": String(random.pick([0, 1, 7])) });
      case "quota":
        return reply(403, "beyondDataUsage");
      default:
        return reply(Number(kind));
    }
  }

  return {
    endpoints: Array.from({ length: schedule.endpoints }, (_, index) => ({
      base: `https://dataway${index}`,
      query: "token=tkn_simulated",
      token: "tkn_simulated",
    })),
    encoding: {
      contentType: "text/plain",
      encode: (batch, common) => {
        const body = joinPoints(batch.ranges, common);
        encoded.push({ bytes: body, points: pointsOf(batch) });
        if (encoded.length > MOST_ENCODED) encoded.shift();
        return body;
      },
      growth: frameGrowth,
    },
    send,
    get moods() {
      return moods;
    },
    set moods(changed) {
      moods = changed;
    },
    get mayRepeat() {
      return mayRepeat;
    },
    set mayRepeat(allowed) {
      mayRepeat = allowed;
    },
    repeated,
    get underway() {
      return underway.size;
    },
    get longestMs() {
      return Math.max(0, ...Array.from(underway, ({ triedAt }) => time.elapsedMs - triedAt));
    },
    get begun() {
      return begun;
    },
    get someDied() {
      return someDied;
    },
    get failed() {
      return failed;
    },
    mark: () => void (begun = failed = 0),
    takeVerdict: () => {
      const verdict = trouble ? "trouble" : answeredMs.size === 0 ? "silent" : "well";
      trouble = false;
      answeredMs.clear();
      return verdict;
    },
    frozen: () => {
      frozenAt = time.elapsedMs;
      for (const upload of underway) {
        count("uploads frozen");
        upload.dead ||= random.chance(0.3);
        someDied ||= upload.dead;
      }
    },
    acknowledged,
    figures,
    stored,
    refusals,
  };
}

/** The program's own exporter, to these Dataways. */
export function exporterTo(
  { endpoints, encoding, send }: FakeDataway,
  { schedule, time }: World,
  tags: Pick<DatawayExporterOptions, "commonTags" | "commonKeys">,
): ReturnType<typeof createDatawayExporter> {
  return createDatawayExporter({
    ...tags,
    endpoints,
    encoding,
    send,
    maxRawBodyBytes: schedule.maxRawBodyBytes,
    timeoutMs: schedule.timeoutMs,
    gzip: false,
    now: time.now,
    version: "0",
  });
}

function isAt(part: Uint8Array, whole: Uint8Array, at: number): boolean {
  return part.length > 0 && at + part.length <= whole.length &&
    part.every((byte, n) => byte === whole[at + n]);
}
