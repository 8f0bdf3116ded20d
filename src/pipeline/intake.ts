/** The one way in for points, whatever their source: rules, account, splitting, times, store. */
import type { CommonKeys } from "../point/common_tags.ts";
import type { Source } from "../point/point.ts";
import { OWN_TAGS_MASK, UNKNOWN_MASK } from "../point/point_range.ts";
import { createPointWriter } from "../point/create_point_writer.ts";
import type { PointKind } from "../point/point_kind.ts";
import type { LongPointSink, PointStep, PointWriter } from "../point/point_writer.ts";
import { MAX_MESSAGE_BYTES, splitMessage } from "../point/split_message.ts";
import type { Ledger } from "./ledger.ts";
import type { Intake, InvocationSpan } from "./receiver.ts";
import type { PointStore, StoreDoor } from "./store.ts";
import { createTimeSpread } from "./time_spread.ts";

/** All sources' ways in, over one writer. */
export interface IntakeHub {
  of(source: Source): Intake;
  /** Points that are finished while `write` runs go to `append`, not into the store. */
  divert(append: PointStore["append"], write: () => void): void;
  /** A new identity for the times of metrics: after a snapshot many sandboxes wake up with one memory. */
  redraw(): void;
}

export interface IntakeHubOptions {
  readonly store: StoreDoor;
  readonly ledger: Ledger;
  /** The keys that common tags may have. */
  readonly commonKeys?: CommonKeys;
  /** Gives the same span with its texts masked, long ones in steps; `undefined`: as it is. @default none is masked */
  readonly spanMasker?: {
    mask(bytes: Uint8Array, length: number): Uint8Array | undefined;
    steps(bytes: Uint8Array): Generator<undefined, Uint8Array | undefined>;
  } | undefined;
  /** Told of the first span of a tracer's. */
  readonly onTracer?: () => void;
  /** Told of tracers' spans of invocations. */
  readonly onInvocationSpan?: (span: InvocationSpan) => void;
}

/** Whose spans are a tracer's. */
const TRACERS: ReadonlySet<Source> = new Set(["otlp", "ddtrace"]);
/** Whose metrics carry times of our own or the platform's making; clients' times are never touched. */
const SPREAD_SOURCES: ReadonlySet<Source> = new Set(["telemetry", "statsd", "self"]);

/** A hub before the first point. */
export function createIntakeHub(options: IntakeHubOptions): IntakeHub {
  const { store, ledger, commonKeys, spanMasker, onTracer } = options;
  let hasTracer = false;
  let append: PointStore["append"] = store.append;
  const spread = createTimeSpread();
  const writer: PointWriter = createPointWriter({
    ...(commonKeys === undefined ? {} : { commonKeys }),
    trimmed: (source) => ledger.refused(source, "trimmed"),
    metricTime: { sources: SPREAD_SOURCES, move: spread.move },
    commit,
    openLongSink,
  });

  function tracerSeen(): void {
    if (hasTracer) return;
    hasTracer = true;
    onTracer?.();
  }

  function commit(
    kind: PointKind,
    source: Source,
    bytes: Uint8Array,
    length: number,
    mask: number,
    isOwn = false,
  ): void {
    const { category } = kind;
    if (category === "logging" && length > MAX_MESSAGE_BYTES && isSplit(source, bytes, length, mask)) return;
    // A span that is only held may never be there.
    if (category === "tracing" && TRACERS.has(source) && append === store.append) tracerSeen();
    const masked = category === "tracing" ? spanMasker?.mask(bytes, length) : undefined;
    if (masked !== undefined) return append(source, category, masked, masked.length, mask);
    append(source, category, bytes, length, mask, isOwn);
  }

  /** What is ended now goes where it would go now, whenever it is finished. */
  function openLongSink(kind: PointKind, source: Source, mask: number): LongPointSink {
    const to = append;
    const masker = kind.category === "tracing" ? spanMasker : undefined;
    const appendSteps = to === store.append ? store.appendSteps : undefined;

    function* commitSteps(bytes: Uint8Array): Generator<undefined, void> {
      const { category } = kind;
      if (category === "tracing" && TRACERS.has(source) && to === store.append) tracerSeen();
      const made = (masker && (yield* masker.steps(bytes))) ?? bytes;
      if (appendSteps !== undefined) yield* appendSteps(source, category, made, mask, true);
      else to(source, category, made, made.length, mask, true);
    }

    function commitLong(bytes: Uint8Array): PointStep | undefined {
      if (kind.category === "logging" && bytes.length > MAX_MESSAGE_BYTES) {
        let isDone = false;
        divert(to, () => isDone = isSplit(source, bytes, bytes.length, mask));
        if (isDone) return undefined;
      }
      const steps = commitSteps(bytes);
      return () => steps.next().done === true;
    }

    return {
      commit: (bytes) => {
        if (masker !== undefined || appendSteps !== undefined) return commitLong(bytes);
        divert(to, () => commit(kind, source, bytes, bytes.length, mask, true));
        return undefined;
      },
      commitPart: (bytes) => {
        if (appendSteps === undefined) return void to(source, "logging", bytes, bytes.length, partMask(mask));
        const steps = appendSteps(source, "logging", bytes, partMask(mask), false);
        return () => steps.next().done === true;
      },
      split: ({ isTrimmed, parts }) => isTrimmed && ledger.refused(source, "trimmed", parts),
      trimmed: () => ledger.refused(source, "trimmed"),
    };
  }

  function divert(to: PointStore["append"], write: () => void): void {
    append = to;
    try {
      write();
    } finally {
      append = store.append;
    }
  }

  /** Apart from the rest: a function that has a closure in it costs an object each time it is called. */
  function isSplit(source: Source, bytes: Uint8Array, length: number, mask: number): boolean {
    const split = splitMessage(bytes.subarray(0, length), (part) => {
      append(source, "logging", part, part.length, partMask(mask));
    });
    if (split?.isTrimmed === true) ledger.refused(source, "trimmed", split.parts);
    return split !== undefined;
  }

  return {
    of: (source) => ({
      writer,
      begin: (kind) => writer.begin(kind, source),
      write: (draft) => writer.write(draft, source),
      refuse: (reason, count) => ledger.refused(source, reason, count),
      invocationSpan: options.onInvocationSpan,
    }),
    divert,
    redraw: spread.redraw,
  };
}

/** Parts of a message have keys that the whole one has not. */
function partMask(mask: number): number {
  return mask === OWN_TAGS_MASK ? mask : UNKNOWN_MASK;
}
