import type { OtlpConfig } from "../../config/otlp.ts";
import type { Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { createExportHandler } from "./export_handler.ts";
import { listenGrpc } from "./grpc_server.ts";
import { createOtlpApp } from "./http_app.ts";

/** The OpenTelemetry receiver: OTLP/HTTP on the main listener and its own port, OTLP/gRPC beside it. */
export function createOtlpReceiver(config: OtlpConfig, context: ReceiverContext): Receiver {
  if (!config.enabled) return { name: "otlp" };
  const handle = createExportHandler(config, context);
  return {
    name: "otlp",
    app: createOtlpApp(config, context, handle),
    ports: config.http,
    listen: (pool) => listenGrpc(config.grpc, context, handle, pool),
  };
}
