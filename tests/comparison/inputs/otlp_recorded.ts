import { type Group, recorded } from "../input.ts";

/** What real SDKs send. */
export const OTLP_RECORDED: Group = {
  name: "otlp_recorded",
  inputs: [
    "opentelemetry-js-http-protobuf",
    "opentelemetry-js-http-json",
    "opentelemetry-js-grpc-delta",
    "opentelemetry-python-http-protobuf",
    "opentelemetry-python-grpc-delta",
  ].map(recorded),
};
