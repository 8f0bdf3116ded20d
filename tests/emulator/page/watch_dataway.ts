/** Turns requests to Dataway into rows, and knows of each point sent whether it has arrived. */
import type { ReceivedPoint, ReceivedUpload, UploadWatcher } from "../dataway.ts";
import type { RunLog } from "./run_log.ts";
import { type ByCategory, CATEGORIES, type InvocationRow, type UploadRow } from "./state.ts";
import type { SandboxWatch } from "./watch_sandbox.ts";

/** Points with which an extension tells of itself: no part of what it was given. */
export const OWN_MEASUREMENT = "awslambda-extension";

/** A point that was sent at least once. */
export interface SentPoint {
  readonly point: ReceivedPoint;
  /** The invocation it belongs to; 0: none. */
  readonly inv: number;
  /** Numbers of the uploads that held it, and its place in the last of them. */
  readonly uploads: number[];
  place: number;
  arrived: boolean;
}

/** One request with what its row leaves out. */
export interface WatchedUpload {
  readonly upload: ReceivedUpload;
  /** As on the wire. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly points: readonly SentPoint[];
}

export interface DatawayWatch {
  readonly watch: UploadWatcher;
  readonly uploads: readonly WatchedUpload[];
  /** Points of an invocation in order of sending; 0: of none. */
  of(inv: number): readonly SentPoint[];
  /**
   * Points that arrived after the millisecond `t` ended, and those of which that is not clear, without the extension's
   * own.
   */
  arrivedAfter(t: number): { readonly arrived: number; readonly perhaps: number };
  /** No request waits for its answer. */
  readonly isQuiet: boolean;
  /** Their sender can wait no more: it is frozen or gone. */
  giveUp(atEpochMs: number): void;
  /**
   * The sender is gone: what it had sent in vain is lost, unless it arrives all the same. Returns how many points
   * that are, without its own.
   */
  lose(): number;
}

/** Its sender may know of an answer so much earlier than the one who gave it: on a busy machine. In ms. */
const ANSWER_MS = 20;

