/**
 * The flight recorder: what a request tells in detail is held and sent only where it is worth it, and what it did last
 * is written down before its deadline. A library inside the function can do so for errors that it sees; this one
 * outlives timeouts, crashes and the end of memory. Loaded only where it is on.
 */
import type { RecorderConfig } from "../config/recorder.ts";
import type { PointStore } from "../pipeline/store.ts";
import { timeMsOf, UNKNOWN_MASK } from "../point/point_range.ts";
import { type BlackBox, type BlackBoxOptions, type BoxPoint, createBlackBox } from "./blackbox.ts";
import { createHeldRequests, type HeldRequests, type HeldRequestsOptions } from "./held_requests.ts";
import type { HoldReason } from "./rings.ts";

/** What makes logs sees this of the recorder. */
export interface LogRecorder {
  /** Logs that sampling leaves out are wanted, too. */
  readonly takesLogs: boolean;
  /** Why a log of this status is held; `undefined`: it is not. */
  reasonToHold(status: string, sampledOut: boolean): HoldReason | undefined;
  /** Has `write` write points of a request, and holds them until its verdict. */
  hold(requestId: string | undefined, reason: HoldReason, write: () => void): void;
  /** A line that is sent or held, as it is sent. */
  line(requestId: string | undefined, text: string): void;
}

/** The recorder of one sandbox. */
export interface FlightRecorder
  extends LogRecorder, Pick<HeldRequests, "ended" | "shutdown" | "restored" | "shed" | "held" | "heldBytes"> {
  /** Holds spans that sampling leaves out, for the request that runs; `undefined`: they are not wanted. */
  readonly sampledOut: ((write: () => void) => void) | undefined;
  /** An INVOKE came; `deadlineAt` in Unix ms. */
  invoked(event: { readonly requestId: string; readonly deadlineAt: number }): void;
}

export interface FlightRecorderOptions
  extends
    Omit<HeldRequestsOptions, "config">,
    Pick<BlackBoxOptions, "createProbe" | "memorySizeMb" | "file"> {
  readonly config: RecorderConfig;
  /** Leads points that are written meanwhile elsewhere. */
  readonly divert: (append: PointStore["append"], write: () => void) => void;
}

/** Spans that began so long before an INVOKE came to us may still be of its request, in ms. */
const TOLERANCE_MS = 20;

/** A request, and when we were told of it, in Unix ms. */
interface Running {
  readonly requestId: string;
  readonly invokedAt: number;
}

/** Nothing has happened yet; what an earlier process left behind is sent. */
export function createFlightRecorder(options: FlightRecorderOptions): FlightRecorder {
  const { config, store, divert, write } = options;
  const { parts } = config;
  const requests: HeldRequests = createHeldRequests(options);
  const box: BlackBox | undefined = !parts.has("blackbox") ? undefined : createBlackBox({
    ...options,
    encode: (draft) => encoded(() => write(draft)),
    send,
  });
  let running: Running | undefined;
  let previous: Running | undefined;

  const left = box === undefined ? undefined : options.file?.take();
  if (left !== undefined) send({ bytes: left, commonMask: UNKNOWN_MASK });

  function send({ bytes, commonMask }: BoxPoint): void {
    store.append("telemetry", "logging", bytes, bytes.length, commonMask);
  }

  function encoded(writePoint: () => void): BoxPoint | undefined {
    let point: BoxPoint | undefined;
    const take: PointStore["append"] = (_source, _category, bytes, length, commonMask) => {
      point = { bytes: bytes.slice(0, length), commonMask };
    };
    divert(take, writePoint);
    return point;
  }

  function hold(requestId: string | undefined, reason: HoldReason, writePoints: () => void): void {
    divert((source, category, bytes, length, mask) => {
      requests.place(requestId, { source, category, reason }, bytes, length, mask);
    }, writePoints);
  }

  /** Tracers send late: a span that began before the request that runs is of the one before. */
  function holdSpans(writeSpans: () => void): void {
    divert((source, category, bytes, length, mask) => {
      const isLate = running !== undefined && timeMsOf(bytes, length) < running.invokedAt - TOLERANCE_MS;
      const { requestId } = (isLate ? previous ?? running : running) ?? {};
      requests.place(requestId, { source, category, reason: "sampled" }, bytes, length, mask);
    }, writeSpans);
  }

  return {
    takesLogs: parts.has("logs"),
    reasonToHold: (status, sampledOut) => {
      if (!parts.has("logs")) return undefined;
      return sampledOut ? "sampled" : requests.isBelowLevel(status) ? "level" : undefined;
    },
    hold,
    line: (requestId, text) => box?.line(requestId, text),
    sampledOut: parts.has("traces") ? holdSpans : undefined,
    invoked: ({ requestId, deadlineAt }) => {
      [previous, running] = [running, { requestId, invokedAt: options.now() }];
      requests.invoked(requestId);
      box?.invoked(requestId, deadlineAt);
    },
    ended: (outcome) => {
      requests.ended(outcome);
      box?.ended(outcome);
    },
    shutdown: (reason) => {
      requests.shutdown(reason);
      box?.close();
    },
    restored: requests.restored,
    shed: requests.shed,
    get held() {
      return requests.held;
    },
    get heldBytes() {
      return requests.heldBytes;
    },
  };
}
