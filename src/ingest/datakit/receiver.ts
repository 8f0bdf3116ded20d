import { type Context, Hono } from "@hono/hono";
import { STATUS_CODE } from "@std/http/status";
import type { DatakitApiConfig } from "../../config/datakit_api.ts";
import type { Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { CATEGORIES, type Category } from "../../point/point.ts";
import { bodyTurn, mediaType, readBody, releaseBody } from "../body.ts";
import { refusalOf } from "../body_result.ts";
import { createTimeSlice } from "../../time_slice.ts";
import type { BeginDecoding } from "./decoded.ts";
import { parseEcho } from "./echo.ts";
import { createJsonCheck, createJsonDecoder } from "./json_decoder.ts";
import { createLineProtocolDecoder } from "./line_protocol_decoder.ts";
import { parsePrecision, type Precision } from "./precision.ts";
import { createProtobufDecoder } from "./protobuf_decoder.ts";
import { createWirePointWriter, type WireDecoder } from "./wire_point.ts";
import { createBodyWriter } from "./write_points.ts";

/** Form of a body; what no media type claims is line protocol. */
type Encoding = "line" | "json" | "protobuf";

/** A body and how it is to be read. */
interface Body {
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  readonly precision: Precision;
}

/**
 * DataKit's own API: `POST /v1/write/<category>` and `GET /v1/ping`. Points fail one by one: with at least one
 * stored the answer is 200, empty when all were, else with the numbers; with none it is 400. Errors are JSON as
 * DataKit's, `{"error_code", "message"}`.
 */
export function createDatakitApiReceiver(config: DatakitApiConfig, context: ReceiverContext): Receiver {
  const { refuse, log, now } = context;
  const startedAt = now();
  const points = createBodyWriter(context);
  const app = new Hono();

  app.get("/v1/ping", (c) => {
    const uptime = `${Math.max(0, now() - startedAt) / 1000}s`;
    return c.json({ content: { version: config.version, uptime, host: config.hostname } }, STATUS_CODE.OK, {
      "X-DataKit": config.version,
    });
  });
  app.post("/v1/write/:category", async (c) => {
    c.header("X-DataKit", config.version);
    const category = parseCategory(c.req.param("category"));
    if (category === undefined) {
      return error(
        c,
        STATUS_CODE.NotFound,
        "invalidCategory",
        `Cannot write as a category must be one of ${CATEGORIES.join(", ")}`,
      );
    }
    const precision = parsePrecision(c.req.query("precision") ?? "");
    if (precision === undefined) {
      return error(
        c,
        STATUS_CODE.BadRequest,
        "invalidPrecision",
        "Cannot write as the precision must be n, u, ms, s, m or h",
      );
    }
    await bodyTurn(c.req.raw);
    const body = await readBody(c.req.raw, context.limits, queryCoding(c.req.query("encoding")));
    if (!body.ok) {
      refuse(refusalOf(body), 1);
      return error(c, body.status, "invalidBody", body.error);
    }
    if (body.bytes.length === 0) {
      return error(c, STATUS_CODE.BadRequest, "emptyBody", "Cannot write as the body must not be empty");
    }
    const encoding = encodingOf(mediaType(c.req.raw));
    const answer = await store(c, category, { bytes: body.bytes, encoding, precision });
    releaseBody(c.req.raw, body.bytes);
    return answer;
  });
  app.all("/v1/write/:category", (c) => {
    c.header("Allow", "POST");
    return error(
      c,
      STATUS_CODE.MethodNotAllowed,
      "methodNotAllowed",
      "Cannot write as the method must be POST",
    );
  });
  app.onError((thrown, c) => {
    log.error("A write of the DataKit API failed", { error: String(thrown) });
    refuse("malformed", 1);
    return error(c, STATUS_CODE.BadRequest, "badRequest", "Cannot write as the request could not be read");
  });

  /** Stores a body and answers. A boolean parameter counts as set whatever its value, as in DataKit. */
  async function store(c: Context, category: Category, body: Body): Promise<Response> {
    const isSet = (name: string): boolean => (c.req.query(name) ?? "") !== "";
    const isStrict = isSet("strict");
    const isDry = isSet("dry");
    const echo = parseEcho((name) => c.req.query(name));
    const { accepted, malformed, firstError, echoed } = await points.write(await decoderOf(body), {
      category,
      isStrict,
      isDry,
      echo,
      ownTagsOnly: isSet("ignore_global_host_tags") || isSet("ignore_global_tags"),
      nowNs: BigInt(Math.floor(now())) * 1_000_000n,
    });
    const reason = firstError ?? "Cannot write as the body must hold a point";
    const isRefused = accepted === 0 || (isStrict && malformed > 0);
    if (!isDry && malformed > 0) refuse("malformed", isRefused ? malformed + accepted : malformed);
    if (isRefused) {
      const code = malformed > 0 ? INVALID_POINT[body.encoding] : "noPoints";
      return error(c, STATUS_CODE.BadRequest, code, reason);
    }
    if (echoed !== undefined) {
      const type = echo === "lp" ? "text/plain; charset=utf-8" : "application/json";
      return c.body(echoed, STATUS_CODE.OK, { "Content-Type": type });
    }
    if (malformed === 0) return c.body(null, STATUS_CODE.OK);
    return c.json({ content: { accepted, malformed, message: reason } });
  }

  return { name: "datakit", app };
}

const INVALID_POINT: Readonly<Record<Encoding, string>> = {
  line: "invalidLinePoint",
  json: "invalidJsonPoint",
  protobuf: "invalidProtobufPoint",
};

/** `metrics` is what DataKit's category was called before. */
function parseCategory(text: string): Category | undefined {
  return text === "metrics" ? "metric" : CATEGORIES.find((category) => category === text);
}

/** DataKit also takes the coding from the query, for clients that cannot set the header. */
function queryCoding(encoding: string | undefined): string | undefined {
  if (encoding === undefined || encoding === "") return undefined;
  return /^[a-z]+$/.test(encoding) ? encoding : "unknown";
}

function encodingOf(type: string): Encoding {
  if (type === "application/json" || type === "application/pbjson") return "json";
  return type === "application/protobuf" || type === "application/x-protobuf" ? "protobuf" : "line";
}

/** What begins to decode the body. */
async function decoderOf({ bytes, encoding, precision }: Body): Promise<BeginDecoding> {
  if (encoding === "line") return (destination) => createLineProtocolDecoder(bytes, precision, destination);
  if (encoding === "protobuf") {
    return (destination) => createWirePointWriter(createProtobufDecoder(bytes, precision), destination);
  }
  const decode = await isJson(bytes) ? () => createJsonDecoder(bytes, precision) : noJson;
  return (destination) => createWirePointWriter(decode(), destination);
}

async function isJson(body: Uint8Array): Promise<boolean> {
  const slice = createTimeSlice();
  const check = createJsonCheck(body);
  for (;;) {
    const isValid = check();
    if (isValid !== undefined) return isValid;
    if (slice.isOver()) await slice.pause();
  }
}

function noJson(): WireDecoder {
  let left = 1;
  return {
    next: () => left-- > 0 ? { error: "Cannot read points as the body must be JSON", count: 1 } : undefined,
  };
}

function error(
  c: Context,
  status: 400 | 404 | 405 | 408 | 413 | 503,
  code: string,
  message: string,
): Response {
  return c.json({ error_code: `datakit.${code}`, message }, status);
}
