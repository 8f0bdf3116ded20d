import { describeError } from "@std/log";
import type { OtlpConfig } from "../../config/otlp.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { decodeJsonLogs } from "./json_logs.ts";
import { decodeJsonMetrics } from "./json_metrics.ts";
import { decodeJsonTraces } from "./json_traces.ts";
import { createLogsToPoints } from "./logs_to_points.ts";
import { createMetricsToPoints } from "./metrics_to_points.ts";
import type { OtlpRequest } from "./model.ts";
import { createPointSink, type PointSink } from "./point_sink.ts";
import { decodeProtoLogs } from "./proto_logs.ts";
import { decodeProtoMetrics } from "./proto_metrics.ts";
import { decodeProtoTraces } from "./proto_traces.ts";
import { createSpansToPoints } from "./spans_to_points.ts";
import { type Clock, createClock } from "./time.ts";

/** What a request exports. */
export type Signal = "traces" | "metrics" | "logs";
export type Encoding = "protobuf" | "json";

/** What became of an export request. Nothing of an undecodable one was taken. */
export type ExportOutcome =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  | { readonly kind: "undecodable"; readonly message: string };

/** Takes one request's body, inflated: decodes it, hands its points on and counts what it refuses. Never throws. */
export type ExportHandler = (signal: Signal, encoding: Encoding, body: Uint8Array) => ExportOutcome;

/** What a rejected datum is called, as protobuf-JSON names its count and as a sentence does. */
const NOUNS: Readonly<Record<Signal, string>> = {
  traces: "spans",
  metrics: "data points",
  logs: "log records",
};

/** One signal's way from bytes to points. */
type Pipeline = (encoding: Encoding, body: Uint8Array, sink: PointSink, clock: Clock) => void;

/** The way in that OTLP/HTTP and OTLP/gRPC share. Mappings are made when a signal first comes. */
export function createExportHandler(config: OtlpConfig, context: ReceiverContext): ExportHandler {
  const pipelines = new Map<Signal, Pipeline>();

  function pipelineOf(signal: Signal): Pipeline {
    const pipeline = pipelines.get(signal) ?? createPipeline(signal, config, context);
    pipelines.set(signal, pipeline);
    return pipeline;
  }

  return (signal, encoding, body) => {
    const sink = createPointSink(context);
    try {
      // Zero bytes are an empty request in protobuf; in JSON they are what some clients send for one.
      if (body.length > 0) pipelineOf(signal)(encoding, body, sink, createClock(context.now()));
    } catch (error) {
      context.refuse("malformed");
      context.log.warn(`An OTLP request for ${signal} could not be decoded`, {
        encoding,
        error: describeError(error),
      });
      return { kind: "undecodable", message: `Cannot decode the request: ${describeError(error)}` };
    } finally {
      sink.flush();
    }
    if (sink.rejected === 0) return { kind: "taken", rejected: 0, message: "" };
    context.refuse("malformed", sink.rejected);
    const message = `Cannot take ${sink.rejected} ${NOUNS[signal]} as ${sink.reason}`;
    return { kind: "taken", rejected: sink.rejected, message };
  };
}

function createPipeline(signal: Signal, config: OtlpConfig, context: ReceiverContext): Pipeline {
  switch (signal) {
    case "traces": {
      const map = createSpansToPoints(config);
      const sampledOut = (): void => context.refuse("sampled_out");
      return join(
        decodeProtoTraces,
        decodeJsonTraces,
        (request, sink, clock) => map(request, sink, clock, sampledOut),
      );
    }
    case "metrics":
      return join(decodeProtoMetrics, decodeJsonMetrics, createMetricsToPoints(config, context.instanceId));
    case "logs":
      return join(decodeProtoLogs, decodeJsonLogs, createLogsToPoints(config));
  }
}

function join<Item>(
  decodeProto: (body: Uint8Array) => OtlpRequest<Item>,
  decodeJson: (body: Uint8Array) => OtlpRequest<Item>,
  map: (request: OtlpRequest<Item>, sink: PointSink, clock: Clock) => void,
): Pipeline {
  return (encoding, body, sink, clock) => {
    const request = encoding === "json" ? decodeJson(body) : decodeProto(body);
    if (request.malformed > 0) sink.reject("they could not be decoded", request.malformed);
    if (request.trimmed !== undefined) sink.trim(request.trimmed);
    map(request, sink, clock);
  };
}
