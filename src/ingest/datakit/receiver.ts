import { type Context, Hono } from "@hono/hono";
import { STATUS_CODE } from "@std/http/status";
import type { DatakitApiConfig } from "../../config/datakit_api.ts";
import { makePoint } from "../../pipeline/make_point.ts";
import type { Receiver, ReceiverContext } from "../../pipeline/receiver.ts";
import { CATEGORIES, type Category, type Point } from "../../point/point.ts";
import { type BodyRequest, mediaType, readBody } from "../body.ts";
import type { Decoded } from "./decoded.ts";
import { echoPoints, parseEcho } from "./echo.ts";
import { decodeJson } from "./json_decoder.ts";
import { decodeLineProtocol } from "./line_protocol_decoder.ts";
import { parsePrecision, type Precision } from "./precision.ts";
import { decodeProtobuf } from "./protobuf_decoder.ts";

/** Form of a body; what no media type claims is line protocol. */
type Encoding = "line" | "json" | "protobuf";

/**
 * DataKit's own API: `POST /v1/write/<category>` and `GET /v1/ping`. Points fail one by one: with at least one
 * stored the answer is 200, empty when all were, else with the numbers; with none it is 400. Errors are JSON as
 * DataKit's, `{"error_code", "message"}`.
 * @see `spec/datakit.md` 2.1 and 3.2-3.7
 */
export function createDatakitApiReceiver(config: DatakitApiConfig, context: ReceiverContext): Receiver {
  const { refuse, log, now } = context;
  const startedAt = now();
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
    const body = await readBody(withEncoding(c.req.raw, c.req.query("encoding")), context.limits);
    if (!body.ok) {
      refuse(body.status === STATUS_CODE.ContentTooLarge ? "too_large" : "malformed", 1);
      return error(c, body.status, "invalidBody", body.error);
    }
    if (body.bytes.length === 0) {
      return error(c, STATUS_CODE.BadRequest, "emptyBody", "Cannot write as the body must not be empty");
    }
    const encoding = encodingOf(mediaType(c.req.raw));
    const decoded = decode(body.bytes, encoding, precision);
    return store(c, category, encoding, decoded);
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

  /** Answers for a decoded body. A boolean parameter counts as set whatever its value, as in DataKit. */
  function store(c: Context, category: Category, encoding: Encoding, decoded: Decoded): Response {
    const isSet = (name: string): boolean => (c.req.query(name) ?? "") !== "";
    const isStrict = isSet("strict");
    const made = toPoints(decoded, {
      category,
      isStrict,
      ownTagsOnly: isSet("ignore_global_host_tags") || isSet("ignore_global_tags"),
      nowNs: BigInt(Math.floor(now())) * 1_000_000n,
    });
    const malformed = decoded.malformed + made.malformed;
    const reason = decoded.firstError ?? made.firstError ?? "Cannot write as the body must hold a point";
    const isRefused = made.points.length === 0 || (isStrict && malformed > 0);
    if (!isSet("dry")) {
      if (!isRefused && made.trimmed > 0) refuse("trimmed", made.trimmed);
      if (malformed > 0) refuse("malformed", isRefused ? malformed + made.points.length : malformed);
      if (!isRefused) context.consume(made.points);
    }
    if (isRefused) {
      const code = malformed > 0 ? INVALID_POINT[encoding] : "noPoints";
      return error(c, STATUS_CODE.BadRequest, code, reason);
    }
    const echo = parseEcho((name) => c.req.query(name));
    if (echo !== undefined) {
      const type = echo === "lp" ? "text/plain; charset=utf-8" : "application/json";
      return c.body(echoPoints(made.points, echo), STATUS_CODE.OK, { "Content-Type": type });
    }
    if (malformed === 0) return c.body(null, STATUS_CODE.OK);
    return c.json({ content: { accepted: made.points.length, malformed, message: reason } });
  }

  return { name: "datakit", app };
}

const INVALID_POINT: Readonly<Record<Encoding, string>> = {
  line: "invalidLinePoint",
  json: "invalidJsonPoint",
  protobuf: "invalidProtobufPoint",
};

interface PointOptions {
  readonly category: Category;
  /** A point that loses anything is malformed. */
  readonly isStrict: boolean;
  readonly ownTagsOnly: boolean;
  /** Unix time in nanoseconds, for points without one. */
  readonly nowNs: bigint;
}

/** Applies Dataway's rules. */
function toPoints(
  decoded: Decoded,
  { category, isStrict, ownTagsOnly, nowNs }: PointOptions,
): { points: Point[]; malformed: number; trimmed: number; firstError: string | undefined } {
  const points: Point[] = [];
  let malformed = 0;
  let trimmed = 0;
  let firstError: string | undefined;
  for (const { measurement, tags, fields, timeNs = nowNs, isTrimmed = false } of decoded.points) {
    let change: string | undefined = isTrimmed ? "value_dropped" : undefined;
    const draft = { category, measurement, tags, fields, timeNs, ownTagsOnly };
    const point = makePoint(draft, () => void trimmed++, {
      isTrimmed,
      changed: (what) => void (change = what),
    });
    if (point !== undefined && !(isStrict && change !== undefined)) points.push(point);
    else {
      malformed++;
      firstError ??= `Cannot take a point as it breaks a rule: ${change ?? "no_field"}`;
    }
  }
  return { points, malformed, trimmed, firstError };
}

/** `metrics` is what DataKit's category was called before. */
function parseCategory(text: string): Category | undefined {
  return text === "metrics" ? "metric" : CATEGORIES.find((category) => category === text);
}

/** DataKit also takes the coding from the query, for clients that cannot set the header. */
function withEncoding(request: Request, encoding: string | undefined): BodyRequest {
  if (encoding === undefined || encoding === "" || request.headers.has("content-encoding")) return request;
  const headers = new Headers(request.headers);
  headers.set("content-encoding", /^[a-z]+$/.test(encoding) ? encoding : "unknown");
  return { headers, body: request.body };
}

function encodingOf(type: string): Encoding {
  if (type === "application/json" || type === "application/pbjson") return "json";
  return type === "application/protobuf" || type === "application/x-protobuf" ? "protobuf" : "line";
}

function decode(bytes: Uint8Array, encoding: Encoding, precision: Precision): Decoded {
  if (encoding === "protobuf") return decodeProtobuf(bytes, precision);
  const text = new TextDecoder().decode(bytes);
  return encoding === "json" ? decodeJson(text, precision) : decodeLineProtocol(text, precision);
}

function error(c: Context, status: 400 | 404 | 405 | 408 | 413, code: string, message: string): Response {
  return c.json({ error_code: `datakit.${code}`, message }, status);
}
