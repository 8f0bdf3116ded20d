/**
 * The platform's data in OpenTelemetry's form, gathered up to a flush, so that all of an invocation shares one resource.
 */
import { describeError, type Logger } from "@std/log";
import type { TargetSignal } from "../config/otlp_target.ts";
import type { MemberMask } from "../log_rules/rules.ts";
import type { PlatformTap } from "../lambda/platform_tap.ts";
import { createProtobufWriter, type ProtobufWriter } from "../point/protobuf_writer.ts";
import { putLogRecord } from "./log_records.ts";
import { createMetricGatherer } from "./metrics.ts";
import { encodeResourceEntry, type Scope } from "./proto.ts";
import { SCHEMA_URL } from "./resource.ts";
import { maskSpan, putSpan } from "./spans.ts";

export interface PlatformOptions {
  readonly takes: (signal: TargetSignal) => boolean;
  /** Takes one entry with this many data; copies it. */
  readonly append: (signal: TargetSignal, bytes: Uint8Array, count: number) => void;
  /** A datum could not be told in this form. */
  readonly refuse: () => void;
  /** A `Resource`, as known now; `instance`: the sandbox's name, if the platform told it. */
  readonly resource: (instance: string | undefined) => Uint8Array;
  /** Masks texts of spans; `undefined`: no rule does. */
  readonly spanMask: MemberMask | undefined;
  /** What the invocation's span is called. */
  readonly functionName: string;
  /** Our own version. */
  readonly version: string;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** The tap, and what hands on what it gathered. */
export interface Platform extends PlatformTap {
  /** To be called at each flush. */
  collect(): void;
}

const SCOPE_NAME = "datakit-lambda-extension";
/** What is gathered above this is handed on before the flush, in bytes. */
const FULL_BYTES = 64 * 1024;
const INITIAL_BYTES = 512;

/** Spans or records that are gathered. */
interface Pile {
  items: Uint8Array[];
  sizeBytes: number;
}

/** Nothing gathered yet. */
export function createPlatform(options: PlatformOptions): Platform {
  const { takes, append, refuse, log, now } = options;
  const scope: Scope = { name: SCOPE_NAME, version: options.version };
  const metrics = createMetricGatherer(nowNs());
  let instance: string | undefined;
  const spans: Pile = { items: [], sizeBytes: 0 };
  const records: Pile = { items: [], sizeBytes: 0 };

  function nowNs(): bigint {
    return BigInt(Math.floor(now())) * 1_000_000n;
  }

  function hand(signal: TargetSignal, items: Uint8Array, count: number): void {
    append(signal, encodeResourceEntry(options.resource(instance), scope, items, SCHEMA_URL), count);
  }

  function add(signal: TargetSignal, pile: Pile, put: (writer: ProtobufWriter) => boolean): void {
    try {
      const writer = createProtobufWriter(INITIAL_BYTES);
      if (!put(writer)) return refuse();
      const item = writer.finish();
      pile.items.push(item);
      pile.sizeBytes += item.length;
    } catch (error) {
      refuse();
      log.error("A datum could not be told to the OTLP target", { error: describeError(error) });
    }
    if (pile.sizeBytes >= FULL_BYTES) seal(signal, pile);
  }

  function seal(signal: TargetSignal, pile: Pile): void {
    const { items, sizeBytes } = pile;
    if (items.length === 0) return;
    pile.items = [];
    pile.sizeBytes = 0;
    const all = createProtobufWriter(sizeBytes);
    for (const item of items) all.raw(item);
    hand(signal, all.finish(), items.length);
  }

  return {
    started: (instanceId) => {
      instance = instanceId;
      // What a snapshot holds was gathered elsewhere, and perhaps long ago.
      metrics.restart(nowNs());
    },
    figures: (figures) => {
      if (takes("metrics")) metrics.add(figures);
    },
    span: (span) => {
      if (!takes("traces")) return;
      const { spanMask, functionName } = options;
      const told = spanMask === undefined ? span : maskSpan(span, spanMask);
      add("traces", spans, (writer) => putSpan(writer, told, functionName));
    },
    log: (kept, timeNs) => {
      if (!takes("logs")) return;
      add("logs", records, (writer) => {
        putLogRecord(writer, kept, timeNs, nowNs());
        return true;
      });
    },
    collect: () => {
      const taken = metrics.take(nowNs());
      if (taken !== undefined) hand("metrics", taken.bytes, taken.count);
      seal("traces", spans);
      seal("logs", records);
    },
  };
}