/** Begins with nothing. `onFound` is told how many points arrived that had been lost. */
export function createDatawayWatch(
  log: RunLog,
  sandbox: SandboxWatch,
  onFound: (points: number) => void,
): DatawayWatch {
  const uploads: WatchedUpload[] = [];
  const sent = new Map<string, SentPoint>();
  const byInvocation = new Map<number, SentPoint[]>();
  const open = new Map<number, UploadRow>();
  const lost = new Set<SentPoint>();
  /** When how many points were sent and had arrived, without its own. */
  const arrivals: { readonly sentAt: number; readonly t: number; readonly points: number }[] = [];
  /** Sent in vain so far, and told so. */
  const vain = new Set<SentPoint>();
  let toldVain = 0;

  function tellVain(t: number): void {
    if (vain.size === toldVain) return;
    toldVain = vain.size;
    log.put("held", { t, points: toldVain, bytes: 0, seen: 1 });
  }

  function find(point: ReceivedPoint, at: number, counts: Map<string, number>): SentPoint {
    const content = keyOfPoint(point);
    // Equal points of one upload are told apart by their order.
    const count = counts.get(content) ?? 0;
    counts.set(content, count + 1);
    const key = `${content} ${count}`;
    const known = sent.get(key);
    if (known !== undefined) return known;
    const inv = invocationOf(point, at);
    const made: SentPoint = { point, inv, uploads: [], place: 0, arrived: false };
    sent.set(key, made);
    const list = byInvocation.get(inv);
    if (list === undefined) byInvocation.set(inv, [made]);
    else list.push(made);
    return made;
  }

  /** By its request id; else by its time, or by the upload's when that is no time of this run. */
  function invocationOf({ tags, fields, timeNs }: ReceivedPoint, uploadedAt: number): number {
    const requestId = fields.get("aws_request_id") ?? tags.get("aws_request_id");
    const named = typeof requestId === "string" ? sandbox.byRequestId(requestId) : undefined;
    if (named !== undefined) return named.row.n;
    // Times of records are cut to the millisecond, so the starts must not be later than that.
    const at = Number(timeNs / 1_000_000n) - log.head.startedAt + 1;
    return sandbox.nearest(at > 0 && at <= uploadedAt ? at : uploadedAt)?.row.n ?? 0;
  }

  function watch(upload: ReceivedUpload, body: Uint8Array<ArrayBuffer>): ReturnType<UploadWatcher> {
    const t = log.now();
    const counts = new Map<string, number>();
    const points = upload.points.map((point) => find(point, t, counts));
    const n = uploads.length + 1;
    const tries = points[0]?.uploads.length ?? 0;
    points.forEach((point, place) => {
      point.uploads.push(n);
      point.place = place;
    });
    uploads.push({ upload, body, points });
    const row: UploadRow = {
      n,
      t,
      d: -1,
      cat: CATEGORIES.findIndex((name) => name === upload.category),
      pts: points.length,
      own: points.filter(isOwn).length,
      raw: upload.rawBytes,
      wire: upload.wireBytes,
      status: 0,
      inv: sandbox.at(t)?.row.n ?? 0,
      tries,
    };
    open.set(n, row);
    log.put("upload", row);
    tellInvocations(points);
    return (answered) => close(n, answered ? upload.status : 0, log.now());
  }

  function close(n: number, status: number, t: number): void {
    const row = open.get(n);
    const points = uploads[n - 1]?.points;
    if (row === undefined || points === undefined) return;
    open.delete(n);
    log.put("upload", { ...row, d: Math.round((t - row.t) * 10) / 10, status });
    const isTaken = status >= 200 && status < 300;
    let found = 0;
    let arrived = 0;
    for (const point of points) {
      if (point.arrived) continue;
      if (!isTaken) {
        vain.add(point);
        continue;
      }
      point.arrived = true;
      const isLost = lost.delete(point);
      if (!isOwn(point)) {
        arrived++;
        if (isLost) found++;
      }
      vain.delete(point);
    }
    if (arrived > 0) arrivals.push({ sentAt: row.t, t, points: arrived });
    if (found > 0) onFound(found);
    tellVain(t);
    if (isTaken) tellInvocations(points);
  }

  function tellInvocations(points: readonly SentPoint[]): void {
    for (const inv of new Set(points.map((point) => point.inv))) {
      if (inv > 0) sandbox.change(inv, countPoints(byInvocation.get(inv) ?? [], lost));
    }
  }

  return {
    watch,
    uploads,
    of: (inv) => byInvocation.get(inv) ?? [],
    arrivedAfter: (t) => {
      const later = arrivals.filter((arrival) => arrival.sentAt > t || arrival.t > t + ANSWER_MS);
      const sum = (of: typeof later): number => of.reduce((total, { points }) => total + points, 0);
      const isClear = ({ sentAt, t: answeredAt }: (typeof later)[number]): boolean =>
        sentAt > t + 1 || answeredAt > t + ANSWER_MS;
      const arrived = sum(later.filter(isClear));
      return { arrived, perhaps: sum(later) - arrived };
    },
    get isQuiet(): boolean {
      return open.size === 0;
    },
    giveUp: (at) => {
      for (const n of [...open.keys()]) close(n, 0, log.now(at));
    },
    lose: () => {
      const gone = [...sent.values()].filter((point) => !point.arrived && !lost.has(point));
      for (const point of gone) {
        lost.add(point);
        vain.delete(point);
      }
      tellVain(log.now());
      tellInvocations(gone);
      return gone.filter((point) => !isOwn(point)).length;
    },
  };
}

function isOwn({ point }: SentPoint): boolean {
  return point.measurement === OWN_MEASUREMENT;
}

function countPoints(
  points: readonly SentPoint[],
  lost: ReadonlySet<SentPoint>,
): Pick<InvocationRow, "pts" | "wait" | "lost"> {
  const count = (matches: (point: SentPoint) => boolean): ByCategory => {
    const counts: [number, number, number] = [0, 0, 0];
    for (const point of points) {
      const category = CATEGORIES.findIndex((name) => name === point.point.category);
      if (category >= 0 && matches(point)) counts[category as 0 | 1 | 2]++;
    }
    return counts;
  };
  return {
    pts: count(({ arrived }) => arrived),
    wait: count((point) => !point.arrived && !lost.has(point)),
    lost: count((point) => !point.arrived && lost.has(point)),
  };
}

/** Equal for equal points. */
function keyOfPoint({ category, measurement, tags, fields, timeNs }: ReceivedPoint): string {
  const text = [...tags, ...fields].map(([key, value]) => `${key}=${showValue(value)}`).join("\0");
  return `${category} ${measurement} ${timeNs} ${text.length} ${hash(text)}`;
}

/** A value of a field as text. */
export function showValue(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  if (typeof value === "object" && value !== null && "unsigned" in value) return String(value.unsigned);
  return String(value);
}

/** 32-bit FNV-1a over UTF-16 units: enough beside time, measurement and length. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
