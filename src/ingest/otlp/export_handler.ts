import { describeError } from "@std/log";
import type { OtlpConfig } from "../../config/otlp.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { createTimeSlice, type TimeSlice } from "../../time_slice.ts";
import { createRequestSink, type RequestSink } from "./request_sink.ts";
import { type MakeVisitor, type RequestVisitor, walkRequest } from "./request_walk.ts";
import { createClock } from "./time.ts";

/** What a request exports. */
export type Signal = "traces" | "metrics" | "logs";
export type Encoding = "protobuf" | "json";

/** What became of an export request. Nothing of an undecodable one was taken. */
export type ExportOutcome =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  | { readonly kind: "undecodable"; readonly message: string };

/**
 * Takes one request's body, inflated: decodes it, writes its points and counts what it refuses. A long one lets the rest
 * of the program run in between; the body must stay as it is until then, or until `release` tells that it is not needed any
 * more, and how many bytes are used in its place. Never throws.
 */
export type ExportHandler = (
  signal: Signal,
  encoding: Encoding,
  body: Uint8Array,
  release?: (usedBytes: number) => void,
) => Promise<ExportOutcome>;

/**
 * Takes a request that was read, in protobuf, for somewhere else. `malformed`: the places, in pairs of begin and end, of
 * the items that could not be read. Lets the rest of the program run as `slice` tells.
 */
export type Relay = (
  signal: Signal,
  bytes: Uint8Array,
  malformed: readonly number[],
  slice: TimeSlice,
) => Promise<void>;

/** What a rejected datum is called in a sentence. */
const NOUNS: Readonly<Record<Signal, string>> = {
  traces: "spans",
  metrics: "data points",
  logs: "log records",
};

/** The way in that OTLP/HTTP and OTLP/gRPC share. Mappings are loaded and made when a signal first comes. */
export function createExportHandler(
  config: OtlpConfig,
  context: ReceiverContext,
  relay?: Relay,
): ExportHandler {
  const makers = new Map<Signal, Promise<MakeVisitor>>();

  function makerOf(signal: Signal): Promise<MakeVisitor> {
    const maker = makers.get(signal) ?? loadMaker(signal, config, context);
    makers.set(signal, maker);
    return maker;
  }

  async function take(
    signal: Signal,
    encoding: Encoding,
    body: Uint8Array,
    sink: RequestSink,
    release: (usedBytes: number) => void,
  ): Promise<void> {
    const slice = createTimeSlice(context.isFilling);
    if (encoding === "protobuf") return await takeProtobuf(signal, body, false, sink, slice);
    const transcoded = await fromJson(signal, body, sink, slice);
    release(transcoded.length);
    try {
      await takeProtobuf(signal, transcoded, true, sink, slice);
    } finally {
      // All that is kept of it was copied. As garbage it would be as much again as the body.
      transcoded.buffer.transfer(0);
    }
  }

  /** `isOwn`: transcoded by us, with members of our own. */
  async function takeProtobuf(
    signal: Signal,
    bytes: Uint8Array,
    isOwn: boolean,
    sink: RequestSink,
    slice: TimeSlice,
  ): Promise<void> {
    const makeVisitor = await makerOf(signal);
    const visitor = makeVisitor(bytes, isOwn, sink, createClock(context.now()));
    const places: number[] = [];
    const watched = relay === undefined ? visitor : watch(visitor, places);
    const malformed = await walkRequest(bytes, watched, slice, context.writer);
    if (malformed > 0) sink.reject("they could not be decoded", malformed);
    await relay?.(signal, bytes, places, slice);
  }

  async function fromJson(
    signal: Signal,
    body: Uint8Array,
    sink: RequestSink,
    slice: TimeSlice,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const [{ jsonToProto }, { isForeign, JSON_REQUESTS }] = await Promise.all([
      import("./json_to_proto.ts"),
      import("./json_schema.ts"),
    ]);
    const { bytes, malformed, trimmed } = await jsonToProto(body, JSON_REQUESTS[signal], slice);
    if (malformed > 0) sink.reject("they could not be decoded", malformed);
    else if (bytes.length === 0 && isForeign(body, JSON_REQUESTS[signal])) {
      sink.reject(`the request is none for ${signal}`, 1);
    }
    if (trimmed > 0) context.refuse("trimmed", trimmed);
    return bytes;
  }

  return async (signal, encoding, body, release = () => {}) => {
    const sink = createRequestSink();
    try {
      // Zero bytes are an empty request in protobuf; in JSON they are what some clients send for one.
      if (body.length > 0) await take(signal, encoding, body, sink, release);
    } catch (error) {
      context.refuse("malformed");
      context.log.warn(`An OTLP request for ${signal} could not be decoded`, {
        encoding,
        error: describeError(error),
      });
      return { kind: "undecodable", message: `Cannot decode the request: ${describeError(error)}` };
    }
    const rejected = sink.rejected();
    if (rejected === 0) return { kind: "taken", rejected: 0, message: "" };
    context.refuse("malformed", rejected);
    const message = `Cannot take ${rejected} ${NOUNS[signal]} as ${sink.reason()}`;
    return { kind: "taken", rejected, message };
  };
}

/** The visitor, and beside it the places of the items that it cannot read. */
function watch(visitor: RequestVisitor, malformed: number[]): RequestVisitor {
  let from = 0;
  let to = 0;
  const noted = (work: () => number): number => {
    try {
      return work();
    } catch (error) {
      if (malformed.at(-1) !== to) malformed.push(from, to);
      throw error;
    }
  };
  const { part } = visitor;
  return {
    ...visitor,
    item: (itemFrom, itemTo) => {
      from = itemFrom;
      to = itemTo;
      return noted(() => visitor.item(itemFrom, itemTo));
    },
    ...(part === undefined ? {} : { part: () => noted(part) }),
  };
}

async function loadMaker(signal: Signal, config: OtlpConfig, context: ReceiverContext): Promise<MakeVisitor> {
  switch (signal) {
    case "traces":
      return (await import("./spans_to_points.ts")).createSpansToPoints(config, context);
    case "metrics":
      return (await import("./metrics_to_points.ts")).createMetricsToPoints(
        config,
        context,
        context.instanceId,
      );
    case "logs":
      return (await import("./logs_to_points.ts")).createLogsToPoints(config, context);
  }
}
