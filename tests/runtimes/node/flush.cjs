"use strict";
// One span or one count an invocation, by the SDK that FUNCTION_SDK names; flushed if FUNCTION_FLUSH says so.
const flushes = process.env.FUNCTION_FLUSH === "yes";

function openTelemetry() {
  const { NodeSDK } = require("@opentelemetry/sdk-node");
  const { trace } = require("@opentelemetry/api");
  new NodeSDK().start();
  const tracer = trace.getTracer("shop");
  return async () => {
    tracer.startSpan("price").end();
    if (flushes) await trace.getTracerProvider().getDelegate().forceFlush();
  };
}

function ddTrace() {
  const tracer = require("dd-trace").init();
  return () => tracer.trace("price", () => {});
}

function hotShots(options) {
  const { StatsD } = require("hot-shots");
  const client = new StatsD(options);
  return async () => {
    client.increment("shop.orders");
    if (flushes) await new Promise((resolve) => client.flush(resolve));
  };
}

const SDKS = {
  opentelemetry: openTelemetry,
  ddtrace: ddTrace,
  statsd: () => hotShots({}),
  "statsd buffered": () => hotShots({ maxBufferSize: 1432 }),
};
const work = SDKS[process.env.FUNCTION_SDK]();

exports.handler = async () => {
  await work();
  return "ok";
};
