import type { OtlpConfig } from "../../config/otlp.ts";
import type { Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { createExportHandler, type Relay } from "./export_handler.ts";
import { createGrpcCalls } from "./grpc_calls.ts";
import { createOtlpApp } from "./http_app.ts";

/** The OpenTelemetry receiver: OTLP over HTTP and gRPC, which each of its ports and the main listener tell apart. */
export function createOtlpReceiver(config: OtlpConfig, context: ReceiverContext, relay?: Relay): Receiver {
  if (!config.enabled) return { name: "otlp" };
  const handle = createExportHandler(config, context, relay);
  return {
    name: "otlp",
    app: createOtlpApp(config, context, handle),
    calls: createGrpcCalls(context, handle),
    ports: [...config.http, ...config.grpc],
  };
}
