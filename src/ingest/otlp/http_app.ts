import { Hono } from "@hono/hono";
import { STATUS_CODE } from "@std/http/status";
import type { OtlpConfig } from "../../config/otlp.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { bodyTurn, mediaType, readBody, releaseBody } from "../body.ts";
import { refusalOf } from "../body_result.ts";
import type { Encoding, ExportHandler, Signal } from "./export_handler.ts";
import { encodeExportResponse, encodeStatus } from "./proto_responses.ts";

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  "application/x-protobuf": "protobuf",
  "application/protobuf": "protobuf",
  "": "protobuf",
  "application/json": "json",
};
const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};
const REJECTED_KEYS: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
};
/** `google.rpc.Code` of the refusals there are. */
const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 408: 4, 413: 8, 500: 13, 503: 14 };
const HINT = "Cannot serve this path as OTLP/HTTP is at /v1/traces, /v1/metrics and /v1/logs\n";

/**
 * OTLP/HTTP at its own paths and at DataKit's (`/otel/v1/*`). Answers in the request's encoding once the body was
 * read; with a status that makes a client wait and send again only where there was no room for the body.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpApp(config: OtlpConfig, context: ReceiverContext, handle: ExportHandler): Hono {
  const app = new Hono();
  let hinted = false;

  // Not by the router: base URL and path join to `//v1/traces` and `/v1/traces/` in practice.
  app.use(async (c, next) => {
    const request = c.req.raw;
    const signal = toSignal(c.req.path);
    if (signal === undefined) {
      if (!isOwnPort(request.url, config)) return await next();
      await readBody(request, context.limits);
      if (!hinted) context.log.warn("A request to the OTLP port has an unknown path", { path: c.req.path });
      hinted = true;
      return c.text(HINT, STATUS_CODE.NotFound);
    }
    await bodyTurn(request);
    const body = await readBody(request, context.limits);
    if (request.method !== "POST") {
      return c.text("Cannot take a request as its method must be POST\n", STATUS_CODE.MethodNotAllowed, {
        allow: "POST",
      });
    }
    const encoding = Object.hasOwn(ENCODINGS, mediaType(request)) ? ENCODINGS[mediaType(request)] : undefined;
    if (encoding === undefined) {
      context.refuse("unsupported");
      const types = Object.values(CONTENT_TYPES).join(" or ");
      return c.text(`Cannot take a request as its type must be ${types}\n`, STATUS_CODE.UnsupportedMediaType);
    }
    if (!body.ok) {
      context.refuse(refusalOf(body));
      return toFailure(body.status, body.error, encoding);
    }
    const outcome = await handle(signal, encoding, body.bytes, (usedBytes) => {
      releaseBody(request, body.bytes, usedBytes);
    });
    releaseBody(request, body.bytes);
    if (outcome.kind === "undecodable") return toFailure(STATUS_CODE.BadRequest, outcome.message, encoding);
    return toSuccess(signal, encoding, outcome.rejected, outcome.message);
  });

  app.onError((_error, c) => c.text("Cannot handle the request\n", STATUS_CODE.InternalServerError));
  return app;
}

function toSignal(path: string): Signal | undefined {
  switch (/^\/+(?:otel\/+)?v1\/+(traces|metrics|logs)\/*$/.exec(path)?.[1]) {
    case "traces":
      return "traces";
    case "metrics":
      return "metrics";
    case "logs":
      return "logs";
    default:
      return undefined;
  }
}

/** Whether the request came to a port that speaks nothing but OTLP, so that an unknown path is a mistake. */
function isOwnPort(url: string, { http }: OtlpConfig): boolean {
  const port = Number(/^https?:\/\/[^/]*:(\d+)(?:\/|$)/.exec(url)?.[1]);
  return http.some((address) => address.port === port);
}

function toSuccess(signal: Signal, encoding: Encoding, rejected: number, message: string): Response {
  if (encoding === "protobuf") {
    return respond(STATUS_CODE.OK, encodeExportResponse(rejected, message), encoding);
  }
  const partialSuccess = { [REJECTED_KEYS[signal]]: String(rejected), errorMessage: message };
  return respond(STATUS_CODE.OK, JSON.stringify(rejected === 0 ? {} : { partialSuccess }), encoding);
}

function toFailure(status: number, message: string, encoding: Encoding): Response {
  const code = RPC_CODES[status] ?? 2;
  const body = encoding === "json" ? JSON.stringify({ code, message }) : encodeStatus(code, message);
  return respond(status, body, encoding);
}

function respond(status: number, body: BodyInit, encoding: Encoding): Response {
  return new Response(body, { status, headers: { "content-type": CONTENT_TYPES[encoding] } });
}
