import type { Hono } from "@hono/hono";
import type { Logger } from "@std/log";
import type { ConnectionPool } from "../net/connection_pool.ts";
import type { CallHandler } from "../net/http_connection.ts";
import type { Sockets } from "../net/sockets.ts";
import type { PointDraft } from "../point/point.ts";
import type { PointKind } from "../point/point_kind.ts";
import type { PointWriter } from "../point/point_writer.ts";

/** Why something that arrived did not become a point. `malformed`: undecodable or against the protocol's rules. */
export type RefusalReason =
  | "malformed"
  | "unsupported"
  | "too_large"
  /** There was no room for its body beside others. The client was asked to send it again. */
  | "overloaded"
  | "sampled_out"
  | "duplicate"
  | "filtered"
  | "too_many_series"
  /** The kernel had no room for a packet, as what came before had not been read yet. Counted in packets. */
  | "socket_full"
  /** Held by the flight recorder for a request that ended well. */
  | "recorder_discarded"
  /** The flight recorder had no room for it any more. */
  | "recorder_evicted"
  /** The point was kept, but Dataway's rules shortened or left out a part of it. */
  | "trimmed";

/** What a receiver is given: where its points go, and where it reports what it could not take. */
export interface Intake {
  /** Writes this receiver's points: {@link begin} first, then the writer's own methods up to an end. */
  readonly writer: PointWriter;
  readonly begin: (kind: PointKind) => void;
  /** A whole point at once; `false` when the rules leave no field of it. */
  readonly write: (draft: PointDraft) => boolean;
  /** Counts `count` data (spans, lines, records …) that arrived and were not kept, by reason. */
  readonly refuse: (reason: RefusalReason, count?: number) => void;
  /** Tells of a tracer's span that is an invocation's own, or, ahead of it, of the trace that it will be in. */
  readonly invocationSpan?: ((span: InvocationSpan) => void) | undefined;
  /** Has `write` write a span that sampling leaves out, and holds it for the recorder; `undefined`: nobody wants it. */
  readonly sampledOut?: ((write: () => void) => void) | undefined;
}

/** A tracer's span of an invocation, its ids as its points have them. */
export interface InvocationSpan {
  readonly requestId: string;
  readonly traceId: string;
  /** `undefined`: the span has not come yet. */
  readonly spanId: string | undefined;
  /** `0`: it has none. */
  readonly parentId: string;
}

/** Bounds of one request body. */
export interface BodyLimits {
  /** Bytes as they come over the wire. */
  readonly maxWireBytes: number;
  /** Bytes after inflating. */
  readonly maxInflatedBytes: number;
  /** Longest time between the first and the last byte of a body, in ms. */
  readonly timeoutMs: number;
}

/** What every receiver is built with, besides its own settings. */
export interface ReceiverContext extends Intake {
  readonly log: Logger;
  readonly limits: BodyLimits;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Whether points fill the store although what it holds is being sent, so that a request should wait. @default never */
  readonly isFilling?: (() => boolean) | undefined;
  /** This sandbox's own name, as of now: a snapshot that wakes up in many sandboxes has another in each. */
  readonly instanceId: () => string;
}

/** An invocation as the platform saw it, told to receivers once its runtime is done. */
export interface FinishedInvocation {
  readonly requestId: string;
  /** Unix time in nanoseconds at which the event was handed to the runtime. */
  readonly startNs: bigint;
  readonly durationMs: number;
  readonly status: "success" | "error" | "failure" | "timeout";
  /** The platform's word, else what the runtime's own line tells of the exception. */
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly coldStart: boolean;
}

/** A port a receiver wants its routes on, besides the main listener. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** What a receiver of sockets is given. */
export interface ListenOptions {
  /** Bound ahead, or to be bound. */
  readonly sockets: Sockets;
  readonly pool: ConnectionPool;
}

/**
 * One way into the extension. A receiver is complete in itself: its Hono app answers its protocol's errors in
 * its protocol's form. Everything is optional; a receiver may be only a socket or only routes.
 */
export interface Receiver {
  /** Short name used in settings, logs and the ledger, e.g. `otlp`. */
  readonly name: string;
  /** Routes, mounted at `/` on the main listener and served alone on each of {@link ports}. */
  readonly app?: Hono;
  /** Calls that need HTTP/2 (gRPC), served wherever {@link app} is. */
  readonly calls?: CallHandler;
  /** Its routes are served on the ports of all other receivers, too. */
  readonly isEverywhere?: boolean;
  /** Loopback ports that serve {@link app} too. A taken port is logged once and skipped. */
  readonly ports?: readonly ListenAddress[];
  /**
   * Serves sockets that are not HTTP (UDP, TCP, Unix), whose connections take places in the pool. Resolves to what
   * closes them; never rejects for a taken port.
   */
  readonly listen?: (on: ListenOptions) => Promise<AsyncDisposable>;
  /** Aggregates so far, handed on at each flush. Drains sockets first where data may still sit in them. */
  readonly collect?: () => Promise<void> | void;
  /** Called once `next` is asked for: loads, beside all else, what a first request is sure to need. Returns at once. */
  readonly prepare?: () => void;
  /** Told of each invocation once, after its `platform.runtimeDone` (or its last sign of life). */
  readonly invocationDone?: (invocation: FinishedInvocation) => void;
}
